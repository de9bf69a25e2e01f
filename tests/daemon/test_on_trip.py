"""Several plans of one trip, each with its own confirm_for; and what happens before the first of them starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.cutover import Phase
from gates.gate import GateState
from gates.machine import due_plans
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures
from gates.spec import Clause
from probes.sample import NS_PER_S
from reverters.entries import Closed, Planned
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import CODES, NEW, PASS, failed, plans

THREE = ("failover", "rollback", "page")


def night(**confirm_ms: float) -> Desk:
    desk = Desk(gate_spec(on_trip=plans(**confirm_ms), recover=3), plans=tuple(confirm_ms))
    desk.armed()
    return desk


def ran(desk: Desk) -> list[str]:
    return [entry.body.plan for entry in desk.journal if isinstance(entry.body, Planned)]


def goes_on(desk: Desk, seconds: float) -> None:
    """Failures every 100 ms; each run that started by then closes."""
    desk.hear(*[failed()] * round(seconds * 10))
    desk.settle()
    if desk.cutover.run:
        desk.append(Closed("restored", 1))


def test_each_plan_starts_when_its_own_confirmation_has_passed() -> None:
    desk = night(failover=0, rollback=5_000, page=8_000)
    desk.hear(failed(), failed(), failed())
    tripped_ns, started = desk.now.mono_ns, {}
    for _ in range(100):
        goes_on(desk, 0.1)
        for plan in ran(desk):
            started.setdefault(plan, (desk.now.mono_ns - tripped_ns) / NS_PER_S)
    assert list(started) == list(THREE)
    for plan, confirm_for_s in zip(THREE, (0, 5, 8), strict=True):
        assert confirm_for_s <= started[plan] <= confirm_for_s + 0.5


def test_a_pass_in_between_restarts_only_the_clocks_that_still_run() -> None:
    desk = night(failover=0, rollback=5_000)
    goes_on(desk, 2.3)
    assert ran(desk) == ["failover"]
    desk.hear(PASS, failed(), failed())
    goes_on(desk, 4.7)
    assert ran(desk) == ["failover"], "5 s have passed since the trip, and not since the PASS"
    goes_on(desk, 0.5)
    assert ran(desk) == ["failover", "rollback"]


def test_a_plan_that_is_due_while_another_runs_waits_for_its_end() -> None:
    desk = night(failover=0, rollback=1_000)
    desk.hear(*[failed()] * 30)
    desk.settle()
    assert ran(desk) == ["failover"]
    desk.append(Closed("restored", 1))
    desk.hear(failed())
    desk.settle()
    assert ran(desk) == ["failover", "rollback"]


def test_recovery_before_any_run_is_healthy_ok_and_no_run() -> None:
    desk = night(failover=3_000, rollback=5_000)
    desk.hear(*[failed()] * 25)
    assert (desk.gate.state, desk.is_ok) == (GateState.TRIPPED, False)
    desk.hear(PASS, PASS)
    assert (desk.gate.state, desk.is_ok) == (GateState.TRIPPED, False)
    desk.hear(PASS)
    assert (desk.gate.state, desk.is_ok) == (GateState.HEALTHY, True)
    desk.hear(*[PASS] * 60)
    desk.settle()
    assert ran(desk) == []


def test_after_recovery_the_next_trip_confirms_anew() -> None:
    desk = night(rollback=3_000)
    desk.hear(*[failed()] * 25, PASS, PASS, PASS)
    desk.hear(*[failed()] * 31)
    desk.settle()
    assert ran(desk) == []
    desk.hear(failed())
    desk.settle()
    assert ran(desk) == ["rollback"]


def test_from_the_moment_a_run_starts_nothing_recovers_without_a_reset() -> None:
    desk = night(failover=0, rollback=60_000)
    goes_on(desk, 0.3)
    assert ran(desk) == ["failover"]
    desk.hear(*[PASS] * 20)
    assert (desk.gate.state, desk.reason, desk.cutover.phase) == (GateState.TRIPPED, "reverted", Phase.REVERTED)
    assert desk.do("reset").ok
    assert (desk.gate.state, desk.gate.latched) == (GateState.UNKNOWN, False)


def test_n_fails_of_any_code_are_degraded_at_once_and_run_nothing_however_long() -> None:
    desk = night(rollback=0)
    desk.hear(failed(500), failed(486))
    assert (desk.gate.state, desk.is_ok) == (GateState.SUSPECT, True)
    desk.hear(failed(500))
    assert (desk.gate.state, desk.is_ok, desk.reason) == (GateState.SUSPECT, False, "degraded")
    desk.hear(*[failed(500)] * 200)
    desk.settle()
    assert (ran(desk), desk.gate.state) == ([], GateState.SUSPECT)
    assert due_plans(desk.gate, now=desk.now) == ()


@pytest.mark.parametrize("need", [1, 2])
def test_a_run_of_a_gate_with_two_rules_waits_for_as_many_as_it_needs(need: int) -> None:
    clauses = (Clause(Consecutive(3, CODES), (NEW,)), Clause(Failures(5, 10, CODES), (NEW,)))
    desk = Desk(replace(gate_spec(), clauses=clauses, need=need))
    desk.armed()
    desk.hear(*[failed()] * 3)
    desk.settle()
    assert len(ran(desk)) == (need == 1)
    desk.hear(*[failed()] * 2)
    desk.settle()
    assert len(ran(desk)) == 1
