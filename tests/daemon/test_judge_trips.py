"""DEGRADED first; then the run of a trip, and the latch it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.cutover import Phase
from gates.gate import GateState
from reverters.entries import Closed, Halted, Operated, Planned
from tests.daemon.desk import HOUR_NS, Desk, baseline, gate_spec
from tests.gates.bench import PASS, failed, plans

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
