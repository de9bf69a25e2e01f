"""What happens without anybody's word: arming ends, a confirmed trip starts its run, a schedule lets more callers in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from daemon import orders
from daemon.moments import Window
from daemon.orders import Order
from daemon.oversight import Oversight
from gates import admit, interlock, machine, words
from gates.cutover import Command, Cutover, Phase, may_start
from gates.doubt import Control
from gates.gate import Gate, GateState
from gates.objection import Objection
from probes.sample import Moment
from reverters.entries import Operated
from reverters.plan import Plan


@dataclass(frozen=True, slots=True)
class Situation:
    """`gates` without shadows. `queued` had tripped when the last run closed. `soaking` is since when (monotonic nanoseconds) a
    gate has been HEALTHY with an unchanged share of callers.
    """

    gates: Mapping[str, Gate]
    cutover: Cutover
    plans: Mapping[str, Plan]
    oversight: Oversight
    control: Control
    window: Window
    queued: frozenset[str]
    soaking: Mapping[str, int]
    now: Moment


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that is due, and kept from starting by an interlock."""

    gate: str
    plan: str
    objection: Objection


def disarming(situation: Situation) -> Order | None:
    cutover = situation.cutover
    if not cutover.armed or cutover.run:
        return None
    if situation.now.utc_ns >= situation.window.closes_utc_ns:
        return Order((Operated(Command.DISARM, {"reason": "the window has closed"}),), "daemon", "")
    if {plan.digest for plan in situation.plans.values()} != set(cutover.armed):
        return Order((Operated(Command.DISARM, {"reason": "the plan is no longer the one that was armed"}),), "daemon", "")
    return None


def starting(situation: Situation) -> tuple[Order | None, tuple[Kept, ...]]:
    """The first run that is due and that nothing objects to; and those that something objects to."""
    kept: list[Kept] = []
    for name, gate in situation.gates.items():
        for plan in _due(situation, gate):
            objections = _objections(situation, plan, gate)
            if not objections:
                return _run(situation, plan, name), tuple(kept)
            kept += [Kept(name, plan, each) for each in objections]
    return None, tuple(kept)


def _due(situation: Situation, gate: Gate) -> list[str]:
    """What a trip of this gate would start now, were it not for interlocks."""
    cutover, now = situation.cutover, situation.now
    if not may_start(cutover, gate.spec.name, now=now, queued=gate.spec.name in situation.queued):
        return []
    plans = situation.plans
    return [plan for plan in machine.due_plans(gate, now=now) if plan in plans and plans[plan].digest in cutover.armed]


def _objections(situation: Situation, plan: str, gate: Gate) -> tuple[Objection, ...]:
    return interlock.to_automatic(
        situation.oversight.interlocks,
        plan,
        gate,
        latches=[each.spec.name for each in orders.naming(plan, situation.gates)],
        gates=situation.gates,
        cutover=situation.cutover,
        control=situation.control,
        periods=situation.oversight.periods,
        now=situation.now,
    )


def _run(situation: Situation, plan: str, gate: str) -> Order:
    now = situation.now
    evidence = words.evidence(situation.gates[gate], GateState.TRIPPED, finding="", now=now)
    concerned = orders.naming(plan, situation.gates)
    body = orders.planned(situation.plans[plan], concerned, cause="automatic", evidence=evidence, now=now)
    return Order((body,), f"gate {gate}", "", orders.run_id(plan, now=now))


def objections_by_hand(situation: Situation) -> dict[str, tuple[Objection, ...]]:
    """What assertions and gating rules have against a run by hand, by the plan's digest."""
    return {
        plan.digest: interlock.by_rule(
            situation.oversight.interlocks,
            name,
            [gate.spec.name for gate in orders.naming(name, situation.gates)],
            gates=situation.gates,
        )
        for name, plan in situation.plans.items()
    }


def raising(situation: Situation) -> Order | None:
    """One step of one gate's schedule, where its soak has passed."""
    cutover, now = situation.cutover, situation.now
    for name, since in situation.soaking.items():
        steps = situation.oversight.admission[name]
        share = admit.raised(steps, cutover.admitted.get(name), since_ns=since, now_ns=now.mono_ns)
        if share is not None:
            return Order((Operated(Command.ADMIT, {"gate": name, "share": share, "by": "schedule"}),), "schedule", "")
    return None


def soaked(situation: Situation, before: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """For each gate that soaks: since when, and with which share. What changed begins again."""
    found = {}
    for name, steps in situation.oversight.admission.items():
        if not _soaks(situation, name):
            continue
        share = admit.share(steps, situation.cutover.admitted.get(name))
        known = before.get(name)
        found[name] = known if known is not None and known[1] == share else (situation.now.mono_ns, share)
    return found


def _soaks(situation: Situation, name: str) -> bool:
    """HEALTHY while open, with an answer that is the gate's own: neither held nor halted, and no run under way."""
    cutover, gate = situation.cutover, situation.gates.get(name)
    if cutover.phase is not Phase.OPEN or cutover.halted or cutover.run or cutover.hold(name, now=situation.now):
        return False
    return gate is not None and gate.state is GateState.HEALTHY and not gate.degraded


def foretold(shadows: Mapping[str, Gate], *, now: Moment) -> Iterator[tuple[str, str, str]]:
    """Gate, plan and evidence of each run that a shadow would have started by now, were it armed and real."""
    for name, gate in shadows.items():
        for plan in machine.due_plans(gate, now=now):
            yield name, plan, words.evidence(gate, GateState.TRIPPED, finding="", now=now)
