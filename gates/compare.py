"""The new path against the one to go back to: would going back help?"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gates import verdict
from gates.gate import Gate
from gates.input import Input
from gates.rules.reading import Level
from gates.verdict import Member, is_stale
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


def needed(gate: Gate) -> list[Input]:
    return [gate.inputs[probe] for probe in gate.spec.needed]


def new_side(level: Level) -> Side:
    """The new path, by what the rules say of it together."""
    if level is Level.STALE:
        return Side.UNKNOWN
    return Side.BAD if level is Level.BAD else Side.GOOD


def since_ns(bad: Iterable[Member]) -> int:
    """The first result that the trouble rests on, in monotonic nanoseconds."""
    return min((member.reading.since.mono_ns for member in bad if member.reading.since), default=0)


def _one_baseline(known: Input, gate: Gate, *, since_ns: int, now: Moment) -> Side:
    if is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now):
        return Side.UNKNOWN
    if known.failing >= gate.spec.threshold:
        return Side.BAD
    # A PASS from before the trouble proves nothing: what broke may be common to both paths.
    asked_since = known.passes > 0 and known.passed_sent is not None and known.passed_sent.mono_ns > since_ns
    return Side.GOOD if asked_since else Side.UNKNOWN


def baseline_side(gate: Gate, *, now: Moment) -> Side:
    """The baseline path, asked since the trouble began. A gate that does not compare takes it as good."""
    if not gate.spec.baseline:
        return Side.GOOD
    began_ns = since_ns(verdict.bad(gate, now=now))
    sides = [_one_baseline(gate.inputs[probe], gate, since_ns=began_ns, now=now) for probe in gate.spec.baseline]
    if Side.BAD in sides:
        return Side.BAD
    return Side.UNKNOWN if Side.UNKNOWN in sides else Side.GOOD


def compare(gate: Gate, level: Level, *, now: Moment) -> Comparison:
    """`level` is what the rules say of the new path now."""
    new = new_side(level)
    # Only beside a bad new path does the other one matter: the rows above and below are the same all along.
    old = baseline_side(gate, now=now) if new is Side.BAD else Side.UNKNOWN
    return COMPARE[new, old]
