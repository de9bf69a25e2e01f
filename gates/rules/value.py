"""A percentile of what probes measure, over a window of time.

The nearest-rank percentile (R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American Statistician 50
(1996), 361-365, definition 1): the smallest value that at least so many percent of the samples do not exceed, so always one that
was measured. A FAIL counts as a value beyond the bound, whatever it measured: a call that never came through is no fast one. A
PASS without the fact says nothing.

At most `MOST_SAMPLES` are kept, the newest: 240 kB for each probe. They lie in arrays, and a new one makes new arrays: to copy
eighty thousand bytes takes less than to walk a tree in Python.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from math import inf, isfinite

from gates.input import Input
from gates.rules.figures import in_a_row, plural, row_text, seconds, to_fine, worse
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
    """BAD while the percentile over `window_ns` is not below (with `is_lower`: not above) `bound`. Durations in nanoseconds."""

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
        own = Level.BAD if is_bad else Level.FINE if count >= max(self.at_least_samples, 1) else Level.UNDECIDED
        level = worse(own, in_a_row(known, threshold=self.threshold))
        standing = self._text(self._standing(samples)) if count else "not measured"
        return Reading(
            level,
            f"{self._name}: {standing}, {self._side} {self._text(self.bound)}",
            self._sum(samples, own, standing) + ("" if is_bad else row_text(known, threshold=self.threshold)),
            since=samples.beyond[0] if is_bad else None,
            restarts=samples.became if is_bad else None,
            wants_more=own is Level.UNDECIDED,
            to_bad="" if is_bad else self._to_bad(samples),
            to_fine=to_fine(level, own, "" if own is Level.FINE else self._to_fine(samples)),
        )

    @property
    def _name(self) -> str:
        return f"p{self.percentile} of {self.fact}"

    @property
    def _side(self) -> str:
        return "above" if self.is_lower else "below"

    def _sum(self, samples: Measured, own: Level, standing: str) -> str:
        count, within = len(samples.ordered), f"samples of the last {seconds(self.window_ns)}"
        if own is Level.UNDECIDED:
            return f"{self._name}: {standing}; {count} {within} < {self.at_least_samples}"
        relation = {(True, True): "≤", (True, False): ">", (False, True): "≥", (False, False): "<"}[
            self.is_lower, own is Level.BAD
        ]
        beyond = f"{count - self._good(samples)} of {count} {within} not {self._side}"
        return f"{self._name}: {standing} {relation} {self._text(self.bound)}; {beyond}"

    def _good(self, samples: Measured) -> int:
        if self.is_lower:
            return len(samples.ordered) - bisect_right(samples.ordered, self.bound)
        return bisect_left(samples.ordered, self.bound)

    def _beyond(self, good: int, count: int) -> bool:
        """Whether the percentile is beyond the bound when so many of `count` values are within it."""
        rank = -(-self.percentile * count // 100)
        return count - good >= rank if self.is_lower else good < rank

    def _to_bad(self, samples: Measured) -> str:
        good, count = self._good(samples), len(samples.ordered)
        least = max(self.at_least_samples - count, 1)
        more = bisect_left(range(MOST_SAMPLES), True, lo=least, key=lambda more: self._beyond(good, count + more))
        return self._told(more, f"not {self._side}")

    def _to_fine(self, samples: Measured) -> str:
        good, count = self._good(samples), len(samples.ordered)
        least = max(self.at_least_samples - count, 1)
        more = bisect_left(range(MOST_SAMPLES), True, lo=least, key=lambda more: not self._beyond(good + more, count + more))
        return self._told(more, self._side)

    def _told(self, more: int, side: str) -> str:
        """Where samples leave the window meanwhile it may be fewer, or more."""
        if more >= MOST_SAMPLES:
            return f"that those of now leave the window of {seconds(self.window_ns)}"
        return f"{plural(more, 'more sample')} {side} {self._text(self.bound)}"

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
