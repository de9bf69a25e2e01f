"""Baselines are stored once and given out whole; readers see what is committed, beside the writer."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from daemon.store import BaselineExists, Store, StoreCorrupt, StoreUnavailable, open_readonly
from reverters.baseline import BaselineMismatch
from reverters.entries import Interrupted
from reverters.journal import verify
from tests.daemon.store.samples import append, baseline, drafts


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
