"""The file format, field by field. Durations are nanoseconds once loaded, ratios are floats in 0…1.

To add a key, add a field: its type says what stands there, its default what holds without it; a field without a default is a
key that must be given. `config.decode` reads by the annotation alone, and every mistake gets its sentence and its place:

    retries: Annotated[int, Between(0, 10)] = 3     a whole number in range        `bool`, `str` and `Literal[…]` likewise
    every: Duration = 5 * S                         a unit of `config.units`       a new one is `Annotated[T, Parsed(function)]`
    banner: Annotated[str, check] = ""              `check` returns the value or raises ValueError with a sentence
    source: IpText | None = None                    may be left out, or be empty
    peers: OneOrMore[RemoteAddress]                 a list; `tuple[…, ...] = ()` where it may be empty
    tls: Tls | None = None                          a mapping with the fields of another dataclass
    trip: Annotated[tuple[Rule, ...], OrSingle()]   a list, or one of its items standing for itself
    probes: dict[Name, Options | Register]          a mapping of names; `kind: Literal["…"]` tells dataclasses apart

What depends on several fields of one mapping is a `__post_init__` that raises ValueError; what can only be judged across the
file lives in `config.cross`. Every dataclass is frozen, refuses unknown keys, and is made without validation from code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from config.api import Api as Api
from config.gating import Gate as Gate
from config.gating import Interlocks as Interlocks
from config.gating import OnTrip as OnTrip
from config.gating import Period as Period
from config.gating import Rule as Rule
from config.probing import Probe as Probe
from config.probing import SipOptionsProbe as SipOptionsProbe
from config.probing import SipProbe as SipProbe
from config.probing import SipRegisterProbe as SipRegisterProbe
from config.quantities import Size
from config.rules import not_empty
from config.server import AdminServer as AdminServer
from config.server import Server as Server
from config.steps import DnsRecord as DnsRecord
from config.steps import DnsStep as DnsStep
from config.steps import HttpStep as HttpStep
from config.steps import PlanStep
from config.units import Duration, DurationOrZero, Instant, Name, OneOrMore, ResolverAddress

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
class Recording:
    """What probes saw, kept beside the store for `replay`. The oldest goes first, by whichever of the two is reached first."""

    keep: Duration = 720 * 3_600 * S
    at_most: Size = 500_000_000

    def __post_init__(self) -> None:
        if self.keep < 60 * S:
            raise ValueError("keep is at least 1m: a recording shorter than that replays nothing")
        if self.at_most < 1_000_000:
            raise ValueError("at_most is at least 1MB: less would hold only minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThenWait:
    for_: DurationOrZero
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: Name
    steps: OneOrMore[PlanStep]
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
    apis: dict[Name, Api] = field(default_factory=dict)
    interlocks: Interlocks = field(default_factory=Interlocks)
    maintenance: tuple[Period, ...] = ()
    recording: Recording | None = field(default_factory=Recording)
    """None (nothing after the colon) records nothing."""
    plans: dict[Name, Plan] = field(default_factory=dict)
    resolvers: tuple[ResolverAddress, ...] = ()
    """Whom probes ask where names lead, at port 53 unless another is given; default: the servers of /etc/resolv.conf. /etc/hosts
    comes first either way."""
