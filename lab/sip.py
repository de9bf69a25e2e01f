"""A user agent server in miniature: it answers OPTIONS as told, so that a trunk can be well, overloaded or silent at will.

Built from SIP messages only; it shares no transport and no transaction with the prober it is there to try.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from probes.sip.messages.headers import Address, RetryAfter, Via
from probes.sip.messages.message import MalformedMessage, Request, Response, is_keep_alive, parse, serialise
from probes.sip.messages.uri import host_text

REMEMBERED_ANSWERS = 4096
READS_PER_WAKEUP = 64

_REASONS = {
    200: "OK",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    500: "Server Internal Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A final status; `reason` defaults to RFC 3261's phrase, `retry_after` is in seconds."""

    status: int
    reason: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer at all."""


Behaviour = Answer | Silent | Callable[[Request], Answer | Silent]


def in_turn(*answers: Answer | Silent) -> Callable[[Request], Answer | Silent]:
    """A behaviour that gives each answer once, in order, and stays with the last."""
    turn = count()
    return lambda _: answers[min(next(turn), len(answers) - 1)]


class Uas:
    """Listens on `host` and `port` (0: a free one, kept across `close` and `open`) of the running event loop.

    `requests` counts OPTIONS by branch, `datagrams` everything that arrived; a retransmission gets the first answer again.
    """

    def __init__(self, behaviour: Behaviour = Answer(200), *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.behaviour = behaviour
        self.host = host
        self.port = port
        self.requests = 0
        self.datagrams = 0
        self._socket: socket.socket | None = None
        self._answered: OrderedDict[str, bytes | None] = OrderedDict()
        self._tags = count(1)

    def open(self) -> None:
        """Start to listen, again on the same port after `close`. Raises OSError; does nothing when open."""
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
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

    async def __aenter__(self) -> Uas:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _read(self, listener: socket.socket) -> None:
        for _ in range(READS_PER_WAKEUP):
            try:
                data, source = listener.recvfrom(65_535)
            except BlockingIOError:
                return
            self.datagrams += 1
            answer = self._answer(data, (source[0], source[1]))
            if answer is not None:
                reply, destination = answer
                listener.sendto(reply, destination)

    def _answer(self, data: bytes, source: tuple[str, int]) -> tuple[bytes, tuple[str, int]] | None:
        if is_keep_alive(data):
            return None
        try:
            request = parse(data)
        except MalformedMessage:
            return None
        if isinstance(request, Response) or request.method == "ACK":
            return None
        reply = self._reply(request, source)
        return None if reply is None else (reply, _reply_address(request.vias[0], source))

    def _reply(self, request: Request, source: tuple[str, int]) -> bytes | None:
        key = f"{request.method} {request.vias[0].branch} {request.call_id}"
        if key not in self._answered:
            self._answered[key] = self._decide(request, source)
            if len(self._answered) > REMEMBERED_ANSWERS:
                self._answered.popitem(last=False)
        return self._answered[key]

    def _decide(self, request: Request, source: tuple[str, int]) -> bytes | None:
        if request.method != "OPTIONS":
            return serialise(self._response(request, source, Answer(405)))
        self.requests += 1
        behaviour = self.behaviour(request) if callable(self.behaviour) else self.behaviour
        if isinstance(behaviour, Silent):
            return None
        return serialise(self._response(request, source, behaviour))

    def _response(self, request: Request, source: tuple[str, int], answer: Answer) -> Response:
        to = request.to
        if to.tag is None:
            to = replace(to, params=(*to.params, ("tag", f"lab{next(self._tags)}")))
        return Response(
            status=answer.status,
            reason=_REASONS.get(answer.status, "") if answer.reason is None else answer.reason,
            vias=(_marked(request.vias[0], source), *request.vias[1:]),
            from_=request.from_,
            to=to,
            call_id=request.call_id,
            cseq=request.cseq,
            contacts=(Address(None, f"sip:{host_text(self.host, self.port)}"),),
            retry_after=None if answer.retry_after is None else RetryAfter(answer.retry_after),
            headers=(("Allow", "OPTIONS"),),
        )


def _marked(via: Via, source: tuple[str, int]) -> Via:
    """The topmost Via with where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
    host, port = source
    params = [("rport", str(port)) if name.lower() == "rport" else (name, value) for name, value in via.params]
    if via.host != host or via.wants_rport:
        params = [(name, value) for name, value in params if name.lower() != "received"]
        params.append(("received", host))
    return replace(via, params=tuple(params))


def _reply_address(via: Via, source: tuple[str, int]) -> tuple[str, int]:
    return source if via.wants_rport else (source[0], via.port or 5060)
