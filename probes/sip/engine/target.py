"""Where a request goes and by which way: transport, numeric address, the local address to leave from, and TLS.

A target is a value and a key: requests to equal targets share a socket or a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from probes.sip.messages.uri import host_text

Endpoint = tuple[str, int]
"""Numeric host and port."""


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    @property
    def is_reliable(self) -> bool:
        """Whether the transport retransmits by itself (RFC 3261 §17.1.2.2)."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        return 5061 if self is Transport.TLS else 5060


class TlsVersion(StrEnum):
    V1_2 = "1.2"
    V1_3 = "1.3"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """`ca` is a PEM file of the authorities to believe (None: the system's), `certificate` and `private_key` PEM files of
    our own for a peer that asks who we are, `server_name` goes into SNI and is what the peer's certificate must name
    (RFC 5922): the name before any look-up."""

    server_name: str
    ca: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    minimum_version: TlsVersion = TlsVersion.V1_2


@dataclass(frozen=True, slots=True)
class Target:
    """`endpoint` is numeric (IPv6 without brackets). `source` is a local address or None for what the route says,
    `source_port` 0 for any."""

    transport: Transport
    endpoint: Endpoint
    source: str | None = None
    source_port: int = 0
    tls: TlsSettings | None = None

    def __str__(self) -> str:
        """`192.0.2.7:5060/udp`: what people, metrics and gates know a target by."""
        return f"{host_text(*self.endpoint)}/{self.transport}"
