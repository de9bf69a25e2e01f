"""The gate machine: samples in, one verdict out. Pure; the runner around it brings the events and the time.

What is known is first boiled down to one *finding*: each rule reads what it has heard, the levels are combined
(`gates.verdict`), and the new path is compared with the one to go back to (`gates.compare`). The
finding and the present state then pick the next state from one literal table, so that everything a gate can ever do
stands on one screen and every cell of it can be tested. Two facts lie outside the table because they are not states:

* `latched` freezes the state at TRIPPED until a human resets it. A machine that forgets a started run because the
  trunk recovered in the middle of it would send callers into a half-reverted platform.
* `degraded` remembers that callers were turned away, so that going back to HEALTHY needs `recover` passes and not one.
  It is also what INCONCLUSIVE keeps: with both paths bad, going back would not help, and what was told stays told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gates import compare, quiet, rule, targets, verdict, words
from gates.compare import Comparison
from gates.gate import Gate, GateState, Transition, blank, fresh, informed, was_told
from gates.input import Input, Targets
from gates.rules.reading import Level
from gates.spec import Counting, Seat
from probes.sample import Moment, Sample


class Finding(StrEnum):
    STALE = "stale"  # a needed input is too old, or never came
    PASSING = "passing"  # every needed input passes, often enough
    RECOVERING = "recovering"  # passing, but not yet often enough to be believed
    FAILING = "failing"  # failures, below the threshold
    UNDECIDED = "undecided"  # too few results for a rule to decide
    FAILED = "failed"  # threshold reached, by other codes or with the baseline path not yet known
    WORSE = "worse"  # threshold reached, and the baseline path is good
    BOTH_BAD = "both-bad"  # threshold reached, and the baseline path is bad too
    LATCHED = "latched"  # a run started, or a human tripped
    RESET = "reset"


UN, HE, SU, TR, IN = GateState  # two letters each, so that the table below can be read as a table

TRANSITIONS: dict[GateState, dict[Finding, GateState]] = {
    UN: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: UN, Finding.FAILING: UN, Finding.UNDECIDED: UN,
        Finding.FAILED: UN, Finding.WORSE: UN, Finding.BOTH_BAD: UN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    HE: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: HE, Finding.FAILING: SU, Finding.UNDECIDED: HE,
        Finding.FAILED: SU, Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    SU: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: SU, Finding.FAILING: SU, Finding.UNDECIDED: SU,
        Finding.FAILED: SU, Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    TR: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: TR, Finding.FAILING: TR, Finding.UNDECIDED: TR,
        Finding.FAILED: TR, Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
    },
    IN: {
        Finding.STALE: UN, Finding.PASSING: HE, Finding.RECOVERING: IN, Finding.FAILING: IN, Finding.UNDECIDED: IN,
        Finding.FAILED: SU, Finding.WORSE: TR, Finding.BOTH_BAD: IN, Finding.LATCHED: TR, Finding.RESET: UN,
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
    level = verdict.level(gate, now=now)
    if level is Level.BAD or level is Level.STALE:
        return _COMPARED[compare.compare(gate, level, now=now)]
    if level is not Level.FINE:
        return _BY_LEVEL[level]
    enough = gate.spec.recover if _must_recover(gate) else 1
    return Finding.PASSING if min(known.passes for known in compare.needed(gate)) >= enough else Finding.RECOVERING


_COMPARED = {
    Comparison.STALE: Finding.STALE,
    Comparison.WORSE: Finding.WORSE,
    Comparison.BOTH_BAD: Finding.BOTH_BAD,
    Comparison.UNCOMPARED: Finding.FAILED,
}
_BY_LEVEL = {Level.FAILING: Finding.FAILING, Level.UNDECIDED: Finding.UNDECIDED, Level.DOUBTFUL: Finding.FAILED}


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
    if gate.latched or quiet.is_quiet(gate, now=now):
        return gate, None
    settled, transition = _settle(gate, find(gate, now=now), event, now=now)
    return quiet.begun(settled, now=now), transition


def _heard(gate: Gate, sample: Sample) -> Gate:
    countings = gate.spec.countings.get(sample.probe)
    if countings is None:
        return gate
    counts = rule.counts(sample, undisturbed_ns=gate.undisturbed_ns)
    if sample.result.target or sample.probe in gate.targets:
        heard = _heard_of_targets(gate, sample, countings, counts=counts)
    elif not counts or rule.is_late(gate.inputs[sample.probe], sample):
        return gate
    else:
        told = {
            each.key: rule.count(gate.inputs[each.key], sample, codes=each.codes, threshold=each.threshold) for each in countings
        }
        until_ns = quiet.after(gate, told.values())
        heard = informed(gate, {**gate.inputs, **told}, gate.targets, gate.memories, quiet_until_ns=until_ns)
    seats = gate.spec.remembering.get(sample.probe)
    return _remembered(heard, seats, sample) if seats and was_told(gate, heard, sample.probe) else heard


def _heard_of_targets(gate: Gate, sample: Sample, countings: Iterable[Counting], *, counts: bool) -> Gate:
    inputs, several = dict(gate.inputs), dict(gate.targets)
    for each in countings:
        path = inputs[each.key]
        known = several.get(each.key) or Targets({}, newest=path.judged, passed_sent=path.passed_sent)
        told = targets.heard(path, known, sample, codes=each.codes, threshold=each.threshold, counts=counts)
        if told is None:
            return gate  # whether a result tells anything does not depend on the codes
        inputs[each.key], several[each.key] = told
    return informed(gate, inputs, several, gate.memories)


def _remembered(gate: Gate, seats: Iterable[Seat], sample: Sample) -> Gate:
    told = {
        (seat.clause, seat.probe): seat.rule.hear(
            gate.memories[seat.clause, seat.probe], sample, known=gate.inputs[seat.key]
        )
        for seat in seats
    }  # fmt: skip
    return informed(gate, gate.inputs, gate.targets, {**gate.memories, **told})


def _forget(gate: Gate) -> Gate:
    """Afresh, except for what makes a result late or doubtful: attempts from before the reset are still under way."""
    inputs = {key: Input(judged=known.judged) for key, known in gate.inputs.items()}
    forgotten = {key: targets.forgotten(known) for key, known in gate.targets.items()}
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
    inputs = {key: rule.zeroed(known) for key, known in gate.inputs.items()}
    return informed(gate, inputs, {key: targets.zeroed(known) for key, known in gate.targets.items()}, blank(gate.spec))


def _degraded(gate: Gate, after: GateState, finding: Finding) -> bool:
    if after is HE:
        return False
    if after is IN:
        return gate.degraded
    return gate.degraded or after in (UN, TR) or finding is Finding.FAILED


def cadence(gate: Gate, *, now: Moment) -> bool:
    """Whether this gate's probes should hasten: from the first failure until HEALTHY again or a run starts, and while a rule
    wants more results to decide.
    """
    if gate.latched or quiet.passes(gate):
        return False
    failing = any(known.failing for known in compare.needed(gate))
    return failing or gate.state in (SU, TR, IN) or verdict.wants_more(gate, now=now)


def due_plans(gate: Gate, *, now: Moment) -> tuple[str, ...]:
    """Plans whose `confirm_for` has passed since the trip without a PASS, while the evidence still stands.

    Who may start them (armed, held, halted) is not decided here.
    """
    if gate.state is not TR or gate.tripped is None or find(gate, now=now) is not Finding.WORSE:
        return ()
    if not verdict.is_undisturbed(gate, now=now):
        return ()  # time that passed while we stood still confirms nothing: first a failure from after it
    since_ns = verdict.bad_since(gate, now=now)
    if since_ns is None:
        return ()
    return tuple(
        entry.plan for entry in gate.spec.on_trip if entry.plan not in gate.ran and since_ns + entry.confirm_for_ns <= now.mono_ns
    )


def deadline(gate: Gate, *, now: Moment) -> int | None:
    """The next monotonic nanosecond after `now` at which time alone can change this gate or make a plan due. A rule that looks
    at a stretch of time is read on every turn.
    """
    moments = [known.sent.mono_ns + gate.spec.max_age_ns + 1 for known in gate.inputs.values() if known.sent]
    if gate.state is TR and (since_ns := verdict.bad_since(gate, now=now)) is not None:
        moments += [since_ns + entry.confirm_for_ns for entry in gate.spec.on_trip if entry.plan not in gate.ran]
    return min((moment for moment in moments if moment > now.mono_ns), default=None)


def first_failed(gate: Gate, *, now: Moment) -> Moment | None:
    """When the trouble that stands now was first seen: where recovery time begins."""
    seen = [known.first_failed for known in compare.needed(gate) if known.first_failed]
    seen += [member.reading.since for member in verdict.bad(gate, now=now) if member.reading.since]
    return min(seen, key=lambda moment: moment.mono_ns, default=None)
