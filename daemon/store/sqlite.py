"""The store on one host: SQLite in WAL mode, synchronous=FULL, one connection, one statement per transaction.

Every write is a single statement outside of any BEGIN, so SQLite itself makes it all or nothing, no transaction can be
left open by a cancelled task, and readers of this connection never see what is not committed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from daemon.store.contract import MOST, BaselineExists, BaselineSummary, Draft, StoreCorrupt, StoreUnavailable
from daemon.store.faults import translated
from reverters import baseline as baselines
from reverters.baseline import Baseline, BaselineMismatch
from reverters.entries import Body
from reverters.journal import GENESIS, Head, JournalEntry, seal

_APPEND = "INSERT INTO journal (seq, at_utc_ns, actor, run, kind, version, payload, hash) VALUES "
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?)"
_TYPES = (int, int, str, str, str, int, bytes, bytes)
_ALL = "SELECT seq, at_utc_ns, actor, run, kind, version, payload, hash FROM journal WHERE seq > ? ORDER BY seq"
_OF_RUN = "SELECT seq, at_utc_ns, actor, run, kind, version, payload, hash FROM journal WHERE run = ? AND seq > ? ORDER BY seq"
_HEAD = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
_PUT = "INSERT INTO baselines (ordinal, id, payload) SELECT coalesce(max(ordinal), 0) + 1, ?, ? FROM baselines"


class SqliteReader:
    """`contract.Reader` on an open connection, which it owns."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._closed = False

    async def entries(self, *, run: str | None = None, after: int = 0) -> list[JournalEntry]:
        rows = await (self._query(_ALL, (after,)) if run is None else self._query(_OF_RUN, (run, after)))
        return [self._entry(row) for row in rows]

    async def head(self) -> Head:
        for seq, digest in await self._query(_HEAD):
            return seq, digest
        return 0, GENESIS

    async def baseline(self, id: str) -> Baseline | None:
        for stored, payload in await self._query("SELECT id, payload FROM baselines WHERE id = ?", (id,)):
            return self._baseline(stored, payload)
        return None

    async def latest_baseline(self) -> Baseline | None:
        for stored, payload in await self._query("SELECT id, payload FROM baselines ORDER BY ordinal DESC LIMIT 1"):
            return self._baseline(stored, payload)
        return None

    async def baselines(self) -> list[BaselineSummary]:
        rows = await self._query("SELECT id, payload FROM baselines ORDER BY ordinal")
        found = [self._baseline(stored, payload) for stored, payload in rows]
        return [BaselineSummary(each.id, each.captured_utc_ns, each.actor, len(each.objects)) for each in found]

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True  # before the first await: of two calls at once, one closes
        with translated(self._path):
            await self._connection.close()

    async def _query(self, sql: str, parameters: Iterable[Any] = ()) -> Iterable[Any]:
        if self._closed:
            raise StoreUnavailable(f"{self._path}: the store is closed")
        with translated(self._path):
            return await self._connection.execute_fetchall(sql, parameters)

    def _entry(self, row: Sequence[Any]) -> JournalEntry:
        if tuple(map(type, row)) != _TYPES:
            raise StoreCorrupt(f"{self._path}: journal row {row[0]!r} does not hold what its columns are for")
        return JournalEntry(*row)

    def _baseline(self, stored: Any, payload: Any) -> Baseline:
        if not isinstance(payload, bytes):
            raise StoreCorrupt(f"{self._path}: baseline {stored} does not hold what its columns are for")
        try:
            return baselines.decode(stored, payload)
        except BaselineMismatch as error:
            raise StoreCorrupt(f"{self._path}: {error}") from error


class SqliteStore(SqliteReader):
    """`contract.Store`: the owner of the file, holding its lock."""

    def __init__(self, connection: aiosqlite.Connection, path: Path, *, head: Head, lock: int) -> None:
        super().__init__(connection, path)
        self._lock = lock
        self._turn = asyncio.Lock()
        self._head = head
        self._unsure: list[JournalEntry] = []
        """What a write that failed or was cancelled may have left behind: all of it or nothing."""

    async def append(self, body: Body, *, at_utc_ns: int, actor: str, run: str) -> JournalEntry:
        (entry,) = await self.append_many([Draft(body, at_utc_ns, actor, run)])
        return entry

    async def append_many(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        if len(drafts) > MOST:
            raise ValueError(f"{len(drafts)} entries at once; {MOST} is the most")
        if not drafts:
            return []
        async with self._turn:
            await self._settle()
            entries = _sealed(drafts, self._head)
            statement = _APPEND + ", ".join([_ROW] * len(entries))
            self._unsure = entries
            await self._query(statement, [value for entry in entries for value in _row(entry)])
            self._head, self._unsure = (entries[-1].seq, entries[-1].hash), []
        return entries

    async def put_baseline(self, baseline: Baseline) -> None:
        payload = baselines.encode(baseline)
        async with self._turn:
            if list(await self._query("SELECT 1 FROM baselines WHERE id = ?", (baseline.id,))):
                raise BaselineExists(f"{self._path}: baseline {baseline.id} is stored already")
            await self._query(_PUT, (baseline.id, payload))

    async def close(self) -> None:
        if self._closed:
            return
        try:
            await super().close()
        finally:
            os.close(self._lock)

    async def _settle(self) -> None:
        """After a write of unknown outcome, ask the database. Its thread works in order: this waits for the write itself."""
        if not self._unsure:
            return
        found, last = await self.head(), self._unsure[-1]
        if found not in (self._head, (last.seq, last.hash)):
            raise StoreCorrupt(f"{self._path}: entry {found[0]} of the journal was not written by its owner")
        self._head, self._unsure = found, []


def _sealed(drafts: Sequence[Draft], head: Head) -> list[JournalEntry]:
    seq, previous = head
    entries: list[JournalEntry] = []
    for draft in drafts:
        seq += 1
        entries.append(seal(previous, draft.body, seq=seq, at_utc_ns=draft.at_utc_ns, actor=draft.actor, run=draft.run))
        previous = entries[-1].hash
    return entries


def _row(entry: JournalEntry) -> tuple[Any, ...]:
    return (
        entry.seq, entry.at_utc_ns, entry.actor, entry.run, entry.kind, entry.version, entry.payload, entry.hash,
    )  # fmt: skip
