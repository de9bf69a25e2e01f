"""The new path against the one to go back to: would going back help?"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gates.gate import Gate, Input
from probes.sample import Moment


class Side(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Comparison(StrEnum):
    FINE = "fine"
    STALE = "stale"
    WORSE = "worse"
    BOTH_BAD = "both-bad"
    UNCOMPARED = "uncompared"


COMPARE: dict[tuple[Side, Side], Comparison] = {  # (new path, baseline path)
    (Side.GOOD, Side.GOOD): Comparison.FINE,
    (Side.GOOD, Side.BAD): Comparison.FINE,
    (Side.GOOD, Side.UNKNOWN): Comparison.FINE,
    (Side.BAD, Side.GOOD): Comparison.WORSE,
    (Side.BAD, Side.BAD): Comparison.BOTH_BAD,
    (Side.BAD, Side.UNKNOWN): Comparison.UNCOMPARED,
    (Side.UNKNOWN, Side.GOOD): Comparison.STALE,
    (Side.UNKNOWN, Side.BAD): Comparison.STALE,
    (Side.UNKNOWN, Side.UNKNOWN): Comparison.STALE,
}


def is_stale(known: Input, *, max_age_ns: int, now: Moment) -> bool:
    return known.sent is None or now.mono_ns - known.sent.mono_ns > max_age_ns


def needed(gate: Gate) -> list[Input]:
    return [gate.inputs[probe] for probe in gate.spec.needed]


def at_threshold(gate: Gate) -> list[Input]:
    return [known for known in needed(gate) if known.counted >= gate.spec.threshold]


def new_side(gate: Gate, *, now: Moment) -> Side:
    if any(is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now) for known in needed(gate)):
        return Side.UNKNOWN
    return Side.BAD if at_threshold(gate) else Side.GOOD


def _first_counted(bad: Iterable[Input]) -> int:
    return min((known.first_counted.mono_ns for known in bad if known.first_counted), default=0)


def _one_baseline(known: Input, gate: Gate, *, since_ns: int, now: Moment) -> Side:
    if is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now):
        return Side.UNKNOWN
    if known.failing >= gate.spec.threshold:
        return Side.BAD
    # A PASS from before the trouble proves nothing: what broke may be common to both paths.
    asked_since = known.passes > 0 and known.passed_sent is not None and known.passed_sent.mono_ns > since_ns
    return Side.GOOD if asked_since else Side.UNKNOWN


def baseline_side(gate: Gate, *, now: Moment) -> Side:
    """The baseline path, asked since the new path's first counted failure. A gate that does not compare takes it as good."""
    since_ns = _first_counted(at_threshold(gate))
    sides = [_one_baseline(gate.inputs[probe], gate, since_ns=since_ns, now=now) for probe in gate.spec.baseline]
    if Side.BAD in sides:
        return Side.BAD
    return Side.UNKNOWN if Side.UNKNOWN in sides else Side.GOOD


def compare(gate: Gate, *, now: Moment) -> Comparison:
    return COMPARE[new_side(gate, now=now), baseline_side(gate, now=now)]
