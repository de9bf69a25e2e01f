"""Where a SIP URI leads, as values."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from probes.records import Fault
from probes.sip.engine.target import Endpoint, Transport


@dataclass(frozen=True, slots=True)
class Place:
    """What a SIP URI says about where it leads. `host` is a name, or an address without brackets; `transport` what the URI
    demands. Raises ValueError for `sips:` over UDP, which cannot carry TLS (RFC 3261 §26.2.2)."""

    host: str
    port: int | None = None
    transport: Transport | None = None
    sips: bool = False

    def __post_init__(self) -> None:
        if self.sips and self.transport is Transport.UDP:
            raise ValueError("sips: needs TLS, which does not run over UDP")

    @property
    def demanded(self) -> Transport | None:
        """The transport about which the URI leaves no choice; `sips:` over TCP is TLS."""
        return Transport.TLS if self.sips and self.transport is Transport.TCP else self.transport

    @property
    def default(self) -> Transport:
        """The transport where DNS does not tell one (RFC 3263 §4.1)."""
        return self.demanded or (Transport.TLS if self.sips else Transport.UDP)

    @property
    def name(self) -> str:
        """What a certificate must name: the host in lower case, without the final dot of an absolute name."""
        return self.host.lower().removesuffix(".")

    @property
    def is_numeric(self) -> bool:
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Candidate:
    """One server that a URI leads to. `name` is the host that has the address. `rank` orders transports: a NAPTR record's
    order and preference, or our own liking. `priority` and `weight` are the SRV record's, 0 without one. `ttl_s` is the
    least TTL of the records that led here, None for an address that the URI itself gives."""

    transport: Transport
    name: str
    address: str
    port: int
    rank: tuple[int, int] = (0, 0)
    priority: int = 0
    weight: int = 0
    ttl_s: int | None = None

    @property
    def endpoint(self) -> Endpoint:
        return self.address, self.port


@dataclass(frozen=True, slots=True)
class Flaw:
    """A question that led nowhere while others did not, or a limit that was met. `subject`: `_sip._udp.example.net SRV`."""

    subject: str
    why: Fault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """`candidates` are never none, no two have the same transport, address and port, and their order does not depend on
    the order of the answers: rank, priority, heavier weight, name, address. `ttl_s` is the least, None without DNS."""

    candidates: tuple[Candidate, ...]
    ttl_s: int | None
    flaws: tuple[Flaw, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether no question failed for a reason that may be ours."""
        return not any(flaw.why.is_transient for flaw in self.flaws)


@dataclass(frozen=True, slots=True)
class Lost:
    """`ttl_s` is how long the owner of the name lets a negative answer be believed, None where nobody says."""

    why: Fault
    ttl_s: int | None = None
    detail: str = ""
