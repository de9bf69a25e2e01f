"""`cutoverd status` as it is read: text, one line, JSON, watched; and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from daemon.cli import status_text
from tests.daemon.cli.installed import CUTOVERD, Done, environment
from tests.daemon.cli.played import Asked, Played, reply

Run = Callable[..., Done]
DIGEST = "ab" * 32
GATE: dict[str, Any] = {
    "gate": "inbound",
    "state": "SUSPECT",
    "answer": "OK",
    "reason": "",
    "age_ms": 412,
    "valid_for_ms": 16588,
    "latched": False,
    "shadow": False,
    "admitted": 10_000,
    "ran": [],
    "hold": None,
    "tripped": None,
    "distance": "503: 2/3",
    "inputs": [
        {"probe": "trunk-new", "path": "new", "age_ms": 412, "fresh": True, "counted": 2, "failing": 2, "passes": 0,
         "streak": ["503", "503"]},
        {"probe": "trunk-old", "path": "baseline", "age_ms": 90_000, "fresh": False, "counted": 0, "failing": 0, "passes": 12,
         "streak": []},
        {"probe": "trunk-mute", "path": "new", "age_ms": -1, "fresh": False, "counted": 0, "failing": 0, "passes": 0,
         "streak": []},
    ],
}  # fmt: skip
OPEN: dict[str, Any] = {
    "verdict": "OK",
    "name": "acme-emea",
    "phase": "open",
    "armed": [DIGEST],
    "halted": False,
    "run": None,
    "window": {"opens": "2026-12-05T22:00:00.000Z", "closes": "2026-12-06T06:00:00.000Z", "inside": True},
    "generation": 17,
    "impaired": "",
    "gates": [GATE],
    "plans": [{"name": "inbound-rollback", "digest": DIGEST}],
    "baseline": "cd" * 32,
    "problem": "",
    "configuration": {},
    "control_failing": [],
    "interlocked": [],
    "at": "2026-12-05T23:00:00.000Z",
}
OVERSEEN: dict[str, Any] = {
    **OPEN,
    "control_failing": ["far", "near"],
    "interlocked": [{"gate": "inbound", "plan": "rollback", "interlock": "blocked", "says": "until noon: work"}],
    "gates": [{**GATE, "shadow": True, "admitted": 550}],
}
HALTED: dict[str, Any] = {
    **OPEN,
    "verdict": "HALTED",
    "armed": [],
    "halted": True,
    "impaired": "journal",
    "problem": "no baseline",
    "baseline": "",
    "window": {**OPEN["window"], "inside": False},
    "run": {
        "id": "r@1",
        "plan": "inbound-rollback",
        "digest": DIGEST,
        "stopped": True,
        "halted_at": "a/dns/b/sip",
        "detail": "BADKEY",
    },
    "gates": [
        {
            **GATE,
            "state": "TRIPPED",
            "answer": "DEGRADED",
            "reason": "latched",
            "valid_for_ms": 0,
            "latched": True,
            "tripped": "2026-12-05T22:59:59.000Z",
            "hold": {"answer": "OK", "reason": "drill\x1b[31m", "until": "2026-12-06T00:30:00.000Z"},
            "inputs": [],
        }
    ],
}


def test_the_whole_state_verdict_first_with_both_times(daemon: Played, installed: Run) -> None:
    daemon.says["status"] = reply(0, "", **OPEN)

    done = installed("status", "-c", str(daemon.config), TZ="CET-1CEST,M3.5.0,M10.5.0/3")

    assert daemon.asked == [Asked("GET", "/v1/status", None)]
    assert done.stdout.splitlines() == [
        "OK acme-emea: open, armed; inbound OK (SUSPECT, 503: 2/3)",
        "  window      2026-12-05 22:00:00Z (23:00:00 CET) to 2026-12-06 06:00:00Z (07:00:00 CET)",
        f"  baseline    {'cd' * 32}",
        "  generation  17",
        "",
        "gate inbound: OK, SUSPECT, 503: 2/3, OK for 16.6 s more",
        "  trunk-new (new path): 2 failing: 503, 503, sent 0.4 s ago",
        "  trunk-old (baseline path): 12 PASS, sent 90.0 s ago, stale",
        "  trunk-mute (new path): no result yet",
        "",
        f"plan inbound-rollback: {DIGEST}, armed",
        "",
        "at 2026-12-05 23:00:00Z (2026-12-06 00:00:00 CET)",
    ]


def test_trouble_is_told_where_it_is(daemon: Played, command: Run) -> None:
    daemon.says["status"] = reply(5, "", **HALTED)

    lines = command("status", "-c", str(daemon.config)).stdout.splitlines()

    assert lines[0].startswith("HALTED acme-emea: open, not armed, halted, run of inbound-rollback stopped; inbound DEGRADED")
    assert lines[1].endswith(": outside")
    assert lines[2:7] == [
        "  baseline    none",
        "  generation  17",
        "  run         r@1: stopped at a/dns/b/sip: BADKEY",
        "  impaired    journal: every answer is DEGRADED",
        "  problem     no baseline",
    ]
    assert lines[8:12] == [
        "gate inbound: DEGRADED (latched), TRIPPED, 503: 2/3",
        "  tripped     2026-12-05 22:59:59Z (22:59:59 UTC)",
        "  latched     until `reset`",
        "  held        OK until 2026-12-06 00:30:00Z (00:30:00 UTC): drill\\x1b[31m",
    ]


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5])
def test_the_exit_code_tells_the_state_and_the_text_stays_on_stdout(daemon: Played, installed: Run, code: int) -> None:
    daemon.says["status"] = reply(code, "", **OPEN)

    plain = installed("status", "-c", str(daemon.config))
    as_json = installed("status", "--json", "-c", str(daemon.config))

    assert (plain.returncode, plain.stderr) == (code, "")
    assert plain.stdout.startswith("OK acme-emea")
    assert (as_json.returncode, as_json.stderr) == (code, "")
    assert json.loads(as_json.stdout) == {"ok": code == 0, "exit": code, "message": "", "data": OPEN}


def test_one_line_is_one_line(daemon: Played, command: Run) -> None:
    daemon.says["status"] = reply(5, "", **HALTED)

    text = command("status", "--one-line", "-c", str(daemon.config))
    as_json = command("status", "--one-line", "--json", "-c", str(daemon.config))

    assert text.stdout == (
        "HALTED acme-emea: open, not armed, halted, run of inbound-rollback stopped; inbound DEGRADED (TRIPPED, 503: 2/3)\n"
    )
    assert as_json.stdout.count("\n") == 1
    assert json.loads(as_json.stdout)["data"] == HALTED


def test_a_watch_looks_again_and_ends_with_the_last_exit_code(daemon: Played, command: Run) -> None:
    daemon.says["status"] = reply(4, "", **OPEN)

    done = command("status", "--watch", "--every", "1ms", "--count", "3", "-c", str(daemon.config))

    assert len(daemon.asked) == 3
    assert done.stdout.count("OK acme-emea") == 3
    assert "\x1b" not in done.stdout
    assert done.returncode == 4


def test_a_watch_in_json_is_a_line_for_each_look(daemon: Played, command: Run) -> None:
    daemon.says["status"] = reply(0, "", **OPEN)

    done = command("status", "--watch", "--every", "1ms", "--count", "2", "--json", "-c", str(daemon.config))

    assert [json.loads(line)["exit"] for line in done.stdout.splitlines()] == [0, 0]


def test_a_watch_goes_on_without_a_daemon(configured: Played, command: Run) -> None:
    done = command("status", "--watch", "--every", "1ms", "--count", "2", "-c", str(configured.config))

    assert (done.stderr.count("no daemon"), done.returncode) == (2, 7)


def test_a_watch_redraws_a_terminal(daemon: Played) -> None:
    daemon.says["status"] = reply(0, "", **OPEN)
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [CUTOVERD, "status", "--watch", "--every", "1ms", "--count", "2", "-c", daemon.config],
            stdout=theirs,
            env=environment(),
        ) as running:
            os.close(theirs)
            seen = _all_of(ours)
    finally:
        os.close(ours)

    assert running.returncode == 0
    assert seen.count("\x1b[H\x1b[2J" + "OK acme-emea") == 2


@pytest.mark.parametrize(
    "data",
    [
        {},
        {**OPEN, "gates": [{}]},
        {**OPEN, "gates": 7},
        {**OPEN, "window": None},
        {**OPEN, "at": "yesterday"},
        {**OPEN, "run": [1]},
        {**OPEN, "gates": [{**GATE, "inputs": [{**GATE["inputs"][0], "age_ms": "x"}]}]},
    ],
    ids=repr,
)
def test_a_status_of_another_shape_is_one_line(daemon: Played, command: Run, data: dict[str, Any]) -> None:
    daemon.says["status"] = reply(0, "", **data)

    done = command("status", "-c", str(daemon.config))

    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == "the daemon's status cannot be read: it speaks another version\n"


def test_a_run_in_progress_is_told() -> None:
    run = {**HALTED["run"], "stopped": False}

    assert "run of inbound-rollback in progress" in status_text.one_line({**OPEN, "run": run})
    assert "  run         r@1: in progress" in status_text.lines({**OPEN, "run": run}).splitlines()


def _all_of(terminal: int) -> str:
    seen = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # EIO: the other side of a pty has closed
            return seen.decode()
        if not more:
            return seen.decode()
        seen += more


def test_each_of_several_targets_is_a_line_of_its_own() -> None:
    heard = {"age_ms": 412, "fresh": True, "counted": 2, "failing": 2, "passes": 0, "streak": ["503", "503"]}
    targets = [{"target": "192.0.2.7:5060/udp", **heard}, {"target": "192.0.2.8:5060/udp", **heard, "age_ms": -1}]
    inputs = [{**GATE["inputs"][1], "targets": targets}]
    lines = status_text.lines({**OPEN, "gates": [{**GATE, "inputs": inputs}]}).splitlines()
    at = lines.index("  trunk-old (baseline path): 12 PASS, sent 90.0 s ago, stale")
    assert lines[at + 1 : at + 3] == [
        "    192.0.2.7:5060/udp: 2 failing: 503, 503, sent 0.4 s ago",
        "    192.0.2.8:5060/udp: no result yet",
    ]


def test_what_watches_over_the_gates_is_told(daemon: Played, command: Run) -> None:
    daemon.says["status"] = reply(0, "", **OVERSEEN)

    told = command("status", "-c", str(daemon.config)).stdout.splitlines()

    assert "  control     far, near fail: failures are not held against trunks" in told
    assert "  interlock   blocked: run of rollback: until noon: work" in told
    assert "  shadow      judges, and touches nothing" in told
    assert [line for line in told if line.startswith("gate ")] == ["gate inbound: shadow, SUSPECT, 503: 2/3, OK for 16.6 s more"]
    assert "inbound shadow (SUSPECT, 503: 2/3)" in told[0]
    assert "  admitted    5.5% of the callers" in told
