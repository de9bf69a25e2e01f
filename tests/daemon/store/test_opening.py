"""Whose store it is, what file it is, and which tables it has."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.store import (
    NotAStore,
    Reader,
    SchemaTooNew,
    Store,
    StoreBusy,
    StoreCorrupt,
    StoreUnavailable,
    open_readonly,
    open_store,
)
from daemon.store.schema import APPLICATION_ID, MIGRATIONS
from reverters.entries import Interrupted

BODY = Interrupted("test")
SECOND = "CREATE TABLE notes (id INTEGER PRIMARY KEY);"


def pragma(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def open_descriptors() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


async def once(attempt: Callable[..., Awaitable[Store | Reader]], path: Path, **options: Any) -> None:
    """Open and close: what should have been refused and was not must not stay open behind a failed test."""
    await (await attempt(path, **options)).close()


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_a_new_store_has_the_tables_of_today(store: Store, path: Path) -> None:
    assert (pragma(path, "application_id"), pragma(path, "user_version")) == (APPLICATION_ID, len(MIGRATIONS))
    assert tables(path) == {"journal", "baselines"}


async def test_an_older_store_gets_the_migrations_it_lacks_and_keeps_its_rows(store: Store, path: Path) -> None:
    entry = await store.append(BODY, at_utc_ns=1, actor="a", run="")
    await store.close()
    later = await open_store(path, migrations=(*MIGRATIONS, SECOND))
    try:
        assert await later.entries() == [entry]
        assert pragma(path, "user_version") == len(MIGRATIONS) + 1
        assert "notes" in tables(path)
    finally:
        await later.close()


async def test_a_migration_that_fails_changes_nothing(store: Store, path: Path) -> None:
    await store.close()
    with pytest.raises(StoreCorrupt, match="syntax error"):
        await once(open_store, path, migrations=(*MIGRATIONS, SECOND + "CREATE NONSENSE;"))
    assert pragma(path, "user_version") == len(MIGRATIONS)
    assert "notes" not in tables(path)
    again = await open_store(path)
    await again.close()


async def test_a_store_of_a_newer_program_is_refused_naming_both_versions(store: Store, path: Path) -> None:
    await store.close()
    known = len(MIGRATIONS)
    await once(open_store, path, migrations=(*MIGRATIONS, SECOND))
    for attempt in (open_store, open_readonly):
        with pytest.raises(SchemaTooNew, match=f"schema {known + 1}, this cutoverd knows up to {known}"):
            await once(attempt, path)


async def test_a_store_that_lacks_a_migration_waits_for_the_daemon(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await once(open_store, path)
    monkeypatch.setattr("daemon.store.opening.MIGRATIONS", (*MIGRATIONS, SECOND))
    with pytest.raises(StoreUnavailable, match="start the daemon"):
        await once(open_readonly, path)


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"dear diary\n" * 100)
    for attempt in (open_store, open_readonly):
        with pytest.raises(NotAStore, match="not an SQLite database"):
            await once(attempt, path)
    assert path.read_bytes() == b"dear diary\n" * 100


async def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA application_id = 7; CREATE TABLE diary (line)")
    before = path.read_bytes()
    for attempt in (open_store, open_readonly):
        with pytest.raises(NotAStore, match=r"another program \(application_id 7\)"):
            await once(attempt, path)
    assert path.read_bytes() == before


async def test_an_empty_file_becomes_a_store_but_cannot_be_read_as_one(path: Path) -> None:
    path.touch()
    with pytest.raises(NotAStore, match="is empty"):
        await once(open_readonly, path)
    await once(open_store, path)
    await once(open_readonly, path)


async def test_a_missing_folder_is_named(path: Path) -> None:
    missing = path.parent / "nowhere"
    for attempt in (open_store, open_readonly):
        with pytest.raises(StoreUnavailable, match=f"folder {missing} does not exist"):
            await once(attempt, missing / "cutoverd.db")


async def test_a_missing_file_cannot_be_read_and_is_not_made(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        await once(open_readonly, path)
    assert list(path.parent.iterdir()) == []


async def test_a_file_that_cannot_be_opened_leaves_no_thread_to_speak_up_later(path: Path) -> None:
    path.mkdir()
    before = threading.active_count()
    with pytest.raises(StoreUnavailable):
        await once(open_store, path)
    assert threading.active_count() == before


async def test_a_folder_is_not_a_store(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await once(open_store, path)


async def test_a_lock_file_that_cannot_be_made_is_unavailable(path: Path) -> None:
    Path(f"{path}.lock").mkdir()
    with pytest.raises(StoreUnavailable, match="directory"):
        await once(open_store, path)


async def test_a_second_owner_is_refused_and_told_who_the_first_is(store: Store, path: Path) -> None:
    with pytest.raises(StoreBusy, match=f"in use by process {os.getpid()}"):
        await once(open_store, path)
    await store.append(BODY, at_utc_ns=1, actor="a", run="")


async def test_two_links_to_one_file_are_one_store(store: Store, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(StoreBusy):
        await once(open_store, link)


async def test_a_closed_store_can_be_owned_again(store: Store, path: Path) -> None:
    await store.close()
    await once(open_store, path)


async def test_an_open_that_failed_holds_nothing(path: Path) -> None:
    path.write_bytes(b"dear diary\n" * 100)
    descriptors = open_descriptors()
    for attempt in (open_store, open_readonly):
        with pytest.raises(NotAStore):
            await once(attempt, path)
    path.unlink()
    assert open_descriptors() == descriptors
    await once(open_store, path)


@pytest.mark.parametrize("cancelled_after_turns", range(8))
async def test_a_cancelled_open_holds_nothing(path: Path, cancelled_after_turns: int) -> None:
    descriptors = open_descriptors()
    task = asyncio.create_task(open_store(path))
    for _ in range(cancelled_after_turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert open_descriptors() == descriptors
    await once(open_store, path)


async def test_a_path_with_marks_of_a_uri_is_taken_literally(path: Path) -> None:
    odd = path.with_name("a?mode=ro#%41 b.db")
    await once(open_store, odd)
    assert odd.is_file()
