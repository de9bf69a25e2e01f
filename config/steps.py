"""Steps of a plan in the file: one dataclass for each kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from config.quantities import Size
from config.rules import Between
from config.secrets import Secret
from config.templates import Body, HeaderKey, PathText, PointerKey, Text, Variable, Wanted
from config.trunk_steps import TrunkStep as TrunkStep
from config.units import (
    DnsName,
    Duration,
    Name,
    OneOrMore,
    RecordName,
    RecordValue,
    RemoteAddress,
    StatusClass,
    absolute,
)
from config.web_values import JsonPointer

S = 1_000_000_000


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
class BodyOk:
    """What an answer with a good status must not hold: CXone tells errors in a 200."""

    absent_or_zero: tuple[JsonPointer, ...] = ()
    absent_or_empty: tuple[JsonPointer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answers told apart by status, and by the platform's own word where that is given."""

    status: OneOrMore[StatusClass]
    codes: tuple[str, ...] = ()
    """Values of `code` in the answer's JSON; default: any."""
    contains: str | None = None
    """Words of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """How the object is read, and what of it is kept: for the baseline, before a change, and as the proof after it."""

    path: PathText
    query: dict[str, Text] = field(default_factory=dict)
    headers: dict[HeaderKey, str] = field(default_factory=dict)
    expect: OneOrMore[StatusClass] = (200,)
    body_ok: BodyOk = BodyOk()
    at: JsonPointer = ""
    """Where in the answer the object stands; all other pointers start there."""
    keep: OneOrMore[JsonPointer]
    """What is restored: each place, whole, or its absence."""
    ignore: tuple[JsonPointer, ...] = ()
    """Places within `keep` that change by themselves: neither compared nor restored."""
    sets: tuple[JsonPointer, ...] = ()
    """Lists whose order says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One request that changes something."""

    id: Variable | None = None
    """Later requests call its answer `{id/place}`; `{response/place}` is always the last one's."""
    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: PathText
    query: dict[str, Text] = field(default_factory=dict)
    headers: dict[HeaderKey, Text] = field(default_factory=dict)
    body: Body = None
    expect: OneOrMore[StatusClass] = ("2xx",)
    body_ok: BodyOk = BodyOk()
    conflict: Answer | None = None
    """Somebody else was faster: read again, merge, send. Default, where the body says `current`: 409, 412, and a 400 that speaks
    of the current version."""
    busy: Answer | None = None
    """Try again later."""
    already: Answer | None = None
    """It is so already, which counts as done."""
    idempotency: Literal["replace", "versioned", "difference", "job", "action"] | None = None
    """What sending it twice would do; POST must say. A `job` is never sent again while it is not known what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Asked after the last request until the platform says that the work is over. A 202 never says so."""

    path: PathText | None = None
    """Default: the capture's path and query."""
    query: dict[str, Text] = field(default_factory=dict)
    match: dict[PointerKey, Wanted] = field(default_factory=dict)
    """What makes the answer one about our work; until then it is asked again."""
    ok: dict[PointerKey, Wanted]
    failed: dict[PointerKey, Wanted] = field(default_factory=dict)
    running: dict[PointerKey, Wanted] = field(default_factory=dict)
    """What the object itself, as `capture` reads it, holds while such work goes on, whoever began it: its end is awaited before
    the object is judged."""
    every: Duration = 2 * S
    timeout: Duration = 180 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """The proof: the object as `capture` reads it, so many times in a row."""

    stable: Annotated[int, Between(1, 20)] = 2
    every: Duration = 2 * S
    within: Duration = 60 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpStep:
    """One object of any HTTP API: read, restored by requests, proved by reading."""

    kind: Literal["http"]
    id: Name
    api: Name
    vars: dict[Variable, str] = field(default_factory=dict)
    """What bare names in braces stand for."""
    capture: Capture
    revert: OneOrMore[Send]
    poll: Poll | None = None
    verify: Verify = Verify()
    timeout: Duration = 10 * S
    """For each request."""
    most_body: Size = 1_000_000


PlanStep = DnsStep | HttpStep | TrunkStep
