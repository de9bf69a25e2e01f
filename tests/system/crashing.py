"""A daemon composed from `daemon.app` whose journal and DNS transport end its own process at one chosen point.

Run as a program: `python crashing.py CONFIG POINT SIGNAL`. Every write to the journal and every request to the outside is a
pair of points, before and after. POINT 0 never fires; at the end (SIGTERM) the number of points passed is printed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dns.message

from config.load import load
from daemon.app import composed
from daemon.store import Draft, Store, open_store
from daemon.supervisor import Listening, supervise
from reverters.dns.answer import Reply
from reverters.dns.exchange import Sockets
from reverters.journal import JournalEntry


class Points:
    """Counts points and fires at one of them."""

    def __init__(self, fatal: int, number: signal.Signals) -> None:
        self.passed = 0
        self._fatal = fatal
        self._number = number

    def reach(self) -> None:
        self.passed += 1
        if self.passed == self._fatal:
            os.kill(os.getpid(), self._number)


class FragileStore:
    """The real store; what is not a write is passed through."""

    def __init__(self, store: Store, points: Points) -> None:
        self._store = store
        self._points = points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append_many(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        self._points.reach()
        entries = await self._store.append_many(drafts)
        self._points.reach()
        return entries


class FragileSockets:
    """The real network."""

    def __init__(self, points: Points) -> None:
        self._sockets = Sockets()
        self._points = points

    async def ask(self, query: dns.message.Message, server: str, *, timeout_ns: int) -> Reply:
        self._points.reach()
        reply = await self._sockets.ask(query, server, timeout_ns=timeout_ns)
        self._points.reach()
        return reply


async def main(config: Path, points: Points) -> None:
    async def fragile(path: Path) -> Store:
        return FragileStore(await open_store(path), points)  # type: ignore[return-value]

    def listening(ports: Listening) -> None:
        print(f"listening {ports.webhook}", flush=True)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sockets = FragileSockets(points)
    rng = random.Random(1)
    async with composed(load(config).settings, environ=os.environ, rng=rng, open_journal=fragile, dns_transport=sockets) as app:
        await supervise(app, stop=stop, listening=listening)
    print(f"points {points.passed}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Points(int(sys.argv[2]), signal.Signals[sys.argv[3]])))
