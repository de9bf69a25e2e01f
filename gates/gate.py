"""A gate's entire memory. Values only: `gates.machine` replaces them, nothing mutates them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gates.input import Input, Targets
from gates.spec import Clause, GateSpec, OnTrip
from probes.sample import Moment
from probes.values import fast_dataclass

__all__ = [
    "Clause",
    "Gate",
    "GateSpec",
    "GateState",
    "Input",
    "OnTrip",
    "Transition",
    "as_disturbed",
    "concerned",
    "fresh",
    "informed",
    "relatched",
    "was_told",
]


class GateState(StrEnum):
    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    SUSPECT = "SUSPECT"
    TRIPPED = "TRIPPED"
    INCONCLUSIVE = "INCONCLUSIVE"


@fast_dataclass(frozen=True, slots=True)
class Gate:
    """`degraded`: this gate has called for DEGRADED and has not recovered since. `latched`: a run started or a human tripped.

    `ran` are the plans that started since the latch closed. Samples sent at or before `undisturbed` say nothing about
    freshness, and silence observed then was perhaps our own. Where a probe's name leads to several targets, they stand in
    `targets` and its Input is folded from theirs; a probe with one fixed target is not in there. `inputs` and `targets` go by
    the key of a counting (`gates.spec`), `memories` by clause and probe.

    `quiet_until_ns` saves looking at a thousand inputs for each result: where it is not -1, every rule counts in a row, every
    needed input passes, and none of them is too old before that monotonic nanosecond. It says nothing that they do not.
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
    memories: Mapping[tuple[int, str], object] = field(default_factory=dict)
    quiet_until_ns: int = field(default=-1, compare=False, repr=False)


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
    keys = [counting.key for countings in spec.countings.values() for counting in countings]
    return Gate(spec=spec, inputs=dict.fromkeys(keys, Input()), memories=blank(spec))


def blank(spec: GateSpec) -> dict[tuple[int, str], object]:
    """The memories of rules that have heard nothing."""
    return {(seat.clause, seat.probe): seat.rule.fresh() for seats in spec.remembering.values() for seat in seats}


def informed(
    gate: Gate,
    inputs: Mapping[str, Input],
    targets: Mapping[str, Targets],
    memories: Mapping[tuple[int, str], object],
    *,
    quiet_until_ns: int = -1,
) -> Gate:
    """`gate` with other knowledge. Each sample makes one: spelled out, because `dataclasses.replace` takes thrice as long."""
    return Gate(
        gate.spec,
        inputs,
        gate.state,
        gate.degraded,
        gate.latched,
        gate.ran,
        gate.tripped,
        gate.undisturbed_ns,
        targets,
        memories,
        quiet_until_ns,
    )


def was_told(before: Gate, after: Gate, probe: str) -> bool:
    """Whether a result of the probe told the gate something: one that is late may round off its beat, and tells nothing."""
    was, known = before.targets.get(probe), after.targets.get(probe)
    if known is None:
        return after.inputs is not before.inputs
    return was is None or known.known is not was.known


def relatched(spec: GateSpec, ran: frozenset[str], *, now: Moment) -> Gate:
    """A gate as it starts when the journal holds it latched. Its confirm clocks begin again: evidence does not outlive us."""
    return replace(fresh(spec), state=GateState.TRIPPED, latched=True, ran=ran, tripped=now)


def as_disturbed(gate: Gate, others: Iterable[Gate]) -> Gate:
    """A gate that begins beside others, as doubtful of what was sent before as they are."""
    return replace(gate, undisturbed_ns=max((other.undisturbed_ns for other in others), default=-1))


def concerned(specs: Mapping[str, GateSpec]) -> dict[str, tuple[str, ...]]:
    """The gates that know a probe, by probe: a sample means nothing to the others."""
    found: dict[str, tuple[str, ...]] = {}
    for name, spec in specs.items():
        for probe in dict.fromkeys((*spec.needed, *spec.baseline)):
            found[probe] = (*found.get(probe, ()), name)
    return found
