"""The database itself refuses to change what is stored, whoever asks and with whatever settings."""

from __future__ import annotations

import sqlite3

import pytest

from daemon.store import Store
from reverters.baseline import Baseline
from reverters.entries import Finished

BASELINE = Baseline.of(captured_utc_ns=1, actor="root", objects={"k": {"values": ["192.0.2.1"], "ttl": 300}})
NEW = "VALUES ({seq}, 0, 'eve', '', 'finished', 1, x'7b7d', zeroblob(32))"
OTHER = "'" + "0" * 64 + "'"
SAME = f"'{BASELINE.id}'"

ATTACKS = [
    "UPDATE journal SET payload = x'7b7d'",
    "UPDATE journal SET seq = seq + 10",
    "UPDATE OR REPLACE journal SET seq = 1 WHERE seq = 2",
    "UPDATE OR IGNORE journal SET actor = 'eve'",
    "DELETE FROM journal",
    "DELETE FROM journal WHERE seq = 2",
    *(
        f"{verb} INTO journal {NEW.format(seq=seq)}"
        for verb in ("INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK")
        for seq in (1, 2, 0, -1, 4, "NULL")
    ),
    f"INSERT INTO journal {NEW.format(seq=2)} ON CONFLICT (seq) DO UPDATE SET payload = excluded.payload",
    f"INSERT INTO journal {NEW.format(seq=2)} ON CONFLICT DO NOTHING",
    "UPDATE baselines SET payload = x'00'",
    "UPDATE OR REPLACE baselines SET ordinal = 2",
    "DELETE FROM baselines",
    *(
        f"{verb} INTO baselines (ordinal, id, payload) VALUES ({ordinal}, {id}, x'00')"
        for verb in ("INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE")
        for ordinal, id in ((1, SAME), (2, SAME), (1, OTHER), (3, OTHER), ("NULL", OTHER))
    ),
    f"INSERT OR REPLACE INTO baselines (id, payload) VALUES ({SAME}, x'00')",
    f"INSERT OR REPLACE INTO baselines (rowid, id, payload) VALUES (1, {OTHER}, x'00')",
    f"INSERT INTO baselines VALUES (2, {SAME}, x'00') ON CONFLICT (id) DO UPDATE SET payload = excluded.payload",
]


def rows(raw: sqlite3.Connection) -> list[tuple[object, ...]]:
    return [*raw.execute("SELECT * FROM journal"), *raw.execute("SELECT * FROM baselines")]


@pytest.mark.parametrize("recursive_triggers", ["OFF", "ON"])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_stored_rows_cannot_be_changed(store: Store, raw: sqlite3.Connection, attack: str, recursive_triggers: str) -> None:
    for n in range(2):
        await store.append(Finished(f"step-{n}", "restored"), at_utc_ns=n, actor="daemon", run="r1")
    await store.put_baseline(BASELINE)
    before = rows(raw)
    raw.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
    with pytest.raises(sqlite3.IntegrityError, match=r"rows are never|is not the next one|is stored already"):
        raw.execute(attack)
    assert rows(raw) == before


async def test_the_next_row_is_what_the_database_does_accept(store: Store, raw: sqlite3.Connection) -> None:
    raw.execute(f"INSERT INTO journal {NEW.format(seq=1)}")
    raw.execute(f"INSERT INTO baselines VALUES (1, {OTHER}, x'00')")
    assert len(rows(raw)) == 2


@pytest.mark.parametrize(
    "row",
    [
        "1, 'soon', 'a', '', 'k', 1, x'00', zeroblob(32)",
        "1, 0, x'00', '', 'k', 1, x'00', zeroblob(32)",
        "1, 0, 'a', '', 'k', 1, 'text', zeroblob(32)",
        "1, 0, 'a', '', 'k', 1, x'00', x'00'",
        "1, 0, 'a', NULL, 'k', 1, x'00', zeroblob(32)",
    ],
)
async def test_the_database_refuses_a_row_of_the_wrong_shape(store: Store, raw: sqlite3.Connection, row: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"CHECK|NOT NULL"):
        raw.execute(f"INSERT INTO journal VALUES ({row})")
