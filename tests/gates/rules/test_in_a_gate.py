"""The rules at work in a gate: what callers are told, and when a run is due."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gates.gate import GateState
from gates.machine import cadence, due_plans
from gates.rules.agreement import Agreement
from gates.rules.failures import Failures
from gates.rules.point import PointRatio
from gates.rules.ratio import SequentialRatio
from gates.rules.reading import Level, Rule
from gates.rules.stable import StableFor
from gates.rules.value import Value
from gates.spec import Clause, GateSpec, OnTrip
from probes.sample import NS_PER_S, ProbeResult
from tests.gates.bench import CODES, NEW, PASS, Bench, failed, s
from tests.gates.rules.bench import passed

FOREVER_NS = 10**18
WALD = SequentialRatio(0.99, 0.90, 0.05, 0.05, 200)


def gate(rule: Rule[Any], *, confirm_s: int = 10, recover: int = 2) -> Bench:
    runs = (OnTrip("rollback", confirm_s * NS_PER_S),)
    return Bench(GateSpec("inbound", (Clause(rule, (NEW,)),), 1, (), recover, FOREVER_NS, runs))


def due(bench: Bench, when: float) -> bool:
    return due_plans(bench.gate, now=s(when)) == ("rollback",)


def test_failures_trip_with_passes_between_and_these_do_not_restart_the_clock_of_the_run() -> None:
    bench = gate(Failures(3, 10, CODES))
    bench.run(NEW, [PASS, failed(), PASS, failed(), PASS], 0)
    assert (bench.state, bench.degraded) == (GateState.HEALTHY, False)
    bench.hear(NEW, failed(), 5)
    assert (bench.state, bench.degraded) == (GateState.TRIPPED, True)
    bench.hear(NEW, PASS, 9)
    assert not due(bench, 14.9)
    assert due(bench, 15)


def test_a_gate_that_tripped_by_failures_recovers_once_they_left_the_window() -> None:
    bench = gate(Failures(2, 4, CODES), recover=2)
    bench.run(NEW, [PASS, failed(), failed()], 0)
    assert bench.state is GateState.TRIPPED
    bench.run(NEW, [PASS, PASS], 3)
    assert bench.state is GateState.TRIPPED
    bench.hear(NEW, PASS, 5)
    assert bench.state is GateState.HEALTHY


def test_a_sequential_gate_is_unknown_and_hastens_until_31_passes_accept() -> None:
    bench = gate(WALD)
    bench.run(NEW, [PASS] * 30, 0)
    assert (bench.state, bench.degraded, cadence(bench.gate, now=s(30))) == (GateState.UNKNOWN, True, True)
    bench.hear(NEW, PASS, 30)
    assert (bench.state, bench.degraded, cadence(bench.gate, now=s(30))) == (GateState.HEALTHY, False, False)
    bench.run(NEW, [failed(), failed()], 31)
    assert bench.state is GateState.TRIPPED
    bench.run(NEW, [PASS] * 5, 33)
    assert due(bench, 42)


def test_three_failures_in_a_row_turn_callers_away_and_start_nothing_while_a_share_is_undecided() -> None:
    bench = gate(PointRatio(0.5, 20))
    bench.run(NEW, [PASS] * 20, 0)
    bench.run(NEW, [failed()] * 3, 20)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    assert not due(bench, 1_000)


def test_a_value_that_leaves_the_window_ends_the_trouble_without_a_new_result() -> None:
    bench = gate(Value("duration", 95, 5 * NS_PER_S, False, True, 60 * NS_PER_S, 2), recover=1)
    bench.run(NEW, [passed(1), passed(1), passed(9_000), passed(9_000)], 0)
    assert bench.state is GateState.TRIPPED
    bench.run(NEW, [passed(1)] * 30, 30)
    bench.tick(62)
    assert bench.state is GateState.TRIPPED
    bench.tick(63.1)
    assert bench.state is GateState.HEALTHY


def test_one_flap_of_a_registration_turns_callers_away_and_starts_no_run_while_it_is_back() -> None:
    bench = gate(StableFor(120 * NS_PER_S))
    bench.hear(NEW, passed(stable_s=600, flaps=0), 0)
    assert bench.state is GateState.HEALTHY
    bench.hear(NEW, passed(stable_s=5, flaps=1), 30)
    assert (bench.state, due(bench, 59)) == (GateState.TRIPPED, False)
    bench.hear(NEW, passed(stable_s=65, flaps=1), 90)
    bench.hear(NEW, passed(stable_s=125, flaps=1), 150)
    assert bench.state is GateState.HEALTHY


def test_a_registration_that_stays_lost_starts_the_run() -> None:
    bench = gate(StableFor(120 * NS_PER_S))
    bench.hear(NEW, passed(stable_s=600, flaps=0), 0)
    bench.hear(NEW, failed(480), 30)
    assert (due(bench, 39.9), due(bench, 40)) == (False, True)
    bench.hear(NEW, PASS, 60)
    assert not due(bench, 80)


def test_agents_who_disagree_three_times_in_a_row_trip() -> None:
    bench = gate(Agreement(0.98))
    agree, differ = passed(agreed=50, asked=50), passed(agreed=40, asked=50)
    bench.run(NEW, [agree, differ, differ], 0)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, False)
    bench.hear(NEW, differ, 3)
    assert bench.state is GateState.TRIPPED
    assert bench.transitions[-1].evidence.startswith(f"{NEW}: 40 of 50 agree, 80% < 98%, 3 in a row ≥ 3")


def test_each_target_of_a_name_counts_by_itself_for_failures() -> None:
    bench = gate(Failures(3, 10, CODES))
    bench.beat(NEW, 0, a=PASS, b=PASS)
    for when in (1, 2, 3):
        bench.beat(NEW, when, a=PASS, b=failed())
    assert bench.state is GateState.TRIPPED


def test_a_result_told_late_is_heard_by_no_rule() -> None:
    bench = gate(Failures(1, 10, CODES))
    bench.hear(NEW, PASS, 1, sequence=5)
    bench.hear(NEW, failed(), 2, sequence=4)
    assert bench.state is GateState.HEALTHY


def test_an_error_is_heard_by_no_rule() -> None:
    ours: ProbeResult = replace(failed(), outcome=failed().outcome.ERROR)
    bench = gate(PointRatio(1.0, 1))
    bench.run(NEW, [PASS, ours, ours, ours], 0)
    assert bench.state is GateState.HEALTHY


def test_a_flap_with_the_registration_back_starts_no_run_however_short_the_confirmation() -> None:
    bench = gate(StableFor(120 * NS_PER_S), confirm_s=0)
    bench.hear(NEW, passed(stable_s=600, flaps=0), 0)
    bench.hear(NEW, passed(stable_s=5, flaps=1), 30)
    assert (bench.state, due(bench, 30), due(bench, 59)) == (GateState.TRIPPED, False, False)
    bench.hear(NEW, failed(480), 60)
    assert due(bench, 60)


def test_a_failure_is_no_pass_for_a_rule_that_counts_as_passing_until_it_can_say() -> None:
    spec = GateSpec("inbound", (Clause(WALD, (NEW,), missing=Level.FINE),), 1, (), 2, FOREVER_NS)
    bench = Bench(spec)
    bench.hear(NEW, PASS, 0)
    assert (bench.state, bench.degraded) == (GateState.HEALTHY, False)
    bench.hear(NEW, failed(), 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, False)
    bench.hear(NEW, PASS, 2)
    assert bench.state is GateState.HEALTHY
