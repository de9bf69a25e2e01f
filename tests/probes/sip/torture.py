"""How the messages of RFC 4475 and RFC 5118 are written down here, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from probes.sip.messages.headers import Address, Via

SDP = """\
v=0
o=mhandley 29739 7272939 IN IP4 {0}
s=-
c=IN IP4 {0}
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""
"""The session description that most of the messages carry, for an address of the sender."""


def wire(text: str) -> bytes:
    """Lines end as they do on the wire; `\\udcxx` stands for a byte beyond ASCII."""
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def sdp(address: str) -> bytes:
    return wire(SDP.format(address))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that parses, and the fields that must come of it. `note` says why where the grammar would refuse it."""

    name: str
    data: bytes
    typed: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that does not parse, and the reason that is counted."""

    name: str
    data: bytes
    reason: str


def via(transport: str, host: str, port: int | None = None, **params: str) -> Via:
    return Via(transport, host, port, tuple(params.items()))


def address(uri: str, display: str | None = None, **params: str | None) -> Address:
    return Address(display, uri, tuple(params.items()))
