"""When results that have not come yet can be known: the schedule of a probe, carried on. Pure.

Spans are nanoseconds from now. The early end takes every answer to come at once, the late end every attempt to last until its
timeout. Both take the results to be what was asked for, one after the other, from the next attempt on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from probes import schedule
from probes.sample import Moment
from probes.schedule import Cadence


@dataclass(frozen=True, slots=True)
class Pace:
    """How a probe is asked now. `last_sent_ns` is the monotonic moment of the newest attempt whose result is known."""

    cadence: Cadence
    timeout_ns: int
    suspect: bool = False
    last_sent_ns: int | None = None

    @property
    def interval_ns(self) -> int:
        return self.cadence.interval(suspect=self.suspect)


@dataclass(frozen=True, slots=True)
class Span:
    earliest_ns: int
    latest_ns: int


def of_any(spans: Iterable[Span]) -> Span:
    """One of several, nobody knows which."""
    known = list(spans)
    return Span(min(span.earliest_ns for span in known), max(span.latest_ns for span in known))


def of_each(spans: Iterable[Span]) -> Span:
    """All of several: the slowest decides."""
    known = list(spans)
    return Span(max(span.earliest_ns for span in known), max(span.latest_ns for span in known))


def failures(pace: Pace, count: int, *, now: Moment) -> Span:
    """Until `count` failures in a row are known. From the first of them on the probe is asked at `suspect_every`."""
    early, late = _next_due(pace, now=now)
    return Span(_failed(pace, count, due_ns=early, answer_ns=0), _failed(pace, count, due_ns=late, answer_ns=pace.timeout_ns))


def passes(pace: Pace, count: int, *, now: Moment) -> Span:
    """Until `count` passes in a row are known, at the present cadence."""
    early, late = _next_due(pace, now=now)
    following = (count - 1) * pace.interval_ns
    return Span(max(early + following, 0), late + following + pace.timeout_ns)


def _next_due(pace: Pace, *, now: Moment) -> tuple[int, int]:
    """When the next attempt is sent, at the earliest and at the latest. Negative for one that is under way."""
    if pace.last_sent_ns is None:
        return 0, pace.interval_ns  # the first offset is random
    due_ns = pace.last_sent_ns + pace.interval_ns - now.mono_ns
    ended = max(-((due_ns + pace.timeout_ns) // pace.interval_ns), 0)
    due_ns += ended * pace.interval_ns
    return due_ns, due_ns


def _failed(pace: Pace, count: int, *, due_ns: int, answer_ns: int) -> int:
    hasty_ns = pace.cadence.suspect_every_ns
    known_ns = max(due_ns + answer_ns, 0)
    for _ in range(count - 1):
        following = due_ns + pace.interval_ns
        if following > known_ns:
            following = schedule.hastened(following, last_ns=due_ns, interval_ns=hasty_ns, now_ns=known_ns)
        due_ns = following
    return max(due_ns + answer_ns, 0)
