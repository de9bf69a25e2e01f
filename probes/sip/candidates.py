"""Where a SIP URI leads, as values; and which of its candidates a client that wants only one would try first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import accumulate
from typing import Protocol, TypeVar

from probes.records import Fault
from probes.sip.target import Endpoint, Transport

_T = TypeVar("_T")


class Chance(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def randint(self, a: int, b: int, /) -> int: ...


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


def pick(candidates: Sequence[Candidate], *, rng: Chance) -> Candidate:
    """The one that RFC 2782 would try first: least rank and priority, then by chance in proportion to weight.

    Addresses of one name share its weight. Raises ValueError without candidates.
    """
    first = min((each.rank, each.priority) for each in candidates)
    servers: dict[tuple[Transport, str, int], list[Candidate]] = {}
    for each in candidates:
        if (each.rank, each.priority) == first:
            servers.setdefault((each.transport, each.name, each.port), []).append(each)
    # Servers of weight 0 stand first: they are chosen only by a draw of 0, hence seldom, but not never.
    groups = sorted(servers.values(), key=lambda group: group[0].weight > 0)
    drawn = rng.randint(0, sum(group[0].weight for group in groups))
    if drawn == 0:
        groups = [group for group in groups if group[0].weight == 0] or groups[:1]
        return _any(_any(groups, rng), rng)
    sums = accumulate(group[0].weight for group in groups)
    return _any(next(group for group, reached in zip(groups, sums, strict=True) if reached >= drawn), rng)


def _any(items: Sequence[_T], rng: Chance) -> _T:
    return items[rng.randint(0, len(items) - 1)]
