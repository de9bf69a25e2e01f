"""The gate machine: samples in, one verdict out. Pure; the runner around it brings the events and the time.

What is known is first boiled down to one *finding*, by counting (`gates.rule`) and comparing (`gates.compare`). The
finding and the present state then pick the next state from one literal table, so that everything a gate can ever do
stands on one screen and every cell of it can be tested. Two facts lie outside the table because they are not states:

* `latched` freezes the state at TRIPPED until a human resets it. A machine that forgets a started run because the
  trunk recovered in the middle of it would send callers into a half-reverted platform.
* `degraded` remembers that callers were turned away, so that going back to HEALTHY needs `recover` passes and not one.
  It is also what INCONCLUSIVE keeps: with both paths bad, going back would not help, and what was told stays told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from gates import compare, rule, targets, words
from gates.compare import Comparison
from gates.gate import Gate, GateState, Input, Targets, Transition, fresh, informed
from probes.sample import Moment, Sample


class Finding(StrEnum):
    STALE = "stale"  # a needed input is too old, or never came
    PASSING = "passing"  # every needed input passes, often enough
    RECOVERING = "recovering"  # passing, but not yet often enough to be believed
    FAILING = "failing"  # failures, below the threshold
    FAILED = "failed"  # threshold reached, by other codes or with the baseline path not yet known
    WORSE = "worse"  # threshold reached, and the baseline path is good
    BOTH_BAD = "both-bad"  # threshold reached, and the baseline path is bad too
    LATCHED = "latched"  # a run started, or a human tripped
    RESET = "reset"


UN, HE, SU, TR, IN = GateState  # two letters each, so that the table below can be read as a table

TRANSITIONS: dict[GateState, dict[Finding, GateState]] = {
    UN: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: UN, Finding.FAILING: UN, Finding.FAILED: UN,
        Finding.WORSE: UN, Finding.BOTH_BAD: UN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    HE: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: HE, Finding.FAILING: SU, Finding.FAILED: SU,
        Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    SU: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: SU, Finding.FAILING: SU, Finding.FAILED: SU,
        Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    TR: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: TR, Finding.FAILING: TR, Finding.FAILED: TR,
        Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    IN: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: IN, Finding.FAILING: IN, Finding.FAILED: SU,
        Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing came; time passed."""


@dataclass(frozen=True, slots=True)
class Latch:
    """A run of `plan` started: a gate tripped, or a human (`by`: `gate inbound`, `alice`)."""

    plan: str
    by: str


@dataclass(frozen=True, slots=True)
class Reset:
    by: str


@dataclass(frozen=True, slots=True)
class Disturbed:
    """We were not well: the loop lagged or a clock jumped. What was sent until now does not prove freshness."""

    reason: str


Event = Sample | Tick | Latch | Reset | Disturbed


def find(gate: Gate, *, now: Moment) -> Finding:
    """What the inputs say at `now`, whatever the state."""
    comparison = compare.compare(gate, now=now)
    if comparison is not Comparison.FINE:
        return _AT_THRESHOLD[comparison]
    inputs = compare.needed(gate)
    if any(known.failing >= gate.spec.threshold for known in inputs):
        return Finding.FAILED
    if any(known.failing for known in inputs):
        return Finding.FAILING
    enough = gate.spec.recover if _must_recover(gate) else 1
    return Finding.PASSING if min(known.passes for known in inputs) >= enough else Finding.RECOVERING


_AT_THRESHOLD = {
    Comparison.STALE: Finding.STALE,
    Comparison.WORSE: Finding.WORSE,
    Comparison.BOTH_BAD: Finding.BOTH_BAD,
    Comparison.UNCOMPARED: Finding.FAILED,
}


def _must_recover(gate: Gate) -> bool:
    if gate.state is GateState.UNKNOWN:
        return False
    return gate.degraded or gate.state is GateState.INCONCLUSIVE


def advance(gate: Gate, event: Event, *, now: Moment) -> tuple[Gate, Transition | None]:
    """One event; the gate afterwards, and the transition if state or answer changed."""
    match event:
        case Latch(plan, by):
            return _latch(gate, plan, by, now=now)
        case Reset(by):
            return _forget(gate), Transition(gate.spec.name, gate.state, UN, f"reset by {by}", "counters zeroed", now)
        case Sample():
            gate = _heard(gate, event)
        case Disturbed():
            gate = replace(gate, undisturbed_ns=now.mono_ns)
    if gate.latched:
        return gate, None
    return _settle(gate, find(gate, now=now), event, now=now)


def _heard(gate: Gate, sample: Sample) -> Gate:
    known = gate.inputs.get(sample.probe)
    if known is None:
        return gate
    counts = rule.counts(sample, undisturbed_ns=gate.undisturbed_ns)
    if sample.result.target or sample.probe in gate.targets:
        return _heard_of_target(gate, known, sample, counts=counts)
    if not counts or rule.is_late(known, sample):
        return gate
    counted = rule.count(known, sample, codes=gate.spec.codes, threshold=gate.spec.threshold)
    return informed(gate, {**gate.inputs, sample.probe: counted}, gate.targets)


def _heard_of_target(gate: Gate, path: Input, sample: Sample, *, counts: bool) -> Gate:
    known = gate.targets.get(sample.probe) or Targets({}, newest=path.judged, passed_sent=path.passed_sent)
    told = targets.heard(path, known, sample, codes=gate.spec.codes, threshold=gate.spec.threshold, counts=counts)
    if told is None:
        return gate
    return informed(gate, {**gate.inputs, sample.probe: told[0]}, {**gate.targets, sample.probe: told[1]})


def _forget(gate: Gate) -> Gate:
    """Afresh, except for what makes a result late or doubtful: attempts from before the reset are still under way."""
    inputs = {probe: Input(judged=known.judged) for probe, known in gate.inputs.items()}
    forgotten = {probe: targets.forgotten(known) for probe, known in gate.targets.items()}
    return replace(fresh(gate.spec), inputs=inputs, targets=forgotten, undisturbed_ns=gate.undisturbed_ns)


def _latch(gate: Gate, plan: str, by: str, *, now: Moment) -> tuple[Gate, Transition | None]:
    latched = replace(
        gate,
        state=TRANSITIONS[gate.state][Finding.LATCHED],
        latched=True,
        degraded=True,
        ran=gate.ran | {plan},
        tripped=gate.tripped or now,
    )
    if gate.latched:
        return latched, None
    cause = f"run of {plan} started by {by}"
    return latched, Transition(gate.spec.name, gate.state, latched.state, cause, "latched until `reset`", now)


def _settle(gate: Gate, finding: Finding, event: Sample | Tick | Disturbed, *, now: Moment) -> tuple[Gate, Transition | None]:
    after = TRANSITIONS[gate.state][finding]
    degraded = _degraded(gate, after, finding)
    if after is gate.state and degraded == gate.degraded:
        return gate, None
    evidence = words.evidence(gate, after, finding=finding, now=now)
    transition = Transition(gate.spec.name, gate.state, after, _cause(event), evidence, now)
    tripped = (gate.tripped or now) if after is TR else None
    settled = replace(gate, state=after, degraded=degraded, tripped=tripped)
    return (_zeroed(settled) if after is UN else settled), transition


def _cause(event: Sample | Tick | Disturbed) -> str:
    match event:
        case Sample():
            of = f" of {event.result.target}" if event.result.target else ""
            return f"sample {event.probe}#{event.sequence}{of}"
        case Disturbed(reason):
            return reason
    return "time"


def _zeroed(gate: Gate) -> Gate:
    inputs = {probe: rule.zeroed(known) for probe, known in gate.inputs.items()}
    return informed(gate, inputs, {probe: targets.zeroed(known) for probe, known in gate.targets.items()})


def _degraded(gate: Gate, after: GateState, finding: Finding) -> bool:
    if after is HE:
        return False
    if after is IN:
        return gate.degraded
    return gate.degraded or after in (UN, TR) or finding is Finding.FAILED


def cadence(gate: Gate) -> bool:
    """Whether this gate's probes should hasten: from the first failure until HEALTHY again or a run starts."""
    if gate.latched:
        return False
    failing = any(known.failing for known in compare.needed(gate))
    return failing or gate.state in (SU, TR, IN)


def due_plans(gate: Gate, *, now: Moment) -> tuple[str, ...]:
    """Plans whose `confirm_for` has passed since the trip without a PASS, while the evidence still stands.

    Who may start them (armed, held, halted) is not decided here.
    """
    if gate.state is not TR or gate.tripped is None or find(gate, now=now) is not Finding.WORSE:
        return ()
    if not any(known.sent and known.sent.mono_ns > gate.undisturbed_ns for known in compare.at_threshold(gate)):
        return ()  # time that passed while we stood still confirms nothing: first a failure from after it
    return tuple(
        entry.plan
        for entry in gate.spec.on_trip
        if entry.plan not in gate.ran and _confirmed_at(gate, entry.confirm_for_ns) <= now.mono_ns
    )


def _confirmed_at(gate: Gate, confirm_for_ns: int) -> int:
    tripped_ns = gate.tripped.mono_ns if gate.tripped else 0
    starts = [max(tripped_ns, known.passed_at.mono_ns if known.passed_at else 0) for known in compare.at_threshold(gate)]
    return min(starts, default=tripped_ns) + confirm_for_ns


def deadline(gate: Gate, *, now: Moment) -> int | None:
    """The next monotonic nanosecond after `now` at which time alone can change this gate or make a plan due."""
    moments = [known.sent.mono_ns + gate.spec.max_age_ns + 1 for known in gate.inputs.values() if known.sent]
    if gate.state is TR:
        moments += [_confirmed_at(gate, entry.confirm_for_ns) for entry in gate.spec.on_trip if entry.plan not in gate.ran]
    return min((moment for moment in moments if moment > now.mono_ns), default=None)


def first_failed(gate: Gate) -> Moment | None:
    """When the trouble that stands now was first seen: where recovery time begins."""
    seen = [known.first_failed for known in compare.needed(gate) if known.first_failed]
    return min(seen, key=lambda moment: moment.mono_ns, default=None)
