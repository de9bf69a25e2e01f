"""When the next REGISTER may go to a registrar, for all AORs together. Pure: it is told the time, in monotonic nanoseconds.

What is counted is messages on the wire: a REGISTER that is challenged and sent again with credentials is two. A rate that
is configured holds in *every* window of one second, also at the start and after a rest: whatever was saved up is part of it.
Without one the rate is learned (`probes.sip.registering.learning`). A Retry-After rests the whole registrar in both cases.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from probes.sip.engine.exchanged import Answered, Broken, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.messages.message import Response
from probes.sip.registering.learning import SECOND, Learner

BURST_SHARE = 0.02
"""The part of a second's messages that may go at once: so much lateness of our own, 20 ms, costs no speed."""
WINDOW_NS = SECOND + SECOND // 100
"""A second, and 10 ms by which the network may push messages together."""

UNANSWERED_NS = SECOND // 2
"""No more may wait for an answer than the rate sends in RFC 3261's T1. When a registrar falls silent each is sent again after
T1, twice T1 and so on: those copies fill the windows in which then nothing new goes, and not one of them is overfull."""
UNANSWERED_LEAST = 2
GIVEN_UP_NS = 32 * SECOND
"""64 × T1: whatever was not told by then is no longer under way (RFC 3261 §17.1.2.2)."""

RETRY_AFTER_MOST_S = 30
"""The longest Retry-After that is honoured; each further refusal may ask for as much again."""
RETRY_AFTER_JITTER = 0.1
"""By up to this share later, so that several who were told the same do not come back in one instant."""

REQUEST_TIMEOUT, INTERVAL_TOO_BRIEF, SERVER_ERROR, SERVICE_UNAVAILABLE = 408, 423, 500, 503

DIGEST_MESSAGES = 2
"""A REGISTER that is challenged, and the one with credentials."""
REFRESH_AFTER = 0.75
"""The share of the granted Expires after which a binding is refreshed, at the earliest; for predictions."""


class Chance(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def random(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` messages may go at once, then one every `spacing_ns`."""

    burst: int
    spacing_ns: int

    @property
    def sustained(self) -> float:
        """Messages per second in the long run: somewhat less than the rate, because the burst is part of it."""
        return SECOND / self.spacing_ns


def allowance(rate: float) -> Allowance:
    """What keeps every window of WINDOW_NS at or below `rate` messages (of a rate below one: no two within 1/rate seconds).

    A message and those that follow it: the k-th comes `(k − burst + 1) × spacing` later at the earliest, so the one that
    would be too much, k = rate, falls out of the window as soon as `(rate − burst + 1) × spacing` exceeds it.
    """
    if not rate > 0:
        raise ValueError("a rate is above 0 messages per second")
    most = max(1, int(rate))
    burst = max(1, int(most * BURST_SHARE))
    return Allowance(burst, max(WINDOW_NS // (most - burst + 1) + 1, int(SECOND / rate)))


class Bucket:
    """A token bucket, kept as the moment at which it would be full again but for one spacing (GCRA, ITU-T I.371)."""

    def __init__(self, rate: float) -> None:
        self.allowance = allowance(rate)
        self._due: int | None = None

    def earliest(self, *, now: int) -> int:
        """When the next message may go: `now`, or later."""
        if self._due is None:
            return now
        return max(now, self._due - (self.allowance.burst - 1) * self.allowance.spacing_ns)

    def take(self, *, now: int) -> None:
        """One message has gone, not later than `now`."""
        self._due = (now if self._due is None else max(now, self._due)) + self.allowance.spacing_ns

    def rest(self, until: int) -> None:
        """Whatever was saved up is gone at `until`: after a refusal nothing begins with a burst."""
        full = until + (self.allowance.burst - 1) * self.allowance.spacing_ns
        self._due = full if self._due is None else max(self._due, full)


class Pacer:
    """One registrar. `rate` is in messages per second; None: learned.

    Before each message ask `earliest` and say `permit`; once it has gone say `sent`, with a time at which it was gone: then
    delays of our own cannot push messages together. Tell `heard` how each exchange ended.

    `paused_until` is monotonic, `min_expires_s` the greatest Min-Expires that a 423 has told, 0 for none. `sent_total` counts
    first copies, `copies_total` the retransmissions of a transaction, `refused_total` what the registrar would not take.
    """

    def __init__(self, *, rate: float | None = None, learner: Learner | None = None, rng: Chance) -> None:
        self._learner = (learner or Learner()) if rate is None else None
        self._fixed = rate
        self._bucket = Bucket(self.rate)
        self._unanswered: deque[int] = deque()
        self._rng = rng
        self.paused_until = 0
        self.min_expires_s = 0
        self.sent_total = 0
        self.copies_total = 0
        self.refused_total = 0

    @property
    def rate(self) -> float:
        """Messages per second that are never exceeded (configured), or are thought to be welcome (learned)."""
        if self._learner is not None:
            return self._learner.rate
        assert self._fixed is not None
        return self._fixed

    def penalty(self, *, now: int) -> float:
        """The share of its speed that the registrar has lost with us for the moment, 0 to 1; 0 for a configured rate."""
        return 0.0 if self._learner is None else self._learner.penalty(now=now)

    def earliest(self, *, now: int) -> int:
        """When the next message may go, as far as can be known: `now`, or later. To be asked again after `heard`."""
        while self._unanswered and self._unanswered[0] <= now - GIVEN_UP_NS:
            self._unanswered.popleft()
        at = max(self._bucket.earliest(now=now), self.paused_until)
        if len(self._unanswered) >= max(UNANSWERED_LEAST, int(self.rate * UNANSWERED_NS / SECOND)):
            at = max(at, self._unanswered[0] + GIVEN_UP_NS)
        return at

    def permit(self, *, now: int) -> None:
        self.sent_total += 1
        self._unanswered.append(now)

    def sent(self, *, now: int) -> None:
        self._bucket.take(now=now)

    def heard(self, exchanged: Exchanged, *, now: int) -> None:
        if self._unanswered:
            self._unanswered.popleft()
        match exchanged:
            case Answered(response=response, rtt_ns=rtt, copies=copies):
                self._pay(copies - 1, now)
                self._answered(response, sent=now - rtt, now=now)
            case Silent(elapsed_ns=elapsed, copies=copies):
                self._pay(copies - 1, now)
                self._refused(sent=now - elapsed, now=now)
            case Refused(elapsed_ns=elapsed) | Broken(elapsed_ns=elapsed):
                self._refused(sent=now - elapsed, now=now)
            case SelfTrouble():
                pass  # no word from the registrar, and none about it

    def _pay(self, copies: int, now: int) -> None:
        """Retransmissions went without asking; what comes next makes room for them."""
        for _ in range(copies):
            self.copies_total += 1
            self._bucket.take(now=now)

    def _answered(self, response: Response, *, sent: int, now: int) -> None:
        if not is_overload(response):
            if response.status == INTERVAL_TOO_BRIEF:
                self.min_expires_s = max(self.min_expires_s, response.min_expires or 0)
            if self._learner is not None:
                self._learner.accepted(now=now)
                self._bucket.allowance = allowance(self._learner.rate)
            return
        self._refused(sent=sent, now=now)
        if response.retry_after is not None:
            rest = min(response.retry_after.seconds, RETRY_AFTER_MOST_S) * (1 + RETRY_AFTER_JITTER * self._rng.random())
            self._pause(now + int(rest * SECOND))

    def _refused(self, *, sent: int, now: int) -> None:
        self.refused_total += 1
        if self._learner is not None:
            rest = self._learner.refused(sent=sent, now=now)
            self._bucket.allowance = allowance(self._learner.rate)
            self._pause(now + rest)

    def _pause(self, until: int) -> None:
        if until > self.paused_until:
            self.paused_until = until
            self._bucket.rest(until)


def is_overload(response: Response) -> bool:
    """503 and 408, and 500 with a Retry-After: what a proxy makes of a 503 from behind it (RFC 3261 §16.7)."""
    if response.status in (REQUEST_TIMEOUT, SERVICE_UNAVAILABLE):
        return True
    return response.status == SERVER_ERROR and response.retry_after is not None


# What plans are made with


def time_to_move(aors: int, rate: float, *, messages: int = DIGEST_MESSAGES) -> int:
    """Nanoseconds from the first REGISTER to the last when all are sent at once under a configured pace."""
    allowed = allowance(rate)
    return max(0, aors * messages - allowed.burst) * allowed.spacing_ns


def steady_rate(aors: int, expires_s: float, *, messages: int = DIGEST_MESSAGES) -> float:
    """Messages per second that it takes to keep so many bindings alive at a granted Expires."""
    return aors * messages / (expires_s * REFRESH_AFTER)


def peak(aors: int, expires_s: float, rate: float, *, messages: int = DIGEST_MESSAGES) -> float:
    """The most messages per second that are needed while all AORs are moved at once and thereafter kept.

    Within the pace this is what the pace lets through, or everything where that is less. It exceeds `rate` exactly when
    no pace helps: keeping alone takes more, and bindings expire while they wait.
    """
    return max(steady_rate(aors, expires_s, messages=messages), min(rate, float(aors * messages)))
