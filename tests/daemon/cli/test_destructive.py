"""`arm`, `commit` and `trip` on a terminal: the plans are shown and a part of the digest is typed, or nothing is sent."""

from __future__ import annotations

import os
import pty
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.daemon.cli.installed import CUTOVERD, environment
from tests.daemon.cli.played import Asked, Played, reply
from tests.daemon.cli.test_commands import DIGEST, OTHER, PLAN

FAILOVER = {**PLAN, "name": "trunk-failover", "digest": OTHER}


@dataclass(frozen=True)
class Typed:
    out: str
    err: str
    code: int


def at_terminal(daemon: Played, keys: str, *arguments: str) -> Typed:
    """The command with a terminal as stdin, on which `keys` were typed ahead."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, keys.encode())
        done = subprocess.run(
            [CUTOVERD, *arguments, "-c", daemon.config],
            stdin=theirs, capture_output=True, text=True, env=environment(), timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)
    return Typed(done.stdout, done.stderr, done.returncode)


def sent(daemon: Played) -> list[Asked]:
    return [asked for asked in daemon.asked if asked.path != "/v1/plan"]


def plans(daemon: Played, *found: dict[str, Any]) -> None:
    daemon.says["plan"] = reply(0, "", plans=list(found))


@pytest.mark.parametrize("command", ["arm", "commit"])
def test_the_beginning_of_the_digest_sends_all_of_it(daemon: Played, command: str) -> None:
    plans(daemon, PLAN)
    daemon.says[command] = reply(0, "done")

    done = at_terminal(daemon, f"{DIGEST[:8]}\n", command)

    assert sent(daemon) == [Asked("POST", f"/v1/{command}", {"plan": [DIGEST]})]
    assert (done.out, done.code) == ("done\n", 0)
    assert f"digest {DIGEST}" in done.err


@pytest.mark.parametrize("keys", ["y\n", "yes\n", f"{DIGEST[:7]}\n", f"{OTHER[:8]}\n", f"{DIGEST}0\n"])
@pytest.mark.parametrize("command", [["arm"], ["commit"], ["trip", "--reason", "x"]], ids=" ".join)
def test_anything_else_sends_nothing(daemon: Played, command: list[str], keys: str) -> None:
    plans(daemon, PLAN)

    done = at_terminal(daemon, keys, *command)

    assert (sent(daemon), done.code) == ([], 6)
    assert "refused: what was typed is not the digest" in done.err


def test_each_of_several_plans_is_typed(daemon: Played) -> None:
    plans(daemon, PLAN, FAILOVER)
    daemon.says["arm"] = reply(0, "armed")

    assert at_terminal(daemon, f"{DIGEST[:8].upper()}\n{OTHER}\n", "arm").code == 0
    assert sent(daemon) == [Asked("POST", "/v1/arm", {"plan": [DIGEST, OTHER]})]


def test_one_of_several_mistyped_sends_nothing(daemon: Played) -> None:
    plans(daemon, PLAN, FAILOVER)

    assert at_terminal(daemon, f"{DIGEST[:8]}\n{DIGEST[:8]}\n", "arm").code == 6
    assert sent(daemon) == []


def test_a_trip_runs_the_plan_whose_digest_was_typed(daemon: Played) -> None:
    plans(daemon, PLAN, FAILOVER)
    daemon.says["trip"] = reply(0, "run r1 started")

    done = at_terminal(daemon, f"{OTHER[:10]}\n", "trip", "--reason", "one-way audio")

    assert sent(daemon) == [Asked("POST", "/v1/trip", {"plan": OTHER, "reason": "one-way audio"})]
    assert (done.out, done.code) == ("run r1 started\n", 0)


def test_with_json_the_question_leaves_stdout_alone(daemon: Played) -> None:
    plans(daemon, PLAN)
    daemon.says["arm"] = reply(0, "armed")

    done = at_terminal(daemon, f"{DIGEST[:8]}\n", "arm", "--json")

    assert done.out.startswith("{")
    assert done.out.endswith("}\n")
    assert "characters of the digest" in done.err


def test_given_a_digest_a_terminal_is_asked_nothing(daemon: Played) -> None:
    daemon.says["arm"] = reply(0, "armed")

    done = at_terminal(daemon, "", "arm", "--plan", DIGEST)

    assert (daemon.asked, done.err) == ([Asked("POST", "/v1/arm", {"plan": [DIGEST]})], "")


def test_a_commit_without_plans_is_typed_as_none(daemon: Played) -> None:
    plans(daemon)
    daemon.says["commit"] = reply(0, "committed")

    assert at_terminal(daemon, "none\n", "commit").code == 0
    assert sent(daemon) == [Asked("POST", "/v1/commit", {"plan": []})]


def test_a_commit_without_plans_is_not_sent_by_a_yes(daemon: Played) -> None:
    plans(daemon)

    assert (at_terminal(daemon, "yes\n", "commit").code, sent(daemon)) == (6, [])


@pytest.mark.parametrize("command", [["arm"], ["trip", "--reason", "x"]], ids=" ".join)
def test_without_a_plan_there_is_nothing_to_arm_or_trip(daemon: Played, command: list[str]) -> None:
    plans(daemon)

    done = at_terminal(daemon, "", *command)

    assert (done.err.splitlines()[-1], done.code, sent(daemon)) == ("refused: no plan is configured", 6, [])


def test_plans_that_cannot_be_made_end_it(daemon: Played) -> None:
    daemon.says["plan"] = reply(6, "refused: no baseline")

    done = at_terminal(daemon, "", "arm")

    assert (done.err, done.code) == ("refused: no baseline\n", 6)


def test_ending_the_input_sends_nothing(daemon: Played) -> None:
    plans(daemon, PLAN)

    done = at_terminal(daemon, "\x04", "arm")

    assert (sent(daemon), done.code) == ([], 130)
    assert "Traceback" not in done.err
