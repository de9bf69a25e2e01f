"""A gate's entire memory. Values only: `gates.machine` replaces them, nothing mutates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from probes.sample import Moment


class GateState(StrEnum):
    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    SUSPECT = "SUSPECT"
    TRIPPED = "TRIPPED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class OnTrip:
    plan: str
    confirm_for_ns: int


@dataclass(frozen=True, slots=True)
class GateSpec:
    """The rule: trip on the `threshold`-th consecutive failure in `codes` on any probe of `needed`.

    `baseline` names the probes of the path to go back to; empty means that the gate does not compare.
    """

    name: str
    needed: tuple[str, ...]
    baseline: tuple[str, ...]
    threshold: int
    codes: frozenset[int]
    recover: int
    max_age_ns: int
    on_trip: tuple[OnTrip, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """What one probe has told us. Moments are None until the first such result.

    `counted` are consecutive failures in the code set, `failing` consecutive failures of any code, `passes` consecutive
    passes. `judged` is the highest sequence that counted for anything.
    """

    judged: int = -1
    sent: Moment | None = None
    passed_sent: Moment | None = None
    passed_at: Moment | None = None
    first_failed: Moment | None = None
    first_counted: Moment | None = None
    counted: int = 0
    failing: int = 0
    passes: int = 0
    streak: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Since:
    """The path and its targets as they were when one vanished that had failed less often than the others."""

    path: Input
    known: Mapping[str, Input]


class Told(StrEnum):
    """What one result tells a beat of its target."""

    COUNTED = "counted"  # FAIL, in the code set
    FAILED = "failed"  # FAIL, outside it
    PASSED = "passed"
    UNMEASURED = "unmeasured"  # ERROR
    NOTHING = "nothing"  # late, or silence that we may have slept through


@dataclass(frozen=True, slots=True)
class Beat:
    """Results of one place in the order of sending: who has not reported, the latest arrival, and what was told by whom."""

    waiting: frozenset[str]
    at: Moment
    told: Mapping[str, Told] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


NOWHERE = -2
"""Before any place in the order of sending."""


@dataclass(frozen=True, slots=True)
class Row:
    """Consecutive beats in which nobody got through (`gates.beats`): `counted` by codes of the set, `failing` by any.

    `open` are the beats after `judged` that were heard of, `passed` the newest with a PASS. `errors` counts ERRORs in a row by
    target of the beat judged last; a target whose results were all ERROR since it joined is above the threshold at once.
    """

    open: Mapping[int, Beat] = field(default_factory=dict)
    judged: int = NOWHERE
    passed: int = -1
    counted: int = 0
    failing: int = 0
    first_counted: Moment | None = None
    first_failed: Moment | None = None
    streak: tuple[str, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Targets:
    """What each target has told us that a probe's name leads to (`gates.targets`).

    `newest` is the highest sequence that told anything, `passed` the highest in which a target passed, `passes` how many in a
    row, `passed_sent` the latest sending of any PASS. Failures of the path count from `since` on, or are those of `row`.
    """

    known: Mapping[str, Input]
    newest: int = -1
    passed: int = -1
    passes: int = 0
    passed_sent: Moment | None = None
    since: Since | None = None
    row: Row = field(default_factory=Row)


@dataclass(frozen=True, slots=True)
class Gate:
    """`degraded`: this gate has called for DEGRADED and has not recovered since. `latched`: a run started or a human tripped.

    `ran` are the plans that started since the latch closed. Samples sent at or before `undisturbed` say nothing about
    freshness, and silence observed then was perhaps our own. Where a probe's name leads to several targets, they stand in
    `targets` and its Input is folded from theirs; a probe with one fixed target is not in there.
    """

    spec: GateSpec
    inputs: Mapping[str, Input]
    state: GateState = GateState.UNKNOWN
    degraded: bool = True
    latched: bool = False
    ran: frozenset[str] = frozenset()
    tripped: Moment | None = None
    undisturbed_ns: int = -1
    targets: Mapping[str, Targets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state or of what callers may be told, with the arithmetic that made it."""

    gate: str
    before: GateState
    after: GateState
    cause: str
    evidence: str
    at: Moment


def fresh(spec: GateSpec) -> Gate:
    """A gate that knows nothing yet."""
    return Gate(spec=spec, inputs=dict.fromkeys((*spec.needed, *spec.baseline), Input()))


def informed(gate: Gate, inputs: Mapping[str, Input], targets: Mapping[str, Targets]) -> Gate:
    """`gate` with other knowledge. Each sample makes one: spelled out, because `dataclasses.replace` takes thrice as long."""
    return Gate(gate.spec, inputs, gate.state, gate.degraded, gate.latched, gate.ran, gate.tripped, gate.undisturbed_ns, targets)


def was_told(before: Gate, after: Gate, probe: str) -> bool:
    """Whether a result of the probe told the gate something: one that is late may round off its beat, and tells nothing."""
    was, known = before.targets.get(probe), after.targets.get(probe)
    if known is None:
        return after.inputs is not before.inputs
    return was is None or known.known is not was.known


def relatched(spec: GateSpec, ran: frozenset[str], *, now: Moment) -> Gate:
    """A gate as it starts when the journal holds it latched. Its confirm clocks begin again: evidence does not outlive us."""
    return replace(fresh(spec), state=GateState.TRIPPED, latched=True, ran=ran, tripped=now)


def concerned(specs: Mapping[str, GateSpec]) -> dict[str, tuple[str, ...]]:
    """The gates that know a probe, by probe: a sample means nothing to the others."""
    found: dict[str, tuple[str, ...]] = {}
    for name, spec in specs.items():
        for probe in dict.fromkeys((*spec.needed, *spec.baseline)):
            found[probe] = (*found.get(probe, ()), name)
    return found
