"""Blocks of recorded turns on disk, in a database of their own beside the journal's. Blocking: for a thread, or for the CLI.

Nothing here is precious: synchronous=NORMAL, blocks are replaced by larger ones, and the oldest are deleted. A block is known by
the ordinals of its turns, counted through the life of the file, so that who reads while blocks are put together sees each turn
once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.store import ownership
from daemon.store.contract import NotAStore, SchemaTooNew, StoreUnavailable
from daemon.store.faults import translated

APPLICATION_ID = 0x43545652
"""The bytes `CTVR` at offset 68 of the file."""
SCHEMA = 1
SUFFIX = ".samples"
PAGES_BEFORE_CHECKPOINT = 1000
BUSY_S = 2.0

_TABLES = f"""
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE blocks (
    first INTEGER NOT NULL,
    until INTEGER PRIMARY KEY,
    first_utc_ns INTEGER NOT NULL,
    last_utc_ns INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    payload BLOB NOT NULL
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA};
COMMIT;
"""
_IDENTITY = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
FROM pragma_application_id, pragma_user_version
"""
_USED = """
SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
_NEXT = "SELECT first, until, first_utc_ns, last_utc_ns, samples, payload FROM blocks WHERE until > ? ORDER BY until LIMIT 1"
_EXTENT = "SELECT count(*), min(first_utc_ns), max(last_utc_ns), sum(samples), max(until) FROM blocks"


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """Turns from `first` up to, and without, `until`."""

    first: int
    until: int
    first_utc_ns: int
    last_utc_ns: int
    samples: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """What a recording holds. Moments are 0 where it holds nothing."""

    blocks: int
    first_utc_ns: int
    last_utc_ns: int
    samples: int
    until: int


def beside(store: Path | str) -> Path:
    """Where the recording of a store is."""
    return Path(f"{store}{SUFFIX}")


def open_samples(path: Path) -> SampleStore:
    """Made if need be, mode 0600. The caller owns the store beside it. Raises StoreError, and then holds nothing."""
    with ExitStack() as stack, translated(path):
        ownership.create(path)
        connection = stack.enter_context(closing(_connect(path, "rw")))
        if _version(connection, path) == 0:
            connection.executescript(_TABLES)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BEFORE_CHECKPOINT}")
        connection.execute(f"PRAGMA journal_size_limit = {4_096 * PAGES_BEFORE_CHECKPOINT}")
        connection.execute("PRAGMA temp_store = MEMORY")
        store = SampleStore(connection, path)
        store.extent()
        stack.pop_all()
        return store


def read_samples(path: Path) -> SampleReader:
    """See what is committed, while a daemon writes or none runs. Raises StoreError."""
    if not path.is_file():
        raise StoreUnavailable(f"{path} does not exist: nothing was recorded")
    with ExitStack() as stack, translated(path):
        connection = stack.enter_context(closing(_connect(path, "ro")))
        if _version(connection, path) == 0:
            raise NotAStore(f"{path} is empty: nothing was recorded yet")
        stack.pop_all()
        return SampleReader(connection, path)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # isolation_level=None: sqlite3 never opens a transaction behind our back.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_S)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    ((application, version, tables),) = connection.execute(_IDENTITY)
    if (application, version, tables) == (0, 0, 0):
        return 0
    if application != APPLICATION_ID:
        raise NotAStore(f"{path} is a database of another program (application_id {application})")
    if version > SCHEMA:
        raise SchemaTooNew(f"{path} has schema {version}, this cutoverd knows up to {SCHEMA}: a newer one wrote it")
    return int(version)


class SampleReader:
    """Each call is one short transaction: a long replay does not keep the write-ahead log from being folded back."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection

    def extent(self) -> Extent:
        ((blocks, first, last, samples, until),) = self._rows(_EXTENT)
        return Extent(blocks, first or 0, last or 0, samples or 0, until or 0)

    def after(self, turn: int) -> StoredBlock | None:
        """The block that holds the first turn at or after this one, None where nothing does."""
        return next((StoredBlock(*row) for row in self._rows(_NEXT, turn)), None)

    def first_at(self, utc_ns: int) -> int:
        """The ordinal of the first turn of the block that is the first to reach to this moment; past the end where none does."""
        ((found,),) = self._rows("SELECT min(first) FROM blocks WHERE last_utc_ns >= ?", utc_ns)
        return self.extent().until if found is None else int(found)

    def samples_from(self, turn: int) -> int:
        ((found,),) = self._rows("SELECT sum(samples) FROM blocks WHERE until > ?", turn)
        return found or 0

    def close(self) -> None:
        self._connection.close()

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        with translated(self.path):
            return self._connection.execute(sql, parameters).fetchall()


class SampleStore(SampleReader):
    def put(self, block: StoredBlock) -> None:
        """In place of all that was stored from its first turn on. Raises StoreError, and then nothing is changed."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM blocks WHERE first >= ?", (block.first,))
            connection.execute(
                "INSERT INTO blocks (first, until, first_utc_ns, last_utc_ns, samples, payload) VALUES (?, ?, ?, ?, ?, ?)",
                (block.first, block.until, block.first_utc_ns, block.last_utc_ns, block.samples, block.payload),
            )

    def trim(self, *, before_utc_ns: int, at_most: int) -> int:
        """Delete blocks that ended before this moment, and the oldest while the file uses more bytes than `at_most`; how many.
        The newest stays.
        """
        deleted = 0
        with self._transaction() as connection:
            old = "DELETE FROM blocks WHERE last_utc_ns < ? AND until < (SELECT max(until) FROM blocks)"
            deleted += connection.execute(old, (before_utc_ns,)).rowcount
            while self.used() > at_most and self.extent().blocks > 1:
                deleted += connection.execute("DELETE FROM blocks WHERE until = (SELECT min(until) FROM blocks)").rowcount
        if deleted:
            with translated(self.path):
                # Not execute: it takes one step, which frees one page.
                self._connection.executescript("PRAGMA incremental_vacuum")
        return deleted

    def used(self) -> int:
        """Bytes of the file that hold something."""
        ((used,),) = self._rows(_USED)
        return int(used)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
