"""The IVR's own questions as a probe: where nobody asks, no callers arrive, and where too many do, something sends them again.

The webhook counts its callers, and the probe looks at how the count has grown over a window. Pure: count and clock are given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from probes.probe import Cancel, Report
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult

SILENCE, SURGE = 408, 503
"""As silence and overload are coded on a trunk (RFC 3261 §8.1.3.1, §21.5.4), so that a gate's default codes count both."""
NS_PER_MINUTE = 60 * NS_PER_S
MARKS = 64
"""Into how many parts a window is divided: its beginning is known as exactly as that, however often the probe is asked."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Callers a minute, on average over the window. `at_most` None: any number."""

    at_least: int
    at_most: int | None
    window_ns: int


@dataclass(frozen=True, slots=True)
class Growth:
    """So many callers in so many nanoseconds."""

    callers: int
    span_ns: int

    @property
    def per_minute(self) -> int:
        return self.callers * NS_PER_MINUTE // self.span_ns


class Counted:
    """A count that only grows, and how it stood before."""

    def __init__(self, *, window_ns: int, count: int, now_ns: int) -> None:
        self._window_ns = window_ns
        self._marks: deque[tuple[int, int]] = deque([(now_ns, count)])

    def growth(self, count: int, *, now_ns: int) -> Growth | None:
        """Over the window, or a little more; None while it has not been watched for so long."""
        marks = self._marks
        while len(marks) > 1 and marks[1][0] <= now_ns - self._window_ns:
            marks.popleft()
        began_ns, before = marks[0]
        if now_ns - marks[-1][0] >= self._window_ns // MARKS:
            marks.append((now_ns, count))
        return Growth(count - before, now_ns - began_ns) if now_ns - began_ns >= self._window_ns else None

    def watched_ns(self, *, now_ns: int) -> int:
        return now_ns - self._marks[0][0]


def judged(growth: Growth | None, bounds: Bounds, *, watched_ns: int) -> ProbeResult:
    """Silence is measured against the window and a surge against the time in fact: a probe that comes a little late must not make
    callers too few, nor too many."""
    if growth is None:
        facts: dict[str, str | int] = {"watched_s": watched_ns // NS_PER_S, "window_s": bounds.window_ns // NS_PER_S}
        return ProbeResult(Outcome.ERROR, None, Origin.SELF, "too-early", 0, facts)
    facts = {
        "callers": growth.callers,
        "span_s": growth.span_ns // NS_PER_S,
        "per_minute": growth.per_minute,
        "at_least": bounds.at_least,
        **({} if bounds.at_most is None else {"at_most": bounds.at_most}),
    }
    if growth.callers * NS_PER_MINUTE < bounds.at_least * bounds.window_ns:
        return ProbeResult(Outcome.FAIL, SILENCE, Origin.TIMEOUT, "silence", 0, facts)
    if bounds.at_most is not None and growth.callers * NS_PER_MINUTE > bounds.at_most * growth.span_ns:
        return ProbeResult(Outcome.FAIL, SURGE, Origin.WIRE, "surge", 0, facts)
    return ProbeResult(Outcome.PASS, None, Origin.WIRE, "callers", 0, facts)


class SilenceProbe:
    def __init__(self, count: Callable[[], int], bounds: Bounds, *, clock: Callable[[], Moment]) -> None:
        """`count` is how many callers have been answered so far. The window begins now."""
        self._count = count
        self._bounds = bounds
        self._clock = clock
        self._counted = Counted(window_ns=bounds.window_ns, count=count(), now_ns=clock().mono_ns)

    def begin(self, report: Report) -> Cancel:
        now_ns = self._clock().mono_ns
        growth = self._counted.growth(self._count(), now_ns=now_ns)
        report(judged(growth, self._bounds, watched_ns=self._counted.watched_ns(now_ns=now_ns)))
        return _nothing_to_cancel


def _nothing_to_cancel() -> None:
    """It has been reported already."""
