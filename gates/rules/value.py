"""A percentile of what probes measure, over a window of time.

The nearest-rank percentile (Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996), 361-365,
definition 1): the smallest value that at least so many percent of the samples do not exceed, so always one that was measured. A
FAIL counts as a value beyond the bound, whatever it measured: a call that never came through is no fast one. A PASS without the
fact says nothing.

At most `MOST_SAMPLES` are kept, the newest: 240 kB for each probe. They lie in arrays, and a new one makes new arrays: to copy
eighty thousand bytes takes less than to walk a tree in Python.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from math import inf, isfinite

from gates.gate import Input
from gates.rules.figures import in_a_row, row_text, seconds, worse
from gates.rules.newest import MOST_MARKS
from gates.rules.reading import Level, Reading
from probes.sample import NS_PER_S, Moment, Outcome, ProbeResult, Sample

MOST_SAMPLES = 10_000
DURATION = "duration"


def _stamps() -> array[int]:
    return array("q")


def _values() -> array[float]:
    return array("d")


@dataclass(frozen=True, slots=True)
class Measured:
    """Samples, oldest first: monotonic nanoseconds of arrival, and values; the values once more, in their own order.

    `beyond` are the newest arrivals of values beyond the bound, `became`: since when the percentile is. Nothing in here is
    ever changed.
    """

    stamps: array[int] = field(default_factory=_stamps)
    values: array[float] = field(default_factory=_values)
    ordered: array[float] = field(default_factory=_values)
    beyond: tuple[Moment, ...] = ()
    became: Moment | None = None

    def without_before(self, since_ns: int) -> Measured:
        """Only what came at `since_ns` or later."""
        gone = bisect_left(self.stamps, since_ns)
        if not gone:
            return self
        values = self.values[gone:]
        if gone > len(values) // 8:
            ordered = array("d", sorted(values))
        else:
            ordered = self.ordered[:]
            for value in self.values[:gone]:
                del ordered[bisect_left(ordered, value)]
        beyond = tuple(at for at in self.beyond if at.mono_ns >= since_ns)
        return Measured(self.stamps[gone:], values, ordered, beyond, self.became)


@dataclass(frozen=True, slots=True)
class Value:
    """BAD while the percentile over `window_ns` is not below (or, with `is_lower`, not above) `bound`. Durations in nanoseconds."""

    fact: str
    percentile: int
    bound: float
    is_lower: bool
    is_duration: bool
    window_ns: int
    at_least_samples: int
    threshold: int = 3

    def fresh(self) -> Measured:
        return Measured()

    def hear(self, memory: Measured, sample: Sample, *, known: Input) -> Measured:
        value = self._value(sample.result)
        if value is None:
            return memory
        # Results overlap, and one may be told after another that came later: it is as old as that one.
        stamp = max(sample.at.mono_ns, memory.stamps[-1] if memory.stamps else sample.at.mono_ns)
        rest = memory.without_before(stamp - self.window_ns)
        if len(rest.stamps) >= MOST_SAMPLES:
            rest = rest.without_before(rest.stamps[len(rest.stamps) - MOST_SAMPLES] + 1)
        ordered = rest.ordered[:]
        insort(ordered, value)
        beyond = rest.beyond
        if not self._is_good(value):
            beyond = (*beyond, Moment(sample.at.utc_ns, stamp))[-MOST_MARKS:]
        told = Measured(rest.stamps + array("q", (stamp,)), rest.values + array("d", (value,)), ordered, beyond)
        if not self._is_bad(told):
            return told
        return Measured(told.stamps, told.values, told.ordered, told.beyond, rest.became or sample.at)

    def _value(self, result: ProbeResult) -> float | None:
        if result.outcome is Outcome.FAIL:
            return -inf if self.is_lower else inf
        return float(result.duration_ns) if self.fact == DURATION else number(result.facts.get(self.fact))

    def _is_good(self, value: float) -> bool:
        return value > self.bound if self.is_lower else value < self.bound

    def _standing(self, samples: Measured) -> float:
        count = len(samples.ordered)
        return samples.ordered[-(-self.percentile * count // 100) - 1]

    def _is_bad(self, samples: Measured) -> bool:
        enough = len(samples.ordered) >= max(self.at_least_samples, 1)
        return enough and not self._is_good(self._standing(samples))

    def read(self, memory: Measured, *, known: Input, now: Moment) -> Reading:
        samples = memory.without_before(now.mono_ns - self.window_ns)
        count, is_bad = len(samples.ordered), self._is_bad(samples)
        level = Level.BAD if is_bad else Level.FINE if count >= self.at_least_samples else Level.UNDECIDED
        name = f"p{self.percentile} of {self.fact}"
        standing = self._text(self._standing(samples)) if count else "not measured"
        within = f"{count} samples of the last {seconds(self.window_ns)}"
        if level is Level.UNDECIDED:
            told = f"{name}: {standing}; {within} < {self.at_least_samples}"
        else:
            relation = ("≤" if is_bad else ">") if self.is_lower else ("≥" if is_bad else "<")
            worst = (
                count - bisect_right(samples.ordered, self.bound) if self.is_lower else bisect_left(samples.ordered, self.bound)
            )
            told = f"{name}: {standing} {relation} {self._text(self.bound)}; {within}, {count - worst} not {self._side}"
        return Reading(
            worse(level, in_a_row(known, threshold=self.threshold)),
            f"{name}: {standing} of {self._text(self.bound)}",
            told + ("" if is_bad else row_text(known, threshold=self.threshold)),
            since=samples.beyond[0] if is_bad else None,
            restarts=samples.became if is_bad else None,
            wants_more=level is Level.UNDECIDED,
        )

    @property
    def _side(self) -> str:
        return f"{'above' if self.is_lower else 'below'} it"

    def _text(self, value: float) -> str:
        if not isfinite(value):
            return "a failure"
        return f"{value / NS_PER_S:.3g} s" if self.is_duration else f"{value:g}"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {
            "rule": "value",
            "fact": self.fact,
            "percentile": self.percentile,
            "above" if self.is_lower else "below": self._text(self.bound),
            "window": seconds(self.window_ns),
            "at_least_samples": self.at_least_samples,
            "threshold": self.threshold,
        }


def number(fact: str | int | None) -> float | None:
    """What a fact says as a number; None where it says none."""
    try:
        value = float(fact) if fact is not None else None
    except (ValueError, OverflowError):
        return None
    return value if value is not None and isfinite(value) else None
