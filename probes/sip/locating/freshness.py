"""How long what a look-up found is held, and when it is looked up again. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace

from probes.sample import NS_PER_S
from probes.sip.locating.candidates import Located, Lost

LEAST_TTL_S, MOST_TTL_S, MOST_NEGATIVE_TTL_S = 1, 3_600, 30
INCOMPLETE_TTL_S = 5
"""How long an outcome holds that lacks what a resolver could not say."""
AHEAD_NS = 2 * NS_PER_S
"""How long before its end an outcome is renewed, or a fifth of its time where that is less: nobody has to wait then."""


@dataclass(frozen=True, slots=True)
class Held:
    """Monotonic nanoseconds; None for what never ends."""

    outcome: Located | Lost
    ends_ns: int | None
    renew_ns: int | None

    def is_fresh(self, *, now_ns: int) -> bool:
        return self.ends_ns is None or now_ns < self.ends_ns

    def is_due(self, *, now_ns: int) -> bool:
        return self.renew_ns is not None and now_ns >= self.renew_ns

    def after(self, outcome: Located | Lost, *, now_ns: int) -> Held:
        """What is held after another look-up. One that failed for a reason which may be ours does not drive out what the
        owner of the name has let us believe for longer."""
        if not _is_the_owners_word(outcome) and isinstance(self.outcome, Located) and self.is_fresh(now_ns=now_ns):
            return replace(self, renew_ns=now_ns + LEAST_TTL_S * NS_PER_S)
        return hold(outcome, now_ns=now_ns)


def hold(outcome: Located | Lost, *, now_ns: int) -> Held:
    ttl_s = _ttl_s(outcome)
    if ttl_s is None:
        return Held(outcome, None, None)
    ttl_ns = ttl_s * NS_PER_S
    # A failure is asked about again when its time is over and not before.
    ahead_ns = min(AHEAD_NS, ttl_ns // 5) if isinstance(outcome, Located) else 0
    return Held(outcome, now_ns + ttl_ns, now_ns + ttl_ns - ahead_ns)


def _ttl_s(outcome: Located | Lost) -> int | None:
    if isinstance(outcome, Lost):
        return max(LEAST_TTL_S, min(outcome.ttl_s or 0, MOST_NEGATIVE_TTL_S))
    if outcome.ttl_s is None:
        return None
    return max(LEAST_TTL_S, min(outcome.ttl_s, MOST_TTL_S if outcome.is_complete else INCOMPLETE_TTL_S))


def _is_the_owners_word(outcome: Located | Lost) -> bool:
    return outcome.is_complete if isinstance(outcome, Located) else not outcome.why.is_transient
