"""A world in memory: objects with values, a reverter that reads and writes them, faults by script, and a journal."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from probes import clock
from reverters.entries import Body
from reverters.journal import GENESIS, JournalEntry, seal
from reverters.plan import Document, Plan, Stage, Step, Wait
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification

BASELINE = {"values": ["192.0.2.1"]}
CUTOVER = {"values": ["198.51.100.1"]}
TIMEOUT = Trouble(True, "timeout", "no answer")
REFUSED = Trouble(False, "refused", "REFUSED")


class Still(random.Random):
    """Every back-off is nothing: no test waits."""

    def random(self) -> float:
        return 0.0


def step(target: str, *, stage: str = "dns", plan: str = "rollback", kind: str = "memory") -> Step:
    return Step(f"{plan}/{stage}/it/{target}", kind, target, {"name": target}, BASELINE)


def plan(*stages: tuple[str, list[str]], waits: Mapping[str, int] | None = None, name: str = "rollback") -> Plan:
    """`("dns", ["a", "b"])` is a stage of two steps; `waits` are nanoseconds after a stage."""
    pauses = {stage: Wait(for_ns, "caches") for stage, for_ns in (waits or {}).items()}
    return Plan(
        name,
        "baseline-1",
        tuple(
            Stage(stage, tuple(step(target, stage=stage, plan=name) for target in targets), pauses.get(stage))
            for stage, targets in stages
        ),
    )


Fault = Trouble | Conflict | Exception | Callable[["Memory", Step], Any]


class Memory:
    """A reverter over `world`. `script[(verb, target)]` holds what the next such calls do instead of succeeding.

    A fault may be an answer, an exception, or a function that is run in place of the call. `hold` makes a call wait until
    its event is set; `calls` is what was asked, in order.
    """

    def __init__(self, **world: Document) -> None:
        self.world: dict[str, Document] = dict(world)
        self.script: dict[tuple[str, str], list[Fault | None]] = {}
        self.calls: list[tuple[str, str]] = []
        self.hold: dict[tuple[str, str], asyncio.Event] = {}
        self.asked = asyncio.Condition()

    async def _called(self, verb: str, step: Step) -> Any:
        self.calls.append((verb, step.target))
        async with self.asked:
            self.asked.notify_all()
        if (verb, step.target) in self.hold:
            await self.hold[verb, step.target].wait()
        scripted = self.script.get((verb, step.target))
        fault = scripted.pop(0) if scripted else None
        if isinstance(fault, Exception):
            raise fault
        return fault(self, step) if callable(fault) else fault

    async def until_asked(self, verb: str, target: str) -> None:
        async with asyncio.timeout(5), self.asked:
            await self.asked.wait_for(lambda: (verb, target) in self.calls)

    async def capture(self, spec: Document) -> Document | Trouble:
        answer: Document | Trouble | None = await self._called("capture", Step("", "memory", spec["name"], spec, {}))
        return answer if answer is not None else self.world[spec["name"]]

    async def inspect(self, step: Step) -> Inspection | Trouble:
        answer: Inspection | Trouble | None = await self._called("inspect", step)
        live = self.world[step.target]
        return answer or Inspection(live == step.wanted, live)

    async def apply(self, step: Step, live: Document) -> Applied | Conflict | Trouble:
        answer: Applied | Conflict | Trouble | None = await self._called("apply", step)
        if answer:
            return answer
        if self.world[step.target] != live:
            return Conflict("somebody else was here")
        self.world[step.target] = step.wanted
        return Applied("done")

    async def verify(self, step: Step) -> Verification | Trouble:
        answer: Verification | Trouble | None = await self._called("verify", step)
        live = self.world[step.target]
        return answer or Verification(live == step.wanted, live)


def done_but_unheard(memory: Memory, step: Step) -> Trouble:
    """The far side did it, and its answer was lost."""
    memory.world[step.target] = step.wanted
    return TIMEOUT


class Ledger:
    """The journal of a run. `refuse_from` is the number of the entry that cannot be written any more."""

    def __init__(self, run: str = "rollback@1") -> None:
        self.run = run
        self.entries: list[JournalEntry] = []
        self.refuse_from: int | None = None
        self.unavailable: Exception = RuntimeError("the journal cannot be written")
        self.appended: Callable[[Body], None] = lambda body: None

    async def append(self, body: Body) -> JournalEntry:
        if self.refuse_from is not None and len(self.entries) >= self.refuse_from:
            raise self.unavailable
        entry = sealed(body, self.entries, run=self.run, at_utc_ns=clock.read().utc_ns)
        self.entries.append(entry)
        self.appended(body)
        return entry

    @property
    def told(self) -> list[str]:
        return [entry.kind for entry in self.entries]


def sealed(body: Body, before: list[JournalEntry], *, run: str = "rollback@1", at_utc_ns: int = 0) -> JournalEntry:
    previous = before[-1].hash if before else GENESIS
    return seal(previous, body, seq=len(before) + 1, at_utc_ns=at_utc_ns, actor="runner", run=run)


def journal(*bodies: Body, run: str = "rollback@1", at_utc_ns: int = 0) -> list[JournalEntry]:
    entries: list[JournalEntry] = []
    for body in bodies:
        entries.append(sealed(body, entries, run=run, at_utc_ns=at_utc_ns))
    return entries
