"""Probes in the file: one dataclass for each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from config.platform_probing import AgentConsistencyProbe as AgentConsistencyProbe
from config.platform_probing import PlatformTestCallProbe as PlatformTestCallProbe
from config.platform_probing import TrunkHealthProbe as TrunkHealthProbe
from config.quantities import Measure, Size
from config.rules import Between, not_empty
from config.secrets import Secret
from config.units import (
    Aor,
    Duration,
    FilePath,
    FixedAddress,
    Host,
    Name,
    OneOrMore,
    ProbePath,
    SipTarget,
    Source,
    StatusClass,
    TlsVersion,
)
from config.web_values import HeaderName, JsonPointer, LabelName, Scalar, UrlOrPath

S = 1_000_000_000


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
    """What all SIP probes have in common. Each kind says in `asked` what it asks, for people."""

    path: ProbePath
    target: SipTarget
    """A name is looked up as RFC 3263 has it (NAPTR, SRV, A, AAAA), and each place that it leads to is asked by itself."""
    address: FixedAddress | None = None
    """Where requests go whatever DNS says of the target."""
    source: Source | None = None
    """Local address to send from, and port; default: what the route says, and any port."""
    tls: Tls | None = None
    suspect_every: Duration | None = None

    @property
    def asked(self) -> str:
        return str(self.target)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonCondition:
    """What must stand at a place of the JSON answer: one of the conditions, or just that something stands there."""

    pointer: JsonPointer
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] = ()
    below: Measure | None = None
    above: Measure | None = None
    unit: Literal["s", "ms", "plain"] = "plain"
    """What the number means that stands there; `s` or `ms` where `below` or `above` is a duration."""

    def __post_init__(self) -> None:
        if sum((self.equals is not None, bool(self.one_of), self.below is not None, self.above is not None)) > 1:
            raise ValueError("one condition for each pointer: equals, one_of, below or above")
        bound = self.below or self.above
        if bound is not None and bound.is_duration and self.unit == "plain":
            raise ValueError(f"{bound} is a duration: say what the number there means, unit: s or unit: ms")
        if self.unit != "plain" and (bound is None or not bound.is_duration):
            raise ValueError(f"unit: {self.unit} goes with a duration, such as below: 5s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    status: OneOrMore[StatusClass] = ("2xx",)
    json: tuple[JsonCondition, ...] = ()
    within: Duration | None = None
    """Slower answers FAIL; default: the probe's timeout alone."""
    counts_as: Annotated[int, Between(300, 699)] | None = None
    """The code for gates of an answer with a good status that FAILs all the same: by a condition, its time or its size. Default:
    none, so that callers are turned away and no run starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """A number of the JSON answer that gates may judge by name (`value: {fact: …}`)."""

    pointer: JsonPointer
    unit: Literal["s", "ms", "plain"] = "plain"
    """`s` and `ms` make it a duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    kind: Literal["http"]
    path: ProbePath
    url: UrlOrPath
    """Absolute, or the path within an `api`."""
    api: Name | None = None
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[HeaderName, str] = field(default_factory=dict)
    """Nothing secret: credentials belong to an `api`."""
    body: str | None = None
    expect: Expectation = Expectation()
    extract: dict[Name, Extract] = field(default_factory=dict)
    most_body: Size = 1_000_000
    """A longer answer FAILs."""
    tls: Tls | None = None
    every: Duration = 15 * S
    suspect_every: Duration | None = None
    timeout: Duration = 5 * S

    @property
    def asked(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSilenceProbe:
    """Callers' questions to the webhook, as a probe: too few, or too many."""

    kind: Literal["webhook_silence"]
    path: ProbePath
    gate: Name
    """Whose callers are counted."""
    region: str | None = None
    """Only those of this region (`server.webhook.regions`)."""
    at_least: Annotated[int, Between(0, 1_000_000)] = 1
    at_most: Annotated[int, Between(1, 1_000_000)] | None = None
    window: Duration = 60 * S
    every: Duration = 15 * S
    suspect_every: Duration | None = None

    @property
    def timeout(self) -> int:
        """Nothing is asked, so nothing is waited for."""
        return S

    @property
    def asked(self) -> str:
        return f"callers of gate {self.gate}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerProbe:
    """Alerts that Alertmanager sends to `/v1/alerts/NAME` of the webhook: a firing one with these labels is a failing sample."""

    kind: Literal["alertmanager"]
    path: ProbePath
    labels: Annotated[dict[LabelName, str], not_empty]
    alive: dict[LabelName, str] = field(default_factory=dict)
    """An alert that always fires; without one Alertmanager's silence is taken for good news."""
    alive_within: Duration = 600 * S
    every: Duration = 15 * S
    suspect_every: Duration | None = None

    @property
    def timeout(self) -> int:
        """Nothing is asked, so nothing is waited for."""
        return S

    @property
    def asked(self) -> str:
        return "alerts of Alertmanager"


Probe = (
    SipOptionsProbe
    | SipRegisterProbe
    | HttpProbe
    | TrunkHealthProbe
    | PlatformTestCallProbe
    | AgentConsistencyProbe
    | WebhookSilenceProbe
    | AlertmanagerProbe
)
AnySipProbe = SipOptionsProbe | SipRegisterProbe
ApiProbe = HttpProbe | TrunkHealthProbe | PlatformTestCallProbe | AgentConsistencyProbe
