"""The judge's hands: each effect of a turn goes to a queue or a flag, so that none of them can hold the next verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from daemon.inbox import Committed, Inbox
from daemon.observe import Observers
from daemon.orders import Order
from daemon.runs import RunKeeper
from daemon.writer import Writer
from gates.cutover import Cutover
from gates.gate import Gate, Transition
from probes.runner import ProbeRunner
from probes.sample import Sample
from reverters.entries import Body
from reverters.journal import JournalEntry

log = logging.getLogger(__name__)


class Hands:
    def __init__(
        self,
        *,
        inbox: Inbox,
        writer: Writer,
        runs: RunKeeper,
        probes: ProbeRunner,
        observers: Observers,
        turned: Callable[[int], None],
    ) -> None:
        self._inbox = inbox
        self._writer = writer
        self._runs = runs
        self._probes = probes
        self._observers = observers
        self._turned = turned

    def note(self, body: Body, actor: str) -> None:
        self._writer.submit(body, actor=actor)

    def commit(self, order: Order) -> None:
        self._writer.submit(*order.bodies, actor=order.actor, run=order.run).add_done_callback(self._committed)

    def _committed(self, done: asyncio.Future[list[JournalEntry]]) -> None:
        trouble = "the daemon is stopping" if done.cancelled() else str(done.exception() or "")
        self._inbox.put(Committed(trouble))

    def steer(self, cutover: Cutover, *, impaired: bool) -> None:
        self._runs.steer(cutover, impaired=impaired)

    def pace(self, suspect: frozenset[str], at_once: frozenset[str]) -> None:
        self._probes.pace(suspect, at_once=at_once)

    def turned(self, *, lag_ns: int) -> None:
        self._turned(lag_ns)

    def counted(self, gate: Gate, sample: Sample) -> None:
        self._observers.counted(gate, sample)

    def transited(self, transition: Transition, gate: Gate) -> None:
        self._observers.transition(transition, gate)
