"""What a journal entry can say: one frozen class per kind, and its canonical bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import orjson

from reverters.plan import Document, canonical

VERSION = 1


class Unreadable(ValueError):
    """A stored payload that this program cannot read: unknown kind or version, or bytes that are not such a body."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A run was decided: from here on its gates are latched."""

    kind: ClassVar[str] = "planned"
    plan: str
    digest: str
    document: Document
    gates: list[str]
    cause: str  # "automatic" or "manual"
    evidence: str
    first_failure_utc_ns: int
    tripped_utc_ns: int


@dataclass(frozen=True, slots=True)
class Inspected:
    kind: ClassVar[str] = "inspected"
    step: str
    at_baseline: bool
    live: Document
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Intended:
    """Durable before the world is touched. Without a later entry of its step, the outcome is unknown: inspect."""

    kind: ClassVar[str] = "intended"
    step: str
    attempt: int
    expected: Document
    wanted: Document


@dataclass(frozen=True, slots=True)
class Responded:
    """How a request ended: `applied`, `conflict`, `retryable` or `terminal`. `delay_ns` is the pause before the next try."""

    kind: ClassVar[str] = "responded"
    step: str
    attempt: int
    phase: str  # "inspect", "apply" or "verify"
    verdict: str
    reason: str
    detail: str
    delay_ns: int = 0
    facts: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    kind: ClassVar[str] = "verified"
    step: str
    holds: bool
    live: Document
    detail: str = ""
    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    kind: ClassVar[str] = "finished"
    step: str
    outcome: str  # "restored" or "unchanged"


@dataclass(frozen=True, slots=True)
class Waited:
    kind: ClassVar[str] = "waited"
    stage: str
    for_ns: int


@dataclass(frozen=True, slots=True)
class Halted:
    """The run stopped for a human. `step` is the failing component, empty when the run itself is the reason."""

    kind: ClassVar[str] = "halted"
    step: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The daemon stopped in order while a run was going on; it goes on at the next start."""

    kind: ClassVar[str] = "interrupted"
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    kind: ClassVar[str] = "closed"
    outcome: str  # "restored" or "abandoned"
    recovery_ns: int
    """From the first failed sample to here, on the UTC clock: it must hold across restarts."""


@dataclass(frozen=True, slots=True)
class Operated:
    """An operator's command (or the window's own end, actor `clock`) that changed the state of the cutover."""

    kind: ClassVar[str] = "operated"
    command: str
    arguments: Document


@dataclass(frozen=True, slots=True)
class Judged:
    """What callers are told changed, with the arithmetic that changed it."""

    kind: ClassVar[str] = "judged"
    gate: str
    before: str
    after: str
    cause: str
    evidence: str
    answer: str
    generation: int


Body = (
    Planned | Inspected | Intended | Responded | Verified | Finished | Waited | Halted | Interrupted | Closed | Operated | Judged
)
KINDS: dict[str, type[Any]] = {
    body.kind: body
    for body in (
        Planned, Inspected, Intended, Responded, Verified, Finished, Waited, Halted, Interrupted, Closed, Operated, Judged,
    )
}  # fmt: skip

JSON_TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "Document": dict, "list[str]": list}
"""Which JSON type each annotation of a body's field is stored as."""


def encode(body: Body) -> bytes:
    """The canonical bytes of a body. TypeError for what JSON cannot hold (64 bits are the limit of an integer)."""
    values = {each.name: getattr(body, each.name) for each in fields(body)}
    return canonical({name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()})


def decode(kind: str, version: int, payload: bytes) -> Body:
    """The body that `encode` made these bytes of. Raises Unreadable, and nothing else."""
    if kind not in KINDS:
        raise Unreadable(f"unknown kind {kind!r}")
    if version != VERSION:
        raise Unreadable(f"{kind}: version {version} is not known, {VERSION} is")
    try:
        values = orjson.loads(payload)
    except ValueError as error:
        raise Unreadable(f"{kind}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise Unreadable(f"{kind}: not a JSON object")
    for each in fields(KINDS[kind]):
        if each.name in values and type(values[each.name]) is not JSON_TYPES[str(each.type)]:
            raise Unreadable(f"{kind}: {each.name} is not of type {each.type}")
    try:
        body: Body = KINDS[kind](**values)
    except TypeError as error:
        raise Unreadable(f"{kind}: {error}") from error
    return body
