"""One timer of the loop for all exchanges: it goes off when the first of them must be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from operator import attrgetter

from probes.clock import mono_ns
from probes.sip.engine.deadlines import Deadlines, whole_ms
from probes.sip.engine.pending import Pending

_is_settled = attrgetter("is_settled")


class Alarm:
    """`rings` is told who is waiting, each at its deadline; who was settled meanwhile is not among them."""

    def __init__(self, rings: Callable[[list[Pending]], None]) -> None:
        self.deadlines: Deadlines[Pending] = Deadlines()
        self._rings = rings
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0

    def note(self, pending: Pending) -> None:
        deadline = pending.gives_up if pending.sent is None else pending.sent.transaction.deadline
        if deadline is not None and deadline != pending.noted:
            pending.noted = deadline
            self.deadlines.drop(_is_settled)
            self.deadlines.add(deadline, pending)
            self._set(deadline)

    def ring(self) -> None:
        self._timer = None
        waiting = [pending for pending in self.deadlines.due(now=mono_ns()) if not pending.is_settled]
        if waiting:
            self._rings(waiting)
        self.deadlines.drop(_is_settled)
        if (due := self.deadlines.next) is not None:
            self._set(due)

    def close(self) -> None:
        """Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.deadlines.clear()

    def _set(self, due: int) -> None:
        if self._timer is not None:
            if self._at <= due:
                return
            self._timer.cancel()
        self._at = due
        self._timer = asyncio.get_running_loop().call_later(whole_ms(due - mono_ns()), self.ring)
