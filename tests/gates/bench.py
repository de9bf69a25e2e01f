"""A gate on a bench: samples are written down as (probe, result, when), and time is told."""

from __future__ import annotations

from dataclasses import replace

from gates.gate import Gate, GateState, Transition, fresh
from gates.input import Input
from gates.machine import Event, Tick, advance
from gates.rules.consecutive import Consecutive
from gates.spec import Clause, GateSpec, OnTrip
from probes.sample import NS_PER_MS, Moment, Origin, Outcome, ProbeResult, Sample

NEW, OLD = "trunk-new", "trunk-old"
CODES = (503, 408)

PASS = ProbeResult(Outcome.PASS, 200, Origin.WIRE, "", 5 * NS_PER_MS)
ERROR = ProbeResult(Outcome.ERROR, None, Origin.SELF, "no-route", 0)
SILENCE = ProbeResult(Outcome.FAIL, 408, Origin.TIMEOUT, "timeout", 2_000 * NS_PER_MS)


def failed(code: int | None = 503, origin: Origin = Origin.WIRE, reason: str = "") -> ProbeResult:
    return ProbeResult(Outcome.FAIL, code, origin, reason, 5 * NS_PER_MS)


def of(target: str, result: ProbeResult, among: str = "") -> ProbeResult:
    """`result` of one of the targets that the name leads to, each a letter: `of("a", PASS, "abc")`."""
    return replace(result, target=target, among=tuple(among or target))


def at(ms: float) -> Moment:
    """`ms` milliseconds after the bench was set up; both clocks run alike."""
    ns = round(ms * NS_PER_MS)
    return Moment(utc_ns=1_800_000_000_000_000_000 + ns, mono_ns=9_000_000_000_000 + ns)


def s(seconds: float) -> Moment:
    return at(seconds * 1_000)


def spec(
    *,
    needed: tuple[str, ...] = (NEW,),
    baseline: tuple[str, ...] = (),
    threshold: int = 3,
    recover: int = 5,
    max_age_ms: float = 17_000,
    on_trip: tuple[OnTrip, ...] = (),
) -> GateSpec:
    rule = Consecutive(threshold, CODES)
    return GateSpec("inbound", (Clause(rule, needed),), 1, baseline, recover, round(max_age_ms * NS_PER_MS), on_trip)


def plans(**confirm_ms: float) -> tuple[OnTrip, ...]:
    return tuple(OnTrip(plan.replace("_", "-"), round(ms * NS_PER_MS)) for plan, ms in confirm_ms.items())


class Bench:
    def __init__(self, rule: GateSpec | None = None) -> None:
        self.gate: Gate = fresh(rule or spec())
        self.transitions: list[Transition] = []
        self.sequences: dict[str, int] = {}

    def do(self, event: Event, now: Moment) -> Transition | None:
        self.gate, transition = advance(self.gate, event, now=now)
        if transition:
            self.transitions.append(transition)
        return transition

    def sample(self, probe: str, result: ProbeResult, sent: Moment, heard: Moment, *, sequence: int | None = None) -> Sample:
        if sequence is None:
            sequence = self.sequences.get(probe, 0)
            self.sequences[probe] = sequence + 1
        return Sample(probe, "local", sequence, sent, heard, result)

    def hear(
        self, probe: str, result: ProbeResult, when: float, *, sent: float | None = None, sequence: int | None = None
    ) -> Transition | None:
        """A result that arrives `when` seconds after the start; sent at once, or at `sent` seconds."""
        asked = s(when if sent is None else sent)
        return self.do(self.sample(probe, result, asked, s(when), sequence=sequence), s(when))

    def beat(self, probe: str, when: float, among: str | None = None, **results: ProbeResult) -> Transition | None:
        """One attempt at a name: `results` by target, in this order, all `when` seconds after the start. `among` defaults to
        these. The last transition.
        """
        sequence = self.sequences.get(probe, 0)
        self.sequences[probe] = sequence + 1
        last = None
        for target, result in results.items():
            told = of(target, result, "".join(results) if among is None else among)
            last = self.hear(probe, told, when, sequence=sequence) or last
        return last

    def path(self, probe: str = NEW) -> Input:
        return self.gate.inputs[probe]

    def target(self, name: str, probe: str = NEW) -> Input:
        return self.gate.targets[probe].known[name]

    def tick(self, when: float) -> Transition | None:
        return self.do(Tick(), s(when))

    def run(self, probe: str, results: list[ProbeResult], start: float, every: float = 1) -> float:
        """One result after the other; returns when the next would be due."""
        for index, result in enumerate(results):
            self.hear(probe, result, start + index * every)
        return start + len(results) * every

    @property
    def state(self) -> GateState:
        return self.gate.state

    @property
    def degraded(self) -> bool:
        return self.gate.degraded
