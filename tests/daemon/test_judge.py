"""The judge, turn by turn: what is told first, what is handed on, and what a halt, a bad disk or a bad clock does to it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import pytest

from daemon.board import Board
from daemon.inbox import Committed, Inbox, Ordered, Recorded
from daemon.judge import TURN_NS, Judge
from daemon.reply import Exit, Reply
from gates.cutover import Command, Cutover, Phase
from gates.gate import GateState, OnTrip
from probes import clock
from probes.sample import NS_PER_S, Moment
from reverters.entries import Closed, Halted, Judged, Operated, Planned
from tests.daemon.desk import HOUR_NS, WINDOW, Desk, Hands, baseline, gate_spec
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, failed, plans

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


# DEGRADED first


def test_a_trip_is_on_the_board_before_the_run_is_handed_to_the_journal() -> None:
    desk = Desk()
    desk.armed()
    desk.hear(*FAILS)
    order, told = desk.hands.told[-1]
    assert isinstance(order.bodies[0], Planned)
    assert not told["inbound"].may_be_ok


def test_a_trip_by_hand_is_on_the_board_before_it_is_handed_to_the_journal() -> None:
    desk = Desk()
    desk.opened()
    assert desk.is_ok
    desk.order("trip", plan=desk.digest, reason="callers complain")
    order, told = desk.hands.told[-1]
    assert [type(body) for body in order.bodies] == [Operated, Planned]
    assert (told["inbound"].may_be_ok, told["inbound"].reason) == (False, "latched")


def test_what_callers_are_told_is_on_the_board_before_it_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.opened()
    board_said: list[bool] = []
    monkeypatch.setattr(desk.hands, "note", lambda body, actor: board_said.append(desk.board.leases["inbound"].may_be_ok))
    desk.hear(*FAILS)
    assert board_said == [False]


def test_a_sample_that_trips_and_one_that_follows_in_the_same_turn_never_show_ok_in_between() -> None:
    desk = Desk()
    desk.opened()
    desk.turn(*(desk.sample(result) for result in (*FAILS, PASS)))
    assert not desk.is_ok


# the run of a trip


def test_an_armed_trip_starts_its_run_and_says_why() -> None:
    desk = tripped()
    (body,) = planned(desk)
    assert (body.plan, body.digest, body.gates, body.cause) == ("rollback", desk.digest, ["inbound"], "automatic")
    assert body.evidence.startswith("trunk-new: 503, 503, 503: 3 consecutive ≥ 3; last PASS ")
    assert body.document["baseline"] == baseline().id
    assert body.tripped_utc_ns - body.first_failure_utc_ns == 200_000_000
    entry = next(entry for entry in desk.journal if entry.kind == "planned")
    assert entry.actor == "gate inbound"
    assert entry.run == desk.hands.moving
    assert entry.run.startswith("rollback@2027")


def test_a_run_is_not_moving_before_it_is_durable() -> None:
    desk = Desk()
    desk.armed()
    desk.hear(*FAILS)
    assert desk.hands.moving == ""
    desk.settle()
    assert desk.hands.moving


def test_a_run_starts_once() -> None:
    desk = tripped()
    desk.hear(*FAILS)
    desk.settle()
    assert len(planned(desk)) == 1


def test_while_an_order_is_on_its_way_no_other_is_given() -> None:
    desk = Desk()
    desk.armed()
    desk.hear(*FAILS, failed(), failed())
    assert len([order for order, _ in desk.hands.told if isinstance(order.bodies[0], Planned)]) == 1


def test_a_short_failure_runs_nothing() -> None:
    """An ordinary switch-over: four seconds of failures, ten to confirm."""
    desk = Desk(gate_spec(on_trip=plans(rollback=10_000)))
    desk.armed()
    desk.hear(*[failed()] * 40)
    assert desk.gate.state is GateState.TRIPPED
    desk.hear(*[PASS] * 5)
    desk.idle(10)
    desk.settle()
    assert planned(desk) == []
    assert desk.is_ok


def test_a_failure_that_lasts_runs_after_its_confirmation() -> None:
    desk = Desk(gate_spec(on_trip=plans(rollback=10_000)))
    desk.armed()
    desk.hear(*[failed()] * 102)
    assert planned(desk) == []
    desk.hear(failed())
    desk.settle()
    assert len(planned(desk)) == 1


@pytest.mark.parametrize("what", ["not armed", "held", "halted", "prepared", "committed"])
def test_no_trip_starts_a_run_while(what: str) -> None:
    desk = Desk()
    match what:
        case "prepared":
            desk.healthy()
        case "not armed":
            desk.opened()
        case "held":
            desk.armed()
            desk.do("hold", gate="inbound", answer="OK", for_ns=HOUR_NS, reason="known")
        case "halted":
            desk.armed()
            desk.do("halt")
        case "committed":
            desk.armed()
            desk.do("commit", plan=desk.digests)
    desk.hear(*FAILS, *FAILS)
    desk.settle()
    assert planned(desk) == []


def test_when_the_hold_is_released_a_trip_that_still_stands_runs() -> None:
    desk = Desk()
    desk.armed()
    desk.do("hold", gate="inbound", answer="OK", for_ns=HOUR_NS, reason="known")
    desk.hear(*FAILS)
    desk.do("release", gate="inbound")
    desk.settle()
    assert len(planned(desk)) == 1


def test_arming_a_cutover_starts_nothing_by_itself() -> None:
    desk = Desk()
    desk.opened()
    desk.hear(*FAILS)
    assert not desk.do("arm", plan=desk.digests).ok
    desk.settle()
    assert planned(desk) == []


def test_only_the_plan_that_was_armed_runs() -> None:
    desk = Desk()
    desk.armed()
    desk.judge.cutover = replace(desk.cutover, armed=("another",))
    desk.hear(failed(), failed(), failed())
    desk.settle()
    assert planned(desk) == []


def test_the_second_plan_of_a_trip_follows_the_first() -> None:
    desk = Desk(gate_spec(on_trip=plans(failover=0, rollback=5_000)), plans=("failover", "rollback"))
    desk.armed()
    desk.hear(*FAILS)
    desk.settle()
    desk.append(Closed("restored", 1))
    assert desk.cutover.phase is Phase.REVERTED
    desk.hear(*[failed()] * 50)
    desk.settle()
    assert [body.plan for body in planned(desk)] == ["failover", "rollback"]
    assert desk.cutover.latched == {"inbound": frozenset({"failover", "rollback"})}


def test_a_gate_without_plans_trips_and_runs_nothing() -> None:
    desk = Desk(gate_spec(on_trip=()), gate_spec("other"))
    desk.armed()
    desk.hear(*FAILS)
    assert [order.bodies[0].gates for order, _ in desk.hands.told if isinstance(order.bodies[0], Planned)] == [["other"]]


# the latch


def test_a_latched_gate_stays_degraded_until_reset_whatever_the_run_does() -> None:
    desk = tripped()
    desk.hear(*[PASS] * 20)
    assert desk.reason == "latched"
    desk.append(Closed("restored", 1))
    assert desk.reason == "reverted"
    desk.idle(3)
    assert desk.do("reset").ok
    assert (desk.cutover.phase, desk.reason, desk.gate.state) == (Phase.PREPARED, "not-open", GateState.UNKNOWN)
    desk.opened()
    assert desk.is_ok


def test_a_run_that_is_abandoned_disarms_and_stays_reverted() -> None:
    desk = tripped()
    desk.append(Halted("rollback/dns/it/a", "refused", "REFUSED"))
    assert desk.hands.moving == ""
    assert desk.do("abandon", reason="by hand").ok
    assert (desk.cutover.phase, desk.cutover.armed, desk.cutover.run) == (Phase.REVERTED, (), None)
    assert desk.journal[-1].body == Closed("abandoned", 0)


def test_a_retry_moves_the_run_again() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.append(Halted("rollback/dns/it/a", "refused", "REFUSED"))
    assert desk.do("retry").data == {"run": run}
    assert desk.hands.moving == run
    assert desk.journal[-1].run == run


def test_a_trip_by_hand_latches_every_gate_that_names_the_plan_and_no_other() -> None:
    other = gate_spec("outbound", on_trip=plans(other=0))
    desk = Desk(gate_spec(), gate_spec("second"), other, plans=("rollback", "other"))
    desk.opened()
    desk.do("trip", plan=desk.digest, reason="callers complain")
    assert {name for name, gate in desk.judge.gates.items() if gate.latched} == {"inbound", "second"}
    assert desk.answer("outbound").ok


def test_a_trip_by_hand_of_a_plan_that_no_gate_names_latches_them_all() -> None:
    """Something is being put back, and no gate is known to have nothing to do with it."""
    desk = Desk(gate_spec(), gate_spec("second"), plans=("rollback", "unnamed"))
    desk.opened()
    assert desk.do("trip", plan=desk.book.plans["unnamed"].digest, reason="callers complain").ok
    assert not desk.answer("inbound").ok
    assert not desk.answer("second").ok


def test_a_trip_for_the_plan_that_is_running_joins_it() -> None:
    desk = tripped()
    run = desk.hands.moving
    reply = desk.do("trip", plan=desk.digest, reason="me too")
    assert (reply.message, reply.data) == (f"joined run {run}", {"run": run})
    assert len(planned(desk)) == 1


# commands, one at a time


def test_commands_are_journaled_one_at_a_time_and_in_order() -> None:
    desk = Desk()
    desk.opened()
    first, second, third = desk.ordered("hold", gate="inbound", answer="OK", for_ns=1, reason="x"), desk.ordered("halt"), None
    third = desk.ordered("resume")
    desk.turn(first, second, third)
    assert len(desk.hands.queue) == 1
    desk.turn(*desk.flush())
    assert first.answer.done()
    assert not second.answer.done()
    desk.settle()
    assert desk.commands[-3:] == ["hold", "halt", "resume"]
    assert third.answer.result().ok


def test_a_command_sees_what_the_one_before_it_did() -> None:
    desk = Desk()
    desk.healthy()
    twice = desk.ordered("open"), desk.ordered("open")
    desk.turn(*twice)
    desk.settle()
    assert [each.answer.result().exit for each in twice] == [Exit.OK, Exit.REFUSED]


def test_a_command_is_answered_after_it_is_durable() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    desk.idle(2)
    assert not ordered.answer.done()
    assert desk.cutover.phase is Phase.PREPARED
    desk.settle()
    assert ordered.answer.result().ok


def test_a_command_that_is_not_durable_is_refused_and_not_done() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    desk.settle(trouble="the disk is full")
    assert ordered.answer.result() == Reply(Exit.REFUSED, "not durable, so not done: the disk is full")
    assert desk.cutover.phase is Phase.PREPARED


def test_a_client_that_went_away_does_no_harm() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    ordered.answer.cancel()
    desk.settle()
    assert desk.cutover.phase is Phase.OPEN


def test_a_hold_is_kept_with_its_end_in_utc() -> None:
    desk = Desk()
    desk.opened()
    before = desk.now.utc_ns
    desk.do("hold", gate="inbound", answer="DEGRADED", for_ns=HOUR_NS, reason="a look")
    hold = desk.cutover.holds["inbound"]
    assert (hold.ok, hold.reason) == (False, "a look")
    assert before + HOUR_NS < hold.until_utc_ns < before + HOUR_NS + NS_PER_S


def test_a_message_that_nothing_waits_for_is_ignored() -> None:
    desk = Desk()
    desk.turn(Committed(""))
    assert desk.cutover.phase is Phase.PREPARED


# halt


def test_a_halt_stops_the_run_at_once_while_another_command_waits_for_the_disk() -> None:
    desk = tripped()
    desk.order("disarm")
    desk.order("halt")
    assert desk.cutover.halted
    assert desk.hands.moving == ""


def test_a_halt_stops_the_run_in_the_very_turn_and_before_any_other_command_is_weighed() -> None:
    desk = tripped()
    desk.append(Halted("rollback/dns/it/a", "refused", "REFUSED"))
    retry = desk.ordered("retry")
    desk.turn(retry, desk.ordered("halt"))
    assert retry.answer.result().message.startswith("refused: halted by an operator")


def test_a_halt_survives_a_resume_that_was_on_its_way_before_it() -> None:
    desk = tripped()
    desk.do("halt")
    desk.order("resume")
    desk.order("halt")
    desk.turn(*desk.flush())  # the resume becomes durable
    assert desk.cutover.halted
    assert desk.hands.moving == ""
    desk.settle()
    assert (desk.cutover.halted, desk.commands[-2:]) == (True, ["resume", "halt"])


def test_a_halt_keeps_a_trip_that_was_on_its_way_from_moving() -> None:
    desk = Desk()
    desk.opened()
    desk.order("trip", plan=desk.digest, reason="callers complain")
    desk.order("halt")
    desk.settle()
    assert desk.cutover.run is not None
    assert set(desk.hands.steered) == {""}


def test_a_halt_that_cannot_be_made_durable_halts_all_the_same_and_says_so() -> None:
    desk = tripped()
    ordered = desk.order("halt")
    desk.settle(trouble="the disk is full")
    assert ordered.answer.result() == Reply(Exit.OK, "halted, but a restart would forget it: the disk is full")
    assert desk.cutover.halted
    assert desk.hands.moving == ""


def test_after_a_resume_the_run_moves_again() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.do("halt")
    desk.do("resume")
    assert desk.hands.moving == run


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


# restarts


def test_a_restart_while_open_answers_degraded_until_fresh_passes() -> None:
    desk = Desk()
    desk.armed()
    desk.restart()
    assert desk.reason == "unknown"
    desk.hear(failed())
    assert not desk.is_ok
    desk.hear(PASS)
    assert desk.is_ok
    assert desk.cutover.armed == (desk.digest,)


def test_a_restart_with_a_held_ok_still_needs_a_fresh_sample() -> None:
    desk = Desk()
    desk.opened()
    desk.do("hold", gate="inbound", answer="OK", for_ns=HOUR_NS, reason="known")
    desk.restart()
    assert desk.reason == "stale"


def test_a_restart_of_a_latched_cutover_stays_latched_whatever_passes() -> None:
    desk = tripped()
    desk.restart()
    desk.hear(*[PASS] * 20)
    assert desk.reason == "latched"


def test_a_restart_moves_the_run_that_was_going_on() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.restart()
    desk.turn()
    assert desk.hands.moving == run


def test_a_restart_does_not_run_a_plan_again() -> None:
    desk = tripped()
    desk.append(Closed("restored", 1))
    desk.restart()
    desk.hear(*FAILS, *FAILS)
    desk.settle()
    assert len(planned(desk)) == 1


# the ledger of what was told


def test_each_change_of_what_callers_are_told_is_journaled_with_a_new_generation() -> None:
    desk = Desk()
    desk.opened()
    before = desk.cutover.generation
    desk.hear(*FAILS)
    desk.hear(*[PASS] * 5)
    desk.settle()
    told = [entry.body for entry in desk.journal if isinstance(entry.body, Judged)][-2:]
    assert [(body.before, body.after, body.answer) for body in told] == [
        ("SUSPECT", "TRIPPED", "DEGRADED"),
        ("TRIPPED", "HEALTHY", "OK"),
    ]
    assert [body.generation for body in told] == [before + 1, before + 2]
    assert told[0].evidence.startswith("trunk-new: 503, 503, 503: 3 consecutive ≥ 3")
    assert desk.board.leases["inbound"].generation == before + 2


def test_nothing_is_journaled_while_nothing_changes() -> None:
    desk = Desk()
    desk.opened()
    before = len(desk.journal)
    desk.hear(PASS, PASS, failed(), PASS)
    desk.idle(2)
    desk.settle()
    assert len(desk.journal) == before


def test_a_change_without_a_transition_names_its_reason() -> None:
    desk = Desk()
    desk.opened()
    desk.do("hold", gate="inbound", answer="DEGRADED", for_ns=HOUR_NS, reason="a look")
    desk.settle()
    told = [entry.body for entry in desk.journal if isinstance(entry.body, Judged)][-1]
    assert (told.answer, told.cause, told.evidence) == ("DEGRADED", "held", "held")


# cadence


def test_from_the_first_failure_both_paths_are_asked_faster_and_the_baseline_at_once() -> None:
    desk = Desk(gate_spec(compares=True))
    desk.opened()
    assert desk.hands.paced == []
    desk.hear(failed(), failed())
    assert desk.hands.paced == [(frozenset({NEW, OLD}), frozenset({OLD}))]
    desk.hear(PASS)
    assert desk.hands.paced[1:] == [(frozenset(), frozenset())]


def test_a_probe_that_two_gates_suspect_is_let_go_by_the_last() -> None:
    desk = Desk(gate_spec(needed=(NEW,)), gate_spec("second", needed=(NEW, "third")))
    desk.opened()
    desk.hear(failed())
    desk.hear(failed(), probe="third")
    desk.hear(PASS)
    assert [suspect for suspect, _ in desk.hands.paced] == [frozenset({NEW, "third"})]
    desk.hear(PASS, probe="third")
    assert desk.hands.paced[-1] == (frozenset(), frozenset())


def test_observers_hear_of_each_sample_that_told_something() -> None:
    desk = Desk()
    desk.hear(PASS, ERROR)
    desk.hear(PASS, probe="another")
    assert [sample.probe for sample in desk.hands.counts] == [NEW]


# the loop around the turns


def test_without_any_deadline_the_judge_waits_a_whole_turn() -> None:
    assert Desk().judge._patience() == TURN_NS


def test_the_judge_wakes_when_time_alone_matters() -> None:
    desk = Desk(gate_spec(on_trip=(OnTrip("rollback", 0), OnTrip("other", 100_000_000))))
    desk.opened()
    assert desk.judge._patience() == TURN_NS
    desk.hear(*FAILS)
    assert desk.judge._patience() == 100_000_000
    desk.turn(ms=99.5)
    assert desk.judge._patience() == 1_000_000  # no timer is finer


async def test_a_command_reaches_the_judge_that_runs_and_its_answer_comes_back() -> None:
    board, inbox = Board(), Inbox()
    hands = Hands(board)
    judge = Judge(
        {"inbound": gate_spec()},
        Cutover(),
        window=WINDOW,
        book=Desk().book,
        board=board,
        inbox=inbox,
        effects=hands,
        now=clock.read(),
    )
    running = asyncio.create_task(judge.run())
    answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    inbox.put(Ordered(Command.HALT, {}, "op", answer))
    handed = asyncio.Event()
    commit = hands.commit

    def hand(order: Any) -> None:
        commit(order)
        handed.set()

    hands.commit = hand  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await handed.wait()
        inbox.put(Committed(""))
        assert (await answer).ok
    assert judge.cutover.halted
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_an_entry_that_somebody_else_wrote_is_followed() -> None:
    desk = Desk()
    desk.turn(Recorded(desk.write(Operated("halt", {}), "op", "")))
    assert desk.cutover.halted


def test_what_takes_ok_away_without_a_transition_is_on_the_board_before_a_command_is_handed_on() -> None:
    desk = Desk()
    desk.opened()
    seen: list[bool] = []
    commit = desk.hands.commit

    def hand(order: Any) -> None:
        seen.append(desk.is_ok)
        commit(order)

    desk.hands.commit = hand  # type: ignore[method-assign]
    desk.inbox.dropped += 1
    desk.turn(desk.ordered("disarm"))
    assert seen == [False]
