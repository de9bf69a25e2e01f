"""The database of recorded blocks: its own, made and read with care, and never precious."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon.store import NotAStore, SchemaTooNew, StoreCorrupt, StoreUnavailable
from daemon.store.samples import Extent, SampleStore, StoredBlock, open_samples, read_samples


def block(first: int, until: int, *, size: int = 100, utc_ns: int | None = None) -> StoredBlock:
    at = first if utc_ns is None else utc_ns
    return StoredBlock(first, until, at, at + (until - first) - 1, until - first, bytes([first % 256]) * size)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cutoverd.db.samples"


@pytest.fixture
def store(path: Path) -> Iterator[SampleStore]:
    with closing(open_samples(path)) as opened:
        yield opened


def test_what_was_put_is_read_back_in_order(store: SampleStore, path: Path) -> None:
    store.put(block(0, 5))
    store.put(block(5, 7))
    with closing(read_samples(path)) as reader:
        assert reader.after(0) == block(0, 5)
        assert reader.after(5) == block(5, 7)
        assert reader.after(7) is None
        assert reader.extent() == Extent(2, 0, 6, 7, 7)


def test_a_larger_block_takes_the_place_of_its_pieces(store: SampleStore) -> None:
    for piece in (block(0, 5), block(5, 7), block(7, 9)):
        store.put(piece)
    store.put(block(5, 9, size=50))
    assert [store.after(0), store.after(5)] == [block(0, 5), block(5, 9, size=50)]
    assert store.extent().blocks == 2


def test_who_reads_while_pieces_are_put_together_finds_the_block_that_goes_on(store: SampleStore, path: Path) -> None:
    for piece in (block(0, 2), block(2, 4)):
        store.put(piece)
    with closing(read_samples(path)) as reader:
        found = reader.after(0)
        assert found == block(0, 2)
        store.put(block(0, 6))
        assert reader.after(2) == block(0, 6)


def test_a_moment_is_found_by_the_block_that_reaches_to_it(store: SampleStore) -> None:
    store.put(block(0, 5, utc_ns=1_000))
    store.put(block(5, 9, utc_ns=2_000))
    assert [store.first_at(utc_ns) for utc_ns in (0, 1_004, 1_005, 2_003, 2_004)] == [0, 0, 5, 5, 9]
    assert [store.samples_from(turn) for turn in (0, 5, 9)] == [9, 4, 0]


def test_blocks_from_before_a_moment_are_deleted(store: SampleStore) -> None:
    store.put(block(0, 5, utc_ns=1_000))
    store.put(block(5, 9, utc_ns=2_000))
    assert store.trim(before_utc_ns=2_000, at_most=10**9) == 1
    assert store.after(0) == block(5, 9, utc_ns=2_000)


def test_the_newest_block_stays_however_old_and_large_it_is(store: SampleStore) -> None:
    store.put(block(0, 5, size=50_000))
    assert store.trim(before_utc_ns=10**18, at_most=1) == 0
    assert store.extent().blocks == 1


def test_the_oldest_go_until_the_rest_has_room_and_the_file_shrinks(store: SampleStore, path: Path) -> None:
    for first in range(0, 100, 5):
        store.put(block(first, first + 5, size=10_000))
    before = store.used()
    assert store.trim(before_utc_ns=0, at_most=100_000) >= 10
    assert store.used() <= 100_000 < before
    found = store.after(0)
    assert found is not None
    assert found.first > 0
    store.close()
    assert path.stat().st_size <= 110_000


def test_another_program_s_database_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE letters (text)")
    before = path.read_bytes()
    with pytest.raises(NotAStore, match="another program"):
        open_samples(path)
    with pytest.raises(NotAStore, match="another program"):
        read_samples(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_not_touched(store: SampleStore, path: Path) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    with pytest.raises(SchemaTooNew, match="schema 2, this cutoverd knows up to 1"):
        open_samples(path)


def test_a_recording_that_is_not_there_is_not_made_by_who_reads(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="nothing was recorded"):
        read_samples(path)
    assert not path.exists()


def test_an_empty_file_holds_nothing_yet(path: Path) -> None:
    path.touch()
    with pytest.raises(NotAStore, match="nothing was recorded yet"):
        read_samples(path)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"gone/x\.samples: No such file or directory"):
        open_samples(tmp_path / "gone" / "x.samples")


def test_a_damaged_file_is_a_sentence(store: SampleStore, path: Path) -> None:
    store.put(block(0, 5, size=50_000))
    store.close()
    data = bytearray(path.read_bytes())
    data[4_096:] = b"\xff" * (len(data) - 4_096)
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt):
        open_samples(path).close()


def test_a_write_that_fails_changes_nothing(store: SampleStore) -> None:
    store.put(block(0, 5))
    with pytest.raises(StoreCorrupt):
        store.put(StoredBlock(0, 7, 0, 0, 0, None))  # type: ignore[arg-type]
    assert store.after(0) == block(0, 5)
    store.put(block(5, 7))


def test_a_second_writer_waits_for_nobody_for_ever(store: SampleStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.samples.BUSY_S", 0.05)
    with closing(open_samples(path)) as second, closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            second.put(block(0, 5))
        foreign.execute("ROLLBACK")
