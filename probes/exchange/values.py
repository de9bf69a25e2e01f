"""What is asked over HTTP, what comes back, and why nothing did. Values; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from probes.exchange.headers import Headers
from probes.sample import Origin

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

SAFE: frozenset[str] = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""

MOST_BODY = 1_000_000
NO_HEADERS = Headers()


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`url` is absolute, or a path within the API (`/api/v2/tokens/me?x=1`). Nothing secret: tokens are attached by the API.

    `most_body` is the longest answer that is read, in bytes, packed and unpacked. Redirects are answers like others.
    """

    method: Method
    url: str
    headers: Headers = NO_HEADERS
    body: bytes = b""
    most_body: int = MOST_BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Nanoseconds of each part of an exchange. None: there was no such part, for a kept connection was used, the host was
    numeric, the URL was not https; or it was not reached. `first_byte_ns` is from the request's last byte to the end of the
    response's head, `waited_ns` what went by in waiting for budget, token and a free connection, and `total_ns` is everything."""

    dns_ns: int | None = None
    connect_ns: int | None = None
    tls_ns: int | None = None
    first_byte_ns: int | None = None
    waited_ns: int = 0
    total_ns: int = 0

    @property
    def own_ns(self) -> int:
        """What the server, the network and DNS took."""
        return self.total_ns - self.waited_ns


NO_TIMINGS = Timings()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A whole answer, whatever its status. `body` is unpacked (gzip, deflate) and within the request's `most_body`."""

    status: int
    reason: str = ""
    """The words after the status, as the server wrote them."""
    headers: Headers = NO_HEADERS
    body: bytes = b""
    timings: Timings = NO_TIMINGS
    certificate_not_after_ns: int | None = None
    """When the server's certificate ends, UTC; None without TLS."""
    peer: str = ""
    """`192.0.2.7:443`, `[2001:db8::1]:443`."""
    sent: bytes = field(default=b"", repr=False)
    """Head of the request for `why`, secrets made out."""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """What was sent to say who we are: people are not shown it, should the answer repeat it (`probes.exchange.veil`)."""


class Phase(StrEnum):
    """How far an exchange had come."""

    BUDGET = "budget"
    AUTHORIZATION = "authorization"
    CONNECTION = "connection"
    """Waiting for one of the API's few connections."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    RESPONSE = "response"
    """The request is being sent, or is sent, and the response's head is not complete."""
    BODY = "body"


class Reason(StrEnum):
    """Why there is no answer. Failed look-ups bear the tokens of `probes.records.Fault`, and trouble of our own sockets those
    of `probes.sip.engine.trouble.Trouble`."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    """Somebody on the way says so."""
    RESET = "reset"
    CLOSED = "closed"
    """The server closed the connection before the answer was complete."""
    TLS_UNTRUSTED = "tls-untrusted"
    TLS_EXPIRED = "tls-expired"
    TLS_WRONG_NAME = "tls-wrong-name"
    TLS_HANDSHAKE = "tls-handshake"
    TIMEOUT = "timeout"
    """The phase says waiting for what."""
    BODY_TOO_LONG = "body-too-long"
    HEAD_TOO_LONG = "head-too-long"
    MALFORMED = "malformed"
    """Not HTTP, or a body that does not unpack."""
    LOGIN_REJECTED = "login-rejected"
    """The token endpoint says that our credentials are wrong: it is not asked again before `again`."""
    LOGIN_UNAVAILABLE = "login-unavailable"
    """The token endpoint gave none; the detail says why."""
    BUDGET = "budget-exhausted"
    """Our own budget left no room for the request within its time."""
    LATE = "began-late"
    """Waiting for budget, token or a free connection took more of the time than it left: silence is not the server's fault."""
    DNS_SLOW = "dns-slow"
    """The same of the look-up."""
    BUSY = "connections-busy"
    """All of the API's connections were in use for too long."""
    OUTSIDE = "outside-the-api"
    """The URL leads to another host than the API's."""
    UNSENDABLE = "unsendable"
    """The URL or a header cannot be written as HTTP."""
    CLOSING = "closing"
    """The API is closed: the daemon ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """There is no answer. `is_ours`: we could not ask properly, and nothing is said of the other side (ERROR for a probe)."""

    reason: str
    """A member of Reason, `probes.records.Fault` or Trouble: a small closed set of tokens."""
    origin: Origin
    is_ours: bool
    phase: Phase
    detail: str = ""
    """For people: bounded, printable, without secrets."""
    is_sent: bool = False
    """Whether the server may have got the request: what it asked for may have been done."""
    status: int | None = None
    """Where a head had come before it failed."""
    timings: Timings = NO_TIMINGS
    peer: str = ""
    sent: bytes = field(default=b"", repr=False)


Ended = HttpResponse | NoResponse
