"""The thread that records: whoever hands it turns never waits, whatever the disk does."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from pathlib import Path

import pytest

from config.model import Recording
from daemon.recording import recorder as recorders
from daemon.recording.block import decode
from daemon.recording.reading import pieces
from daemon.recording.recorder import Recorder, recording
from daemon.recording.turn import Began, Given, Lost, Turn
from daemon.store.samples import beside, open_samples, read_samples
from gates.machine import Latch
from tests.daemon.recording.test_reel import Bad
from tests.daemon.recording.turns import HOUR_NS, turn, turns

LATCHED = Given("inbound", Latch("rollback", "gate inbound"))


class Slow(Bad):
    """A shelf that stands still until it is let go."""

    def __init__(self) -> None:
        super().__init__(full=False)
        self.reached, self.go = threading.Event(), threading.Event()

    def open(self) -> Slow:
        self.reached.set()
        assert self.go.wait(10)
        return self


def _recorded(store: Path) -> list[Turn]:
    with closing(read_samples(beside(store))) as reader:
        return [turn for piece in pieces(reader, from_utc_ns=0, to_utc_ns=2**62) for turn in piece.turns]


def test_what_was_put_is_on_the_disk_when_the_daemon_stopped(tmp_path: Path) -> None:
    with recording(Recording(), tmp_path / "cutoverd.db") as roll:
        for each in turns(0, 30):
            for event in each.samples:
                roll.tape.heard(event)
            roll.tape.turned(each.now)
    assert [len(each.samples) for each in _recorded(tmp_path / "cutoverd.db")] == [1] * 30
    assert roll.tally.samples == 30


def test_without_settings_nothing_is_recorded(tmp_path: Path) -> None:
    with recording(None, tmp_path / "cutoverd.db") as roll:
        roll.tape.heard(turn(0).samples[0])
        roll.tape.turned(turn(0).now)
    assert list(tmp_path.iterdir()) == []


def test_a_queue_that_is_full_drops_samples_and_keeps_what_else_moved_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "MOST_QUEUED", 20)
    slow = Slow()
    recorder = Recorder(slow.open, keep_ns=HOUR_NS, at_most=10**9)
    recorder.start()
    for each in turns(0, 4):
        recorder.put(each)
    assert slow.reached.wait(10)
    for each in turns(4, 30):
        recorder.put(each)
    recorder.put(turn(30, LATCHED))
    dropped = recorder.tally.dropped_before
    assert dropped > 10
    slow.go.set()
    recorder.close()
    assert recorder.tally.samples == 31 - dropped

    again = Recorder(slow.open, keep_ns=HOUR_NS, at_most=10**9)
    again._lost, again._owed = recorder._lost, recorder._owed
    again.start()
    again.put(turn(31))
    again.close()
    assert decode(slow.kept[-1].payload).turns == (turn(31, Lost(dropped), LATCHED),)


def test_a_file_that_is_something_else_is_left_alone_and_everything_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = beside(tmp_path / "cutoverd.db")
    path.write_bytes(b"a letter to my grandmother " * 100)
    with recording(Recording(), tmp_path / "cutoverd.db") as roll:
        for each in turns(0, 30):
            roll.tape.heard(each.samples[0])
            roll.tape.turned(each.now)
    assert roll.tally.failed
    assert path.read_bytes() == b"a letter to my grandmother " * 100
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        f"samples are not recorded, and everything else goes on: {path} is not an SQLite database"
    ]


def test_a_defect_of_the_recording_ends_the_recording_alone(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Bad:
        raise ZeroDivisionError

    recorder = Recorder(broken, keep_ns=HOUR_NS, at_most=10**9)
    recorder.start()
    for each in turns(0, 9):
        recorder.put(each)
    recorder.close()
    assert recorder.tally.failed
    assert "nothing is recorded any more, and everything else goes on" in caplog.text
    assert recorder.tally.dropped > 0


def test_a_disk_that_hangs_holds_the_stop_for_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorders, "CLOSE_S", 0.01)
    slow = Slow()
    recorder = Recorder(slow.open, keep_ns=HOUR_NS, at_most=10**9)
    recorder.start()
    for each in turns(0, 9):
        recorder.put(each)
    assert slow.reached.wait(10)
    recorder.close()
    assert "the last samples may not be recorded" in caplog.text
    slow.go.set()
    recorder._thread.join(10)


def test_a_start_of_the_daemon_is_written_with_the_gates_that_are_latched(tmp_path: Path) -> None:
    with recording(Recording(), tmp_path / "cutoverd.db") as roll:
        roll.tape.began({}, now=turn(0).now)
        roll.tape.turned(turn(0).now)
    (only,) = _recorded(tmp_path / "cutoverd.db")
    assert only.events == (Began(turn(0).now, {}),)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.samples"
    with closing(open_samples(path)):
        assert path.stat().st_mode & 0o777 == 0o600
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
