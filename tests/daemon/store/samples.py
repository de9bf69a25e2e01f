"""Entries and baselines to store."""

from __future__ import annotations

from daemon.store import Draft, Store
from reverters.baseline import Baseline
from reverters.entries import Finished
from reverters.journal import JournalEntry


def finished(n: int) -> Finished:
    return Finished(f"step-{n}", "restored")


async def append(store: Store, n: int, run: str = "r1") -> JournalEntry:
    return await store.append(finished(n), at_utc_ns=n, actor="daemon", run=run)


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(finished(n), n, "daemon", "r1") for n in numbers]


def baseline(n: int) -> Baseline:
    return Baseline.of(captured_utc_ns=n, actor="root", objects={"dns:a.:b.a.:A": {"values": ["192.0.2.1"], "ttl": n}})
