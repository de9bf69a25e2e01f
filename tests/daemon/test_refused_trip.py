"""A trip by hand that could not be journaled leaves everything as it was, and that includes a trip of the gate's own."""

from __future__ import annotations

from gates.gate import GateState, OnTrip
from probes.sample import NS_PER_S
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import failed


def _refused(desk: Desk) -> None:
    ordered = desk.order("trip", plan=desk.digest, reason="callers hear nothing")
    desk.settle(trouble="the disk is full")
    assert "not durable" in ordered.answer.result().message


def test_a_gate_that_had_tripped_by_itself_stays_tripped_and_its_run_starts_when_confirmed() -> None:
    desk = Desk(gate_spec(on_trip=(OnTrip("rollback", 2 * NS_PER_S),)))
    desk.armed()
    desk.hear(*[failed()] * 3)
    desk.settle()
    _refused(desk)
    assert (desk.gate.state, desk.gate.latched, desk.gate.ran) == (GateState.TRIPPED, False, frozenset())
    desk.hear(*[failed()] * 20)
    desk.settle()
    assert desk.kinds.count("planned") == 1


def test_a_gate_that_had_not_tripped_judges_afresh() -> None:
    desk = Desk()
    desk.armed()
    _refused(desk)
    assert (desk.gate.state, desk.gate.latched) == (GateState.UNKNOWN, False)
