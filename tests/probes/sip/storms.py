"""A registrar's world on fake time: AORs that are lost and refreshed, registrars that count in their own ways, and a pacer."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from lab.registrar import busiest
from probes.sip.engine.exchanged import Answered
from probes.sip.messages.headers import RetryAfter
from probes.sip.registering.pacing import Pacer
from tests.probes.sip.samples import response

SECOND = 1_000_000_000
MESSAGES = 2
WORD = response()
PEER = ("192.0.2.7", 5060)


def answered(
    status: int, *, retry_after: int | None = None, rtt_ns: int = 0, copies: int = 1, min_expires: int | None = None
) -> Answered:
    told = None if retry_after is None else RetryAfter(retry_after)
    word = replace(WORD, status=status, retry_after=told, min_expires=min_expires)
    return Answered(word, rtt_ns, PEER, copies)


class Sliding:
    """No more than `capacity` within the second that ends now."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._taken: deque[int] = deque()

    def take(self, now: int) -> bool:
        while self._taken and self._taken[0] <= now - SECOND:
            self._taken.popleft()
        if len(self._taken) >= self.capacity:
            return False
        self._taken.append(now)
        return True


class ByTheClock:
    """No more than `capacity` within a second of the registrar's clock, which starts `phase` before ours."""

    def __init__(self, capacity: int, phase: int = 0) -> None:
        self.capacity = capacity
        self._phase = phase
        self._second = -1
        self._taken = 0

    def take(self, now: int) -> bool:
        second = (now + self._phase) // SECOND
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        return self._taken <= self.capacity


class TokenBucket:
    """`capacity` a second, and a tenth of that at once."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._tokens = capacity / 10
        self._at = 0

    def take(self, now: int) -> bool:
        self._tokens = min(self.capacity / 10, self._tokens + (now - self._at) * self.capacity / SECOND)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


Model = Sliding | ByTheClock | TokenBucket


@dataclass
class World:
    """Every AOR needs two accepted messages to be bound. `lateness` is what our own timers add, in nanoseconds."""

    registrar: Model
    pacer: Pacer
    aors: int
    rtt_ns: int = SECOND // 1000
    retry_after: int | None = None
    expires_s: int = 0
    """Bindings are refreshed at 0.75 to 0.85 of it; 0: never."""
    lateness: Callable[[], int] = lambda: 0
    rng: random.Random = field(default_factory=lambda: random.Random(4))
    now: int = 0
    arrived: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bound = 0
        self._owed = [0] * self.aors
        self._queue: deque[int] = deque()
        self._events: list[tuple[int, int, int, str]] = []
        self._order = count()

    def lose_everybody(self) -> None:
        self.bound = 0
        self.arrived.clear()
        self.refused.clear()
        self._events = [event for event in self._events if event[3] != "refresh"]
        for aor in range(self.aors):
            if not self._owed[aor]:
                self._queue.append(aor)
            self._owed[aor] = MESSAGES

    def until_all_are_back(self) -> float:
        """Seconds that it took."""
        since = self.now
        while self.bound < self.aors:
            self._step()
        return (self.now - since) / SECOND

    def run(self, seconds: float) -> None:
        end = self.now + int(seconds * SECOND)
        while (at := self._next()) is not None and at <= end:
            self._step()
        self.now = end

    def _next(self) -> int | None:
        times = [self._events[0][0]] if self._events else []
        if self._queue:
            times.append(self.pacer.earliest(now=self.now))
        return min(times) if times else None

    def _step(self) -> None:
        at = self._next()
        assert at is not None
        if self._events and self._events[0][0] <= at:
            self.now, _, aor, what = heapq.heappop(self._events)
            self._refresh(aor) if what == "refresh" else self._hear(aor, is_accepted=what == "accepted")
            return
        self.now = max(self.now, at) + self.lateness()
        while self._queue and self.pacer.earliest(now=self.now) <= self.now:
            self._send(self._queue.popleft())

    def _send(self, aor: int) -> None:
        self.pacer.permit(now=self.now)
        self.pacer.sent(now=self.now)
        arrives = self.now + self.rtt_ns // 2
        self.arrived.append(arrives)
        is_accepted = self.registrar.take(arrives)
        if not is_accepted:
            self.refused.append(arrives)
        self._later(self.rtt_ns, aor, "accepted" if is_accepted else "refused")

    def _hear(self, aor: int, *, is_accepted: bool) -> None:
        word = (
            answered(200, rtt_ns=self.rtt_ns) if is_accepted else answered(503, retry_after=self.retry_after, rtt_ns=self.rtt_ns)
        )
        self.pacer.heard(word, now=self.now)
        self._owed[aor] -= is_accepted
        if self._owed[aor]:
            self._queue.appendleft(aor)
            return
        self.bound += 1
        if self.expires_s:
            self._later(int(self.expires_s * SECOND * self.rng.uniform(0.75, 0.85)), aor, "refresh")

    def _refresh(self, aor: int) -> None:
        self.bound -= 1
        self._owed[aor] = MESSAGES
        self._queue.append(aor)

    def _later(self, delay: int, aor: int, what: str) -> None:
        heapq.heappush(self._events, (self.now + delay, next(self._order), aor, what))


@dataclass(frozen=True)
class Storm:
    """How it went, as ratios: the time to messages/R, the busiest second to R, and what was above R in it, by arrival and by
    refusal."""

    time: float
    busiest: float
    overshoot: float
    refused: float

    def __str__(self) -> str:
        return (
            f"all back in {self.time:.3f} × messages/R; busiest second {self.busiest:.3f} × R; refused ≤ {self.refused:.1%} of R"
        )


def storm(world: World) -> Storm:
    """Everybody is lost, and comes back."""
    capacity = world.registrar.capacity
    world.lose_everybody()
    seconds = world.until_all_are_back()
    most = busiest(sorted(world.arrived)) / capacity
    return Storm(seconds / (MESSAGES * world.aors / capacity), most, max(0.0, most - 1), busiest(world.refused) / capacity)
