"""`cutoverd journal` on real stores that the real writer made, without any daemon."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from daemon.cli import journal_text
from daemon.store import Draft, open_store
from reverters.entries import (
    KINDS,
    Body,
    Closed,
    Finished,
    Halted,
    Inspected,
    Intended,
    Interrupted,
    Judged,
    Operated,
    Planned,
    Responded,
    Verified,
    Waited,
)
from reverters.journal import JournalEntry, seal
from tests.daemon.cli.installed import Done
from tests.daemon.cli.played import Played

Run = Callable[..., Done]
AT = 1_796_508_000_123_000_000
STEP = "p/dns/dns/sip"
RECORD = {"values": ["192.0.2.1"], "ttl": 300}
NEW = {"values": ["198.51.100.9"], "ttl": 60}
GONE = {"values": [], "ttl": 0}
CET = timezone(timedelta(hours=1), "CET")

TOLD: list[tuple[Body, str]] = [
    (
        Planned("p", "ab" * 32, {}, ["inbound"], "automatic", "503, 503, 503: 3 consecutive ≥ 3", AT, AT),
        "p (abababababab…) decided, automatic, latching inbound: 503, 503, 503: 3 consecutive ≥ 3",
    ),
    (
        Planned("p", "ab" * 32, {}, [], "manual", "tripped by alice: x", AT, AT),
        "p (abababababab…) decided, manual, latching no gate: tripped by alice: x",
    ),
    (Inspected(STEP, False, NEW), f"{STEP}: differs from the baseline: 198.51.100.9, TTL 60"),
    (Inspected(STEP, True, RECORD, "as captured"), f"{STEP}: at baseline already: 192.0.2.1, TTL 300: as captured"),
    (Intended(STEP, 1, GONE, RECORD), f"{STEP}: attempt 1: no record, TTL 0 → 192.0.2.1, TTL 300"),
    (Intended(STEP, 2, {"b": 1, "a": "x"}, RECORD), f'{STEP}: attempt 2: {{"a": "x", "b": 1}} → 192.0.2.1, TTL 300'),
    (Responded(STEP, 1, "apply", "applied", "", "NOERROR"), f"{STEP}: apply attempt 1: applied: NOERROR"),
    (
        Responded(STEP, 1, "apply", "retryable", "timeout", "no answer", 1_500_000_000),
        f"{STEP}: apply attempt 1: retryable (timeout): no answer; again in 1.5 s",
    ),
    (Verified(STEP, True, RECORD), f"{STEP}: holds: 192.0.2.1, TTL 300"),
    (
        Verified(STEP, False, NEW, "old", 250_000_000),
        f"{STEP}: does not hold: 198.51.100.9, TTL 60: old; again in 250 ms",
    ),
    (Finished(STEP, "restored"), f"{STEP}: restored"),
    (Waited("dns", 30_000_000_000), "after stage dns: 30 s"),
    (Halted(STEP, "badkey", "BADKEY from 127.0.0.1:5300"), f"at {STEP}: badkey: BADKEY from 127.0.0.1:5300"),
    (Halted("", "digest", "the plan changed"), "at the run itself: digest: the plan changed"),
    (Interrupted("SIGTERM"), "SIGTERM; goes on at the next start"),
    (Closed("restored", 12_400_000_000), "restored; recovery time 12.4 s"),
    (Closed("abandoned", 0), "abandoned"),
    (Operated("open", {"reason": ""}), "open"),
    (Operated("arm", {"plan": ["ab", "cd"]}), "arm plan=ab,cd"),
    (Operated("trip", {"plan": "ab", "reason": "one-way audio"}), "trip plan=ab reason=one-way audio"),
    (
        Judged("inbound", "SUSPECT", "TRIPPED", "sample trunk-new#7", "3 consecutive ≥ 3", "DEGRADED", 18),
        "inbound: SUSPECT → TRIPPED, DEGRADED (generation 18), sample trunk-new#7: 3 consecutive ≥ 3",
    ),
]


def entry(body: Body, **envelope: str) -> JournalEntry:
    return seal(bytes(32), body, seq=7, at_utc_ns=AT, actor=envelope.get("actor", "judge"), run=envelope.get("run", ""))


@pytest.mark.parametrize(("body", "text"), TOLD, ids=lambda value: value[:40] if isinstance(value, str) else value.kind)
def test_an_entry_reads_as_what_happened(body: Body, text: str) -> None:
    assert journal_text.told(entry(body)) == text


def test_every_kind_has_its_words() -> None:
    assert {body.kind for body, _ in TOLD} == set(KINDS)


def test_a_hold_is_told_with_its_duration_and_its_end_in_both_times() -> None:
    held = Operated("hold", {"gate": "inbound", "answer": "OK", "for_ns": 1_800_000_000_000, "until_utc_ns": AT})

    told = journal_text.told(entry(held))

    assert told.startswith("hold answer=OK for 30 min 00 s gate=inbound until 2026-12-05 22:00:00.123Z (")


def test_a_line_has_its_place_both_times_actor_run_and_kind() -> None:
    line = journal_text.line(entry(Finished(STEP, "restored"), actor="alice", run="p@1"), zone=CET)

    assert line == f"    7  2026-12-05 22:00:00.123Z (23:00:00 CET)  alice  p@1  finished  {STEP}: restored"


def test_a_line_stays_one_line_that_no_terminal_obeys() -> None:
    line = journal_text.line(entry(Operated("halt", {"reason": "a\nb\x1b[2J"}), actor="al\x1bice"), zone=CET)

    assert line.endswith("al\\x1bice  -  operated  halt reason=a\\nb\\x1b[2J")


def test_an_entry_of_a_newer_program_is_still_listed() -> None:
    newer = JournalEntry(7, AT, "judge", "", "foreseen", 1, b"{}", bytes(32))

    assert journal_text.told(newer) == "unreadable: unknown kind 'foreseen'"


def write(path: Path, *bodies: Body, run: str = "") -> None:
    async def append() -> None:
        store = await open_store(path)
        try:
            await store.append_many([Draft(body, AT + index, "alice", run) for index, body in enumerate(bodies)])
        finally:
            await store.close()

    asyncio.run(append())


@pytest.fixture
def journaled(configured: Played) -> Played:
    database = configured.folder / "cutoverd.db"
    write(database, Operated("open", {}), Operated("halt", {"reason": "x"}))
    write(database, Finished(STEP, "restored"), Closed("restored", 12_400_000_000), run="p@1")
    return configured


@pytest.mark.parametrize("typed", [["journal"], ["journal", "show"]], ids=" ".join)
def test_the_journal_is_read_without_a_daemon(journaled: Played, installed: Run, typed: list[str]) -> None:
    done = installed(*typed, "-c", str(journaled.config), TZ="CET-1CEST,M3.5.0,M10.5.0/3")

    assert done.stdout.splitlines() == [
        "    1  2026-12-05 22:00:00.123Z (23:00:00 CET)  alice  -  operated  open",
        "    2  2026-12-05 22:00:00.123Z (23:00:00 CET)  alice  -  operated  halt reason=x",
        f"    3  2026-12-05 22:00:00.123Z (23:00:00 CET)  alice  p@1  finished  {STEP}: restored",
        "    4  2026-12-05 22:00:00.123Z (23:00:00 CET)  alice  p@1  closed  restored; recovery time 12.4 s",
    ]
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("typed", [["journal"], ["journal", "show"]], ids=" ".join)
def test_a_part_of_the_journal_is_one_run_or_the_end(journaled: Played, command: Run, typed: list[str]) -> None:
    of_run = command(*typed, "--run", "p@1", "-c", str(journaled.config))
    end = command(*typed, "--last", "1", "-c", str(journaled.config))

    assert [line.split()[0] for line in of_run.stdout.splitlines()] == ["3", "4"]
    assert [line.split()[0] for line in end.stdout.splitlines()] == ["4"]


def test_a_run_that_the_journal_does_not_know_is_no_empty_answer(journaled: Played, command: Run) -> None:
    done = command("journal", "--run", "p@2", "-c", str(journaled.config))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "the journal knows no run 'p@2'\n")


def test_with_json_each_entry_is_a_line(journaled: Played, command: Run) -> None:
    done = command("journal", "--json", "-c", str(journaled.config))

    first, *others = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(first.pop("hash")) == 64
    assert first == {
        "seq": 1,
        "at_utc_ns": AT,
        "actor": "alice",
        "run": "",
        "kind": "operated",
        "version": 1,
        "body": {"command": "open", "arguments": {}},
    }
    assert [each["seq"] for each in others] == [2, 3, 4]


def test_a_chain_that_holds_is_exit_0_with_count_and_head(journaled: Played, installed: Run) -> None:
    plain = installed("journal", "verify", "-c", str(journaled.config))
    as_json = json.loads(installed("--json", "journal", "verify", "-c", str(journaled.config)).stdout)

    assert plain.returncode == 0
    assert plain.stdout == f"the chain holds: 4 entries, head {as_json['data']['head']}\n"
    assert (as_json["exit"], as_json["data"]["entries"], as_json["data"]["flaw"]) == (0, 4, None)


def test_a_chain_that_does_not_hold_is_refused_and_the_flaw_named(journaled: Played, command: Run) -> None:
    database = sqlite3.connect(journaled.folder / "cutoverd.db")
    try:
        database.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET actor = 'mallory' WHERE seq = 2")
    finally:
        database.close()

    plain = command("journal", "verify", "-c", str(journaled.config))
    as_json = json.loads(command("journal", "verify", "--json", "-c", str(journaled.config)).stdout)

    assert (plain.returncode, plain.stdout) == (6, "")
    assert plain.stderr == "the chain does not hold: edited at 2: entry 2 does not match its hash; it holds up to entry 1\n"
    assert as_json["data"]["flaw"] == {"seq": 2, "how": "edited", "detail": "entry 2 does not match its hash"}


def test_an_unreadable_entry_has_no_body_in_json(journaled: Played, command: Run) -> None:
    database = sqlite3.connect(journaled.folder / "cutoverd.db")
    try:
        database.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET payload = x'00' WHERE seq = 1")
    finally:
        database.close()

    first = command("journal", "--json", "-c", str(journaled.config)).stdout.splitlines()[0]

    assert json.loads(first)["body"] is None


@pytest.mark.parametrize("typed", [["journal"], ["journal", "verify"]], ids=" ".join)
def test_without_a_store_it_is_one_line_and_exit_2(configured: Played, installed: Run, typed: list[str]) -> None:
    plain, as_json = installed(*typed, "-c", str(configured.config)), installed(*typed, "--json", "-c", str(configured.config))

    assert plain.stderr == f"the journal cannot be read: {configured.folder}/cutoverd.db does not exist\n"
    assert (plain.returncode, as_json.returncode, json.loads(as_json.stdout)["exit"]) == (2, 2, 2)


def test_a_store_of_another_kind_is_one_line(configured: Played, command: Run) -> None:
    (configured.folder / "cutoverd.db").write_text("not a database, and long enough to look at" * 100)

    done = command("journal", "-c", str(configured.config))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_file_with_errors_is_told_as_check_tells_it(configured: Played, command: Run) -> None:
    configured.config.write_text("name: acme-emea\n")

    done, checked = command("journal", "-c", str(configured.config)), command("check", str(configured.config))

    assert (done.stderr, done.returncode) == (checked.stdout, 2)
