"""A store in a temporary folder, always closed, and a check that no thread of it is left."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon.store import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cutoverd.db"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)  # it was told to end; this only gives it its turn
        assert not thread.is_alive(), f"{thread.name} outlived its store"


@pytest.fixture
async def store(path: Path, no_thread_is_left: None) -> AsyncIterator[Store]:
    opened = await open_store(path, busy_timeout_s=0.05)
    yield opened
    await opened.close()


@pytest.fixture
def raw(path: Path, store: Store) -> Iterator[sqlite3.Connection]:
    """Somebody else on the same file, with none of our settings."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0.05)) as connection:
        yield connection
