"""How the share of callers grows at the judge: soak by soak, while the gate is HEALTHY, and by an operator's word."""

from __future__ import annotations

import pytest

from daemon.oversight import Oversight
from gates.admit import ALL, Step
from probes import clock
from probes.sample import NS_PER_S
from reverters.entries import Operated
from tests.daemon.desk import Desk
from tests.gates.bench import PASS, failed

STEPS = (Step(500, 10 * NS_PER_S), Step(2_500, 20 * NS_PER_S), Step(ALL, None))


def desk() -> Desk:
    return Desk(oversight=Oversight(admission={"inbound": STEPS}))


def healthy_for(made: Desk, seconds: float) -> None:
    """PASS after PASS, ten a second."""
    for _ in range(round(seconds * 10)):
        made.hear(PASS)
        made.settle()


def share(made: Desk) -> int:
    return made.board.leases["inbound"].admitted


def test_after_open_the_first_share_is_let_in() -> None:
    made = desk()
    made.opened()
    assert share(made) == 500
    assert made.answer(ticket=499).ok
    turned_back = made.answer(ticket=500)
    assert (turned_back.ok, turned_back.reason, turned_back.valid_for_ms) == (False, "not-admitted", 0)


def test_whose_call_it_is_must_be_known_while_not_everybody_is_let_in() -> None:
    made = desk()
    made.opened()
    assert made.answer().reason == "no-conversation"
    assert made.do("admit", gate="inbound", share=0).ok
    assert made.answer().reason == "not-admitted", "nobody is, whoever it is"
    assert made.do("admit", gate="inbound", share=ALL).ok
    assert made.is_ok


def test_the_share_grows_soak_by_soak() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500
    healthy_for(made, 18)
    assert share(made) == 2_500
    healthy_for(made, 3)
    assert share(made) == ALL
    assert [
        entry.body.arguments for entry in made.journal if isinstance(entry.body, Operated) and entry.body.command == "admit"
    ] == [{"gate": "inbound", "share": 2_500, "by": "schedule"}, {"gate": "inbound", "share": ALL, "by": "schedule"}]


def test_a_gate_that_was_not_healthy_soaks_anew() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 9)
    made.hear(failed())
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500


def test_nothing_grows_before_open() -> None:
    made = desk()
    healthy_for(made, 30)
    assert share(made) == 500
    assert made.commands == []


def test_nothing_soaks_while_held_or_halted() -> None:
    made = desk()
    made.opened()
    assert made.do("hold", gate="inbound", answer="OK", reason="look", for_ns=3_600 * NS_PER_S).ok
    healthy_for(made, 15)
    assert share(made) == 500
    assert made.do("release", gate="inbound").ok
    assert made.do("halt").ok
    healthy_for(made, 15)
    assert share(made) == 500
    assert made.do("resume").ok
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500


def test_an_operators_word_stands_until_the_schedule_is_given_back() -> None:
    made = desk()
    made.opened()
    assert made.do("admit", gate="inbound", share=1_000).ok
    assert share(made) == 1_000
    healthy_for(made, 30)
    assert share(made) == 1_000
    assert made.do("admit", gate="inbound", share=None).ok
    healthy_for(made, 12)
    assert share(made) == 2_500


def test_the_share_survives_a_restart_and_its_soak_begins_again() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 11)
    assert share(made) == 2_500
    healthy_for(made, 15)
    made.restart()
    assert share(made) == 2_500
    healthy_for(made, 10)
    assert share(made) == 2_500
    healthy_for(made, 12)
    assert share(made) == ALL


def test_a_reset_begins_the_schedule_from_its_first_share() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 11)
    assert share(made) == 2_500
    assert made.do("reset").ok
    assert share(made) == 500


def test_committed_lets_everybody_in() -> None:
    made = desk()
    made.opened()
    assert made.do("commit", plan=made.digests).ok
    assert share(made) == ALL
    assert made.answer().ok


def test_a_share_is_not_raised_while_a_run_goes_on() -> None:
    made = desk()
    made.armed()
    assert made.do("trip", plan=made.digest, reason="now").ok
    healthy_for(made, 30)
    assert share(made) == 500


def test_a_failure_and_a_pass_in_one_turn_begin_the_soak_again() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 9)
    made.turn(made.sample(failed()), made.sample(PASS))
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500


def test_nothing_soaks_while_the_journal_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk()
    monkeypatch.setattr(clock, "read", lambda: made.now)
    made.opened()
    made.judge.impair("the disk is full")
    healthy_for(made, 11)
    made.judge.impair("")
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500


def test_a_loop_that_stood_still_begins_the_soak_again() -> None:
    made = desk()
    made.opened()
    healthy_for(made, 9)
    made.turn(ms=1_500)
    healthy_for(made, 9)
    assert share(made) == 500
    healthy_for(made, 2)
    assert share(made) == 2_500
