"""How many messages a second a registrar takes, learned from what it says. Pure: it is told the time, in monotonic nanoseconds.

As TCP finds the room on a path: double each second until the first refusal, then stay just below what was accepted, feel
upwards slowly, and the faster the longer nothing is refused. But where TCP halves, we can count: what was accepted in the
second before a refusal *is* the limit of a registrar that counts by seconds.

What this cannot do: a registrar that takes two seconds' worth at once before it says a word (windows by the clock, a deep
bucket) is given that much once, at the first storm. Growing so slowly that it is not would take minutes to find a rate.
"""

from __future__ import annotations

from collections import deque
from math import exp2

SECOND = 1_000_000_000

START, FLOOR, CEILING = 50.0, 1.0, 10_000.0
"""Messages per second: where learning starts, and what it never leaves."""

FAST = 0.7
"""Growth per second towards what is known to be accepted, or while nothing is known: about a doubling."""
SLOW = 0.005
"""Growth per second beyond it, right after a refusal."""
SLOW_DOUBLES_NS = 10 * SECOND
"""Without a refusal the slow growth doubles this often, up to FAST: so a registrar that was given more room is noticed."""

PENALTY_LEAST, PENALTY_MOST = 0.05, 0.5
"""The share of the limit held back after a refusal; it doubles with each one that comes while the last is remembered."""
PENALTY_HALVES_NS = 10 * SECOND

CLIMB = 0.9
"""Below this share of the limit growth counts as fast."""

PAUSE_LEAST_NS, PAUSE_MOST_NS = SECOND // 20, SECOND
PAUSE_HALVES_NS = 2 * SECOND
"""The rest after a refusal. After fast growth it is the longest, so that the second which is overfull passes; it doubles
while nothing is accepted, and is half as long whenever this time has gone by."""
IN_ROW_LEAST = 1 / 32
"""While everything is refused the rate halves, down to this share of the limit: so it asks few, and is soon back."""


class Learner:
    """`rate` in messages per second. `limit` is what the registrar took in the second before it last refused (None: it has
    not). A message counts as accepted when the registrar dealt with it, whatever it said."""

    def __init__(self, *, start: float = START, floor: float = FLOOR, ceiling: float = CEILING) -> None:
        self.rate = start
        self.limit: float | None = None
        self.cuts = 0
        self._floor = floor
        self._ceiling = ceiling
        self._accepted: deque[int] = deque()
        self._accepted_since_cut = 1
        self._cut_at: int | None = None
        self._penalty = 0.0
        self._pause_ns = PAUSE_LEAST_NS

    def penalty(self, *, now: int) -> float:
        """The share of the limit that is held back at the moment."""
        return self._penalty * exp2(-self._quiet_ns(now) / PENALTY_HALVES_NS)

    def accepted(self, *, now: int) -> None:
        self._accepted.append(now)
        self._accepted_since_cut += 1
        if self._is_in_use(now):
            # Each answer is one `rate`-th of a second's worth.
            self.rate = min(self._ceiling, self.rate + self._growth(now))

    def refused(self, *, sent: int, now: int) -> int:
        """The registrar would not take a message that was sent at `sent`. Returns how long to rest, in nanoseconds."""
        if self._cut_at is not None and sent <= self._cut_at:
            return 0  # under way when the last refusal came: no news
        self.cuts += 1
        pause = self._again() if self._accepted_since_cut == 0 else self._cut(now)
        self._cut_at = now
        self._accepted_since_cut = 0
        return pause

    def _cut(self, now: int) -> int:
        was_climbing = self._is_climbing(now)
        self._penalty = min(PENALTY_MOST, max(PENALTY_LEAST, 2 * self.penalty(now=now)))
        self.limit = min(self.rate, len(self._accepted)) if self._is_in_use(now) else self.rate
        self.rate = max(self._floor, self.limit * (1 - self._penalty))
        remembered = self._pause_ns * exp2(-self._quiet_ns(now) / PAUSE_HALVES_NS)
        self._pause_ns = PAUSE_MOST_NS if was_climbing else max(PAUSE_LEAST_NS, int(remembered))
        return self._pause_ns

    def _again(self) -> int:
        least = max(self._floor, (self.limit or 0) * IN_ROW_LEAST)
        self.rate = max(least, self.rate / 2)
        self._pause_ns = min(PAUSE_MOST_NS, 2 * self._pause_ns)
        return self._pause_ns

    def _is_in_use(self, now: int) -> bool:
        """A rate that nobody needs proves nothing: neither that it is too high nor that it could be higher."""
        while self._accepted and self._accepted[0] <= now - SECOND:
            self._accepted.popleft()
        return len(self._accepted) >= self.rate / 2

    def _quiet_ns(self, now: int) -> int:
        return 0 if self._cut_at is None else now - self._cut_at

    def _growth(self, now: int) -> float:
        if self.limit is None or self.rate < self.limit * (1 - self.penalty(now=now)):
            return FAST
        return self._slow(now)

    def _slow(self, now: int) -> float:
        return min(FAST, SLOW * exp2(min(10, self._quiet_ns(now) / SLOW_DOUBLES_NS)))

    def _is_climbing(self, now: int) -> bool:
        """Whether the last second held noticeably less than the next one would have."""
        return self.limit is None or self.rate < CLIMB * self.limit or self._slow(now) > 1 - CLIMB
