"""A recording read back turn by turn, from the database beside a store or from the text of an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon.recording import text
from daemon.recording.block import Recorded, decode
from daemon.recording.documents import Unreadable
from daemon.recording.turn import Began, Turn, follow
from daemon.store.samples import SampleReader


@dataclass(frozen=True, slots=True)
class Piece:
    """Turns that were stored together, and how many samples were read with them and before."""

    turns: tuple[Turn, ...]
    samples: int


def pieces(reader: SampleReader, *, from_utc_ns: int, to_utc_ns: int) -> Iterator[Piece]:
    """From the first turn at or after `from_utc_ns` up to the last at `to_utc_ns`. Raises StoreError, Unreadable.

    It begins with the gates that were latched then, as if the daemon had started there.
    """
    position, samples, begun = reader.first_at(from_utc_ns), 0, False
    while (stored := reader.after(position)) is not None:
        recorded = decode(stored.payload)
        turns = recorded.turns[max(position - stored.first, 0) :]
        if not begun:
            turns = _begun(recorded, from_utc_ns)
            begun = bool(turns)
        samples += stored.samples
        yield Piece(tuple(turn for turn in turns if turn.now.utc_ns <= to_utc_ns), samples)
        if stored.first_utc_ns > to_utc_ns:
            return
        position = stored.until


def _begun(recorded: Recorded, from_utc_ns: int) -> tuple[Turn, ...]:
    standing = dict(recorded.standing)
    for index, turn in enumerate(recorded.turns):
        if turn.now.utc_ns >= from_utc_ns:
            return (_standing(turn, standing), *recorded.turns[index + 1 :])
        for mark in turn.marks:
            follow(standing, mark)
    return ()


def _standing(turn: Turn, latched: Mapping[str, frozenset[str]]) -> Turn:
    if turn.events and isinstance(turn.events[0], Began):
        return turn
    ticked = None if turn.ticked is None else turn.ticked + 1
    return Turn(turn.now, (Began(turn.now, latched), *turn.events), ticked)


def exported(path: Path) -> Iterator[Turn]:
    """Raises OSError, Unreadable."""
    with path.open(encoding="utf-8") as lines:
        try:
            yield from text.read(lines)
        except UnicodeDecodeError:
            raise Unreadable("this is no text") from None
