"""Who is at the other end of the control socket, as the kernel says: `uid:1000(alice) pid:4711`."""

from __future__ import annotations

import asyncio
import contextlib
import pwd
import socket
import struct
import threading
from collections.abc import Callable

_UCRED = struct.Struct("3i")
"""`struct ucred`: pid, uid, gid (unix(7), SO_PEERCRED)."""

_PATIENCE_S = 0.5


def peer(connection: socket.socket) -> tuple[int, int]:
    """(pid, uid) of the process that connected."""
    pid, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return pid, uid


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        return ""


class Actors:
    """Names users, each looked up once and never in the loop: name services may ask a directory that is down tonight.

    A look-up that takes too long leaves the number, which is what counts, and the name is there the next time.
    """

    def __init__(self, *, account: Callable[[int], str] = _account, patience_s: float = _PATIENCE_S) -> None:
        self._account = account
        self._patience_s = patience_s
        self._names: dict[int, asyncio.Future[str]] = {}

    async def describe(self, connection: socket.socket) -> str:
        pid, uid = peer(connection)
        name = await self._name(uid)
        return f"uid:{uid}({name}) pid:{pid}" if name else f"uid:{uid} pid:{pid}"

    async def _name(self, uid: int) -> str:
        if uid not in self._names:
            self._names[uid] = self._look_up(uid)
        try:
            async with asyncio.timeout(self._patience_s):
                name = await asyncio.shield(self._names[uid])
        except TimeoutError:
            return ""
        if not name:  # perhaps the directory was down: ask again the next time
            self._names.pop(uid, None)
        return name

    def _look_up(self, uid: int) -> asyncio.Future[str]:
        """A thread of its own that nobody joins: an executor's would hold up the daemon's end."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[str] = loop.create_future()

        def look() -> None:
            name = self._account(uid)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(found.set_result, name)

        threading.Thread(target=look, name=f"account-{uid}", daemon=True).start()
        return found
