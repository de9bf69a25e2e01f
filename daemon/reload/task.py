"""The task that reloads without an operator at the socket: by SIGHUP, and when a list of targets has changed on disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from config.loaded import Stamp
from daemon.live import Live
from daemon.reload.reloading import BY_ITSELF
from daemon.reply import Reply

LOOK_S = 5.0
"""How soon a list that changed is in use. Looked for and not watched: a list may lie where nothing tells of changes."""

Stamps = Mapping[str, Stamp | None]


class ReloadTask:
    """`ask` at any time; `run` until cancelled."""

    def __init__(
        self,
        live: Live,
        reload: Callable[[str], Awaitable[Reply]],
        *,
        look_s: float = LOOK_S,
        look: Callable[[tuple[str, ...]], Stamps] | None = None,
    ) -> None:
        self._live = live
        self._reload = reload
        self._look_s = look_s
        self._stamps = look or stamps
        self._asked: list[str] = []
        self._woken = asyncio.Event()
        self._taken: Mapping[str, Stamp] = live.lists
        self._seen: Stamps = live.lists
        """The lists as they are in force, or as they were when they were last tried in vain."""

    def ask(self, actor: str) -> None:
        """Reload soon. Several who ask before the file is read are served by one reading."""
        self._asked.append(actor)
        self._woken.set()

    async def reload(self, actor: str) -> Reply:
        """For whoever waits for the answer."""
        try:
            return await self._reload(actor)
        finally:
            self._woken.set()  # there may be lists to look after now

    async def run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s if self._live.lists else None):
                    await self._woken.wait()
            self._woken.clear()
            asked, self._asked = self._asked, []
            if asked:
                await self._reload(asked[0])
            else:
                await self._look()

    async def _look(self) -> None:
        if self._live.lists is not self._taken:
            self._taken = self._seen = self._live.lists
        # A file system that hangs must not hold the loop.
        found = await asyncio.to_thread(self._stamps, tuple(self._live.lists))
        if found != self._seen:
            self._seen = found
            await self._reload(BY_ITSELF)


def stamps(paths: tuple[str, ...]) -> Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> Stamp | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
