"""Turns folded into one block of bytes, and back, exactly.

Results of one probe, vantage point and target that are the same but for their times are a run: what they have in common stands
there once, with a count. What differs from one to the next is kept as columns of deltas: the place in the order of sending (one
more than the last, mostly), the moments of sending and arrival on both clocks, how long it took. A sample is what it was to the
nanosecond, except for its trace (the messages on the wire), which no rule reads, and for text longer than any rule reads.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from daemon.recording import documents
from daemon.recording.columns import pack, unpack
from daemon.recording.documents import Facts, Kind, Series, Unreadable
from daemon.recording.turn import Event, Turn
from probes.sample import Moment, Origin, Outcome, ProbeResult, Sample

VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
"""What a block may be when unpacked: a damaged one must not take all memory."""

Raw = tuple[Outcome, int | None, Origin, str, Facts]

COLUMNS = ("sequence", "lag", "duration", "reported", "sent_offset", "at_offset")
"""`lag` is from arrival to the turn, `reported` from the end of the duration to the arrival; offsets are of UTC to the turn's."""


@dataclass(slots=True)
class _Strand:
    """The results of one series, in order: the kind of each, and a list for each of COLUMNS."""

    kinds: list[int] = field(default_factory=list)
    columns: tuple[list[int], ...] = field(default_factory=lambda: tuple([] for _ in COLUMNS))
    sequence: int = -1


class Block:
    """Turns on their way into bytes. `standing` are the gates that are latched before the first of them."""

    def __init__(self, standing: Mapping[str, frozenset[str]]) -> None:
        self.turns = 0
        self.samples = 0
        self.first: Moment | None = None
        self.last: Moment | None = None
        self._standing = documents.standing(standing)
        self._series: dict[Series, int] = {}
        self._kinds: dict[Kind, int] = {}
        self._seen: dict[Raw, int] = {}
        self._strands: list[_Strand] = []
        self._order: list[int] = []
        self._mono: list[int] = []
        self._offset: list[int] = []
        self._counts: list[int] = []
        self._marks: list[list[Any]] = []
        self._ticks: list[list[int | None]] = []

    def add(self, turn: Turn) -> None:
        now, before = turn.now, self.last or Moment(0, 0)
        offset_ns = now.utc_ns - now.mono_ns
        self._mono.append(now.mono_ns - before.mono_ns)
        self._offset.append(offset_ns - (before.utc_ns - before.mono_ns))
        heard = 0
        for place, event in enumerate(turn.events):
            if isinstance(event, Sample):
                self._hear(event, now.mono_ns, offset_ns)
                heard += 1
            else:
                self._marks.append([self.turns, place, documents.document(event)])
        if turn.ticked != len(turn.events):
            self._ticks.append([self.turns, turn.ticked])
        self._counts.append(heard)
        self.first, self.last = self.first or now, now
        self.turns += 1
        self.samples += heard

    def _hear(self, sample: Sample, now_ns: int, offset_ns: int) -> None:
        index = self._series.setdefault(documents.series(sample), len(self._series))
        if index == len(self._strands):
            self._strands.append(_Strand())
        self._order.append(index)
        strand, sent, at, duration_ns = self._strands[index], sample.sent, sample.at, sample.result.duration_ns
        strand.kinds.append(self._kind(sample.result))
        sequence, lag, duration, reported, sent_offset, at_offset = strand.columns
        sequence.append(sample.sequence - strand.sequence - 1)
        lag.append(now_ns - at.mono_ns)
        duration.append(duration_ns)
        reported.append(at.mono_ns - sent.mono_ns - duration_ns)
        sent_offset.append(sent.utc_ns - sent.mono_ns - offset_ns)
        at_offset.append(at.utc_ns - at.mono_ns - offset_ns)
        strand.sequence = sample.sequence

    def _kind(self, result: ProbeResult) -> int:
        """To make a kind out of a result takes longer than to know it again."""
        raw = (result.outcome, result.code, result.origin, result.reason, tuple(result.facts.items()))
        index = self._seen.get(raw)
        if index is None:
            index = self._seen[raw] = self._kinds.setdefault(documents.kind(result), len(self._kinds))
        return index

    def encode(self) -> bytes:
        runs = [[(kind, len(list(same))) for kind, same in groupby(strand.kinds)] for strand in self._strands]
        head = orjson.dumps(
            {
                "version": VERSION,
                "standing": self._standing,
                "series": list(self._series),
                "kinds": list(self._kinds),
                "runs": runs,
                "marks": self._marks,
                "ticks": self._ticks,
            }
        )
        columns = [self._mono, self._offset, self._counts, self._order]
        columns += [[value for strand in self._strands for value in strand.columns[index]] for index in range(len(COLUMNS))]
        packed = [pack(column) for column in columns]
        parts = [part for each in (head, *packed) for part in (len(each).to_bytes(4, "big"), each)]
        return zlib.compress(b"".join(parts), 6)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a block holds."""

    standing: Mapping[str, frozenset[str]]
    turns: tuple[Turn, ...]


def decode(data: bytes) -> Recorded:
    """Raises Unreadable, also for what a newer cutoverd wrote."""
    try:
        head, columns = _parts(_inflated(data))
        return Recorded(documents.read_standing(head["standing"]), tuple(_turns(head, columns)))
    except Unreadable:
        raise
    except (ValueError, KeyError, TypeError, IndexError, StopIteration, RuntimeError, zlib.error) as error:
        raise Unreadable(f"a block of the recording is damaged: {type(error).__name__}") from None


def _inflated(data: bytes) -> bytes:
    inflate = zlib.decompressobj()
    raw = inflate.decompress(data, MOST_BYTES)
    if not inflate.eof:
        raise Unreadable("a block of the recording is cut, or too large")
    return raw


def _parts(raw: bytes) -> tuple[dict[str, Any], list[list[int]]]:
    parts, at = [], 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        parts.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    head = orjson.loads(parts[0])
    if head["version"] != VERSION:
        raise Unreadable(f"a block of the recording has version {head['version']}, this cutoverd knows {VERSION}")
    return head, [unpack(part) for part in parts[1:]]


def _turns(head: Mapping[str, Any], columns: list[list[int]]) -> Iterator[Turn]:
    mono, offset, counts, order, *rest = columns
    strands = _strands(head, rest)
    marks: dict[int, list[tuple[int, Any]]] = {}
    for turn, place, mark in head["marks"]:
        marks.setdefault(turn, []).append((place, mark))
    ticks = {turn: ticked for turn, ticked in head["ticks"]}
    series = iter(order)
    now_ns = offset_ns = 0
    for index, (mono_step, offset_step, count) in enumerate(zip(mono, offset, counts, strict=True)):
        now_ns, offset_ns = now_ns + mono_step, offset_ns + offset_step
        events: list[Event] = [strands[next(series)](now_ns, offset_ns) for _ in range(count)]
        for place, mark in marks.get(index, ()):
            events.insert(place, documents.read_mark(mark))
        yield Turn(Moment(now_ns + offset_ns, now_ns), tuple(events), ticks.get(index, len(events)))


def _strands(head: Mapping[str, Any], columns: list[list[int]]) -> list[_Unwinding]:
    kinds, at, strands = [documents.read_kind(row) for row in head["kinds"]], 0, []
    for row, runs in zip(head["series"], head["runs"], strict=True):
        count = sum(times for _, times in runs)
        of_each = [kinds[kind] for kind, times in runs for _ in range(times)]
        strands.append(_Unwinding(documents.read_series(row), of_each, [column[at : at + count] for column in columns]))
        at += count
    return strands


class _Unwinding:
    """The samples of one series, one after the other."""

    def __init__(self, series: Series, kinds: list[Kind], columns: list[list[int]]) -> None:
        self._series = series
        self._rows = zip(kinds, *columns, strict=True)
        self._sequence = -1

    def __call__(self, now_ns: int, offset_ns: int) -> Sample:
        kind, step, lag, duration, reported, sent_offset, at_offset = next(self._rows)
        self._sequence += step + 1
        at_ns = now_ns - lag
        sent_ns = at_ns - reported - duration
        return Sample(
            self._series[0],
            self._series[1],
            self._sequence,
            Moment(sent_ns + offset_ns + sent_offset, sent_ns),
            Moment(at_ns + offset_ns + at_offset, at_ns),
            documents.result(self._series, kind, duration),
        )
