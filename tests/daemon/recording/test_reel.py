"""Turns on their way to the disk: soon, in blocks that fold well, through trouble, and not for ever."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from daemon.recording import reel as reels
from daemon.recording.reading import pieces
from daemon.recording.reel import Reel, Tally
from daemon.recording.turn import Began, Given, Lost, Turn
from daemon.store import StoreUnavailable
from daemon.store.samples import Extent, SampleStore, StoredBlock, open_samples, read_samples
from gates.machine import Disturbed, Latch, Reset
from tests.daemon.recording.turns import HOUR_NS, turn, turns

LATCHED = Given("inbound", Latch("rollback", "gate inbound"))


@dataclass
class Place:
    """A reel over a real database."""

    path: Path
    tally: Tally = field(default_factory=Tally)
    keep_ns: int = 1_000 * HOUR_NS
    at_most: int = 10**12
    opened: int = 0

    def __post_init__(self) -> None:
        self.reel = Reel(self.open, keep_ns=self.keep_ns, at_most=self.at_most, tally=self.tally)

    def open(self) -> SampleStore:
        self.opened += 1
        return open_samples(self.path)

    def add(self, *given: Turn) -> None:
        for each in given:
            self.reel.add(each)

    def read(self, **span: int) -> list[Turn]:
        """Without the standing that a reading begins with."""
        with closing(read_samples(self.path)) as reader:
            found = [turn for piece in pieces(reader, **({"from_utc_ns": 0, "to_utc_ns": 2**62} | span)) for turn in piece.turns]
        first = found[0]
        assert isinstance(first.events[0], Began)
        return [replace(first, events=first.events[1:], ticked=(first.ticked or 1) - 1), *found[1:]]

    def blocks(self) -> int:
        with closing(read_samples(self.path)) as reader:
            return reader.extent().blocks


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "cutoverd.db.samples")


def test_turns_are_on_the_disk_two_seconds_after_the_first(place: Place) -> None:
    place.add(*turns(0, 2))
    assert place.opened == 0
    place.add(turn(2))
    assert place.read() == turns(0, 3)


def test_who_stops_turning_is_written_when_nothing_comes(place: Place) -> None:
    place.add(turn(0))
    place.reel.idle()
    assert place.read() == [turn(0)]


def test_pieces_become_one_block_after_ten_minutes(place: Place) -> None:
    place.add(*turns(0, 590))
    assert place.blocks() > 100
    place.add(*turns(590, 610))
    assert place.blocks() < 10
    assert place.read() == turns(0, 609)


def test_pieces_become_one_block_when_there_are_many_samples(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK_SAMPLES", 30)
    place.add(*turns(0, 61))
    assert place.blocks() < 6
    place.reel.finish()
    assert place.read() == turns(0, 61)


def test_the_end_makes_one_block_of_what_is_left(place: Place) -> None:
    place.add(*turns(0, 50))
    place.reel.finish()
    assert place.blocks() == 1
    assert place.read() == turns(0, 50)


def test_a_process_that_is_killed_loses_its_last_piece_and_the_next_goes_on(place: Place) -> None:
    place.add(*turns(0, 31))
    after = Place(place.path)
    after.add(*turns(31, 40))
    after.reel.finish()
    assert after.read() == [*turns(0, 30), *turns(31, 40)]


def test_what_is_older_than_it_must_be_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK_NS", HOUR_NS // 60)
    place = Place(tmp_path / "x.samples", keep_ns=HOUR_NS // 12)
    place.add(*turns(0, 900))
    place.reel.finish()
    kept = place.read()
    assert 300 <= len(kept) <= 300 + 3 * 61
    assert kept == turns(900 - len(kept), 900)


def test_a_daemon_that_is_often_started_deletes_what_is_old_all_the_same(tmp_path: Path) -> None:
    for start in range(0, 900, 100):
        place = Place(tmp_path / "x.samples", keep_ns=HOUR_NS // 12)
        place.add(*turns(start, start + 100))
        place.reel.finish()
    assert place.read() == turns(500, 900)


def test_the_oldest_is_deleted_when_the_file_grows_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK_SAMPLES", 100)
    place = Place(tmp_path / "x.samples", at_most=50_000)
    rng = random.Random(5)
    noisy = [turn(n, Given("inbound", Disturbed(rng.randbytes(50).hex()))) for n in range(2_000)]
    place.add(*noisy)
    assert place.tally.bytes <= 60_000
    place.reel.finish()
    kept = place.read()
    assert kept == noisy[2_000 - len(kept) :]
    assert 300 < len(kept) < 1_000
    assert place.path.stat().st_size <= 80_000


@dataclass
class Bad:
    """A shelf whose disk is full while `full`."""

    full: bool = True
    kept: list[StoredBlock] = field(default_factory=list)
    closed: int = 0
    opened: int = 0

    def open(self) -> Bad:
        self.opened += 1
        return self

    def extent(self) -> Extent:
        until = self.kept[-1].until if self.kept else 0
        return Extent(len(self.kept), 0, 0, 0, until)

    def put(self, block: StoredBlock) -> None:
        if self.full:
            raise StoreUnavailable("/var/lib/x.samples: the disk is full")
        self.kept = [each for each in self.kept if each.first < block.first]
        self.kept.append(block)

    def trim(self, *, before_utc_ns: int, at_most: int) -> int:
        return 0

    def used(self) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1

    def turns(self) -> list[Turn]:
        from daemon.recording.block import decode

        return [turn for block in self.kept for turn in decode(block.payload).turns]


def _over(bad: Bad) -> tuple[Reel, Tally]:
    tally = Tally()
    return Reel(bad.open, keep_ns=HOUR_NS, at_most=10**9, tally=tally), tally


def test_a_full_disk_is_said_once_and_nothing_is_lost_while_it_passes(caplog: pytest.LogCaptureFixture) -> None:
    bad = Bad()
    reel, tally = _over(bad)
    for each in turns(0, 60):
        reel.add(each)
    assert tally.failed
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert 5 <= bad.opened <= 8, "it is tried every ten seconds"
    bad.full = False
    for each in turns(60, 90):
        reel.add(each)
    reel.finish()
    assert (tally.failed, tally.dropped, tally.samples) == (False, 0, 90)
    assert bad.turns() == turns(0, 90)
    assert bad.closed == bad.opened


def test_while_nothing_comes_a_full_disk_is_left_alone() -> None:
    bad = Bad()
    reel, _ = _over(bad)
    for each in turns(0, 4):
        reel.add(each)
    opened = bad.opened
    reel.idle()
    assert bad.opened == opened


def test_what_cannot_be_kept_any_longer_is_a_gap_and_other_marks_survive_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "MOST_UNSAVED", 40)
    bad = Bad()
    reel, tally = _over(bad)
    reel.add(turn(0, LATCHED))
    for each in turns(1, 20):
        reel.add(each)
    assert tally.dropped == 20
    bad.full = False
    for each in turns(20, 40):
        reel.add(each)
    reel.finish()
    first, *rest = bad.turns()
    assert first == turn(20, Lost(20), LATCHED)
    assert rest == turns(21, 40)
    assert tally.dropped + tally.samples == 40


def test_a_reading_from_the_middle_begins_with_the_gates_that_were_latched_then(place: Place) -> None:
    place.add(*turns(0, 5), turn(5, LATCHED), *turns(6, 9), turn(9, Given("inbound", Reset("bob"))), *turns(10, 12))
    place.reel.finish()
    with closing(read_samples(place.path)) as reader:
        (piece,) = pieces(reader, from_utc_ns=turn(7).now.utc_ns, to_utc_ns=turn(10).now.utc_ns)
    assert piece.turns[0].events[0] == Began(turn(7).now, {"inbound": frozenset({"rollback"})})
    assert piece.turns[1:] == (turn(8), turn(9, Given("inbound", Reset("bob"))), turn(10))


def test_a_later_block_knows_which_gates_were_latched_before_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK_SAMPLES", 10)
    place.add(turn(0, LATCHED), *turns(1, 40))
    place.reel.finish()
    with closing(read_samples(place.path)) as reader:
        found = [*pieces(reader, from_utc_ns=turn(30).now.utc_ns, to_utc_ns=2**62)]
    assert found[0].turns[0].events[0] == Began(turn(30).now, {"inbound": frozenset({"rollback"})})
