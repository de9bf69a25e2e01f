"""Who may REGISTER next: the queue in front of one registrar, on the running loop. `registering.pacing` decides how fast.

One REGISTER for each permission: whoever is challenged asks again, and so it is messages that are counted.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

from probes.clock import mono_ns
from probes.sample import NS_PER_S
from probes.sip.engine.deadlines import whole_ms
from probes.sip.engine.exchanged import Answered, Broken, Exchanged, Refused, Silent
from probes.sip.registering.pacing import Pacer, is_overload

GRANTS_PER_TURN = 64
"""Each may build and send a message: more in a row would hold the loop."""
KEEPS_PLACE_NS = 5 * NS_PER_S
"""Who asks again so soon after a permission goes on with what it began, and keeps its place: else in a storm the answers to
all challenges would wait behind all first requests, and their nonces would be stale by then."""
DEAD_ENTRIES = 256

Place = tuple[int, int]
"""When the binding ends, and the order of asking among equals."""
Granted = Callable[[], None]
Cancel = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Word:
    """`at_ns` is when it came, monotonic."""

    exchanged: Exchanged
    at_ns: int


class Permits(Protocol):
    """The seam between whatever registers and the pace of its registrar."""

    def ask(self, key: str, *, expires_ns: int, granted: Granted) -> Cancel:
        """Call `granted`, later and once, when one REGISTER may be sent; it must send at once. Cancelling is idempotent.

        `key` is the AOR. `expires_ns` is when its binding ends, monotonic; any moment that is past for one that is lost
        already. The soonest to expire goes first.
        """
        ...

    def heard(self, exchanged: Exchanged, *, is_fair: bool = True) -> None:
        """How a permitted REGISTER ended: every one, also when it was never sent. `is_fair` False: a silence so short that it
        proves nothing."""
        ...

    def word(self) -> Word | None:
        """The registrar's last word where that was a refusal or silence; None once it has answered well since."""
        ...

    def load(self) -> Mapping[str, int]:
        """Why one has to wait: `pace`, messages per second, and how many are `waiting`."""
        ...


@dataclass(slots=True)
class _Waiting:
    key: str
    granted: Granted | None
    """None once it is granted or cancelled."""
    place: Place


@dataclass(frozen=True, slots=True)
class Figures:
    """What people and metrics are shown. `rate` is messages per second, `penalty` 0 to 1, `pause_ns` what is left of a rest,
    the totals only ever grow: `deferred` could not go at once, `copies` are retransmissions, which nobody is asked for."""

    waiting: int
    sent: int
    deferred: int
    copies: int
    refused: int
    rate: float
    penalty: float
    pause_ns: int


class PacedPermits:
    """The queue of one registrar."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.deferred_total = 0
        self.waiting = 0
        self._word: Word | None = None
        self._heap: list[tuple[Place, int, _Waiting]] = []
        self._new: list[_Waiting] = []
        self._places: dict[str, tuple[Place, int]] = {}
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0
        self._closed = False

    def figures(self) -> Figures:
        now, pacer = mono_ns(), self.pacer
        return Figures(
            waiting=self.waiting,
            sent=pacer.sent_total,
            deferred=self.deferred_total,
            copies=pacer.copies_total,
            refused=pacer.refused_total,
            rate=pacer.rate,
            penalty=pacer.penalty(now=now),
            pause_ns=max(0, pacer.paused_until - now),
        )

    def ask(self, key: str, *, expires_ns: int, granted: Granted) -> Cancel:
        if self._closed:
            return lambda: None
        now = mono_ns()
        waiting = _Waiting(key, granted, self._place(key, expires_ns, now))
        self.waiting += 1
        self._new.append(waiting)
        heapq.heappush(self._heap, (waiting.place, next(self._order), waiting))
        self._arm(now)
        return partial(self._cancel, waiting)

    def heard(self, exchanged: Exchanged, *, is_fair: bool = True) -> None:
        now = mono_ns()
        match exchanged:
            case Answered(response=response):
                self._word = Word(exchanged, now) if is_overload(response) else None
            case Silent() | Refused() | Broken() if is_fair:
                self._word = Word(exchanged, now)
        self.pacer.heard(exchanged, now=now)
        self._arm(now)

    def word(self) -> Word | None:
        return self._word

    def load(self) -> Mapping[str, int]:
        return {"pace": round(self.pacer.rate), "waiting": self.waiting}

    def close(self) -> None:
        """Nobody is granted anything any more. Idempotent."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self.waiting = 0
        self._heap.clear()
        self._new.clear()
        self._places.clear()

    def _place(self, key: str, expires_ns: int, now: int) -> Place:
        """Lost bindings rank by when they asked: one that fails and asks for ever does not go before all who wait."""
        place, since = self._places.get(key, ((0, 0), 0))
        if since and now - since <= KEEPS_PLACE_NS:
            return place
        return max(expires_ns, now), next(self._order)

    def _cancel(self, waiting: _Waiting) -> None:
        if waiting.granted is None or self._closed:
            return
        waiting.granted = None
        self.waiting -= 1
        if len(self._heap) > DEAD_ENTRIES + 2 * self.waiting:
            self._heap = [entry for entry in self._heap if entry[2].granted is not None]
            heapq.heapify(self._heap)

    # Granting

    def _arm(self, now: int) -> None:
        if not self.waiting:
            return
        at = self.pacer.earliest(now=now)
        if self._alarm is not None:
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = asyncio.get_running_loop().call_later(whole_ms(at - now), self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        new, self._new = self._new, []
        try:
            for _ in range(GRANTS_PER_TURN):
                if not self._grant_next():
                    break
        finally:
            self.deferred_total += sum(waiting.granted is not None for waiting in new)
            self._forget_places()
            self._arm(mono_ns())

    def _grant_next(self) -> bool:
        while self._heap and self._heap[0][2].granted is None:
            heapq.heappop(self._heap)
        now = mono_ns()
        if not self._heap or self.pacer.earliest(now=now) > now:
            return False
        waiting = heapq.heappop(self._heap)[2]
        granted, waiting.granted = waiting.granted, None
        self.waiting -= 1
        self._places.pop(waiting.key, None)
        self._places[waiting.key] = waiting.place, now
        self.pacer.permit(now=now)
        try:
            assert granted is not None
            granted()
        finally:
            # Only now it is gone for certain: noted earlier, a delay of ours would let the next ones close up.
            self.pacer.sent(now=mono_ns())
        return True

    def _forget_places(self) -> None:
        now = mono_ns()
        while self._places:
            key = next(iter(self._places))
            if now - self._places[key][1] <= KEEPS_PLACE_NS:
                return
            del self._places[key]
