"""The tables, as a list of scripts: `user_version` says how many of them a file has seen.

Rows are written once. The triggers make the database itself refuse anything else, whoever asks: UPDATE, DELETE, and
(because INSERT OR REPLACE deletes without firing a DELETE trigger unless recursive_triggers is on) any INSERT whose key
is not the next free one. Keys are never left to SQLite to choose, so that no hidden rowid can be replaced either.

What the owner of the file can still do: DROP TRIGGER or DROP TABLE, PRAGMA writable_schema, edit the file's bytes, put
an older copy in its place, or append an entry of their own. Against these stands the hash chain of the journal (and the
content addresses of the baselines): `reverters.journal.verify` finds them, a clean cut of the tail or an older copy only
against a head that was written down elsewhere.
"""

from __future__ import annotations

APPLICATION_ID = 0x43545644
"""The bytes `CTVD` at offset 68 of the file."""

_FIRST = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at_utc_ns INTEGER NOT NULL CHECK (typeof(at_utc_ns) = 'integer'),
    actor TEXT NOT NULL CHECK (typeof(actor) = 'text'),
    run TEXT NOT NULL CHECK (typeof(run) = 'text'),
    kind TEXT NOT NULL CHECK (typeof(kind) = 'text'),
    version INTEGER NOT NULL CHECK (typeof(version) = 'integer'),
    payload BLOB NOT NULL CHECK (typeof(payload) = 'blob'),
    hash BLOB NOT NULL CHECK (typeof(hash) = 'blob' AND length(hash) = 32)
);
CREATE INDEX journal_by_run ON journal (run, seq);

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal: rows are never changed'); END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal: rows are never deleted'); END;

CREATE TRIGGER journal_next_only BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'journal: seq is not the next one'); END;

CREATE TABLE baselines (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (typeof(id) = 'text' AND length(id) = 64),
    payload BLOB NOT NULL CHECK (typeof(payload) = 'blob')
);

CREATE TRIGGER baselines_no_update BEFORE UPDATE ON baselines
BEGIN SELECT RAISE(ABORT, 'baselines: rows are never changed'); END;

CREATE TRIGGER baselines_no_delete BEFORE DELETE ON baselines
BEGIN SELECT RAISE(ABORT, 'baselines: rows are never deleted'); END;

CREATE TRIGGER baselines_next_only BEFORE INSERT ON baselines
WHEN NEW.ordinal IS NOT (SELECT coalesce(max(ordinal), 0) + 1 FROM baselines)
BEGIN SELECT RAISE(ABORT, 'baselines: ordinal is not the next one'); END;

CREATE TRIGGER baselines_no_replace BEFORE INSERT ON baselines
WHEN EXISTS (SELECT 1 FROM baselines WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'baselines: this id is stored already'); END;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""Never edited once released: a change of the tables is one more script."""


def migration(script: str, version: int) -> str:
    """The script with its bookkeeping as one transaction: a file is at a version entirely or not at all."""
    return f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {version};\nCOMMIT;"
