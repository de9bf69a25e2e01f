"""A store in memory that can be made to fail, to stall, and to be looked into. Used where the disk is not the subject."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from daemon.store import BaselineSummary, Draft, StoreUnavailable
from reverters.baseline import Baseline
from reverters.entries import Body
from reverters.journal import GENESIS, Head, JournalEntry, seal


class Shelf:
    """`trouble` fails every write; `stall` holds each write until it is set; `asked` counts the writes that were tried."""

    def __init__(self) -> None:
        self.journal: list[JournalEntry] = []
        self.stored: list[Baseline] = []
        self.trouble: Exception | None = None
        self.trouble_reading: list[Exception] = []
        self.stall: asyncio.Event | None = None
        self.stall_reading: asyncio.Event | None = None
        self.asked = 0
        self.read = 0

    async def append_many(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        self.asked += 1
        if self.stall:
            await self.stall.wait()
        if self.trouble:
            raise self.trouble
        entries: list[JournalEntry] = []
        for each in drafts:
            before = [*self.journal, *entries]
            seq, previous = (before[-1].seq, before[-1].hash) if before else (0, GENESIS)
            entries.append(seal(previous, each.body, seq=seq + 1, at_utc_ns=each.at_utc_ns, actor=each.actor, run=each.run))
        self.journal += entries
        return entries

    async def append(self, body: Body, *, at_utc_ns: int, actor: str, run: str) -> JournalEntry:
        return (await self.append_many([Draft(body, at_utc_ns, actor, run)]))[0]

    async def entries(self, *, run: str | None = None, after: int = 0) -> list[JournalEntry]:
        self.read += 1
        if self.stall_reading:
            await self.stall_reading.wait()
        if self.trouble_reading:
            raise self.trouble_reading.pop()
        return [entry for entry in self.journal if run in (None, entry.run) and entry.seq > after]

    async def head(self) -> Head:
        return (self.journal[-1].seq, self.journal[-1].hash) if self.journal else (0, GENESIS)

    async def put_baseline(self, baseline: Baseline) -> None:
        if self.trouble:
            raise self.trouble
        self.stored.append(baseline)

    async def baseline(self, id: str) -> Baseline | None:
        if self.trouble_reading:
            raise self.trouble_reading.pop()
        return next((each for each in self.stored if each.id == id), None)

    async def latest_baseline(self) -> Baseline | None:
        return self.stored[-1] if self.stored else None

    async def baselines(self) -> list[BaselineSummary]:
        return [BaselineSummary(each.id, each.captured_utc_ns, each.actor, len(each.objects)) for each in self.stored]

    async def close(self) -> None:
        return None


FULL = StoreUnavailable("the disk is full")
