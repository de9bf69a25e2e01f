"""When a token is renewed, and when a login that failed is tried again. Pure: told the time, and given its chance.

A token is renewed in the background once between 70 % and 85 % of its life has passed; one of unknown life after four to
five minutes, and it is used until the API refuses it. A failed login rests for 1, 2, 4 … 60 s, or as long as the server says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from probes.exchange.grants import Grant, NoGrant
from probes.sample import NS_PER_S

UNKNOWN_LIFE_NS = 340 * NS_PER_S
LEAST_LEFT_NS = 2 * NS_PER_S
"""With less than that left a token is not used any more: it must not end on its way."""
FIRST_REST_NS, MOST_REST_NS = NS_PER_S, 60 * NS_PER_S
YOUNG_NS = 30 * NS_PER_S
"""A token so young that is refused would be refused anew: it is not the token."""


class Chance(Protocol):
    def random(self) -> float: ...


@dataclass(slots=True)
class Renewal:
    """`current` is usable, or None. Times are monotonic."""

    rng: Chance
    grant: Grant | None = field(default=None, repr=False)
    failure: NoGrant | None = None
    _renew_ns: int = 0
    _ends_ns: int | None = None
    _got_ns: int = 0
    _rest_ends_ns: int = 0
    _failures: int = 0

    def got(self, grant: Grant, *, now_ns: int) -> None:
        life = grant.lifetime_ns or UNKNOWN_LIFE_NS
        self.grant, self.failure, self._failures = grant, None, 0
        self._got_ns, self._rest_ends_ns = now_ns, now_ns
        self._renew_ns = now_ns + int(life * (0.7 + 0.15 * self.rng.random()))
        self._ends_ns = None if grant.lifetime_ns is None else now_ns + max(life - LEAST_LEFT_NS, life // 2)

    def failed(self, failure: NoGrant, *, now_ns: int) -> None:
        self.failure = failure
        rest = min(FIRST_REST_NS * 2**self._failures, MOST_REST_NS)
        self._failures = min(self._failures + 1, 8)
        rest = int(rest * (1 + 0.25 * self.rng.random())) if failure.retry_after_ns is None else failure.retry_after_ns
        self._rest_ends_ns = now_ns + rest

    def usable(self, *, now_ns: int) -> Grant | None:
        ends = self._ends_ns
        return None if ends is not None and now_ns >= ends else self.grant

    def is_due(self, *, now_ns: int) -> bool:
        """Whether a new one is to be asked for now."""
        if self.failure is not None and (self.failure.is_final or now_ns < self._rest_ends_ns):
            return False
        return self.grant is None or now_ns >= self._renew_ns

    def spurned(self, grant: Grant, *, now_ns: int) -> bool:
        """Whether asking for another makes sense. Several requests may have been refused with the same one."""
        if grant is not self.grant:
            return self.grant is not None
        if now_ns - self._got_ns < YOUNG_NS:
            return False
        self.grant = None
        return True

    def again(self) -> None:
        self.failure, self._failures, self._rest_ends_ns = None, 0, 0
