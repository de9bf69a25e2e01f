"""The installed command against a played daemon: what each command sends, prints and exits with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.daemon.cli.installed import Done
from tests.daemon.cli.played import Asked, Played, reply

DIGEST = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
PLAN = {
    "name": "inbound-rollback",
    "digest": DIGEST,
    "baseline": "cd" * 32,
    "stages": [
        {
            "name": "dns",
            "steps": [
                {
                    "key": "inbound-rollback/dns/dns/sip",
                    "kind": "dns",
                    "target": "sip.example.net./A",
                    "spec": {},
                    "wanted": {"values": ["192.0.2.1"], "ttl": 300},
                }
            ],
            "wait": {"for_ns": 30_000_000_000, "reason": "anti-storm"},
        }
    ],
}
BASELINE = {
    "id": "cd" * 32,
    "captured_utc_ns": 1_796_508_000_000_000_000,
    "actor": "alice",
    "objects": {"dns:example.net.:sip.example.net.:A": {"values": ["192.0.2.1"], "ttl": 300}},
}

ORDERS: list[tuple[list[str], str, dict[str, Any]]] = [  # (typed, command sent, arguments sent)
    (["open"], "open", {}),
    (["open", "--reason", "22:00, all here"], "open", {"reason": "22:00, all here"}),
    (["arm", "--plan", DIGEST], "arm", {"plan": [DIGEST]}),
    (["arm", "--plan", DIGEST, "--plan", OTHER.upper()], "arm", {"plan": [DIGEST, OTHER]}),
    (["disarm"], "disarm", {}),
    (["commit", "--plan", DIGEST], "commit", {"plan": [DIGEST]}),
    (["commit", "--plan", "none"], "commit", {"plan": []}),
    (["trip", "--plan", DIGEST, "--reason", "one-way audio"], "trip", {"plan": DIGEST, "reason": "one-way audio"}),
    (
        ["trip", "--plan", DIGEST, "--reason", "now", "--override", "keep-one", "--override", "freeze"],
        "trip",
        {"plan": DIGEST, "reason": "now", "override": ["keep-one", "freeze"]},
    ),
    (["admit", "inbound", "25%"], "admit", {"gate": "inbound", "share": 2_500}),
    (["admit", "inbound", "0.5%", "--reason", "a look"], "admit", {"gate": "inbound", "share": 50, "reason": "a look"}),
    (["admit", "inbound", "schedule"], "admit", {"gate": "inbound", "share": None}),
    (["halt"], "halt", {}),
    (["halt", "--reason", "wrong record"], "halt", {"reason": "wrong record"}),
    (["resume"], "resume", {}),
    (["retry"], "retry", {}),
    (["abandon", "--reason", "restored by hand"], "abandon", {"reason": "restored by hand"}),
    (["reset"], "reset", {}),
    (["reset", "--reason", "second try"], "reset", {"reason": "second try"}),
    (
        ["hold", "inbound", "--answer", "DEGRADED", "--reason", "carrier works", "--for", "30m"],
        "hold",
        {"gate": "inbound", "answer": "DEGRADED", "reason": "carrier works", "for_ns": 1_800_000_000_000},
    ),
    (["release", "inbound"], "release", {"gate": "inbound"}),
    (["baseline", "capture"], "baseline-capture", {}),
    (["baseline", "show"], "baseline-show", {"id": None}),
    (["baseline", "show", "abcd"], "baseline-show", {"id": "abcd"}),
]

names = pytest.mark.parametrize(
    ("typed", "sent", "arguments"), ORDERS, ids=lambda value: "-".join(value) if isinstance(value, list) else ""
)
Run = Callable[..., Done]


@names
def test_an_order_is_sent_and_its_message_printed(
    daemon: Played, installed: Run, typed: list[str], sent: str, arguments: dict[str, Any]
) -> None:
    daemon.says[sent] = reply(0, "done as asked")

    done = installed(*typed, "-c", str(daemon.config))

    assert daemon.asked == [Asked("POST", f"/v1/{sent}", arguments)]
    assert (done.stdout, done.stderr, done.returncode) == ("done as asked\n", "", 0)


@names
def test_with_json_the_reply_is_printed_whole(
    daemon: Played, command: Run, typed: list[str], sent: str, arguments: dict[str, Any]
) -> None:
    daemon.says[sent] = reply(0, "done — as asked", run="r1")

    done = command("--json", "-c", str(daemon.config), *typed)

    assert json.loads(done.stdout) == {"ok": True, "exit": 0, "message": "done — as asked", "data": {"run": "r1"}}
    assert (done.stderr, done.returncode) == ("", 0)


@names
def test_a_refusal_is_told_on_stderr_and_is_exit_6(
    daemon: Played, command: Run, typed: list[str], sent: str, arguments: dict[str, Any]
) -> None:
    daemon.says[sent] = reply(6, "refused: outside the cutover window")

    done = command("-c", str(daemon.config), *typed)

    assert (done.stdout, done.stderr, done.returncode) == ("", "refused: outside the cutover window\n", 6)


def test_a_refusal_in_json_stands_on_stdout(daemon: Played, command: Run) -> None:
    daemon.says["open"] = reply(6, "refused: open already")

    done = command("open", "--json", "-c", str(daemon.config))

    assert (json.loads(done.stdout)["exit"], done.stderr, done.returncode) == (6, "", 6)


@pytest.mark.parametrize("typed", [["baseline", "show"], ["baseline", "capture"]])
def test_a_baseline_is_shown_with_its_objects_and_both_times(daemon: Played, installed: Run, typed: list[str]) -> None:
    daemon.says["-".join(typed)] = reply(0, "", **BASELINE)

    done = installed(*typed, "-c", str(daemon.config), TZ="CET-1CEST,M3.5.0,M10.5.0/3")

    assert done.stdout.splitlines() == [
        f"baseline {'cd' * 32}",
        "captured 2026-12-05 22:00:00.000Z (23:00:00 CET) by alice",
        "  dns:example.net.:sip.example.net.:A → 192.0.2.1, TTL 300",
    ]


def test_plan_shows_stages_steps_values_waits_and_the_whole_digest(daemon: Played, command: Run) -> None:
    daemon.says["plan"] = reply(0, "", plans=[PLAN])

    done = command("plan", "-c", str(daemon.config))

    assert done.stdout.splitlines() == [
        "plan inbound-rollback",
        f"digest {DIGEST}",
        f"values from baseline {'cd' * 32}",
        "  stage 1: dns",
        "    dns sip.example.net./A → 192.0.2.1, TTL 300",
        "    then wait 30 s (anti-storm)",
    ]
    assert done.returncode == 0


def test_one_plan_in_json_has_its_digest_at_the_top(daemon: Played, command: Run) -> None:
    daemon.says["plan"] = reply(0, "", plans=[PLAN])

    assert json.loads(command("plan", "--json", "-c", str(daemon.config)).stdout) == PLAN


def test_several_plans_in_json_are_a_list(daemon: Played, command: Run) -> None:
    both = [PLAN, {**PLAN, "name": "trunk-failover", "digest": OTHER}]
    daemon.says["plan"] = reply(0, "", plans=both)

    assert json.loads(command("plan", "--json", "-c", str(daemon.config)).stdout) == {"plans": both}


def test_a_plan_that_cannot_be_made_is_refused_with_the_reason(daemon: Played, command: Run) -> None:
    daemon.says["plan"] = reply(6, "refused: no baseline: run `cutoverd baseline capture`")

    plain, as_json = command("plan", "-c", str(daemon.config)), command("plan", "--json", "-c", str(daemon.config))

    assert (plain.stderr, plain.returncode) == ("refused: no baseline: run `cutoverd baseline capture`\n", 6)
    assert (json.loads(as_json.stdout)["exit"], as_json.returncode) == (6, 6)


@pytest.mark.parametrize("plans", [None, {}, [1], [{"name": "x"}], [{**PLAN, "stages": [{}]}], [{**PLAN, "stages": 1}]])
def test_plans_of_another_shape_are_one_line(daemon: Played, command: Run, plans: Any) -> None:
    daemon.says["plan"] = reply(0, "", plans=plans)

    done = command("plan", "-c", str(daemon.config))

    assert (done.stderr, done.returncode) == ("the daemon's plans cannot be read: it speaks another version\n", 7)


def test_what_a_terminal_would_obey_is_shown_and_not_sent_to_it(daemon: Played, command: Run) -> None:
    daemon.says["halt"] = reply(0, "halted by \x1b[2Jalice\nfor good \ud800")

    assert command("halt", "-c", str(daemon.config)).stdout == "halted by \\x1b[2Jalice\nfor good \\ud800\n"


@pytest.mark.parametrize(
    "typed",
    [
        ["arm"], ["commit"], ["trip", "--reason", "x"],
    ],
)  # fmt: skip
def test_without_a_terminal_a_digest_must_be_given(daemon: Played, command: Run, typed: list[str]) -> None:
    done = command(*typed, "-c", str(daemon.config))

    assert (done.returncode, daemon.asked) == (2, [])
    assert f"`{typed[0]}` needs --plan DIGEST here" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "typed",
    [
        ["arm", "--plan", DIGEST[:12]],
        ["arm", "--plan", "none"],
        ["trip", "--plan", "x" * 64, "--reason", "x"],
        ["trip", "--plan", DIGEST],
        ["abandon"],
        ["hold", "inbound", "--answer", "OK", "--reason", "x"],
        ["hold", "inbound", "--answer", "MAYBE", "--reason", "x", "--for", "30m"],
        ["hold", "inbound", "--answer", "OK", "--reason", "x", "--for", "30"],
        ["hold", "inbound", "--answer", "OK", "--reason", "x", "--for", "0s"],
        ["release"],
        ["admit", "inbound"],
        *[["admit", "inbound", share] for share in ("25", "101%", "-1%", "5.125%", "half", "")],
        ["baseline"],
        ["status", "--count", "0"],
        ["nonsense"],
        ["--nonsense"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_2_and_reaches_no_daemon(daemon: Played, command: Run, typed: list[str]) -> None:
    done = command(*typed, CUTOVERD_CONFIG=str(daemon.config))

    assert (done.returncode, done.stdout, daemon.asked) == (2, "", [])
    assert "Usage: cutoverd" in done.stderr
