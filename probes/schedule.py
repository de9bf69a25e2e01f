"""When to ask next. All times are monotonic nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cadence:
    every_ns: int
    suspect_every_ns: int

    def interval(self, *, suspect: bool) -> int:
        return self.suspect_every_ns if suspect else self.every_ns


TOGETHER, COARSEST_NS = 100, 100_000_000
"""Beats fall together, some hundred at a time: they cost far less than one by one, because a process that was asleep finds the
processor's caches cold. But groups are never further apart than the coarsest grid."""
FIRST_NS = 1_000_000
"""The first attempt at a target takes several times as long as any other: the way is looked up, the request written, the answer
read from scratch. Thousands that all began within one second would be late for their second attempts."""


def first_due(now_ns: int, every_ns: int, *, of: int = 1, fraction: float) -> int:
    """A random first offset, so that a restart does not hit every trunk in the same millisecond, on the grid of beats.

    `of` so many that begin together.
    """
    offset = int(max(every_ns, (of - 1) * FIRST_NS) * fraction)
    return now_ns + offset - offset % _grid(every_ns, of)


def _grid(every_ns: int, of: int) -> int:
    """An interval so short that few beats fit in is not divided: nothing would be gained."""
    if every_ns < 10 * COARSEST_NS:
        return 1
    return max(min(every_ns * TOGETHER // of, COARSEST_NS), 1)


def next_due(due_ns: int, interval_ns: int, *, now_ns: int) -> int:
    """On time although the last attempt may not have ended. Beats that were missed are skipped, never made up in a burst."""
    following = due_ns + interval_ns
    if following >= now_ns:
        return following
    return following + -(-(now_ns - following) // interval_ns) * interval_ns


def hastened(due_ns: int, *, last_ns: int | None, interval_ns: int, now_ns: int) -> int:
    """The due time when the cadence has just become `interval_ns`: never later than before, never in the past."""
    since_last = now_ns if last_ns is None else max(last_ns + interval_ns, now_ns)
    return min(due_ns, since_last)
