"""When to ask next. All times are monotonic nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cadence:
    every_ns: int
    suspect_every_ns: int

    def interval(self, *, suspect: bool) -> int:
        return self.suspect_every_ns if suspect else self.every_ns


GRID_NS = 50_000_000
"""Beats fall together at this distance. Ten thousand a second are fifty at a time then, which cost less than fifty times one: a
process that was asleep finds its caches cold, and to be woken costs more than to send."""
GRID_PLACES = 20
"""An interval with fewer places is not divided: its beats would fall together where nothing is gained by it."""


def first_due(now_ns: int, every_ns: int, *, fraction: float) -> int:
    """A random first offset, so that a restart does not hit every trunk in the same millisecond; on the grid."""
    offset = int(every_ns * fraction)
    return now_ns + (offset - offset % GRID_NS if every_ns >= GRID_PLACES * GRID_NS else offset)


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
