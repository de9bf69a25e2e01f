"""A recording as text, a line of JSON each: what `cutoverd replay --export` writes, and what tests replay. Exact, as a block is.

    {"cutoverd-recording": 1}                                   the first line
    {"series": ["trunk-new", "local", "", []]}                  the next series: probe, vantage point, target, all targets
    {"kind": ["fail", 503, "wire", "", {"peer": "…"}]}          the next kind: outcome, code, origin, reason, facts
    {"turns": [[250041007, 0], [249981003, -12]]}               turns in which nothing came: nanoseconds since the last
                                                                turn, and how much UTC gained on the monotonic clock
    {"turn": [3004, 0], "samples": [[0, 0, 17, …]]}             a turn in which something came

A sample is its series, its kind, its place in the order of sending, and in nanoseconds: from arrival to the turn, how long it
took, from the end of that to the arrival, and the differences of its two UTC offsets to that of the turn. Marks stand in `marks`,
each with its place among the events; `ticked` is given where it is not the end of the turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from daemon.recording import documents
from daemon.recording.documents import Kind, Series, Unreadable
from daemon.recording.turn import Event, Turn
from probes.sample import Moment, Sample

FORMAT = 1
MOST_TOGETHER = 200
START = Moment(0, 0)


def write(turns: Iterable[Turn]) -> Iterator[str]:
    """Lines, without their ends."""
    yield _line({"cutoverd-recording": FORMAT})
    series: dict[Series, int] = {}
    kinds: dict[Kind, int] = {}
    idle: list[list[int]] = []
    before = START
    for turn in turns:
        if idle and (turn.events or turn.ticked != 0 or len(idle) >= MOST_TOGETHER):
            yield _line({"turns": idle})
            idle = []
        step = _step(before, turn.now)
        before = turn.now
        if not turn.events and turn.ticked == 0:
            idle.append(step)
            continue
        yield from _named(turn, series, kinds)
        yield _line(_document(turn, step, series, kinds))
    if idle:
        yield _line({"turns": idle})


def _line(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()


def _offset(moment: Moment) -> int:
    return moment.utc_ns - moment.mono_ns


def _step(before: Moment, now: Moment) -> list[int]:
    return [now.mono_ns - before.mono_ns, _offset(now) - _offset(before)]


def _named(turn: Turn, series: dict[Series, int], kinds: dict[Kind, int]) -> Iterator[str]:
    for sample in turn.samples:
        one, kind = documents.series(sample), documents.kind(sample.result)
        if one not in series:
            series[one] = len(series)
            yield _line({"series": one})
        if kind not in kinds:
            kinds[kind] = len(kinds)
            yield _line({"kind": [*kind[:4], dict(kind[4])]})


def _document(turn: Turn, step: list[int], series: dict[Series, int], kinds: dict[Kind, int]) -> dict[str, Any]:
    found: dict[str, Any] = {"turn": step}
    samples = [
        [series[documents.series(each)], kinds[documents.kind(each.result)], *_times(each, turn.now)] for each in turn.samples
    ]
    marks = [[at, documents.document(event)] for at, event in enumerate(turn.events) if not isinstance(event, Sample)]
    found |= {"samples": samples} if samples else {}
    found |= {"marks": marks} if marks else {}
    return found if turn.ticked == len(turn.events) else {**found, "ticked": turn.ticked}


def _times(sample: Sample, now: Moment) -> list[int]:
    sent, at, duration_ns = sample.sent, sample.at, sample.result.duration_ns
    return [
        sample.sequence,
        now.mono_ns - at.mono_ns,
        duration_ns,
        at.mono_ns - sent.mono_ns - duration_ns,
        _offset(sent) - _offset(now),
        _offset(at) - _offset(now),
    ]


def read(lines: Iterable[str]) -> Iterator[Turn]:
    """Raises Unreadable, naming the line."""
    reading, number = _Reading(), 0
    for number, line in enumerate(lines, start=1):
        try:
            yield from reading.line(orjson.loads(line), number)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Unreadable(_unreadable(number, error)) from None
    if not number:
        raise Unreadable("this is no recording: it is empty")


def _unreadable(number: int, error: Exception) -> str:
    if number == 1:
        return "this is no recording: `cutoverd replay --export FILE` writes one"
    why = "is no JSON" if isinstance(error, orjson.JSONDecodeError) else "lacks what belongs there"
    return f"line {number} is not of a recording: it {why}; was the file cut short or edited?"


class _Reading:
    def __init__(self) -> None:
        self._series: list[Series] = []
        self._kinds: list[Kind] = []
        self._now = START

    def line(self, row: Any, number: int) -> Iterator[Turn]:
        if number == 1:
            if not isinstance(row, dict) or row.get("cutoverd-recording") != FORMAT:
                raise Unreadable("this is no recording of a format that this cutoverd knows")
            return
        match row:
            case {"series": one}:
                self._series.append(documents.read_series(one))
            case {"kind": [*kind, facts]}:
                self._kinds.append(documents.read_kind([*kind, facts.items()]))
            case {"turns": steps}:
                for step in steps:
                    yield Turn(self._moved(step))
            case {"turn": step}:
                yield self._turn(row, self._moved(step))

    def _moved(self, step: list[int]) -> Moment:
        mono, offset = step
        self._now = Moment(self._now.utc_ns + mono + offset, self._now.mono_ns + mono)
        return self._now

    def _turn(self, row: dict[str, Any], now: Moment) -> Turn:
        events: list[Event] = [self._sample(each, now) for each in row.get("samples", ())]
        for at, mark in row.get("marks", ()):
            events.insert(at, documents.read_mark(mark))
        return Turn(now, tuple(events), row.get("ticked", len(events)))

    def _sample(self, row: list[int], now: Moment) -> Sample:
        one, kind, sequence, lag, duration, reported, sent_offset, at_offset = row
        series, at_ns, offset = self._series[one], now.mono_ns - lag, _offset(now)
        sent_ns = at_ns - reported - duration
        return Sample(
            series[0],
            series[1],
            sequence,
            Moment(sent_ns + offset + sent_offset, sent_ns),
            Moment(at_ns + offset + at_offset, at_ns),
            documents.result(series, self._kinds[kind], duration),
        )
