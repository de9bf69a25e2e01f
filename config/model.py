"""The file format, field by field. Durations are nanoseconds once loaded, ratios are floats in 0…1.

To add a key, add a field: its type says what stands there, its default what holds without it; a field without a default is a
key that must be given. `config.decode` reads by the annotation alone, and every mistake gets its sentence and its place:

    retries: Annotated[int, Between(0, 10)] = 3     a whole number in range        `bool`, `str` and `Literal[…]` likewise
    every: Duration = 5 * S                         a unit of `config.units`       a new one is `Annotated[T, Parsed(function)]`
    banner: Annotated[str, check] = ""              `check` returns the value or raises ValueError with a sentence
    source: IpText | None = None                    may be left out, or be empty
    peers: OneOrMore[RemoteAddress]                 a list; `tuple[…, ...] = ()` where it may be empty
    tls: Tls | None = None                          a mapping with the fields of another dataclass of this module
    probes: dict[Name, Options | Register]          a mapping of names; `kind: Literal["…"]` tells dataclasses apart

What depends on several fields of one mapping is a `__post_init__` that raises ValueError; what can only be judged across the
file lives in `config.cross`. Every dataclass is frozen, refuses unknown keys, and is made without validation from code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from config.rules import Between, not_empty
from config.secrets import Secret
from config.server import AdminServer as AdminServer
from config.server import Server as Server
from config.units import (
    Aor,
    DnsName,
    Duration,
    DurationOrZero,
    FilePath,
    FixedAddress,
    Host,
    Instant,
    Name,
    OneOrMore,
    RecordName,
    RecordValue,
    RemoteAddress,
    ResolverAddress,
    SipTarget,
    Source,
    StatusClass,
    TlsVersion,
    absolute,
)

S = 1_000_000_000


def _store_url(url: str) -> str:
    path = re.sub("/+", "/", url.removeprefix("sqlite://"))
    if not url.startswith("sqlite:///") or not path.isprintable() or path.endswith("/"):
        raise ValueError("expected sqlite:// and the absolute path of a file, such as sqlite:///var/lib/cutoverd/cutoverd.db")
    return f"sqlite://{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The cutover night: arming is possible between `opens` and `closes`."""

    opens: Instant
    closes: Instant
    recovery_time_objective: Duration = 600 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    url: Annotated[str, _store_url]
    """`sqlite://` and an absolute path; doubled slashes collapse, so `sqlite:////var/x` is `sqlite:///var/x`."""

    @property
    def path(self) -> str:
        return self.url.removeprefix("sqlite://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a connection over TLS needs beyond the target's name. Files are PEM, and read again when they change."""

    ca: FilePath | None = None
    """Authorities to believe; default: the system's."""
    certificate: FilePath | None = None
    """Our own, with its chain, for a peer that asks who we are."""
    private_key: FilePath | None = None
    server_name: Host | None = None
    """What the peer's certificate must name; default: the target's host as written, before any look-up (RFC 5922)."""
    minimum_version: TlsVersion = "1.2"

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together: give both or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipProbe:
    """What all SIP probes have in common."""

    path: Literal["new", "baseline", "control"]
    target: SipTarget
    """A name is looked up as RFC 3263 has it (NAPTR, SRV, A, AAAA), and each place that it leads to is asked by itself."""
    address: FixedAddress | None = None
    """Where requests go whatever DNS says of the target."""
    source: Source | None = None
    """Local address to send from, and port; default: what the route says, and any port."""
    tls: Tls | None = None
    suspect_every: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SipOptionsProbe(SipProbe):
    kind: Literal["sip_options"]
    every: Duration = 5 * S
    timeout: Duration = 2 * S
    accept: OneOrMore[StatusClass] = ("2xx",)
    """Statuses that PASS: a class ("2xx") or a number (404)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """For digest authentication. `realm` pins the only one that may ask; default: any."""

    username: Annotated[str, not_empty]
    password: Secret
    realm: Annotated[str, not_empty] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SipRegisterProbe(SipProbe):
    """Mode `query` asks what the registrar holds for the AOR and binds nothing; `bind` keeps a registration of its own."""

    kind: Literal["sip_register"]
    aor: Aor
    mode: Literal["query", "bind"] = "query"
    dedicated: bool = False
    """The AOR is for this daemon alone. Without it nothing is bound: callers of a shared AOR would be sent to a prober."""
    credentials: Credentials | None = None
    every: Duration = 30 * S
    timeout: Duration = 5 * S
    """For a query as a whole, challenge included; when binding, for each REGISTER."""
    contact_host: Host | None = None
    """The host that a binding must have to count; default: any. For queries."""
    expires: Duration = 600 * S
    """What is asked for when binding; the registrar may grant another."""
    unregister: bool = True
    """Whether an orderly stop takes the binding back."""
    rate: Annotated[int, Between(1, 100_000)] | None = None
    """REGISTERs a second, both of a digest's two counted, over all AORs at this registrar; default: learned from its answers."""


Probe = SipOptionsProbe | SipRegisterProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class Consecutive:
    consecutive: Annotated[int, Between(1, 1000)] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    consecutive: Annotated[int, Between(1, 1000)] = 3
    codes: OneOrMore[Annotated[int, Between(300, 699)]] = (503, 408)
    probes: OneOrMore[Name]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTrip:
    run: Name
    confirm_for: DurationOrZero = 10 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    trip: Trip
    compare_with: tuple[Name, ...] = ()
    recover: Consecutive = Consecutive()
    max_age: Duration | None = None
    """Default: 3 × every + timeout of the slowest probe."""
    on_trip: tuple[OnTrip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TsigKey:
    name: DnsName
    algorithm: Literal["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc2136:
    server: RemoteAddress
    key: TsigKey
    timeout: Duration = 2 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsProvider:
    rfc2136: Rfc2136


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    name: RecordName
    """Relative to the zone (`sip`), absolute (`sip.example.net.`) or `@`; within a step always absolute."""
    type: Literal["A", "AAAA"]
    values: OneOrMore[RecordValue] | None = None
    """Asserts what the capture must find. The values restored come only from the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsStep:
    kind: Literal["dns"]
    id: Name = "dns"
    provider: DnsProvider
    zone: DnsName
    records: OneOrMore[DnsRecord]
    authoritative: tuple[RemoteAddress, ...] = ()
    """Servers that must all answer the baseline before the step is done; default: the provider's server."""

    def __post_init__(self) -> None:
        named = tuple(replace(record, name=absolute(record.name, self.zone)) for record in self.records)
        object.__setattr__(self, "records", named)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThenWait:
    for_: DurationOrZero
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: Name
    steps: OneOrMore[DnsStep]
    then_wait: ThenWait | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    stages: OneOrMore[Stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    name: Name
    cutover: Window
    server: Server
    store: Store
    probes: Annotated[dict[Name, Probe], not_empty]
    gates: Annotated[dict[Name, Gate], not_empty]
    plans: dict[Name, Plan] = field(default_factory=dict)
    resolvers: tuple[ResolverAddress, ...] = ()
    """Whom probes ask where names lead, at port 53 unless another is given; default: the servers of /etc/resolv.conf. /etc/hosts
    comes first either way."""
