"""The thread that records, and the bounded queue before it. Neither the judge nor the journal ever waits for either."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from config.model import Recording
from daemon.recording.reel import Reel, Shelf, Tally
from daemon.recording.tape import Tape
from daemon.recording.turn import Lost, Mark, Seen, Turn
from daemon.store.samples import beside, open_samples

log = logging.getLogger(__name__)

MOST_QUEUED = 20_000
"""Samples and turns: some 20 s of a thousand probes. Each may still hold the messages that were on the wire."""
IDLE_S = 2.0
CLOSE_S = 1.0


class Recorder:
    """`put` is the tape's sink. When the queue is full a turn's samples are dropped and counted, and the gap is recorded; what
    else moved gates is kept.
    """

    def __init__(self, open_shelf: Callable[[], Shelf], *, keep_ns: int, at_most: int) -> None:
        self.tally = Tally()
        self._reel = Reel(open_shelf, keep_ns=keep_ns, at_most=at_most, tally=self.tally)
        self._queue: SimpleQueue[Turn | None] = SimpleQueue()
        self._put = self._taken = 0  # each is written by one thread alone
        self._lost = 0
        self._owed: list[Mark] = []
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, turn: Turn) -> None:
        if self._put - self._taken >= MOST_QUEUED:
            self._drop(turn)
            return
        if self._lost or self._owed:
            owed = (Lost(self._lost), *self._owed)
            turn = Turn(turn.now, (*owed, *turn.events), None if turn.ticked is None else turn.ticked + len(owed))
            self._lost, self._owed = 0, []
        self._put += _weight(turn)
        self._queue.put(turn)

    def _drop(self, turn: Turn) -> None:
        lost = len(turn.samples)
        self._lost += lost
        self.tally.dropped_before += lost
        self._owed += [mark for mark in turn.marks if not isinstance(mark, Seen)]

    def close(self) -> None:
        """What is queued is written, unless the disk takes longer than `CLOSE_S`."""
        self._queue.put(None)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            log.warning("the disk is slow: the last samples may not be recorded")

    def _run(self) -> None:
        try:
            while self._take():
                pass
            self._reel.finish()
        except Exception:
            self.tally.failed = True
            log.exception("nothing is recorded any more, and everything else goes on")
            self._discard()

    def _take(self) -> bool:
        try:
            turn = self._queue.get(timeout=IDLE_S)
        except Empty:
            self._reel.idle()
            return True
        if turn is None:
            return False
        self._reel.add(turn)
        self._taken += _weight(turn)
        return True

    def _discard(self) -> None:
        while (turn := self._queue.get()) is not None:
            self._taken += _weight(turn)
            self.tally.dropped += len(turn.samples)


def _weight(turn: Turn) -> int:
    return 1 + len(turn.events)


@dataclass(frozen=True, slots=True)
class Roll:
    """The tape for the judge, and what metrics show of its recording."""

    tape: Tape
    tally: Tally


@contextlib.contextmanager
def recording(settings: Recording | None, store: Path | str) -> Iterator[Roll]:
    """Recorded beside the store while the context lasts. Nothing is recorded without settings."""
    if settings is None:
        yield Roll(Tape(), Tally())
        return
    path = beside(store)
    recorder = Recorder(lambda: open_samples(path), keep_ns=settings.keep, at_most=settings.at_most)
    recorder.start()
    try:
        yield Roll(Tape(recorder.put), recorder.tally)
    finally:
        recorder.close()
