"""The situations in which a cutover can stand, as values: what the tables of `states.md` are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from gates.command import Facts
from gates.cutover import Command, Cutover, Hold, Phase, Run
from gates.gate import Clause, Gate, GateSpec, GateState, fresh
from gates.rules.consecutive import Consecutive
from probes.sample import NS_PER_S, Moment

GATE, PLAN = "inbound", "rollback"
DIGEST = "ab" * 32
NOW = Moment(utc_ns=100 * NS_PER_S, mono_ns=100 * NS_PER_S)
RUN = Run("rollback@…", PLAN, DIGEST)
LATCHED = {GATE: frozenset({PLAN})}
FACTS = Facts(
    now_utc_ns=NOW.utc_ns, opens_utc_ns=0, closes_utc_ns=200 * NS_PER_S, digests=(DIGEST,), gates=frozenset({GATE})
)  # fmt: skip
ARGUMENTS: dict[Command, dict[str, object]] = {
    Command.ARM: {"plan": [DIGEST]},
    Command.COMMIT: {"plan": [DIGEST]},
    Command.TRIP: {"plan": DIGEST, "reason": "callers complain"},
    Command.HOLD: {"gate": GATE, "answer": "DEGRADED", "reason": "a look", "until_utc_ns": 200 * NS_PER_S},
    Command.RELEASE: {"gate": GATE},
    Command.ADMIT: {"gate": GATE, "share": 500, "by": "operator"},
}


@dataclass(frozen=True, slots=True)
class Situation:
    name: str
    stands: Cutover
    facts: Facts = FACTS

    def cutover(self, *, halted: bool) -> Cutover:
        return replace(self.stands, halted=halted)


OPEN = Cutover(phase=Phase.OPEN)
ARMED = replace(OPEN, armed=(DIGEST,))
RUNNING = replace(ARMED, run=RUN, latched=LATCHED)
HELD = replace(OPEN, holds={GATE: Hold(False, "a look", 200 * NS_PER_S)})

ALL = (
    Situation("prepared", Cutover()),
    Situation("open", OPEN),
    Situation("open, armed", ARMED),
    Situation("open, held DEGRADED", HELD),
    Situation("open, held OK", replace(HELD, holds={GATE: Hold(True, "a look", 200 * NS_PER_S)})),
    Situation("open, gate not healthy", OPEN, replace(FACTS, unhealthy=(f"{GATE} is {GateState.TRIPPED}",))),
    Situation("open, outside the window", OPEN, replace(FACTS, now_utc_ns=FACTS.closes_utc_ns)),
    Situation(
        "open, without a baseline", OPEN, replace(FACTS, digests=(), problem="no baseline: run `cutoverd baseline capture`")
    ),
    Situation("open, another digest typed", OPEN, replace(FACTS, digests=("cd" * 32,))),
    Situation("a run in progress", RUNNING),
    Situation("a run that stopped by itself", replace(RUNNING, run=replace(RUN, stopped=True, halted_at="rollback/dns/…"))),
    Situation("reverted", replace(ARMED, phase=Phase.REVERTED, latched=LATCHED)),
    Situation("reverted by `abandon`", Cutover(phase=Phase.REVERTED, latched=LATCHED)),
    Situation("committed", Cutover(phase=Phase.COMMITTED)),
)


def gates(*, latched: bool) -> Iterator[Gate]:
    """One gate in each state, as it is right after it got there from HEALTHY."""
    spec = GateSpec(GATE, (Clause(Consecutive(3, (503,)), ("trunk-new",)),), 1, (), 5, 17 * NS_PER_S)
    for state in GateState:
        yield replace(fresh(spec), state=state, degraded=state in (GateState.UNKNOWN, GateState.TRIPPED), latched=latched)


def differences(before: Cutover, after: Cutover) -> list[tuple[str, object, object]]:
    """(field, before, after) for every field of the cutover."""
    return [(each.name, getattr(before, each.name), getattr(after, each.name)) for each in fields(Cutover)]
