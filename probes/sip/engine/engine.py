"""One engine for all SIP targets: it sends requests over shared sockets and connections, and pairs what comes back with them.

The adapter only: it feeds bytes and time to `NonInviteClientTransaction`, does what the transaction asks, and re-arms one
timer. Nothing that arrives may raise out of it: what belongs to no request is counted in `ignored`, by reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import assert_never

from probes.clock import mono_ns
from probes.sip.engine.alarm import Alarm
from probes.sip.engine.answering import Answering, reply_address
from probes.sip.engine.exchanged import Answered, Broken, Exchanged, Refused, SelfTrouble
from probes.sip.engine.icmp import ExtendedError, branch_of
from probes.sip.engine.likeness import MAGIC
from probes.sip.engine.outgoing import Outgoing, outgoing
from probes.sip.engine.pending import Build, Cancel, Ended, Pending, Sent, Wire
from probes.sip.engine.recent import RecentBranches
from probes.sip.engine.series import BRANCH_LENGTH
from probes.sip.engine.streams import Streams
from probes.sip.engine.target import Endpoint, Target, Transport
from probes.sip.engine.transaction import (
    Effect,
    FinalReceived,
    ProvisionalReceived,
    Send,
    TimedOut,
    TransportFailed,
)
from probes.sip.engine.trouble import Trouble, errno_name, trouble
from probes.sip.engine.udp import UdpSocket
from probes.sip.engine.ways import UdpWays
from probes.sip.messages.message import MalformedMessage, Request, is_keep_alive, parse, serialise

_MAGIC = MAGIC.encode()
_UDP = Transport.UDP  # looking it up in its class takes as long as calling a function

Reply = Callable[[bytes, Endpoint], OSError | None]

READS_BEFORE_TIMERS = 1024
"""After a stall answers and expired timers wait side by side: answers go first, or our own lag would look like silence."""


class SipEngine:
    """Sockets and connections are opened as they are needed and shared by all exchanges of one event loop.

    `answering` says what peers hear who ask us.
    """

    def __init__(self, answering: Answering | None = None) -> None:
        self._answering = answering or Answering()
        self._udp = UdpWays(on_datagram=self._on_datagram, on_error=self._on_error)
        self._streams = Streams(connected=self._begin, broken=self._break_off, received=self._on_message)
        self._pending: dict[str, Pending] = {}
        self._recent = RecentBranches()
        self._alarm = Alarm(self._due)
        self._ignored: Counter[str] = Counter()
        self._closed = False

    @property
    def ignored(self) -> Mapping[str, int]:
        """How many messages and errors were of no use, by reason; only ever grows."""
        return MappingProxyType(self._ignored)

    def ask(self, target: Target, build: Build, ended: Ended, *, timeout_ns: int) -> Cancel:
        """Send one non-INVITE request and tell `ended`, once, how that went: at most `timeout_ns` from now, perhaps before
        this returns, never after it was cancelled.

        `build` gets the local address and port for Via and Contact, when the connection stands; the branch it chooses must
        be new (ValueError if not).
        """
        now = mono_ns()
        pending = Pending(target, build, ended, now, timeout_ns)
        if self._closed:
            self._settle(pending, SelfTrouble(Trouble.CLOSED, 0))
        elif target.transport is _UDP:
            self._ask_by_udp(pending, now)
        else:
            self._alarm.note(pending)
            self._streams.take(pending, now=now)
        return partial(self._cancel, pending)

    async def exchange(self, target: Target, build: Build, *, timeout_ns: int) -> Exchanged:
        """`ask`, awaited."""
        result: asyncio.Future[Exchanged] = asyncio.get_running_loop().create_future()

        def ended(exchanged: Exchanged) -> None:
            if not result.done():
                result.set_result(exchanged)

        cancel = self.ask(target, build, ended, timeout_ns=timeout_ns)
        try:
            return await result
        finally:
            cancel()

    def close(self) -> None:
        """Idempotent. Exchanges that are waiting end with Trouble.CLOSED."""
        self._closed = True
        self._alarm.close()
        self._udp.close()
        now = mono_ns()
        for pending in [*self._pending.values(), *self._streams.close()]:
            self._settle(pending, SelfTrouble(Trouble.CLOSED, now - pending.started))

    # Starting and ending

    def _ask_by_udp(self, pending: Pending, now: int) -> None:
        try:
            way = self._udp.find(pending.target, now=now)
        except OSError as fault:
            self._settle(pending, SelfTrouble(trouble(fault), mono_ns() - now, str(fault)))
            return
        self._begin(pending, way, way.lost_lately(now=now))

    def _begin(self, pending: Pending, wire: Wire, lost: int = 0) -> None:
        built = pending.build(wire.local)
        request = built if isinstance(built, Outgoing) else outgoing(built)
        if request.branch in self._pending or request.branch in self._recent:
            raise ValueError("a request needs a branch of its own")
        sent = pending.sent = Sent(request, wire, lost, mono_ns(), pending.gives_up)
        self._pending[request.branch] = pending
        self._send(pending, sent, request.data)

    def _settle(self, pending: Pending, result: Exchanged) -> None:
        if not pending.is_settled:
            self._leave(pending, answered=isinstance(result, Answered))
            pending.ended(result)

    def _cancel(self, pending: Pending) -> None:
        if not pending.is_settled:
            self._leave(pending, answered=False)

    def _leave(self, pending: Pending, *, answered: bool) -> None:
        pending.is_settled = True
        self._forget(pending, answered=answered)
        if pending.target.transport is not _UDP:
            self._streams.left(pending, answered=answered)
        elif not answered:
            self._udp.doubt(pending.target)

    def _forget(self, pending: Pending, *, answered: bool) -> None:
        if pending.sent is not None:
            branch = pending.sent.outgoing.branch
            pending.sent = None
            del self._pending[branch]
            self._recent.add(branch, answered=answered, now=mono_ns())

    # Doing what a transaction asks

    def _perform(self, pending: Pending, sent: Sent, effect: Effect | None) -> None:
        match effect:
            case FinalReceived(response=response, elapsed_ns=elapsed):
                self._settle(pending, sent.answered(response, elapsed, waited_ns=mono_ns() - elapsed - pending.started))
            case ProvisionalReceived(response=response):
                pending.provisional = response.status
                self._alarm.note(pending)
            case Send(data=data):
                self._send(pending, sent, data)
            case TimedOut():
                self._settle(pending, pending.unanswered(now=mono_ns()))
            case TransportFailed() | None:
                pass  # `_fail`, which caused it, settles the exchange with the particulars
            case _:
                assert_never(effect)

    def _send(self, pending: Pending, sent: Sent, data: bytes) -> None:
        fault = sent.wire.send(data)
        if fault is None:
            self._alarm.note(pending)
        else:
            now = mono_ns()
            self._fail(pending, SelfTrouble(trouble(fault), now - pending.started, str(fault)), now)

    def _fail(self, pending: Pending, result: Refused | Broken | SelfTrouble, now: int) -> None:
        if pending.sent is not None:
            pending.sent.transaction.fail(now=now)
            if not isinstance(result, SelfTrouble):
                result = replace(result, sent=pending.sent.outgoing.data)
        self._settle(pending, result)

    def _break_off(self, pending: Pending, result: Refused | Broken | SelfTrouble | None) -> None:
        """The connection is gone; without a result the exchange goes on over the next one."""
        if result is not None:
            self._fail(pending, result, mono_ns())
        else:
            self._forget(pending, answered=False)
            self._streams.take(pending, now=mono_ns())

    # Arrivals

    def _on_datagram(self, data: bytes, peer: Endpoint, socket: UdpSocket) -> None:
        if self._recognise(data, peer, None):
            return
        if is_keep_alive(data):
            self._ignored["keep-alive"] += 1
        else:
            self._receive(data, peer, None, socket.send)

    def _on_message(self, data: bytes, wire: Wire) -> None:
        if not self._recognise(data, wire.peer, wire):
            self._receive(data, wire.peer, wire, lambda reply, _: wire.send(reply))

    def _recognise(self, data: bytes, peer: Endpoint, wire: Wire | None) -> bool:
        """Whether this was the answer that a request of the same series had last time; then it has been dealt with."""
        at = data.find(_MAGIC)
        pending = self._pending.get(data[at : at + BRANCH_LENGTH].decode("latin-1"))
        if pending is None or (sent := pending.sent) is None or (likeness := sent.outgoing.likeness) is None:
            return False
        response = likeness.read(data, sent.outgoing.unique)
        if response is None:
            return False
        if sent.is_from(wire, peer):
            sent.is_public = likeness.is_public
            sent.received = data
            self._perform(pending, sent, sent.transaction.take(response, now=mono_ns()))
        else:
            sent.elsewhere = peer
            self._ignored["wrong-source"] += 1
        return True

    def _receive(self, data: bytes, peer: Endpoint, wire: Wire | None, reply: Reply) -> None:
        try:
            message = parse(data)
        except MalformedMessage as fault:
            self._ignored[f"malformed:{fault.reason}"] += 1
            return
        if isinstance(message, Request):
            self._answer(message, peer, reply)
            return
        branch = message.vias[0].branch or ""
        pending = self._pending.get(branch)
        if pending is None or pending.sent is None:
            self._ignored[self._recent.stray(branch)] += 1
        elif mismatch := pending.sent.mismatch(message, wire, peer):
            self._ignored[mismatch] += 1
        else:
            request = pending.sent.outgoing
            if request.likeness is not None:
                request.likeness.learn(data, request.unique, message)
            pending.sent.received = data
            self._perform(pending, pending.sent, pending.sent.transaction.receive(message, now=mono_ns()))

    def _answer(self, request: Request, peer: Endpoint, reply: Reply) -> None:
        self._ignored["request"] += 1
        pending = self._pending.get(request.vias[0].branch or "")
        if pending is not None and pending.sent is not None and pending.sent.wire.local == peer:
            itself = SelfTrouble(Trouble.OURSELVES, mono_ns() - pending.started, "the target is this daemon itself")
            self._fail(pending, itself, mono_ns())
            return
        response = self._answering.answer(request, peer, now=mono_ns())
        if response is not None:
            reply(serialise(response), reply_address(request.vias[0], peer))

    def _on_error(self, error: ExtendedError, destination: Endpoint, quoted: bytes) -> None:
        """Charge the error to the request it is about; where the quote does not say, keep it in mind for that address.

        Anybody who guesses our port can forge an error without a branch, and the kernel hands it over: it may explain a
        silence, but it ends nothing (RFC 5927 tells the same of TCP).
        """
        if not error.is_refusal:
            self._ignored[f"icmp:{errno_name(error.errno)}"] += 1
            return
        branch = branch_of(quoted)
        charged = self._waiting_for(destination, branch)
        if not charged:
            self._ignored["icmp:late"] += 1
        now = mono_ns()
        for pending in charged:
            result = Refused(errno_name(error.errno), now - pending.started, destination, error.offender)
            if branch is None:
                pending.unproved = result
            else:
                self._fail(pending, result, now)

    def _waiting_for(self, destination: Endpoint, branch: str | None) -> list[Pending]:
        named = self._pending.values() if branch is None else filter(None, [self._pending.get(branch)])
        return [pending for pending in named if pending.sent is not None and pending.sent.wire.peer == destination]

    # Time

    def _due(self, waiting: list[Pending]) -> None:
        self._udp.read(READS_BEFORE_TIMERS)
        now = mono_ns()
        for pending in waiting:
            if pending.is_settled:
                continue
            if pending.sent is None:
                self._settle(pending, pending.unanswered(now=now))
            else:
                self._perform(pending, pending.sent, pending.sent.transaction.advance(now=now))
