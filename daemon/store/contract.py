"""What the rest of the daemon may ask of a store, whatever database stands behind it, and how it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reverters.baseline import Baseline
from reverters.entries import Body
from reverters.journal import Head, JournalEntry


class StoreError(Exception):
    """Every failure of a store is one of these. Messages are for people and name the file."""


class StoreUnavailable(StoreError):
    """Nothing was stored, but may be later: disk full, read-only or failing, locked, not there, or closed."""


class StoreBusy(StoreUnavailable):
    """Another process owns the store."""


class StoreCorrupt(StoreError):
    """The database is damaged, or somebody else wrote to it. Trying again does not help."""


class NotAStore(StoreError):
    """The file is something else: it is left as it is."""


class SchemaTooNew(StoreError):
    """A newer cutoverd wrote this store."""


class BaselineExists(StoreError):
    """This very baseline is stored already, and baselines are never replaced."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before the store gave it its place. `run` is empty outside of runs."""

    body: Body
    at_utc_ns: int
    actor: str
    run: str


@dataclass(frozen=True, slots=True)
class BaselineSummary:
    """A stored baseline in a list. `count` is how many objects it holds."""

    id: str
    captured_utc_ns: int
    actor: str
    count: int


class Reader(Protocol):
    """Sees what is committed. Each call is one snapshot, also while another process writes.

    Every call raises StoreUnavailable or StoreCorrupt.
    """

    async def entries(self, *, run: str | None = None, after: int = 0) -> list[JournalEntry]:
        """In order of seq: of one run or of all, those with a seq greater than `after`. Rows as stored: not verified."""
        ...

    async def head(self) -> Head: ...

    async def baseline(self, id: str) -> Baseline | None: ...

    async def latest_baseline(self) -> Baseline | None:
        """The one stored last."""
        ...

    async def baselines(self) -> list[BaselineSummary]:
        """In the order in which they were stored."""
        ...

    async def close(self) -> None:
        """Wait for what is going on, then let go of the files. Closing twice is closing once."""
        ...


class Store(Reader, Protocol):
    """The one writer. What a call returned is on the disk; of a call that raised, nothing is.

    A *cancelled* call may have stored its entries or not: all of them or none, and the chain holds either way.
    """

    async def append(self, body: Body, *, at_utc_ns: int, actor: str, run: str) -> JournalEntry:
        """TypeError for a body that JSON cannot hold."""
        ...

    async def append_many(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        """In one transaction. ValueError for more than `MOST` of them."""
        ...

    async def put_baseline(self, baseline: Baseline) -> None:
        """Raises BaselineExists for one that is stored, `reverters.baseline.BaselineMismatch` for one that was changed."""
        ...


MOST = 1000
"""Entries in one `append_many`: they travel in one statement."""
