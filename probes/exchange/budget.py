"""How often an API may be asked: a token bucket of ours, and what the API says of its own. Pure.

The bucket fills evenly: `requests` in each `per`, and as many at once. Headers of the API can only make it less: what
remains in its window, a pause after Retry-After, and after a 429 without one a pause of 2, 6, 18 … seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.exchange.limits_told import Told
from probes.sample import NS_PER_S

TOO_MANY = 429
FIRST_PAUSE_NS, PAUSE_FACTOR, MOST_PAUSE_NS = 2 * NS_PER_S, 3, 60 * NS_PER_S
WINDOW_NS = 60 * NS_PER_S
"""How long a remainder is believed where nobody says when it is renewed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Since the start, but for the last two: requests let through, those of them that waited, those that did not fit into their
    time; how long nothing may be asked now, and how many requests could leave at once."""

    granted: int
    waited: int
    refused: int
    pause_ns: int
    level: float


class Budget:
    """For all who use one API. Times are monotonic."""

    def __init__(self, requests: int, per_ns: int, *, now_ns: int) -> None:
        self._most = float(requests)
        self._rate = requests / per_ns
        self._level = self._most
        self._at_ns = now_ns
        self._pause_ends_ns = now_ns
        self._refusals = 0
        self._remaining: int | None = None
        self._window_ends_ns = now_ns
        self._granted = self._waited = self._refused = 0

    def take(self, *, now_ns: int, within_ns: int) -> int | None:
        """How long to wait before the request leaves, or None where its turn comes later than `within_ns`."""
        self._fill(now_ns)
        wait = max(0, self._pause_ends_ns - now_ns, round((1 - self._level) / self._rate) if self._level < 1 else 0)
        if self._remaining is not None and self._remaining <= 0:
            wait = max(wait, self._window_ends_ns - now_ns)
        if wait > within_ns:
            self._refused += 1
            return None
        self._level -= 1
        if self._remaining is not None:
            self._remaining -= 1
        self._granted += 1
        self._waited += wait > 0
        return wait

    def learn(self, status: int, told: Told, *, now_ns: int) -> None:
        """What an answer says. The least of several remainders counts, for answers overtake each other."""
        self._fill(now_ns)
        if told.remaining is not None:
            self._lower(told.remaining, now_ns + (WINDOW_NS if told.reset_ns is None else told.reset_ns), now_ns)
        if status == TOO_MANY:
            pause = min(FIRST_PAUSE_NS * PAUSE_FACTOR**self._refusals, MOST_PAUSE_NS)
            self._refusals = min(self._refusals + 1, 8)
            self._pause_ends_ns = max(self._pause_ends_ns, now_ns + (pause if told.pause_ns is None else told.pause_ns))
            return
        self._refusals = 0
        if told.pause_ns is not None and status == 503:
            self._pause_ends_ns = max(self._pause_ends_ns, now_ns + told.pause_ns)

    def figures(self, *, now_ns: int) -> Figures:
        self._fill(now_ns)
        level = self._level if self._remaining is None else min(self._level, float(max(self._remaining, 0)))
        return Figures(self._granted, self._waited, self._refused, max(0, self._pause_ends_ns - now_ns), max(level, 0.0))

    def _lower(self, remaining: int, ends_ns: int, now_ns: int) -> None:
        if self._remaining is None or ends_ns > self._window_ends_ns + NS_PER_S:
            self._remaining, self._window_ends_ns = remaining, ends_ns
        else:
            self._remaining = min(self._remaining, remaining)

    def _fill(self, now_ns: int) -> None:
        if now_ns > self._at_ns:
            self._level = min(self._most, self._level + (now_ns - self._at_ns) * self._rate)
            self._at_ns = now_ns
        if self._remaining is not None and now_ns >= self._window_ends_ns:
            self._remaining = None
