"""What the store promises its caller: order, chain, durability, typed failures, and a head that is never ahead of the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from daemon.store import BaselineExists, Draft, Store, StoreCorrupt, StoreUnavailable, open_readonly, open_store
from daemon.store.contract import MOST
from reverters.baseline import Baseline, BaselineMismatch
from reverters.journal import GENESIS, Finished, Intended, Interrupted, JournalEntry, seal, verify


def finished(n: int) -> Finished:
    return Finished(f"step-{n}", "restored")


async def append(store: Store, n: int, run: str = "r1") -> JournalEntry:
    return await store.append(finished(n), at_utc_ns=n, actor="daemon", run=run)


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(finished(n), n, "daemon", "r1") for n in numbers]


def baseline(n: int) -> Baseline:
    return Baseline.of(captured_utc_ns=n, actor="root", objects={"dns:a.:b.a.:A": {"values": ["192.0.2.1"], "ttl": n}})


# the journal


async def test_an_empty_store_has_the_genesis_head(store: Store) -> None:
    assert await store.head() == (0, GENESIS)
    assert await store.entries() == []


async def test_the_store_assigns_seq_and_chains_each_entry_to_the_one_before(store: Store) -> None:
    first, second = await append(store, 1), await append(store, 2)
    assert first == seal(GENESIS, finished(1), seq=1, at_utc_ns=1, actor="daemon", run="r1")
    assert second == seal(first.hash, finished(2), seq=2, at_utc_ns=2, actor="daemon", run="r1")


async def test_entries_come_back_exactly_as_they_were_returned(store: Store) -> None:
    appended = [await append(store, 1), *await store.append_many(drafts(2, 3)), await append(store, 4, run="")]
    assert await store.entries() == appended
    assert await store.head() == (4, appended[-1].hash)


async def test_entries_can_be_asked_for_by_run_and_after_a_seq(store: Store) -> None:
    for n, run in enumerate(["r1", "", "r2", "r1"], start=1):
        await append(store, n, run)
    assert [entry.seq for entry in await store.entries(run="r1")] == [1, 4]
    assert [entry.seq for entry in await store.entries(after=2)] == [3, 4]
    assert [entry.seq for entry in await store.entries(run="r1", after=1)] == [4]
    assert [entry.seq for entry in await store.entries(run="")] == [2]


async def test_appends_made_at_the_same_time_form_one_chain(store: Store) -> None:
    entries = await asyncio.gather(*(append(store, n) for n in range(20)))
    assert sorted(entry.seq for entry in entries) == list(range(1, 21))
    assert verify(await store.entries()) == (20, (await store.head())[1], None)


async def test_the_journal_goes_on_where_it_was_when_opened_again(store: Store, path: Path) -> None:
    first = await append(store, 1)
    await store.close()
    again = await open_store(path)
    try:
        second = await append(again, 2)
        assert (await again.entries()) == [first, second]
        assert verify([first, second])[2] is None
    finally:
        await again.close()


async def test_nothing_appended_is_nothing_stored(store: Store) -> None:
    assert await store.append_many([]) == []
    assert await store.head() == (0, GENESIS)


async def test_as_many_entries_as_allowed_go_in_one_transaction_and_more_do_not(store: Store) -> None:
    await store.append_many(drafts(*range(MOST)))
    assert verify(await store.entries())[0] == MOST
    with pytest.raises(ValueError, match="1001 entries at once"):
        await store.append_many(drafts(*range(MOST + 1)))


async def test_a_body_that_json_cannot_hold_leaves_the_journal_as_it_was(store: Store) -> None:
    first = await append(store, 1)
    with pytest.raises(TypeError):
        await store.append(Intended("s", 2**70, {}, {}), at_utc_ns=2, actor="daemon", run="r1")
    assert (await append(store, 2)).seq == 2
    assert verify(await store.entries(), expected_head=(1, first.hash))[2] is None


async def test_every_entry_is_on_the_disk_when_append_returns(store: Store, raw: sqlite3.Connection) -> None:
    entry = await append(store, 1)
    assert raw.execute("SELECT seq, payload, hash FROM journal").fetchall() == [(1, entry.payload, entry.hash)]


async def test_the_writer_syncs_every_commit(store: Store) -> None:
    settings = [await store._query(f"PRAGMA {name}") for name in ("journal_mode", "synchronous")]  # type: ignore[attr-defined]
    assert settings == [[("wal",)], [(2,)]]


# failures


async def test_a_locked_database_is_unavailable_and_works_again_when_it_is_free(store: Store, raw: sqlite3.Connection) -> None:
    await append(store, 1)
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked by another process"):
        await append(store, 2)
    raw.execute("ROLLBACK")
    assert (await append(store, 3)).seq == 2
    assert verify(await store.entries())[::2] == (2, None)


async def test_an_entry_written_by_somebody_else_stops_the_writer(store: Store, raw: sqlite3.Connection) -> None:
    await append(store, 1)
    raw.execute("INSERT INTO journal VALUES (2, 0, 'eve', '', 'interrupted', 1, x'7b7d', zeroblob(32))")
    with pytest.raises(StoreCorrupt, match="seq is not the next one"):
        await append(store, 2)
    with pytest.raises(StoreCorrupt, match="entry 2 of the journal was not written by its owner"):
        await append(store, 2)


@pytest.mark.parametrize("cancelled_after_turns", [0, 1, 2, 3])
async def test_a_cancelled_append_leaves_all_of_its_entries_or_none(store: Store, cancelled_after_turns: int) -> None:
    first = await append(store, 1)
    task = asyncio.create_task(store.append_many(drafts(2, 3)))
    for _ in range(cancelled_after_turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    last = await append(store, 4)
    entries = await store.entries()
    assert [entry.seq for entry in entries] in ([1, 2], [1, 2, 3, 4])
    assert entries[0] == first
    assert verify(entries) == (len(entries), last.hash, None)


async def test_an_append_cancelled_while_the_database_was_locked_does_not_spoil_the_next(
    store: Store, raw: sqlite3.Connection
) -> None:
    raw.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(append(store, 1))
    for _ in range(5):  # enough for the statement to be on its way to the database
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    raw.execute("ROLLBACK")
    entry = await append(store, 2)
    assert verify(await store.entries())[1:] == (entry.hash, None)


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.entries()
    with pytest.raises(StoreUnavailable, match="closed"):
        await append(store, 1)


async def test_two_closes_at_once_are_one(store: Store, path: Path) -> None:
    appending = asyncio.create_task(append(store, 1))
    await asyncio.sleep(0)
    await asyncio.gather(store.close(), store.close())
    assert (await appending).seq == 1


async def test_closing_waits_for_the_append_that_is_going_on(store: Store, path: Path) -> None:
    task = asyncio.create_task(append(store, 1))
    await asyncio.sleep(0)
    await store.close()
    entry = await task
    reader = await open_readonly(path)
    try:
        assert await reader.entries() == [entry]
    finally:
        await reader.close()


async def test_a_row_of_the_wrong_type_is_corrupt(store: Store, raw: sqlite3.Connection) -> None:
    await append(store, 1)
    raw.executescript("PRAGMA ignore_check_constraints = ON; DROP TRIGGER journal_no_update; UPDATE journal SET payload = 'x'")
    with pytest.raises(StoreCorrupt, match="journal row 1"):
        await store.entries()


async def test_text_that_is_not_utf_8_is_corrupt(store: Store, raw: sqlite3.Connection) -> None:
    await append(store, 1)
    raw.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET actor = CAST(x'ff' AS TEXT)")
    with pytest.raises(StoreCorrupt, match="UTF-8"):
        await store.entries()


async def test_a_table_that_is_gone_is_corrupt(store: Store, raw: sqlite3.Connection) -> None:
    raw.execute("DROP TABLE journal")
    with pytest.raises(StoreCorrupt, match="no such table"):
        await append(store, 1)


async def test_an_edited_row_is_found_by_verify(store: Store, raw: sqlite3.Connection) -> None:
    await store.append_many(drafts(1, 2, 3))
    raw.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET actor = 'nobody' WHERE seq = 2")
    flaw = verify(await store.entries())[2]
    assert flaw is not None
    assert (flaw.seq, flaw.how) == (2, "edited")


# baselines


async def test_a_baseline_comes_back_by_its_id(store: Store) -> None:
    await store.put_baseline(baseline(1))
    assert await store.baseline(baseline(1).id) == baseline(1)
    assert await store.baseline("0" * 64) is None


async def test_the_latest_baseline_is_the_one_stored_last(store: Store) -> None:
    assert await store.latest_baseline() is None
    await store.put_baseline(baseline(2))
    await store.put_baseline(baseline(1))
    assert await store.latest_baseline() == baseline(1)


async def test_baselines_are_listed_in_the_order_they_were_stored(store: Store) -> None:
    await store.put_baseline(baseline(2))
    await store.put_baseline(baseline(1))
    listed = [(each.id, each.captured_utc_ns, each.actor, each.count) for each in await store.baselines()]
    assert listed == [(baseline(2).id, 2, "root", 1), (baseline(1).id, 1, "root", 1)]


async def test_a_baseline_is_stored_once(store: Store) -> None:
    await store.put_baseline(baseline(1))
    with pytest.raises(BaselineExists, match=baseline(1).id):
        await store.put_baseline(baseline(1))
    assert len(await store.baselines()) == 1


async def test_a_baseline_changed_in_memory_is_not_stored(store: Store) -> None:
    changed = baseline(1)
    changed.objects["dns:a.:b.a.:A"]["values"].append("192.0.2.9")
    with pytest.raises(BaselineMismatch):
        await store.put_baseline(changed)
    assert await store.baselines() == []


@pytest.mark.parametrize(("value", "said"), [("x'00'", "is not what it names"), ("'text'", "does not hold what its columns")])
async def test_an_edited_baseline_is_not_given_out(store: Store, raw: sqlite3.Connection, value: str, said: str) -> None:
    await store.put_baseline(baseline(1))
    raw.executescript(
        f"PRAGMA ignore_check_constraints = ON; DROP TRIGGER baselines_no_update; UPDATE baselines SET payload = {value}"
    )
    with pytest.raises(StoreCorrupt, match=said):
        await store.latest_baseline()


# reading beside the writer


async def test_a_reader_sees_each_entry_once_it_is_committed_while_the_writer_goes_on(store: Store, path: Path) -> None:
    await append(store, 1)
    reader = await open_readonly(path)
    try:
        for n in range(2, 5):
            entry = await append(store, n)
            assert await reader.head() == (n, entry.hash)
            assert verify(await reader.entries())[::2] == (n, None)
    finally:
        await reader.close()


async def test_a_reader_verifies_while_entries_are_being_appended(store: Store, path: Path) -> None:
    reader = await open_readonly(path)

    async def write() -> None:
        for n in range(0, 200, 2):
            await store.append_many(drafts(n, n + 1))

    writing = asyncio.create_task(write())
    try:
        while not writing.done():
            holds, _, flaw = verify(await reader.entries())
            assert flaw is None
            assert holds % 2 == 0
        await writing
        assert (await reader.head())[0] == 200
    finally:
        await reader.close()


async def test_a_reader_cannot_write(store: Store, path: Path) -> None:
    reader = await open_readonly(path)
    try:
        with pytest.raises(StoreUnavailable, match="read-only"):
            await reader._query("INSERT INTO baselines VALUES (1, hex(zeroblob(32)), x'')")  # type: ignore[attr-defined]
    finally:
        await reader.close()


async def test_files_of_the_store_are_private(store: Store, path: Path) -> None:
    await store.append(Interrupted("test"), at_utc_ns=1, actor="daemon", run="")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == dict.fromkeys(["cutoverd.db", "cutoverd.db-shm", "cutoverd.db-wal", "cutoverd.db.lock"], 0o600)
