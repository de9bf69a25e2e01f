"""A gate's entire memory. Values only: `gates.machine` replaces them, nothing mutates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
class Gate:
    """`degraded`: this gate has called for DEGRADED and has not recovered since. `latched`: a run started or a human tripped.

    `ran` are the plans that started since the latch closed. Samples sent at or before `undisturbed` say nothing about
    freshness, and silence observed then was perhaps our own.
    """

    spec: GateSpec
    inputs: Mapping[str, Input]
    state: GateState = GateState.UNKNOWN
    degraded: bool = True
    latched: bool = False
    ran: frozenset[str] = frozenset()
    tripped: Moment | None = None
    undisturbed_ns: int = -1


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


def relatched(spec: GateSpec, ran: frozenset[str], *, now: Moment) -> Gate:
    """A gate as it starts when the journal holds it latched. Its confirm clocks begin again: evidence does not outlive us."""
    return replace(fresh(spec), state=GateState.TRIPPED, latched=True, ran=ran, tripped=now)
