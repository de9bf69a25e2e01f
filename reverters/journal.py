"""The journal's entries and the chain that binds them: pure, no clock, no disk.

An entry is an envelope (seq, at, actor, run, kind, version) around canonical JSON bytes. Each hash covers the previous
hash, the envelope and the stored bytes, so an edited, cut, reordered or foreign entry shows. The writer assigns `seq`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from reverters.entries import VERSION, Body, Unreadable, decode, encode

GENESIS = bytes(32)

Head = tuple[int, bytes]
"""Seq and hash of the last entry; (0, GENESIS) of an empty journal."""

SHIFTS = 1000
"""How many entries a renumbered cut may have removed and still be recognised as a cut: one hash is tried for each."""


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
        """Raises Unreadable when this program does not know the kind or the version, or cannot read the payload."""
        return decode(self.kind, self.version, self.payload)


def chain(previous: bytes, *, seq: int, at_utc_ns: int, actor: str, run: str, kind: str, version: int, payload: bytes) -> bytes:
    """SHA-256 over the previous hash, the envelope and the payload. The envelope is a JSON list: no field runs into the next."""
    envelope = orjson.dumps([seq, at_utc_ns, actor, run, kind, version, len(payload)])
    return hashlib.sha256(previous + envelope + b"\n" + payload).digest()


def seal(previous: bytes, body: Body, *, seq: int, at_utc_ns: int, actor: str, run: str) -> JournalEntry:
    payload = encode(body)
    digest = chain(previous, seq=seq, at_utc_ns=at_utc_ns, actor=actor, run=run, kind=body.kind, version=VERSION, payload=payload)
    return JournalEntry(seq, at_utc_ns, actor, run, body.kind, VERSION, payload, digest)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where the chain breaks and how.

    edited: a field of the entry no longer matches its hash. cut: entries are missing before `seq`, or after the end up
    to the expected head. reordered: entries of this journal stand in other places than they were written, or twice.
    unchained: the entry was hashed upon something else than what stands before it. unreadable: the chain holds here,
    but this program does not know the kind or version, or cannot read the payload.
    """

    seq: int
    how: Literal["edited", "cut", "reordered", "unchained", "unreadable"]
    detail: str


def verify(entries: Iterable[JournalEntry], *, expected_head: Head | None = None) -> tuple[int, bytes, Flaw | None]:
    """Walk the chain in stored order: (entries that hold, head hash, flaw or None).

    The flaw is the first break of the chain; an unreadable entry is reported only if nothing breaks. A tail that was cut
    cleanly shows only against a head witnessed elsewhere (`expected_head`).
    """
    rows = list(entries)
    previous, unreadable = GENESIS, None
    for index, entry in enumerate(rows):
        if entry.seq != index + 1 or not _follows(entry, previous):
            return index, previous, _classify(rows, index, previous)
        unreadable = unreadable or _unreadable(entry)
        previous = entry.hash
    return len(rows), previous, _against_head(rows, expected_head) or unreadable


def _hash(previous: bytes, entry: JournalEntry) -> bytes:
    return chain(
        previous, seq=entry.seq, at_utc_ns=entry.at_utc_ns, actor=entry.actor, run=entry.run,
        kind=entry.kind, version=entry.version, payload=entry.payload,
    )  # fmt: skip


def _follows(entry: JournalEntry, previous: bytes) -> bool:
    return _hash(previous, entry) == entry.hash


def _unreadable(entry: JournalEntry) -> Flaw | None:
    try:
        _ = entry.body
    except Unreadable as error:
        return Flaw(entry.seq, "unreadable", f"entry {entry.seq}: {error}")
    return None


def _against_head(rows: Sequence[JournalEntry], expected_head: Head | None) -> Flaw | None:
    if expected_head is None or expected_head[0] == 0:
        return None
    seq, digest = expected_head
    if len(rows) < seq:
        return Flaw(len(rows) + 1, "cut", f"the chain ends at {len(rows)}, its head was seen at {seq}")
    if rows[seq - 1].hash != digest:
        return Flaw(seq, "edited", f"entry {seq} is not the one that was seen: written anew up to here")
    return None


def _classify(rows: Sequence[JournalEntry], index: int, previous: bytes) -> Flaw:
    """Why `rows[index]` does not follow. Every entry before it holds, and `previous` is the hash they end in."""
    entry, place = rows[index], index + 1
    for other in rows[index + 1 :]:
        if _follows(replace(other, seq=place), previous):
            return Flaw(entry.seq, "reordered", f"what was written as entry {place} stands at {other.seq}")
    if any(entry == replace(held, seq=entry.seq) for held in rows[:index]):
        return Flaw(entry.seq, "reordered", f"entry {entry.seq} is a copy of one that stands before it")
    if entry.seq != place:
        return _misnumbered(entry, place, previous)
    if any(_follows(entry, known) for known in (GENESIS, *(row.hash for row in rows))):
        return Flaw(place, "unchained", f"entry {place} was hashed upon another entry than the one before it")
    return _by_neighbours(rows, index, previous)


def _misnumbered(entry: JournalEntry, place: int, previous: bytes) -> Flaw:
    if _follows(replace(entry, seq=place), previous):
        return Flaw(entry.seq, "edited", f"entry {place} is numbered {entry.seq}")
    if entry.seq > place:
        return Flaw(entry.seq, "cut", f"entry {entry.seq} stands where {place} belongs")
    return Flaw(entry.seq, "unchained", f"entry {entry.seq} stands where {place} belongs and follows from nothing here")


def _by_neighbours(rows: Sequence[JournalEntry], index: int, previous: bytes) -> Flaw:
    """The hash alone says only that something differs; what comes after it vouches for the stored hash or does not.

    An edit leaves the hash that its successor was built on; a foreign entry brings its own, and its successor fits
    neither. The last entry has no successor and counts as edited: only the next one could tell.
    """
    entry, place = rows[index], index + 1
    edited = Flaw(place, "edited", f"entry {place} does not match its hash")
    following = rows[place : place + 2]
    if not following or following[0].seq != place + 1:
        return edited
    successor = following[0]
    if _follows(successor, entry.hash):
        return edited
    if _follows(successor, _hash(previous, entry)):
        return Flaw(place, "edited", f"the stored hash of entry {place} was altered")
    if any(_follows(replace(successor, seq=successor.seq + shift), entry.hash) for shift in range(1, SHIFTS + 1)):
        return Flaw(place, "cut", f"entries before {place} are missing and the rest was numbered anew")
    if len(following) == 2 and not _follows(following[1], successor.hash):
        return edited  # nothing fits from here on: altered throughout rather than one entry slipped in
    return Flaw(place, "unchained", f"entry {place} fits neither what stands before it nor what follows")
