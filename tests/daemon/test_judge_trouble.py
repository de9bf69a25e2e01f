"""A bad disk, a bad clock, a full inbox, and the end of arming."""

from __future__ import annotations

import pytest

from gates.gate import GateState
from probes import clock
from probes.sample import NS_PER_S, Moment
from reverters.entries import Closed, Operated, Planned
from tests.daemon.desk import WINDOW, Desk, baseline, gate_spec
from tests.gates.bench import ERROR, PASS, SILENCE, failed, plans

FAILS = [failed()] * 3


def planned(desk: Desk) -> list[Planned]:
    return [entry.body for entry in desk.journal if isinstance(entry.body, Planned)]


def tripped(desk: Desk | None = None) -> Desk:
    """Armed, and a run by itself is in progress."""
    desk = desk or Desk()
    desk.armed()
    desk.hear(*FAILS)
    desk.settle()
    assert desk.cutover.run
    return desk


# the journal fails


def test_a_trip_by_hand_that_is_not_durable_is_not_done_and_unlatched() -> None:
    desk = Desk()
    desk.opened()
    ordered = desk.order("trip", plan=desk.digest, reason="callers complain")
    assert desk.reason == "latched"
    desk.settle(trouble="the disk is full")
    assert not ordered.answer.result().ok
    assert (desk.gate.latched, desk.cutover.run, planned(desk)) == (False, None, [])
    assert not desk.is_ok
    desk.hear(PASS)
    assert desk.is_ok


def test_a_latch_that_was_there_before_outlives_a_trip_that_was_not_durable() -> None:
    desk = Desk(gate_spec(on_trip=plans(rollback=0, other=5_000)), plans=("rollback", "other"))
    desk.armed()
    desk.hear(*FAILS)
    desk.settle()
    desk.append(Closed("restored", 1))
    desk.order("trip", plan=desk.book.plans["other"].digest, reason="callers complain")
    desk.settle(trouble="the disk is full")
    assert desk.gate.latched
    assert desk.gate.ran == {"rollback"}
    desk.hear(*[failed()] * 60)
    desk.settle()
    assert [body.plan for body in planned(desk)] == ["rollback", "other"]


def test_a_run_that_could_not_be_recorded_is_started_when_it_can_be() -> None:
    desk = Desk()
    desk.armed()
    desk.hear(*FAILS)
    desk.turn(*desk.flush(trouble="locked by another process"))
    assert desk.gate.state is GateState.TRIPPED
    desk.hear(failed())
    desk.settle()
    assert len(planned(desk)) == 1
    assert desk.hands.moving


@pytest.fixture
def impaired(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(clock, "read", lambda: desk.now)
    desk.armed()
    desk.judge.impair("the disk is full")
    return desk


def test_while_the_journal_cannot_be_written_the_answer_is_degraded(impaired: Desk) -> None:
    assert impaired.reason == "journal"
    impaired.hear(PASS)
    assert impaired.reason == "journal"
    impaired.judge.impair("")
    assert impaired.is_ok


def test_while_the_journal_cannot_be_written_no_run_starts_and_none_moves(impaired: Desk) -> None:
    impaired.hear(*FAILS)
    impaired.settle()
    assert planned(impaired) == []
    impaired.judge.impair("")
    impaired.hear(failed())
    impaired.settle()
    assert impaired.hands.moving
    impaired.judge.impair("the disk is full")
    impaired.turn()
    assert impaired.hands.moving == ""


def test_while_the_journal_cannot_be_written_a_committed_cutover_stays_ok(impaired: Desk) -> None:
    impaired.judge.impair("")
    impaired.do("commit", plan=impaired.digests)
    impaired.judge.impair("the disk is full")
    impaired.turn()
    assert impaired.is_ok


def test_trouble_with_the_journal_is_no_turn_of_the_judge(impaired: Desk) -> None:
    """The judge hangs; that the disk is well again must not make its last verdict look young."""
    impaired.now = Moment(impaired.now.utc_ns + 2 * NS_PER_S, impaired.now.mono_ns + 2 * NS_PER_S)
    impaired.judge.impair("")
    assert impaired.reason == "judge-lagging"


# our own trouble


def test_dropped_samples_take_ok_away_until_samples_sent_afterwards_arrive() -> None:
    desk = Desk()
    desk.opened()
    desk.inbox.dropped += 5
    desk.turn()
    assert desk.reason == "disturbed"
    old = desk.sample(PASS, sent=desk.now)
    desk.turn(old)
    assert desk.reason == "disturbed"
    desk.hear(PASS)
    assert desk.is_ok
    desk.idle(1)
    assert desk.is_ok


@pytest.mark.parametrize("ms", [1_000, 1_001])
def test_a_loop_that_stood_still_for_more_than_a_second_takes_ok_away(ms: int) -> None:
    desk = Desk()
    desk.opened()
    desk.turn(ms=ms)
    assert desk.is_ok is (ms == 1_000)
    assert desk.hands.lags[-1] == (ms - 250) * 1_000_000
    desk.hear(PASS)
    assert desk.is_ok


@pytest.mark.parametrize("seconds", [-5, 5])
def test_a_clock_that_jumps_takes_ok_away(seconds: int) -> None:
    desk = Desk()
    desk.opened()
    desk.now = Moment(desk.now.utc_ns + seconds * NS_PER_S, desk.now.mono_ns)
    desk.turn()
    assert desk.reason == "disturbed"
    desk.hear(PASS)
    assert desk.is_ok


def test_silence_that_we_may_have_slept_through_trips_nothing() -> None:
    desk = Desk()
    desk.armed()
    asked = [desk.sample(SILENCE, sent=desk.now) for _ in range(3)]
    desk.turn(*asked, ms=4_000)
    assert desk.gate.state is GateState.HEALTHY


def test_a_standstill_after_a_trip_is_no_confirmation_of_it() -> None:
    desk = Desk(gate_spec(on_trip=plans(rollback=10_000)))
    desk.armed()
    desk.hear(*FAILS)
    desk.turn(ms=11_000)
    desk.settle()
    assert planned(desk) == []
    desk.hear(failed())
    desk.settle()
    assert len(planned(desk)) == 1


def test_errors_alone_make_a_gate_unknown_and_neither_disarm_nor_run() -> None:
    desk = Desk()
    desk.armed()
    for _ in range(70):
        desk.turn(desk.sample(ERROR), ms=250)
    desk.settle()
    assert (desk.gate.state, desk.reason) == (GateState.UNKNOWN, "unknown")
    assert (desk.cutover.armed, planned(desk)) == ((desk.digest,), [])


# the end of arming


def test_arming_ends_when_the_window_closes() -> None:
    desk = Desk()
    desk.armed()
    desk.now = Moment(WINDOW.closes_utc_ns - 200_000_000, desk.now.mono_ns)
    desk.turn()
    desk.settle()
    assert desk.cutover.armed
    desk.turn()
    desk.settle()
    assert desk.cutover.armed == ()
    entry = next(entry for entry in reversed(desk.journal) if entry.kind == "operated")
    assert (entry.actor, entry.body) == ("daemon", Operated("disarm", {"reason": "the window has closed"}))


def test_a_run_in_progress_goes_on_when_the_window_closes() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.now = Moment(WINDOW.closes_utc_ns, desk.now.mono_ns)
    desk.turn()
    desk.settle()
    assert desk.hands.moving == run
    desk.append(Closed("restored", 1))
    desk.settle()
    assert desk.cutover.armed == ()


def test_arming_ends_when_the_plan_is_no_longer_the_one_that_was_armed() -> None:
    desk = Desk()
    desk.armed()
    desk.book.use(baseline("203.0.113.7"))
    desk.turn()
    desk.settle()
    assert desk.cutover.armed == ()
    assert desk.journal[-1].body == Operated("disarm", {"reason": "the plan is no longer the one that was armed"})


def test_a_trip_in_the_turn_in_which_the_plan_changed_runs_nothing() -> None:
    desk = Desk()
    desk.armed()
    desk.book.use(baseline("203.0.113.7"))
    desk.turn(*(desk.sample(result) for result in FAILS))
    desk.settle()
    assert planned(desk) == []


def test_without_a_baseline_arming_is_refused_with_the_remedy() -> None:
    desk = Desk(captured=False)
    desk.opened()
    assert "baseline capture" in desk.do("arm", plan=[]).message


def test_without_any_plan_arming_says_so() -> None:
    desk = Desk(gate_spec(on_trip=()), plans=(), captured=False)
    desk.opened()
    assert desk.do("arm", plan=[]).message == "refused: no plan is configured"
