"""The one runner task: keeps the run in progress going whenever it may go, and still whenever it may not.

It is steered by level, not by edge: each turn the judge says which run should be moving, and a restart says it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping

from config.secrets import SecretUnavailable
from daemon import recall
from daemon.planbook import PlanBook
from daemon.recall import Unfinished
from daemon.store import Store, StoreUnavailable
from daemon.writer import JournalUnavailable, Writer
from gates.cutover import Cutover
from reverters import progress
from reverters.entries import Body, Halted, Interrupted
from reverters.journal import JournalEntry
from reverters.runner import End, Runner
from reverters.step import Reverter

log = logging.getLogger(__name__)

AGAIN_S = 1.0
FINISH_S = 2.0
"""How long an orderly stop lets a request on its way finish; less than `daemon.supervisor.INTERRUPT_S`."""


class RunKeeper:
    """`reverters` are made afresh whenever a run starts to move, so that a mended secret needs `retry` and no restart."""

    def __init__(
        self, *, store: Store, writer: Writer, book: PlanBook, reverters: Callable[[], Mapping[str, Reverter]], rng: random.Random
    ) -> None:
        self._store = store
        self._writer = writer
        self._book = book
        self._reverters = reverters
        self._rng = rng
        self._wanted = ""
        self._changes = 0
        self._changed = asyncio.Event()
        self._runner: Runner | None = None
        self._closing = False
        self._over = ""
        self._still = asyncio.Event()
        self._still.set()

    def steer(self, cutover: Cutover, *, impaired: bool) -> None:
        run = cutover.run
        moving = run is not None and not run.stopped and not cutover.halted and not impaired
        wanted = run.id if run and moving else ""
        if wanted == self._wanted or self._closing:
            return
        self._wanted = wanted
        self._changes += 1
        self._changed.set()
        if self._runner and not wanted:
            self._runner.stop()

    async def run(self) -> None:
        """Until cancelled; `interrupt` comes first in an orderly stop."""
        try:
            while True:
                seen = self._changes
                if self._wanted:
                    self._still.clear()
                    await self._carry_out(self._wanted)
                    self._still.set()
                while seen == self._changes:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            self._still.set()
            if self._runner:
                self._runner.stop()

    async def _carry_out(self, run: str) -> None:
        try:
            unfinished = recall.unfinished(await self._store.entries(run=run))
            if unfinished:
                await self._move(unfinished)
        except (JournalUnavailable, StoreUnavailable) as error:
            log.error("run %s pauses: %s", run, error, extra={"run": run})
            self._changes += 1  # look again, whether or not the judge has anything new to say
            with contextlib.suppress(TimeoutError):
                self._changed.clear()
                async with asyncio.timeout(AGAIN_S):
                    await self._changed.wait()

    async def _move(self, unfinished: Unfinished) -> None:
        run, planned = unfinished.run, unfinished.planned

        async def append(body: Body) -> JournalEntry:
            return (await self._writer.append(body, actor="runner", run=run))[0]

        if self._wanted != run:
            return  # halted, or told to stop, while the journal was read: there was no runner yet to hear of it
        plan = self._book.plans.get(planned.plan)
        if plan is None or plan.digest != planned.digest:
            why = self._book.problem or "the configuration or the baseline is not the one this run began with"
            await append(Halted("", "plan-changed", f"plan {planned.plan} does not match the journal: {why}"))
            return
        try:
            reverters = self._reverters()
        except SecretUnavailable as error:
            await append(Halted("", "secret-unavailable", str(error)))
            return
        self._runner = Runner(
            plan,
            progress.resumed(unfinished.progress),
            reverters=reverters,
            append=append,
            first_failure_utc_ns=planned.first_failure_utc_ns,
            rng=self._rng,
        )
        try:
            end = await self._runner.carry_out()
            self._over = run if end is not End.STOPPED else ""
            log.info("run %s: %s", run, end, extra={"run": run})
        finally:
            self._runner = None

    async def interrupt(self, reason: str) -> None:
        """Orderly stop: let the request on its way finish, and say in the journal that the run is not over."""
        self._closing = True  # the judge goes on steering until it is stopped too
        run, self._wanted = self._wanted, ""
        if self._runner:
            self._runner.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self._still.wait()
        if run and run != self._over:
            with contextlib.suppress(JournalUnavailable):
                await self._writer.append(Interrupted(reason), actor="daemon", run=run)
