"""The judge: one task, one inbox, every verdict.

A turn takes what has arrived, advances every gate, publishes what the webhook may say, and only then hands out work: to
the journal, to the runs, to the probes' cadence. Nothing it calls may block, for callers wait on the next turn.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from daemon import orders, recall, terms, told, unasked
from daemon.board import Board
from daemon.effects import Effects
from daemon.inbox import Committed, Inbox, Message, Ordered, Recorded, Reload
from daemon.moments import TURN_NS, Window, disturbance, patience
from daemon.orders import Order, Refused
from daemon.oversight import Oversight
from daemon.planbook import PlanBook
from daemon.recording.tape import Tape
from daemon.reply import Exit, Reply
from daemon.terms import Terms
from daemon.unasked import Situation
from daemon.watch import Watch
from gates import lease, machine
from gates.cutover import Command, Cutover
from gates.gate import Gate, GateSpec, GateState, Transition, concerned, was_told
from gates.lease import Lease
from gates.machine import Disturbed, Latch, Reset, Tick
from probes import clock
from probes.sample import NS_PER_S, Moment, Sample
from reverters.entries import Body, Closed, Operated, Planned

log = logging.getLogger(__name__)

RESTART_STEP = 100
"""How far a start moves the generation: what was told just before a crash may not be in the journal, and must not come again."""


class Judge:
    """`cutover` is what the journal told at start; from then on the judge follows each durable entry itself."""

    def __init__(
        self,
        specs: Mapping[str, GateSpec],
        cutover: Cutover,
        *,
        window: Window,
        book: PlanBook,
        board: Board,
        inbox: Inbox,
        effects: Effects,
        now: Moment,
        oversight: Oversight | None = None,
        tape: Tape | None = None,
    ) -> None:
        self.inbox = inbox
        self.gates: dict[str, Gate] = terms.begun(specs, cutover, now=now)
        self._tape = tape or Tape()
        self._concerned = concerned(specs)
        self._watch = Watch(oversight or Oversight())
        self.cutover = replace(cutover, generation=cutover.generation + RESTART_STEP)
        self._window = window
        self._book = book
        self._board = board
        self._effects = effects
        self._turned = now
        self._dropped = 0
        self._queued: frozenset[str] = frozenset()
        self._waiting: deque[Ordered | Reload] = deque()
        self._pending: tuple[Ordered | Reload | None, Order] | None = None
        self._tripped: dict[str, Gate] = {}
        self._replaced: frozenset[str] = frozenset()
        self._board.turned_ns = now.mono_ns
        self._publish(now)

    async def run(self) -> None:
        """Until cancelled."""
        self._effects.note(Operated(recall.START, {"generation": self.cutover.generation}), "daemon")
        while True:
            messages = await self.inbox.take(within_s=patience(self.gates.values(), self._turned) / NS_PER_S)
            self.turn(messages, now=clock.read())

    def turn(self, messages: list[Message], *, now: Moment) -> None:
        lag_ns = max(now.mono_ns - self._turned.mono_ns - TURN_NS, 0)
        reason = disturbance(self._turned, now) or self._overflow()
        if reason:
            log.warning("samples sent before now are not trusted: %s", reason)
            self._advance_all(Disturbed(reason), now)
        for message in messages:
            self._take(message, now)
        self._replaced = frozenset()
        self._advance_all(Tick(), now)
        self._publish(now)
        self._board.turned_ns = now.mono_ns
        self._watch.soak(self._situation(now), impaired=bool(self._board.impaired))
        self._order(now)
        self._watch.show(self._board)
        self._pace(now)
        self._steer()
        self._turned = now
        self._tape.turned(now)
        self._effects.turned(lag_ns=lag_ns)

    def impair(self, reason: str) -> None:
        """The journal cannot be written: DEGRADED, and no run, until it can. Empty when it is well again."""
        if reason:
            log.error("the journal cannot be written: %s: DEGRADED, and no run starts", reason)
        else:
            log.warning("the journal can be written again")
        self._board.impaired = reason
        self._publish(clock.read())

    def _overflow(self) -> str:
        dropped, self._dropped = self.inbox.dropped - self._dropped, self.inbox.dropped
        return f"inbox full: {dropped} samples dropped" if dropped else ""

    def _take(self, message: Message, now: Moment) -> None:
        match message:
            case Sample() if message.probe in self._replaced:
                pass  # of the old one: the new one was not asked yet
            case Sample():
                heard = self._watch.heard(self._tape.heard(message))
                for name in self._concerned.get(message.probe, ()):
                    self._advance(name, heard, now)
            case Ordered() | Reload():
                self._waiting.append(message)
                self._halt_at_once()
            case Recorded(entry):
                self.cutover = recall.follow(self.cutover, entry)
                self._follow(entry.body, entry.actor, now)
                self._halt_at_once()
            case Committed(trouble):
                self._settle(trouble, now)

    def _halt_at_once(self) -> None:
        """A halt must not wait for a disk, nor be undone by what was on its way before it."""
        if any(ordered.command is Command.HALT for ordered in self._waiting):
            self.cutover = replace(self.cutover, halted=True)
            self._steer()

    def _steer(self) -> None:
        self._effects.steer(self.cutover, impaired=bool(self._board.impaired))

    def _advance_all(self, event: machine.Event, now: Moment) -> None:
        for name in self.gates:
            self._advance(name, event, now)

    def _advance(self, name: str, event: machine.Event, now: Moment) -> None:
        before = self.gates[name]
        self.gates[name], transition = self._tape.advance(before, event, now=now)
        if isinstance(event, Sample) and was_told(before, self.gates[name], event.probe):
            self._effects.counted(self.gates[name], event)
        if transition or isinstance(event, Disturbed):
            self._watch.interrupted(name)
        if transition:
            if transition.after is not GateState.TRIPPED:
                self._queued -= {name}  # what it trips for later is another trip
            self._publish(now, {name: transition})
            self._effects.transited(transition, self.gates[name])

    def _follow(self, body: Body, actor: str, now: Moment) -> None:
        """What a durable entry does to the gates."""
        match body:
            case Planned(plan=plan, gates=gates):
                for name in gates:
                    self._advance(name, Latch(plan, actor), now)
            case Operated(command=Command.RESET):
                self._queued = frozenset()
                for name in self.gates:
                    self._advance(name, Reset(actor), now)
            case Closed():
                self._queued = frozenset(name for name, gate in self.gates.items() if gate.state is GateState.TRIPPED)

    def _publish(self, now: Moment, transitions: Mapping[str, Transition] | None = None) -> None:
        """Renew every lease; journal each change of what callers are told."""
        before = self._board.leases
        leases = {name: self._lease(gate, now) for name, gate in self._real.items()}
        changed = [name for name, now_told in leases.items() if name in before and told.tells_otherwise(before[name], now_told)]
        if changed:
            self.cutover = replace(self.cutover, generation=self.cutover.generation + 1)
            leases = {name: self._lease(gate, now) for name, gate in self._real.items()}
        self._board.gates, self._board.leases, self._board.cutover = dict(self.gates), leases, self.cutover
        for name in changed:
            self._effects.note(told.judged(before[name], leases[name], (transitions or {}).get(name)), "judge")

    def _lease(self, gate: Gate, now: Moment) -> Lease:
        impaired, admitted = "journal" if self._board.impaired else "", self._watch.share(gate.spec.name, self.cutover)
        return lease.lease(gate, self.cutover, impaired=impaired, admitted=admitted, now=now)

    def _order(self, now: Moment) -> None:
        """At most one thing on its way to the journal: the next decision sees what this one did."""
        while self._waiting and not self._pending:
            self._decide(self._waiting.popleft(), now)
        if not self._pending and not self._board.impaired:
            self._by_itself(now)

    def _decide(self, ordered: Ordered | Reload, now: Moment) -> None:
        decided = ordered.decide(self.cutover) if isinstance(ordered, Reload) else self._weighed(ordered, now)
        if isinstance(decided, Refused):
            _answer(ordered, Reply(Exit.REFUSED, f"refused: {decided.why}"))
            return
        self._commit(ordered, decided, now)

    def _weighed(self, ordered: Ordered, now: Moment) -> Order | Refused:
        facts = terms.facts(self._situation(now), self._book)
        what, arguments, gates, plans = ordered.command, ordered.arguments, self._real, self._book.plans
        return orders.decide(self.cutover, what, arguments, actor=ordered.actor, facts=facts, gates=gates, plans=plans, now=now)

    def _commit(self, ordered: Ordered | Reload | None, order: Order, now: Moment) -> None:
        if any(isinstance(body, Planned) for body in order.bodies):
            self._latch_at_once(order, now)
        self._pending = (ordered, order)
        self._effects.commit(order)

    def _latch_at_once(self, order: Order, now: Moment) -> None:
        """DEGRADED is published before the run is journaled, and a slow disk gives no gate time to recover in between."""
        self._tripped = {name: gate for name, gate in self.gates.items() if gate.state is GateState.TRIPPED}
        for body in order.bodies:
            self._follow(body, order.actor, now)

    def _by_itself(self, now: Moment) -> None:
        """What no human asked for, and what interlocks keep from happening."""
        situation = self._situation(now)
        order = unasked.disarming(situation)
        if order is None:
            order, kept = unasked.starting(situation)
            shadows = {name: self.gates[name] for name in self._watch.oversight.shadows}
            for body in self._watch.news(kept, shadows, now=now):
                self._effects.note(body, "judge")
        if order := order or unasked.raising(situation):
            self._commit(None, order, now)

    def _situation(self, now: Moment) -> Situation:
        return self._watch.situation(self._real, self.cutover, self._book.plans, self._window, self._queued, now=now)

    @property
    def _real(self) -> dict[str, Gate]:
        """The gates that decide something; the others are shadows."""
        shadows = self._watch.oversight.shadows
        return {name: gate for name, gate in self.gates.items() if name not in shadows} if shadows else self.gates

    def _settle(self, trouble: str, now: Moment) -> None:
        if self._pending is None:
            return
        (ordered, order), self._pending = self._pending, None
        if trouble and any(isinstance(body, Planned) for body in order.bodies):
            self._unlatch(order, now)
        if ordered is None:
            return
        if not trouble:
            if isinstance(ordered, Reload):
                self._go_by(ordered.take(), now)
            _answer(ordered, Reply(Exit.OK, order.message, {"run": order.run} if order.run else {}))
        elif ordered.command is Command.HALT:
            _answer(ordered, Reply(Exit.OK, f"halted, but a restart would forget it: {trouble}"))
        else:
            _answer(ordered, Reply(Exit.REFUSED, f"not durable, so not done: {trouble}"))

    def _unlatch(self, order: Order, now: Moment) -> None:
        """A run that never was. A gate that only this latched judges afresh, from UNKNOWN; a trip of its own still stands."""
        for name in (name for body in order.bodies if isinstance(body, Planned) for name in body.gates):
            gate = self.gates[name]
            if name in self.cutover.latched:
                self.gates[name] = self._tape.unlatched(replace(gate, ran=self.cutover.latched[name]))
            elif gate.latched and name in self._tripped:
                self.gates[name] = self._tape.unlatched(replace(gate, latched=False, ran=self._tripped[name].ran))
            elif gate.latched:
                self._advance(name, Reset("the journal: the run could not be recorded"), now)

    def _go_by(self, other: Terms, now: Moment) -> None:
        """A new configuration: gates that it does not concern go on as they are."""
        self.gates = terms.gates_under(other, self.gates, self.cutover, now=now)
        self._tape.anew((self.gates[name] for name in other.specs if name not in other.kept), other.afresh, now=now)
        self._concerned, self._window = concerned(other.specs), other.window
        self._watch.replace(other.oversight, other.afresh)
        self._replaced = other.afresh
        self._publish(now)

    def _pace(self, now: Moment) -> None:
        if changed := self._watch.pace(self.gates.values(), now=now):
            self._effects.pace(*changed)


def _answer(ordered: Ordered | Reload, reply: Reply) -> None:
    if not ordered.answer.done():
        ordered.answer.set_result(reply)
