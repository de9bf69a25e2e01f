"""Turns on their way to the disk: small pieces soon, put together to a large block later. Blocking; no thread and no clock here.

A piece is committed when it holds `PIECE_NS` of turns, so a process that is killed loses no more than that and what is queued. A
block replaces its pieces when it is large enough to fold well. What cannot be written is kept and tried again every `RETRY_NS`,
up to `MOST_UNSAVED` samples; then it is given up, and the gap is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from daemon.recording.block import Block
from daemon.recording.turn import Lost, Mark, Seen, Turn, follow
from daemon.store import StoreError
from daemon.store.samples import Extent, StoredBlock
from probes.sample import NS_PER_S

log = logging.getLogger(__name__)

PIECE_NS = 2 * NS_PER_S
PIECE_SAMPLES = 2_000
BLOCK_NS = 600 * NS_PER_S
BLOCK_SAMPLES = 20_000
RETRY_NS = 10 * NS_PER_S
MOST_UNSAVED = 40_000


class Shelf(Protocol):
    """`daemon.store.samples.SampleStore`."""

    def extent(self) -> Extent: ...
    def put(self, block: StoredBlock) -> None: ...
    def trim(self, *, before_utc_ns: int, at_most: int) -> int: ...
    def used(self) -> int: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class Tally:
    """What metrics show. Written by the recording thread, but for `dropped_before`: by who hands over the turns."""

    samples: int = 0
    dropped: int = 0
    dropped_before: int = 0
    bytes: int = 0
    failed: bool = False
    saved_utc_ns: int = 0


class Reel:
    def __init__(self, open_shelf: Callable[[], Shelf], *, keep_ns: int, at_most: int, tally: Tally) -> None:
        self._open = open_shelf
        self._keep_ns = keep_ns
        self._at_most = at_most
        self._tally = tally
        self._shelf: Shelf | None = None
        self._standing: dict[str, frozenset[str]] = {}
        self._owed: list[Mark] = []
        self._unsaved: list[Mark] = []
        self._first = self._saved = 0
        """Ordinals: of the first turn of the block, and of the first that is not on the disk."""
        self._tried_ns: int | None = None
        self._piece, self._whole = Block({}), Block({})

    def add(self, turn: Turn) -> None:
        if self._owed:
            turn = Turn(turn.now, (*self._owed, *turn.events), None if turn.ticked is None else turn.ticked + len(self._owed))
            self._owed = []
        self._piece.add(turn)
        self._whole.add(turn)
        for mark in turn.marks:
            follow(self._standing, mark)
            if not isinstance(mark, Seen):
                self._unsaved.append(mark)
        if self._is_due():
            self.flush()
        if self._piece.samples + self._piece.turns >= MOST_UNSAVED:
            self._give_up()

    def owe(self, *marks: Mark) -> None:
        """To be recorded before the next turn."""
        self._owed += marks

    def _is_due(self) -> bool:
        piece = self._piece
        if piece.first is None or piece.last is None:
            return False
        if self._tally.failed and self._tried_ns is not None:
            return piece.last.mono_ns - self._tried_ns >= RETRY_NS
        return piece.samples >= PIECE_SAMPLES or piece.last.mono_ns - piece.first.mono_ns >= PIECE_NS

    def idle(self) -> None:
        """No turn came for a while. Trouble is not looked for again before one does."""
        if not self._tally.failed:
            self.flush()

    def flush(self) -> None:
        """Write what is not yet written; a failure is counted and said once, and nothing is lost by it yet."""
        if not self._piece.turns:
            return
        self._tried_ns = self._piece.last.mono_ns if self._piece.last else None
        try:
            self._write(self._opened())
        except (StoreError, OverflowError, TypeError) as error:
            self._trouble(error)
            return
        if self._tally.failed:
            log.warning("samples are recorded again")
        self._tally.failed = False

    def _opened(self) -> Shelf:
        if self._shelf is None:
            self._shelf = self._open()
            until = self._shelf.extent().until
            if until != self._saved:
                self._first = self._saved = until  # another file, or the first that we see
        return self._shelf

    def _write(self, shelf: Shelf) -> None:
        whole = self._whole
        span = whole.last.mono_ns - whole.first.mono_ns if whole.last and whole.first else 0
        closes = whole.samples >= BLOCK_SAMPLES or not 0 <= span < BLOCK_NS
        until = self._first + whole.turns
        if closes or self._saved == self._first:
            shelf.put(_stored(whole, self._first, until))
        else:
            shelf.put(_stored(self._piece, self._saved, until))
        self._noted(shelf, until)
        if closes:
            self._close_block(shelf, until)

    def _noted(self, shelf: Shelf, until: int) -> None:
        tally, piece = self._tally, self._piece
        tally.samples += piece.samples
        tally.saved_utc_ns = piece.last.utc_ns if piece.last else tally.saved_utc_ns
        tally.bytes = shelf.used()
        self._saved, self._piece = until, Block(self._standing)
        self._unsaved.clear()

    def _close_block(self, shelf: Shelf, until: int) -> None:
        before = self._tally.saved_utc_ns - self._keep_ns
        self._first, self._whole = until, Block(self._standing)
        shelf.trim(before_utc_ns=before, at_most=self._at_most)
        self._tally.bytes = shelf.used()

    def _trouble(self, error: Exception) -> None:
        if not self._tally.failed:
            log.error("samples are not recorded, and everything else goes on: %s", error)
        self._tally.failed = True
        self._let_go()

    def _let_go(self) -> None:
        """The file may be another one next time: it is opened afresh."""
        shelf, self._shelf = self._shelf, None
        if shelf is not None:
            shelf.close()

    def _give_up(self) -> None:
        lost = self._piece.samples
        self._tally.dropped += lost
        self._piece, self._whole = Block(self._standing), Block(self._standing)
        self._first = self._saved
        marks, self._unsaved = self._unsaved, []
        self.owe(Lost(lost), *marks)

    def finish(self) -> None:
        """What is left, as one block."""
        if self._shelf is not None and self._whole.turns:
            try:
                until = self._first + self._whole.turns
                self._shelf.put(_stored(self._whole, self._first, until))
                self._noted(self._shelf, until)
                self._close_block(self._shelf, until)
            except (StoreError, OverflowError, TypeError) as error:
                self._trouble(error)
        else:
            self.flush()
        self._let_go()


def _stored(block: Block, first: int, until: int) -> StoredBlock:
    assert block.first is not None
    assert block.last is not None
    return StoredBlock(first, until, block.first.utc_ns, block.last.utc_ns, block.samples, block.encode())
