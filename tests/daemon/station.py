"""A keeper of runs at work over a world in memory, with a real writer over a shelf."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from daemon.planbook import PlanBook
from daemon.runs import RunKeeper
from daemon.store import StoreCorrupt
from daemon.writer import Writer
from gates.cutover import Cutover, Phase, Run
from reverters.entries import Planned
from reverters.journal import JournalEntry
from reverters.step import Reverter
from tests.daemon.desk import baseline, plan_spec
from tests.daemon.shelf import Shelf
from tests.reverters.world import CUTOVER, Memory, Still

OPEN = Cutover(phase=Phase.OPEN)
ID = "rollback@1"


class Station:
    """A keeper of runs at work over a world in memory; the journal holds a run that was planned."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.memory = Memory(a=CUTOVER)
        self.book = PlanBook({"rollback": plan_spec("rollback")})
        self.book.use(baseline())
        self.heard: list[JournalEntry] = []
        self.told = asyncio.Condition()
        self.writer = Writer(self.shelf, recorded=lambda entry, _: self.heard.append(entry), troubled=lambda _: None)  # type: ignore[arg-type]
        self.made = 0
        self.make: Callable[[], Mapping[str, Reverter]] = lambda: {"memory": self.memory}
        self.keeper = RunKeeper(
            store=self.shelf,  # type: ignore[arg-type]
            writer=self.writer,
            book=self.book,
            reverters=self.reverters,
            rng=Still(),
        )
        self.tasks: list[asyncio.Task[None]] = []

    def reverters(self) -> Mapping[str, Reverter]:
        self.made += 1
        return self.make()

    @property
    def run(self) -> Run:
        return Run(ID, "rollback", self.book.plans["rollback"].digest)

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.shelf.journal]

    async def start(self) -> None:
        self.tasks = [asyncio.create_task(self.writer.run()), asyncio.create_task(self.keeper.run())]
        plan = self.book.plans["rollback"]
        start = Planned("rollback", plan.digest, plan.document(), ["inbound"], "automatic", "503", 0, 0)
        await self.writer.append(start, actor="gate inbound", run=ID)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError, StoreCorrupt):
                await task

    def steer(self, cutover: Cutover | None = None, *, impaired: bool = False) -> None:
        self.keeper.steer(cutover or replace(OPEN, run=self.run), impaired=impaired)

    def halt(self) -> None:
        self.steer(replace(OPEN, run=self.run, halted=True))

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not what():
                await asyncio.sleep(0)

    async def settled(self) -> None:
        """Every task has had its turns: what was going to happen has happened."""
        for _ in range(50):
            await asyncio.sleep(0)
