"""A registrar in miniature that counts: digest, bindings that expire, and no more messages a second than it was told to take.

Every REGISTER that arrives counts, retransmissions too. When it arrived is what the kernel says, not when this process came to
read it: a busy machine delays our reading, and that must not look like a burst of the client's.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lab.digest import Digest, Verdict
from probes.clock import mono_ns, read
from probes.sip.engine.answering import reply_address, response_to
from probes.sip.messages.headers import ANY_CONTACT, Address, RetryAfter
from probes.sip.messages.message import MalformedMessage, Request, Response, is_keep_alive, parse, serialise

SECOND = 1_000_000_000
DEFAULT_EXPIRES_S = 3600
REMEMBERED_ANSWERS = 65_536
REMEMBERED_MOMENTS = 1_000_000
READS_PER_WAKEUP = 64
RECEIVE_BUFFER = 1 << 22

_SO_TIMESTAMPNS, _TIMESPEC = 35, struct.Struct("=qq")  # Python does not name it: asm-generic/socket.h

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    423: "Interval Too Brief",
    500: "Server Internal Error",
    503: "Service Unavailable",
}


def busiest(moments: Iterable[int], window_ns: int = SECOND) -> int:
    """The most of these moments, which are in order, that any window of this length holds; its later end belongs to the next."""
    within: deque[int] = deque()
    most = 0
    for moment in moments:
        within.append(moment)
        while within[0] <= moment - window_ns:
            within.popleft()
        most = max(most, len(within))
    return most


@dataclass(slots=True)
class Bound:
    """One Contact of an AOR; `expires_at` is monotonic."""

    expires_at: int
    call_id: str
    cseq: int


@dataclass(slots=True)
class Limits:
    """`capacity` is how many REGISTERs are accepted in any one second (None: all); what is above gets 503, with Retry-After
    if `retry_after` says so (seconds). All may be changed while the registrar runs; `mute` makes it say nothing."""

    capacity: int | None = None
    retry_after: int | None = None
    min_expires: int = 1
    max_expires: int = DEFAULT_EXPIRES_S
    mute: bool = False


@dataclass(slots=True)
class Log:
    """Moments of arrival in UTC nanoseconds, by the kernel's clock: of all REGISTERs, and of those that got 503."""

    arrived: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_MOMENTS))
    refused: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_MOMENTS))
    copies: int = 0


class Registrar:
    """Listens on `host` and `port` (0: a free one) by UDP. `password` says what belongs to a user name."""

    def __init__(
        self,
        password: Callable[[str], str | None] = lambda _: "secret",
        *,
        limits: Limits | None = None,
        realm: str = "lab",
        algorithm: str = "MD5",
        host: str = "127.0.0.1",
        port: int = 0,
        rng: random.Random | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.log = Log()
        self.host = host
        self.port = port
        self.bindings: dict[str, dict[str, Bound]] = {}
        self.digest = Digest(password, realm=realm, algorithm=algorithm, rng=rng or random.Random())
        self._accepted: deque[int] = deque()
        self._answered: OrderedDict[str, bytes] = OrderedDict()
        self._changed = asyncio.Event()
        self._socket: socket.socket | None = None

    # The socket

    def open(self) -> None:
        """Start to listen, again on the same port after `close`. Raises OSError; does nothing when open."""
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            listener.bind((self.host, self.port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(listener.fileno(), self._read, listener)
        self._socket = listener

    def close(self) -> None:
        """Stop listening: from here on the host refuses. Idempotent."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    async def __aenter__(self) -> Registrar:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _read(self, listener: socket.socket) -> None:
        for _ in range(READS_PER_WAKEUP):
            try:
                data, control, _, source = listener.recvmsg(65_535, 64)
            except BlockingIOError:
                return
            if is_keep_alive(data):
                continue
            try:
                request = parse(data)
            except MalformedMessage:
                continue
            if isinstance(request, Request) and request.method != "ACK":
                reply = self._reply(request, source[:2], _arrived(control))
                if reply is not None and not self.limits.mute:
                    listener.sendto(reply, reply_address(request.vias[0], source[:2]))

    def _reply(self, request: Request, source: tuple[str, int], arrived: int) -> bytes | None:
        if request.method != "REGISTER":
            return serialise(self._response(request, source, 405))
        self.log.arrived.append(arrived)
        key = f"{request.vias[0].branch} {request.call_id} {request.cseq.number}"
        if key in self._answered:
            self.log.copies += 1
        else:
            self._answered[key] = serialise(self._decide(request, source, arrived))
            if len(self._answered) > REMEMBERED_ANSWERS:
                self._answered.popitem(last=False)
        return self._answered[key]

    # What it decides

    def lose_everybody(self) -> int:
        """As after a restart without a database: no bindings, no nonces, nothing counted. Returns how many AORs were lost."""
        lost = len(self.bindings)
        self.bindings.clear()
        self.digest.forget_nonces()
        self._accepted.clear()
        return lost

    async def until_bound(self, aors: int) -> None:
        """Wait until at least so many AORs are bound."""
        while len(self.bindings) < aors:
            self._changed.clear()
            await self._changed.wait()

    def _decide(self, request: Request, source: tuple[str, int], arrived: int) -> Response:
        if not self._takes(arrived):
            self.log.refused.append(arrived)
            return self._response(request, source, 503, retry_after=self.limits.retry_after)
        verdict = self.digest.judge(request)
        if verdict is not Verdict.GOOD:
            return self._response(request, source, 401, headers=(("WWW-Authenticate", self.digest.challenge(verdict)),))
        return self._register(request, source)

    def _takes(self, arrived: int) -> bool:
        while self._accepted and self._accepted[0] <= arrived - SECOND:
            self._accepted.popleft()
        if self.limits.capacity is not None and len(self._accepted) >= self.limits.capacity:
            return False
        self._accepted.append(arrived)
        return True

    def _register(self, request: Request, source: tuple[str, int]) -> Response:
        """RFC 3261 §10.3, steps 6 to 8."""
        now, aor = mono_ns(), request.to.uri
        held = {uri: bound for uri, bound in self.bindings.get(aor, {}).items() if bound.expires_at > now}
        asked = {contact: self._asked_s(contact, request) for contact in request.contacts}
        if ANY_CONTACT in asked and (len(asked) > 1 or request.expires != 0):
            return self._response(request, source, 400)
        if any(0 < seconds < self.limits.min_expires for seconds in asked.values()):
            return self._response(request, source, 423, min_expires=self.limits.min_expires)
        if any(bound.call_id == request.call_id and bound.cseq >= request.cseq.number for bound in held.values()):
            return self._response(request, source, 500)
        for contact, seconds in asked.items():
            if contact == ANY_CONTACT:
                held.clear()
            elif seconds == 0:
                held.pop(contact.uri, None)
            else:
                expires_at = now + min(seconds, self.limits.max_expires) * SECOND
                held[contact.uri] = Bound(expires_at, request.call_id, request.cseq.number)
        self._hold(aor, held)
        contacts = tuple(_contact(uri, bound, now) for uri, bound in held.items())
        return self._response(request, source, 200, contacts=contacts)

    def _hold(self, aor: str, held: dict[str, Bound]) -> None:
        if held:
            self.bindings[aor] = held
        else:
            self.bindings.pop(aor, None)
        self._changed.set()

    def _asked_s(self, contact: Address, request: Request) -> int:
        if contact.expires is not None:
            return contact.expires
        return DEFAULT_EXPIRES_S if request.expires is None else request.expires

    def _response(
        self,
        request: Request,
        source: tuple[str, int],
        status: int,
        *,
        contacts: tuple[Address, ...] = (),
        retry_after: int | None = None,
        min_expires: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        plain = response_to(request, source, status, _REASONS[status], tag="lab", headers=headers)
        told = None if retry_after is None else RetryAfter(retry_after)
        return replace(plain, contacts=contacts, retry_after=told, min_expires=min_expires)


def _contact(uri: str, bound: Bound, now: int) -> Address:
    return Address(None, uri, (("expires", str(max(1, (bound.expires_at - now) // SECOND))),))


def _arrived(control: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            return int(seconds * SECOND + nanoseconds)
    return read().utc_ns
