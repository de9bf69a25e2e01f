"""`cutoverd replay` on recordings that the recorder made, without any daemon."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from config.load import load
from daemon import oversight
from daemon.cli.replay_text import lines
from daemon.compose import compose
from daemon.recording.reel import Reel, Tally
from daemon.recording.turn import Lost, Seen, Turn
from daemon.replay.replay import transitions
from daemon.store import open_store
from daemon.store.samples import beside, open_samples
from probes import clock
from probes.sample import NS_PER_S, Moment, ProbeResult, Sample
from reverters.entries import Closed
from tests.daemon.cli.installed import Done
from tests.daemon.cli.played import Played
from tests.gates.bench import NEW, OLD, PASS, failed

Run = Callable[..., Done]
START = Moment(1_796_508_000 * NS_PER_S, 5_000 * NS_PER_S)
SHOWN = "2026-12-05T22:00:00Z"


def _at(seconds: float) -> Moment:
    return Moment(START.utc_ns + round(seconds * NS_PER_S), START.mono_ns + round(seconds * NS_PER_S))


def _night(*results: ProbeResult) -> list[Turn]:
    """The new path's results, a second apart; the baseline path passes beside each."""
    turns = []
    for n, result in enumerate(results):
        heard = (Sample(NEW, "local", n, _at(n), _at(n), result), Sample(OLD, "local", n, _at(n + 0.1), _at(n + 0.1), PASS))
        turns.append(Turn(_at(n + 0.1), heard, 2))
    return turns


BROKEN = _night(PASS, PASS, *[failed()] * 5, *[PASS] * 9)


def _with_live(played: Played, turns: list[Turn]) -> list[Turn]:
    """As the daemon records it under this configuration: each transition beside what brought it about."""
    settings = load(played.config).settings
    live = transitions(turns, compose.gates(settings), oversight.of(settings))
    return [replace(turn, events=(*turn.events, *(Seen(each) for each in live if each.at == turn.now))) for turn in turns]


def _record(played: Played, turns: list[Turn]) -> None:
    path = beside(load(played.config).settings.store.path)
    reel = Reel(lambda: open_samples(path), keep_ns=2**62, at_most=2**62, tally=Tally())
    for turn in turns:
        reel.add(turn)
    reel.finish()


@pytest.fixture
def recorded(configured: Played) -> Played:
    _record(configured, _with_live(configured, BROKEN))
    return configured


@pytest.fixture
def replayed(recorded: Played, command: Run) -> Callable[..., Done]:
    return lambda *arguments: command("replay", "-c", str(recorded.config), *arguments, TZ="UTC")


def _gate(done: Done) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["data"]["gates"]["inbound"]
    assert isinstance(found, dict)
    return found


def test_a_trip_is_told_with_when_and_how_soon_and_how_it_ended(replayed: Run) -> None:
    done = replayed("--no-table")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "2026-12-05 22:00:00.100Z (22:00:00 UTC) to 2026-12-05 22:00:15.100Z (22:00:15 UTC): 32 samples in 16 turns",
        "every transition is as it was live: 4 transitions",
        "",
        "gate inbound: 1 trip, 1 of them recovered by itself within 5 min 00 s, 4 transitions",
        done.stdout.splitlines()[4],
        "    first failure 2026-12-05 22:00:02.000Z (22:00:02 UTC): DEGRADED after 2.1 s, TRIPPED after 2.1 s",
        "    recovered by itself 2026-12-05 22:00:11.100Z (22:00:11 UTC): false, unless it was an outage that passed",
    ]
    assert done.stdout.splitlines()[4].startswith("  TRIPPED 2026-12-05 22:00:04.100Z (22:00:04 UTC): ")
    assert "503, 503, 503: 3 consecutive ≥ 3" in done.stdout


def test_a_table_says_what_other_values_would_have_done(replayed: Run) -> None:
    table = replayed().stdout.splitlines()[7:]
    assert table[0] == "  gates.inbound.trip.consecutive"
    assert table[1].split() == ["value", "trips", "false", "detected", "after", "(median)", "longest"]
    assert [row.split()[:3] for row in table[2:]] == [
        [str(n), "1" if n <= 5 else "0", "1" if n <= 5 else "0"] for n in range(1, 11)
    ]
    assert table[4].endswith("2.1 s        2.1 s  ← now")
    assert table[8].split() == ["7", "0", "0", "–", "–"]


def test_another_threshold_gives_what_would_have_been(replayed: Run) -> None:
    done = replayed("--set", "gates.inbound.trip.consecutive=5", "--no-table")
    assert "judged by other values than then: runs that gates started are left out" in done.stdout
    assert "TRIPPED after 4.1 s" in done.stdout
    assert _gate(replayed("--set", "gates.inbound.trip.consecutive=6", "--json"))["trips"] == []


def test_json_is_one_document_with_the_same(replayed: Run) -> None:
    done = replayed("--json")
    found = json.loads(done.stdout)
    assert (found["ok"], found["exit"], done.stderr) == (True, 0, "")
    data = found["data"]
    assert data["live"] == {"transitions": 4, "same": True}
    assert (data["samples"], data["turns"], data["gaps"], data["as_it_was"]) == (32, 16, [], True)
    (trip,) = data["gates"]["inbound"]["trips"]
    assert {"end": "recovered", "false": True, "degraded_after_s": 2.1, "run_due_after_s": None}.items() <= trip.items()
    assert [row["value"] for row in data["gates"]["inbound"]["sensitivity"] if row["present"]] == ["3"]


def test_a_span_of_time_leaves_out_what_is_not_in_it(replayed: Run) -> None:
    assert _gate(replayed("--json", "--to", "2026-12-05T22:00:03Z"))["trips"] == []
    late = json.loads(replayed("--json", "--from", "2026-12-05T22:00:06Z").stdout)["data"]
    assert late["gates"]["inbound"]["trips"] == []
    assert late["live"] == {"transitions": 1, "same": True}, "warmed up by what came before"
    cold = json.loads(replayed("--json", "--from", "2026-12-05T22:00:06Z", "--warm-up", "1ms").stdout)["data"]
    assert not cold["live"]["same"]


def test_how_long_ago_is_a_time_too(replayed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "read", lambda: _at(3_600))
    assert _gate(replayed("--json", "--from", "-1h"))["transitions"] == 4
    done = replayed("--from", "-30m", "--warm-up", "1ms")
    assert done.stderr.startswith("nothing is recorded of that time: ")


RECORDED = "2026-12-05 22:00:00.100Z (22:00:00 UTC) to 2026-12-05 22:00:15.100Z (22:00:15 UTC)"


@pytest.mark.parametrize("more", [[], ["--warm-up", "1ms"], ["--export", "nothing.jsonl"]])
def test_a_time_of_which_nothing_is_recorded_is_refused_with_the_times_that_are(
    replayed: Run, tmp_path: Path, more: list[str]
) -> None:
    more = [str(tmp_path / each) if each.endswith(".jsonl") else each for each in more]
    done = replayed("--from", "2026-12-05T22:01:00Z", *more)
    said = f"nothing is recorded of that time: the recording goes from {RECORDED}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not list(tmp_path.glob("*.jsonl")), "an export of nothing leaves no file"


def test_an_export_without_anything_of_that_time_is_named(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    replayed("--export", str(export))
    done = replayed("--recording", str(export), "--from", "2026-12-05T22:01:00Z")
    assert (done.returncode, done.stderr) == (2, f"{export} holds nothing of that time\n")


def test_the_warm_up_is_neither_counted_nor_told(replayed: Run) -> None:
    told = replayed("--from", "2026-12-05T22:00:06Z", "--no-table").stdout.splitlines()
    assert told[0] == (
        "2026-12-05 22:00:06.100Z (22:00:06 UTC) to 2026-12-05 22:00:15.100Z (22:00:15 UTC): 20 samples in 10 turns"
    )


def test_a_time_that_ends_before_it_begins_is_refused(replayed: Run) -> None:
    done = replayed("--from", "2026-12-05T22:00:06Z", "--to", "2026-12-05T22:00:03Z")
    said = (
        "--to is 2026-12-05 22:00:03.000Z (22:00:03 UTC), and --from is not before it: 2026-12-05 22:00:06.000Z (22:00:06 UTC)\n"
    )
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("when", ["yesterday", "2026-12-05T22:00:00", "-2", "-", "2h"])
def test_what_is_no_time_is_refused(replayed: Run, when: str) -> None:
    done = replayed("--from", when)
    assert done.returncode == 2
    assert f"Invalid value for '--from': {when!r}" in done.stderr
    assert done.stderr.count(repr(when)) == 1, "named once"


def test_what_is_shorter_counts_as_false_is_said_by_the_operator(replayed: Run) -> None:
    assert _gate(replayed("--json", "--false-within", "2s"))["false_trips"] == 0


def test_a_key_that_is_unknown_is_said_as_check_says_it(replayed: Run) -> None:
    done = replayed("--set", "gates.inbound.trip.consecutiv=2")
    assert done.returncode == 2
    assert "gates.inbound.trip: unknown key 'consecutiv'; did you mean 'consecutive'?" in done.stderr


def test_a_gate_that_is_not_there_is_named(replayed: Run) -> None:
    done = replayed("--gate", "outbound")
    assert (done.returncode, done.stderr) == (2, "no gate is named 'outbound'; did you mean 'inbound'?\ngates: inbound\n")


def test_a_run_and_a_span_exclude_each_other(replayed: Run) -> None:
    done = replayed("--run", "rollback@1", "--from", SHOWN)
    assert (done.returncode, done.stderr) == (2, "--run says from when to when: leave out --from and --to\n")


def _journal(played: Played, *at: float) -> None:
    """A run with an entry at each of these seconds."""

    async def write() -> None:
        store = await open_store(load(played.config).settings.store.path)
        for seconds in at:
            await store.append(Closed("restored", 1), at_utc_ns=_at(seconds).utc_ns, actor="runner", run="rollback@1")
        await store.close()

    asyncio.run(write())


def test_a_run_is_replayed_with_the_ten_minutes_before_and_the_five_after(recorded: Played, replayed: Run) -> None:
    _journal(recorded, 604, 605)
    around = json.loads(replayed("--json", "--run", "rollback@1").stdout)["data"]
    assert around["gates"]["inbound"]["trips"][0]["tripped_utc_ns"] == _at(4.1).utc_ns
    assert around["live"]["transitions"] == 2, "what was before that only warms up"
    assert replayed("--run", "rollback@2").stderr == "the journal knows no run 'rollback@2'\n"


def test_without_a_recording_the_file_that_is_missing_is_named(configured: Played, command: Run) -> None:
    done = command("replay", "-c", str(configured.config))
    store = load(configured.config).settings.store.path
    assert done.returncode == 2
    assert done.stderr == f"the recording cannot be read: {store}.samples does not exist: nothing was recorded\n"


def test_a_damaged_recording_is_one_line(recorded: Played, replayed: Run) -> None:
    with closing(sqlite3.connect(beside(load(recorded.config).settings.store.path))) as database:
        database.execute("UPDATE blocks SET payload = ?", (b"nothing of ours",))
        database.commit()
    done = replayed()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("the recording cannot be read: a block of the recording is damaged")


def test_gaps_are_told(configured: Played, command: Run) -> None:
    _record(configured, [*BROKEN[:2], replace(BROKEN[2], events=(Lost(40), *BROKEN[2].events), ticked=3)])
    done = command("replay", "-c", str(configured.config), "--no-table", TZ="UTC")
    assert "gap: 40 samples before 2026-12-05 22:00:02.100Z (22:00:02 UTC) were not recorded" in done.stdout


def test_another_configuration_than_then_is_noticed(recorded: Played, replayed: Run) -> None:
    text = recorded.config.read_text()
    recorded.config.write_text(text.replace("consecutive: 3", "consecutive: 4"))
    told = replayed("--no-table").stdout.splitlines()
    assert told[1].startswith("not as it was live: judged then by another configuration")
    assert "SUSPECT → TRIPPED" in told[2]
    assert told[3].split()[0] == "replayed"


def test_an_export_is_replayed_as_what_it_was_made_of(recorded: Played, replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    done = replayed("--export", str(export))
    assert (done.stdout, done.returncode) == (f"{export}: 16 turns\n", 0)
    before = replayed("--json").stdout
    beside(load(recorded.config).settings.store.path).unlink()
    assert replayed("--json", "--recording", str(export)).stdout == before


def test_an_export_overwrites_nothing(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    export.write_text("mine")
    done = replayed("--export", str(export))
    assert (done.returncode, done.stderr) == (2, f"{export} exists, and an export overwrites nothing\n")
    assert export.read_text() == "mine"


def test_an_export_is_its_owners_alone_whatever_the_umask(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    assert replayed("--export", str(export)).returncode == 0
    assert export.stat().st_mode & 0o777 == 0o600


def test_an_export_follows_no_link(replayed: Run, tmp_path: Path) -> None:
    export, elsewhere = tmp_path / "incident.jsonl", tmp_path / "elsewhere"
    export.symlink_to(elsewhere)
    assert replayed("--export", str(export)).returncode == 2
    assert not elsewhere.exists()


def test_an_export_that_breaks_off_leaves_no_half_of_it(recorded: Played, replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    path = beside(load(recorded.config).settings.store.path)
    with closing(sqlite3.connect(path)) as database, database:
        until, payload = database.execute("SELECT until, payload FROM blocks ORDER BY until DESC LIMIT 1").fetchone()
        assert until == 16
        broken = "INSERT INTO blocks SELECT until, until + 1, last_utc_ns, last_utc_ns, 1, ? FROM blocks"
        database.execute(broken, (payload[:40],))
    done = replayed("--export", str(export))
    assert (done.returncode, done.stderr.startswith("the recording cannot be read")) == (2, True)
    assert not export.exists()


def test_an_export_that_cannot_be_written_says_so(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "nowhere" / "incident.jsonl"
    done = replayed("--export", str(export))
    assert (done.returncode, done.stderr) == (2, f"{export} cannot be written: No such file or directory\n")


def test_an_export_that_is_not_there_is_named(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    done = replayed("--recording", str(export))
    assert (done.returncode, done.stderr) == (2, f"the recording cannot be read: {export}: No such file or directory\n")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "this is no recording"),
        ("name: acme\n", "this is no recording: `cutoverd replay --export FILE` writes one"),
        ("{}\n", "this is no recording of a format that this cutoverd knows"),
        ('{"cutoverd-recording": 2}\n', "this is no recording of a format that this cutoverd knows"),
        ('{"cutoverd-recording": 1}\nx\n', "line 2 is not of a recording: it is no JSON; was the file cut short or edited?"),
        ('{"cutoverd-recording": 1}\n{"turn": [1]}\n', "line 2 is not of a recording"),
        ('{"cutoverd-recording": 1}\n{"turn": [1, 2], "samples": [[0, 0, 0, 0, 0, 0, 0, 0]]}\n', "line 2 is not of a recording"),
        ('{"cutoverd-recording": 1}\n{"turn": [1, 2], "marks": [[0, {"x": 1}]]}\n', "a mark that this cutoverd does not know"),
    ],
)
def test_a_file_that_is_no_export_is_one_line(replayed: Run, tmp_path: Path, written: str, said: str) -> None:
    export = tmp_path / "incident.jsonl"
    export.write_text(written)
    done = replayed("--recording", str(export))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


def test_bytes_are_no_export(replayed: Run, tmp_path: Path) -> None:
    export = tmp_path / "incident.jsonl"
    export.write_bytes(b"\xff\xfe")
    assert "this is no text" in replayed("--recording", str(export)).stderr


def test_local_time_is_shown_beside_utc(replayed: Run) -> None:
    document = json.loads(replayed("--json", "--no-table").stdout)["data"]
    shown = "\n".join(lines(document, zone=timezone(timedelta(hours=1), "CET")))
    assert "2026-12-05 22:00:02.000Z (23:00:02 CET)" in shown
