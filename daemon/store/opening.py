"""How a store is opened: whose it is, what it is, and how it gets to today's tables."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiosqlite

from daemon.store import ownership
from daemon.store.contract import NotAStore, Reader, SchemaTooNew, Store, StoreUnavailable
from daemon.store.faults import translated
from daemon.store.schema import APPLICATION_ID, MIGRATIONS, migration
from daemon.store.sqlite import SqliteReader, SqliteStore

_IDENTITY = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
FROM pragma_application_id, pragma_user_version
"""


async def open_store(path: Path | str, *, migrations: Sequence[str] = MIGRATIONS, busy_timeout_s: float = 5.0) -> Store:
    """Own the store at `path`, made if need be (mode 0600; the folder must exist), and bring its tables up to date.

    `busy_timeout_s` is how long a call waits while a foreign process holds the database. Raises StoreBusy,
    StoreUnavailable, StoreCorrupt, NotAStore or SchemaTooNew, and then holds nothing.
    """
    place = _place(path)
    async with AsyncExitStack() as stack:
        with translated(place):
            lock = ownership.claim(place)
            stack.callback(os.close, lock)
            ownership.create(place)
            connection = await _connect(place, "rw", busy_timeout_s)
            stack.push_async_callback(connection.close)
            version = await _version(connection, place, known=len(migrations))
            await _tune(connection, place)
            for number, script in enumerate(migrations[version:], start=version + 1):
                await connection.executescript(migration(script, number))
        head = await SqliteReader(connection, place).head()
        stack.pop_all()
        return SqliteStore(connection, place, head=head, lock=lock)


async def open_readonly(path: Path | str, *, busy_timeout_s: float = 5.0) -> Reader:
    """See what is committed, while the owner writes or after it died. Raises as `open_store` does, but never StoreBusy."""
    place = _place(path)
    if not place.is_file():
        raise StoreUnavailable(f"{place} does not exist")
    async with AsyncExitStack() as stack:
        with translated(place):
            connection = await _connect(place, "ro", busy_timeout_s)
            stack.push_async_callback(connection.close)
            version = await _version(connection, place, known=len(MIGRATIONS))
        if version == 0:
            raise NotAStore(f"{place} is empty: no cutoverd has used it yet")
        if version < len(MIGRATIONS):
            raise StoreUnavailable(
                f"{place} has schema {version}, not yet {len(MIGRATIONS)}: start the daemon to bring it up to date"
            )
        stack.pop_all()
        return SqliteReader(connection, place)


def _place(path: Path | str) -> Path:
    """The file's one true name, so that two links to it share one lock."""
    place = Path(os.path.realpath(path))
    if not place.parent.is_dir():
        raise StoreUnavailable(f"folder {place.parent} does not exist")
    return place


async def _connect(place: Path, mode: str, busy_timeout_s: float) -> aiosqlite.Connection:
    # isolation_level=None: sqlite3 never opens a transaction behind our back.
    uri = f"{place.as_uri()}?mode={mode}"
    # Opened here first: where that fails, aiosqlite leaves its thread to report to a loop that may be gone by then.
    sqlite3.connect(uri, uri=True).close()
    opening = asyncio.ensure_future(aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=busy_timeout_s))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # aiosqlite's thread opens the file all the same, and would keep it open with nobody to close it.
        await asyncio.wait([opening])
        if not opening.exception():
            await opening.result().close()
        raise


async def _version(connection: aiosqlite.Connection, place: Path, *, known: int) -> int:
    """How many migrations this file has seen; 0 for an empty one. Nothing is written before we know that it is ours."""
    ((application, version, tables),) = await connection.execute_fetchall(_IDENTITY)
    if (application, version, tables) == (0, 0, 0):
        return 0
    if application != APPLICATION_ID:
        raise NotAStore(f"{place} is a database of another program (application_id {application})")
    if version > known:
        raise SchemaTooNew(f"{place} has schema {version}, this cutoverd knows up to {known}: a newer one wrote it")
    return int(version)


async def _tune(connection: aiosqlite.Connection, place: Path) -> None:
    ((mode,),) = await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise StoreUnavailable(f"{place}: its file system cannot hold a write-ahead log (journal_mode stayed {mode})")
    await connection.execute_fetchall("PRAGMA synchronous = FULL")
    await connection.execute_fetchall("PRAGMA recursive_triggers = ON")
    await connection.execute_fetchall("PRAGMA temp_store = MEMORY")  # a batch must not need a second folder to write to
