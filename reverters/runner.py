"""Carries a plan out: asks `reverters.progress` what is next, does it, and journals before and after.

Thin on purpose. It holds no state that matters: kill it anywhere, fold the journal, and go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from probes import clock
from probes.sample import NS_PER_S
from reverters import backoff, progress
from reverters.entries import Body, Closed, Finished, Halted, Inspected, Intended, Responded, Verified, Waited
from reverters.journal import JournalEntry
from reverters.plan import Document, Plan, Step
from reverters.progress import Action, Apply, Await, Close, Finish, Halt, Inspect, Progress, Stop, Verify
from reverters.step import Applied, Conflict, Inspection, Reverter, Trouble, Verification

log = logging.getLogger(__name__)

Found = TypeVar("Found")
Append = Callable[[Body], Awaitable[JournalEntry]]


UNANSWERED = Trouble(
    False,
    "outcome-unknown",
    "it was begun, nobody knows what became of it, and it must not be done twice: look there, then retry or abandon",
)


class End(StrEnum):
    CLOSED = "closed"
    HALTED = "halted"  # by itself: the journal says where
    STOPPED = "stopped"  # by `stop`


class Runner:
    """One run. `append` returns when the entry is durable, and raises when it cannot be: then nothing more is touched."""

    def __init__(
        self,
        plan: Plan,
        so_far: Progress,
        *,
        reverters: Mapping[str, Reverter],
        append: Append,
        first_failure_utc_ns: int,
        rng: random.Random,
    ) -> None:
        self.plan = plan
        self.progress = so_far
        self._reverters = reverters
        self._append = append
        self._first_failure_utc_ns = first_failure_utc_ns
        self._rng = rng
        self._stop = asyncio.Event()
        self._busy: dict[asyncio.Task[None], str] = {}

    def stop(self) -> None:
        """No further request. One that is on its way is let finish, so that its answer is journaled."""
        self._stop.set()

    async def carry_out(self) -> End:
        """Until the run is closed, halts by itself, or is stopped."""
        try:
            while not self._stop.is_set():
                actions = progress.next_actions(self.plan, self.progress)
                end = await self._single(actions)
                if end:
                    return end
                self._start(actions)
                await self._one_done()
            return End.STOPPED
        finally:
            self._stop.set()
            await asyncio.gather(*self._busy, return_exceptions=True)

    async def _single(self, actions: tuple[Action, ...]) -> End | None:
        """Actions that end the run come alone."""
        match actions:
            case ():
                return End.CLOSED
            case (Stop(),):
                return End.HALTED
            case (Close(outcome),):
                now = clock.read().utc_ns
                await self._record(Closed(outcome, recovery_ns=now - self._first_failure_utc_ns))
                return End.CLOSED
            case _:
                return None

    def _start(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            key = action.step.key if isinstance(action, Inspect | Apply | Verify | Finish | Halt) else "wait"
            if key not in self._busy.values():
                self._busy[asyncio.create_task(self._do(action), name=f"run {key}")] = key

    async def _one_done(self) -> None:
        done, _ = await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._busy[task]
            task.result()

    async def _record(self, body: Body) -> None:
        self.progress = progress.note(self.progress, await self._append(body))

    async def _do(self, action: Action) -> None:
        if not await self._is_due(action):
            return
        match action:
            case Inspect(step):
                await self._inspect(step)
            case Apply(step, live, attempt):
                await self._apply(step, live, attempt)
            case Verify(step):
                await self._verify(step)
            case Finish(step, outcome):
                await self._record(Finished(step.key, outcome))
            case Halt(step, reason, detail):
                await self._record(Halted(step.key, reason, detail))
            case Await(stage, for_ns):
                await self._record(Waited(stage, for_ns))

    async def _is_due(self, action: Action) -> bool:
        match action:
            case Inspect(step, not_before) | Verify(step, not_before):
                decided_utc_ns = self.progress.step(step.key).at_utc_ns
                return await self._pause_until(not_before, most_ns=not_before - decided_utc_ns)
            case Await(_, for_ns, until):
                return await self._pause_until(until, most_ns=for_ns)
            case _:
                return not self._stop.is_set()

    async def _inspect(self, step: Step) -> None:
        found = await self._modelled(lambda: self._reverters[step.kind].inspect(step))
        match found:
            case Inspection(at_baseline=False, may_repeat=False) if self.progress.step(step.key).unanswered:
                await self._trouble(step, "inspect", UNANSWERED)
            case Inspection(at_baseline, live, detail):
                await self._record(Inspected(step.key, at_baseline, live, detail))
            case Trouble():
                await self._trouble(step, "inspect", found)

    async def _apply(self, step: Step, live: Document, attempt: int) -> None:
        await self._record(Intended(step.key, attempt, expected=live, wanted=step.wanted))
        if self._stop.is_set():
            return
        answer = await self._modelled(lambda: self._reverters[step.kind].apply(step, live))
        match answer:
            case Applied(detail, facts):
                await self._record(Responded(step.key, attempt, "apply", "applied", "", detail, facts=facts))
            case Conflict(detail, facts):
                delay = self._delay(step)
                conflict = Responded(step.key, attempt, "apply", "conflict", "conflict", detail, delay_ns=delay, facts=facts)
                await self._record(conflict)
            case Trouble():
                await self._trouble(step, "apply", answer)

    async def _verify(self, step: Step) -> None:
        found = await self._modelled(lambda: self._reverters[step.kind].verify(step))
        match found:
            case Verification(holds, live, detail):
                delay = 0 if holds else self._delay(step)
                await self._record(Verified(step.key, holds, live, detail, delay_ns=delay))
            case Trouble():
                await self._trouble(step, "verify", found)

    async def _modelled(self, request: Callable[[], Awaitable[Found]]) -> Found | Trouble:
        """An error that the step does not model halts too, for a human."""
        try:
            return await request()
        except Exception as error:
            log.exception("a reverter raised")
            return Trouble(retryable=False, reason="exception", detail=f"{type(error).__name__}: see the log")

    async def _trouble(self, step: Step, phase: str, trouble: Trouble) -> None:
        verdict = "retryable" if trouble.retryable else "terminal"
        delay = self._delay(step, trouble.retry_after_ns) if trouble.retryable else 0
        attempt = self.progress.step(step.key).attempt
        reason, detail, facts = trouble.reason, trouble.detail, trouble.facts
        await self._record(Responded(step.key, attempt, phase, verdict, reason, detail, delay_ns=delay, facts=facts))

    def _delay(self, step: Step, retry_after_ns: int | None = None) -> int:
        troubles = self.progress.step(step.key).troubles
        return backoff.pause(troubles, fraction=self._rng.random(), retry_after_ns=retry_after_ns)

    async def _pause_until(self, until_utc_ns: int, *, most_ns: int) -> bool:
        """True when the time has come, False when stopped first. A clock set back cannot lengthen it past `most_ns`."""
        left_ns = min(until_utc_ns - clock.read().utc_ns, most_ns)
        if left_ns > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_ns / NS_PER_S):
                    await self._stop.wait()
        return not self._stop.is_set()
