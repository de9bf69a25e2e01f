"""How an exchange ended: the values that `probes.sip.engine.engine` gives and a probe judges by.

`sent` is the request and `received` the last response, as they were on the wire: credentials are still in them.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from probes.sip.engine.target import Endpoint
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import Response
from probes.values import fast_dataclass


@fast_dataclass(frozen=True, slots=True)
class Answered:
    """A final response. `copies` counts the request and its retransmissions; with more than one, `rtt_ns` is from the first.

    `connect_ns` is how long the request waited for its connection, TLS handshake included: next to nothing where one stood,
    0 where none is needed. `certificate_not_after` is the end of the peer's certificate in UTC seconds. `is_public` where it
    is known that neither message holds a credential.
    """

    response: Response
    rtt_ns: int
    peer: Endpoint
    copies: int
    connect_ns: int = 0
    certificate_not_after: int | None = None
    sent: bytes = field(default=b"", repr=False)
    received: bytes = field(default=b"", repr=False)
    is_public: bool = False


@fast_dataclass(frozen=True, slots=True)
class Silent:
    """No final response in time; `provisional` is the last 1xx status seen. With no `copies` not even a connection stood.

    `elsewhere` did answer, in our own words, but it is not whom we asked.
    """

    elapsed_ns: int
    peer: Endpoint
    copies: int
    provisional: int | None = None
    elsewhere: Endpoint | None = None
    sent: bytes = field(default=b"", repr=False)
    received: bytes = field(default=b"", repr=False)


@fast_dataclass(frozen=True, slots=True)
class Refused:
    """An ICMP error about our request came back, or a connection was refused; `offender` is the host that reported it.

    `elapsed_ns` is the whole of the time allowed where the error quoted too little of the request to be believed at once.
    """

    errno: str
    elapsed_ns: int
    peer: Endpoint
    offender: str | None
    sent: bytes = field(default=b"", repr=False)


class Break(StrEnum):
    """How a TCP or TLS connection failed us. Each is the peer's doing, or the way's; what is our own is `Trouble`."""

    RESET = "reset"
    CLOSED = "closed"
    """Closed by the peer in good order, while we waited for an answer."""
    MID_MESSAGE = "mid-message"
    """Closed by the peer within a message."""
    GARBAGE = "garbage"
    """What came could not be cut into messages; the connection cannot be used any further (RFC 3261 §18.3)."""
    HANDSHAKE = "tls-handshake"
    CERTIFICATE = "tls-certificate"
    """The peer's certificate is not one we believe: expired, by a stranger, for another name."""


@fast_dataclass(frozen=True, slots=True)
class Broken:
    """A connection broke before the answer came. `detail` is for people, and short."""

    how: Break
    elapsed_ns: int
    peer: Endpoint
    detail: str = ""
    sent: bytes = field(default=b"", repr=False)


@fast_dataclass(frozen=True, slots=True)
class SelfTrouble:
    """We could not ask, or could not hear."""

    reason: Trouble
    elapsed_ns: int
    detail: str = ""


Exchanged = Answered | Silent | Refused | Broken | SelfTrouble
