"""SQLite's errors in the terms of the contract: the one place that knows its result codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.store.contract import NotAStore, StoreCorrupt, StoreError, StoreUnavailable

_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "locked by another process",
    sqlite3.SQLITE_LOCKED: "locked by another process",
    sqlite3.SQLITE_PROTOCOL: "locked by another process",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_PERM: "not permitted",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_INTERRUPT: "interrupted",
}


def fault(error: sqlite3.Error, path: Path) -> StoreError:
    """What this error means for the caller. Everything that is not known to pass counts as damage."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the rest says which call it was
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"{path}: {_UNAVAILABLE[code]} ({name}: {error})")
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStore(f"{path} is not an SQLite database")
    return StoreCorrupt(f"{path}: {error} ({name})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise fault(error, path) from error
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror or error}") from error
