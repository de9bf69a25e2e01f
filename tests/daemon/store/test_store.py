"""What the store promises its caller: order, chain, durability, typed failures, and a head that is never ahead of the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from daemon.store import Store, StoreCorrupt, StoreUnavailable, open_readonly, open_store
from daemon.store.contract import MOST
from reverters.entries import Intended
from reverters.journal import GENESIS, seal, verify
from tests.daemon.store.samples import append, drafts, finished

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
