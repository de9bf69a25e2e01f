"""One engine for all SIP targets: it sends requests over shared UDP sockets and pairs what comes back with them.

The adapter only: it feeds bytes and time to `NonInviteClientTransaction`, does what the transaction asks, and re-arms one
timer. Nothing that arrives may raise out of it: what belongs to no request is counted in `ignored`, by reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from probes.clock import read
from probes.sip.exchanged import Answered, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.icmp import ExtendedError, branch_of
from probes.sip.message import MalformedMessage, Request, Response, is_keep_alive, parse, serialise
from probes.sip.route import Route, Trouble, errno_name, find_route, trouble
from probes.sip.timers import Deadlines, whole_ms
from probes.sip.transaction import (
    FinalReceived,
    NonInviteClientTransaction,
    ProvisionalReceived,
    Send,
    TimedOut,
    TransportFailed,
)
from probes.sip.udp import Endpoint, UdpSocket

READS_BEFORE_TIMERS = 1024
"""After a stall answers and expired timers wait side by side: answers go first, or our own lag would look like silence."""
REMEMBERED_BRANCHES = 8192


@dataclass(slots=True)
class _Pending:
    transaction: NonInviteClientTransaction
    request: Request
    route: Route
    socket: UdpSocket
    started: int
    result: asyncio.Future[Exchanged]
    lost: int
    """How many datagrams the socket had lost before the request was sent."""
    due: int = 0
    """The deadline that is noted already: one note for each, however many copies of an answer come."""
    provisional: int | None = None
    unproved: Refused | None = None
    """What an error said that did not quote enough of our request to prove that its sender ever saw it."""

    def settle(self, result: Exchanged) -> None:
        if not self.result.done():
            self.result.set_result(result)


class SipEngine:
    """Sockets are opened as they are needed, one for each local address, and shared by all exchanges of one event loop."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[int, str], UdpSocket] = {}
        self._pending: dict[str, _Pending] = {}
        self._ended: dict[str, None] = {}
        self._deadlines = Deadlines()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0
        self._ignored: Counter[str] = Counter()
        self._closed = False

    @property
    def ignored(self) -> Mapping[str, int]:
        """How many datagrams and errors were of no use, by reason; only ever grows."""
        return MappingProxyType(self._ignored)

    async def exchange(
        self, destination: Endpoint, build: Callable[[Endpoint], Request], *, timeout_ns: int, source: str | None = None
    ) -> Exchanged:
        """Send one non-INVITE request to a numeric `destination` and wait for its final response, at most `timeout_ns`.

        `build` gets the local address and port for Via and Contact; the branch it chooses must be new (ValueError if not).
        """
        now = read().mono_ns
        if self._closed:
            return SelfTrouble(Trouble.CLOSED, 0)
        try:
            route = find_route(destination, source)
            socket = self._socket(route)
        except OSError as fault:
            return SelfTrouble(trouble(fault), read().mono_ns - now, str(fault))
        pending = self._start(build((route.source, socket.port)), route, socket, timeout_ns)
        branch = pending.transaction.branch
        try:
            return await pending.result
        finally:
            if pending.transaction.is_open:
                self._forget(branch)

    def close(self) -> None:
        """Idempotent. Exchanges that are waiting end with Trouble.CLOSED."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._deadlines.clear()
        for socket in self._sockets.values():
            socket.close()
        self._sockets.clear()
        now = read().mono_ns
        for pending in self._pending.values():
            pending.settle(SelfTrouble(Trouble.CLOSED, now - pending.started))
        self._pending.clear()

    # Starting

    def _socket(self, route: Route) -> UdpSocket:
        key = (route.family, route.bind)
        if key not in self._sockets:
            loop = asyncio.get_running_loop()
            self._sockets[key] = UdpSocket(loop, route.family, route.bind, on_datagram=self._on_datagram, on_error=self._on_error)
        return self._sockets[key]

    def _start(self, request: Request, route: Route, socket: UdpSocket, timeout_ns: int) -> _Pending:
        branch = request.vias[0].branch
        if branch is None or branch in self._pending:
            raise ValueError("a request needs a branch of its own")
        data = serialise(request)
        now = read().mono_ns
        transaction = NonInviteClientTransaction(
            data, branch=branch, method=request.method, now=now, deadline_ns=now + timeout_ns
        )
        result: asyncio.Future[Exchanged] = asyncio.get_running_loop().create_future()
        pending = _Pending(transaction, request, route, socket, now, result, lost=socket.lost)
        self._pending[branch] = pending
        self._perform(pending)
        return pending

    # Doing what a transaction asks

    def _perform(self, pending: _Pending) -> None:
        transaction = pending.transaction
        for effect in transaction.drain():
            match effect:
                case Send(data=data):
                    self._send(pending, data)
                case ProvisionalReceived(response=response):
                    pending.provisional = response.status
                case FinalReceived(response=response, elapsed_ns=elapsed):
                    pending.settle(Answered(response, elapsed, pending.route.peer, transaction.copies))
                case TimedOut(elapsed_ns=elapsed):
                    pending.settle(_unanswered(pending, elapsed))
                case TransportFailed():
                    pass  # `_fail`, which caused it, has settled the exchange with the particulars
                case _:
                    assert_never(effect)
        if transaction.deadline is None:
            self._forget(transaction.branch)
        else:
            self._note(pending, transaction.deadline)

    def _send(self, pending: _Pending, data: bytes) -> None:
        fault = pending.socket.send(data, pending.route.sockaddr)
        if fault is not None:
            now = read().mono_ns
            self._fail(pending, SelfTrouble(trouble(fault), now - pending.started, str(fault)), now)

    def _fail(self, pending: _Pending, result: Exchanged, now: int) -> None:
        if pending.transaction.is_open:
            pending.settle(result)
            pending.transaction.fail(now=now)
            self._perform(pending)

    def _forget(self, branch: str) -> None:
        if self._pending.pop(branch, None) is not None:
            self._ended[branch] = None
            if len(self._ended) > REMEMBERED_BRANCHES:
                del self._ended[next(iter(self._ended))]

    # Arrivals

    def _on_datagram(self, data: bytes, peer: Endpoint) -> None:
        now = read().mono_ns
        if is_keep_alive(data):
            self._ignored["keep-alive"] += 1
            return
        try:
            message = parse(data)
        except MalformedMessage as fault:
            self._ignored[f"malformed:{fault.reason}"] += 1
            return
        if isinstance(message, Request):
            self._ignored["request"] += 1
            return
        branch = message.vias[0].branch or ""
        pending = self._pending.get(branch)
        if pending is None:
            self._ignored["late" if branch in self._ended else "foreign-branch"] += 1
        elif mismatch := _mismatch(pending, message, peer):
            self._ignored[mismatch] += 1
        else:
            if not pending.transaction.is_open:
                self._ignored["retransmission"] += 1
            pending.transaction.receive(message, now=now)
            self._perform(pending)

    def _on_error(self, error: ExtendedError, destination: Endpoint, quoted: bytes) -> None:
        """Charge the error to the request it is about; where the quote does not say, keep it in mind for that address.

        Anybody who guesses our port can forge an error without a branch, and the kernel hands it over: it may explain a
        silence, but it ends nothing (RFC 5927 tells the same of TCP).
        """
        if not error.is_refusal:
            self._ignored[f"icmp:{errno_name(error.errno)}"] += 1
            return
        branch = branch_of(quoted)
        charged = self._open_towards(destination, branch)
        if not charged:
            self._ignored["icmp:late"] += 1
        now = read().mono_ns
        for pending in charged:
            result = Refused(errno_name(error.errno), now - pending.started, pending.route.peer, error.offender)
            if branch is None:
                pending.unproved = result
            else:
                self._fail(pending, result, now)

    def _open_towards(self, destination: Endpoint, branch: str | None) -> list[_Pending]:
        named = self._pending.values() if branch is None else filter(None, [self._pending.get(branch)])
        return [pending for pending in named if pending.route.peer == destination and pending.transaction.is_open]

    # Time

    def _note(self, pending: _Pending, deadline: int) -> None:
        if deadline != pending.due:
            pending.due = deadline
            self._deadlines.add(deadline, pending.transaction.branch)
            self._arm()

    def _arm(self) -> None:
        due = self._deadlines.next
        if due is None or (self._alarm is not None and self._alarm_at <= due):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = due
        delay = whole_ms(due - read().mono_ns)
        self._alarm = asyncio.get_running_loop().call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        for socket in list(self._sockets.values()):
            socket.read(READS_BEFORE_TIMERS)
        now = read().mono_ns
        for branch in self._deadlines.due(now=now):
            pending = self._pending.get(branch)
            if pending is not None:
                pending.transaction.advance(now=now)
                self._perform(pending)
        self._arm()


def _unanswered(pending: _Pending, elapsed_ns: int) -> Exchanged:
    """Silence is held against the target only if we were able to hear."""
    if pending.socket.lost != pending.lost:
        return SelfTrouble(Trouble.NO_BUFFER, elapsed_ns, "datagrams were lost unread: too many came at once")
    if pending.unproved is not None:
        return replace(pending.unproved, elapsed_ns=elapsed_ns)
    return Silent(elapsed_ns, pending.route.peer, pending.transaction.copies, pending.provisional)


def _mismatch(pending: _Pending, response: Response, peer: Endpoint) -> str | None:
    """Why a response that carries our branch is still not ours: it must come from whom we asked, about what we asked."""
    if peer != pending.route.peer:
        return "wrong-source"
    if response.call_id != pending.request.call_id:
        return "foreign-call-id"
    if response.cseq != pending.request.cseq:
        return "foreign-cseq"
    if len(response.vias) > 1:
        return "several-vias"
    return None
