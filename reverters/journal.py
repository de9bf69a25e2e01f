"""The journal's entries and the chain that binds them: pure, no clock, no disk.

An entry is an envelope (seq, at, actor, run, kind, version) around canonical JSON bytes. Each hash covers the previous
hash, the envelope and the stored bytes, so an edited, cut, reordered or foreign entry shows. The writer assigns `seq`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import orjson

from reverters.plan import Document, canonical

VERSION = 1
GENESIS = bytes(32)


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


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One stored line. `payload` is the body's canonical bytes, exactly as stored."""

    seq: int
    at_utc_ns: int
    actor: str
    run: str
    kind: str
    version: int
    payload: bytes
    hash: bytes

    @property
    def body(self) -> Body:
        found: Body = KINDS[self.kind](**orjson.loads(self.payload))
        return found


def encode(body: Body) -> bytes:
    return canonical(asdict(body))


def chain(previous: bytes, *, seq: int, at_utc_ns: int, actor: str, run: str, kind: str, version: int, payload: bytes) -> bytes:
    """SHA-256 over the previous hash, the envelope and the payload. The envelope is a JSON list, so no field can run into the next."""
    envelope = orjson.dumps([seq, at_utc_ns, actor, run, kind, version, len(payload)])
    return hashlib.sha256(previous + envelope + b"\n" + payload).digest()


def seal(previous: bytes, body: Body, *, seq: int, at_utc_ns: int, actor: str, run: str) -> JournalEntry:
    payload = encode(body)
    digest = chain(previous, seq=seq, at_utc_ns=at_utc_ns, actor=actor, run=run, kind=body.kind, version=VERSION, payload=payload)
    return JournalEntry(seq, at_utc_ns, actor, run, body.kind, VERSION, payload, digest)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where the chain breaks and how: `edited`, `cut`, `reordered` or `unchained`."""

    seq: int
    how: str
    detail: str


def verify(entries: Iterable[JournalEntry]) -> tuple[int, bytes, Flaw | None]:
    """Walk the chain in stored order: (entries that hold, head hash, first flaw or None)."""
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.seq != expected:
            how = "cut" if entry.seq > expected else "reordered"
            return expected - 1, previous, Flaw(entry.seq, how, f"entry {entry.seq} stands where {expected} belongs")
        digest = chain(
            previous, seq=entry.seq, at_utc_ns=entry.at_utc_ns, actor=entry.actor, run=entry.run,
            kind=entry.kind, version=entry.version, payload=entry.payload,
        )  # fmt: skip
        if digest != entry.hash:
            return expected - 1, previous, Flaw(entry.seq, "edited", f"entry {entry.seq} does not match its hash")
        previous, expected = digest, expected + 1
    return expected - 1, previous, None
