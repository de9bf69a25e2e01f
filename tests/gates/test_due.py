"""From a trip to a run: what is due when; latches over a restart; cadence, recovery time and deadlines."""

from __future__ import annotations

from gates.gate import GateState, relatched
from gates.machine import Disturbed, Latch, Reset, cadence, deadline, due_plans, first_failed
from tests.gates.bench import NEW, OLD, PASS, Bench, failed, plans, s, spec


def healthy(**rule: object) -> Bench:
    bench = Bench(spec(**rule))  # type: ignore[arg-type]
    for probe in (*bench.gate.spec.needed, *bench.gate.spec.baseline):
        bench.hear(probe, PASS, 0)
    return bench


def tripped(**rule: object) -> Bench:
    """Failures at 1, 2 and 3 s; the baseline, if any, passes at 2.5 s."""
    bench = healthy(**rule)
    bench.run(NEW, [failed(), failed()], 1)
    for probe in bench.gate.spec.baseline:
        bench.hear(probe, PASS, 2.5)
    bench.hear(NEW, failed(), 3)
    assert bench.state is GateState.TRIPPED
    return bench


# from trip to run


def test_a_plan_without_confirmation_is_due_at_once() -> None:
    bench = tripped(on_trip=plans(trunk_failover=0, rollback=10_000))
    assert due_plans(bench.gate, now=s(3)) == ("trunk-failover",)


def test_a_plan_is_due_when_its_confirmation_has_passed_since_the_trip() -> None:
    bench = tripped(on_trip=plans(rollback=10_000))
    assert due_plans(bench.gate, now=s(12.999)) == ()
    assert due_plans(bench.gate, now=s(13)) == ("rollback",)


def test_a_pass_restarts_the_clock() -> None:
    bench = tripped(on_trip=plans(rollback=10_000))
    bench.hear(NEW, PASS, 8)
    bench.run(NEW, [failed()] * 3, 9)
    assert bench.state is GateState.TRIPPED
    assert due_plans(bench.gate, now=s(17.999)) == ()
    assert due_plans(bench.gate, now=s(18)) == ("rollback",)


def test_below_the_threshold_after_a_pass_nothing_is_due() -> None:
    bench = tripped(on_trip=plans(rollback=0))
    bench.run(NEW, [PASS, failed(), failed()], 4)
    assert bench.state is GateState.TRIPPED
    assert due_plans(bench.gate, now=s(6)) == ()


def test_a_baseline_that_is_not_good_any_more_holds_the_plan_back() -> None:
    bench = tripped(baseline=(OLD,), on_trip=plans(rollback=5_000))
    bench.hear(OLD, failed(), 4)
    assert bench.state is GateState.TRIPPED
    assert due_plans(bench.gate, now=s(9)) == ()
    bench.hear(OLD, PASS, 9.5)
    assert due_plans(bench.gate, now=s(9.5)) == ("rollback",)


def test_a_stale_failure_is_no_reason_to_start() -> None:
    bench = tripped(on_trip=plans(rollback=20_000), max_age_ms=15_000)
    assert due_plans(bench.gate, now=s(23)) == ()


def test_a_failure_from_before_a_disturbance_is_no_reason_to_start() -> None:
    """We stood still for twelve seconds: that is not twelve seconds without a PASS."""
    bench = tripped(on_trip=plans(rollback=10_000))
    bench.do(Disturbed("loop lagged 12.0 s"), s(15))
    assert due_plans(bench.gate, now=s(15)) == ()
    bench.hear(NEW, failed(), 15.2, sent=14.9)
    assert due_plans(bench.gate, now=s(15.2)) == ()
    bench.hear(NEW, failed(), 15.3, sent=15.0)
    assert due_plans(bench.gate, now=s(15.3)) == ()
    bench.hear(NEW, failed(), 15.4, sent=15.001)
    assert due_plans(bench.gate, now=s(15.4)) == ("rollback",)


def test_each_plan_is_due_once_per_latch() -> None:
    bench = tripped(on_trip=plans(trunk_failover=0, rollback=10_000))
    bench.do(Latch("trunk-failover", "gate inbound"), s(3))
    assert due_plans(bench.gate, now=s(12.9)) == ()
    assert due_plans(bench.gate, now=s(13)) == ("rollback",)
    bench.do(Latch("rollback", "gate inbound"), s(13))
    assert due_plans(bench.gate, now=s(14)) == ()


def test_a_latch_does_not_restart_the_clock_of_the_plans_that_follow() -> None:
    bench = tripped(on_trip=plans(trunk_failover=2_000, rollback=10_000))
    bench.do(Latch("trunk-failover", "gate inbound"), s(5))
    assert due_plans(bench.gate, now=s(12.999)) == ()
    assert due_plans(bench.gate, now=s(13)) == ("rollback",)


def test_after_a_reset_a_plan_may_be_due_again() -> None:
    bench = tripped(on_trip=plans(rollback=0))
    bench.do(Latch("rollback", "gate inbound"), s(3))
    bench.do(Reset("an operator"), s(4))
    bench.run(NEW, [PASS, failed(), failed(), failed()], 5)
    assert due_plans(bench.gate, now=s(8)) == ("rollback",)


def test_a_latch_by_hand_on_a_healthy_gate_makes_nothing_due() -> None:
    bench = healthy(on_trip=plans(rollback=0, other=0))
    bench.do(Latch("rollback", "an operator"), s(1))
    assert (bench.state, due_plans(bench.gate, now=s(1))) == (GateState.TRIPPED, ())


def test_a_second_plan_of_a_gate_latched_by_hand_counts_from_the_last_pass() -> None:
    bench = healthy(on_trip=plans(rollback=0, other=5_000))
    bench.do(Latch("rollback", "an operator"), s(1))
    bench.hear(NEW, PASS, 2)
    bench.run(NEW, [failed()] * 3, 3)
    assert due_plans(bench.gate, now=s(6.999)) == ()
    assert due_plans(bench.gate, now=s(7)) == ("other",)


def test_a_gate_that_is_not_tripped_has_nothing_due() -> None:
    assert due_plans(healthy(on_trip=plans(rollback=0)).gate, now=s(0)) == ()


def test_with_two_failing_probes_the_one_that_failed_longer_confirms() -> None:
    bench = tripped(needed=(NEW, "second"), on_trip=plans(rollback=10_000))
    bench.hear("second", PASS, 6)
    bench.run("second", [failed()] * 3, 7)
    assert due_plans(bench.gate, now=s(13)) == ("rollback",)


# latches over a restart


def test_a_gate_recalled_as_latched_starts_tripped_and_starts_nothing_without_fresh_failures() -> None:
    gate = relatched(spec(on_trip=plans(rollback=0, other=0)), frozenset({"rollback"}), now=s(0))
    assert (gate.state, gate.latched, gate.degraded, gate.ran) == (GateState.TRIPPED, True, True, {"rollback"})
    assert due_plans(gate, now=s(60)) == ()


def test_a_gate_recalled_as_latched_confirms_from_its_start() -> None:
    bench = Bench()
    bench.gate = relatched(spec(on_trip=plans(rollback=0, other=10_000)), frozenset({"rollback"}), now=s(0))
    bench.run(NEW, [failed()] * 3, 1)
    assert due_plans(bench.gate, now=s(9.999)) == ()
    assert due_plans(bench.gate, now=s(10)) == ("other",)


# cadence and recovery time


def test_cadence_hastens_from_the_first_failure_until_healthy_again() -> None:
    bench = healthy(recover=2)
    assert not cadence(bench.gate, now=s(60))
    told = []
    for index, result in enumerate([failed(500), failed(), failed(), failed(), PASS, PASS]):
        bench.hear(NEW, result, 1 + index)
        told.append(cadence(bench.gate, now=s(60)))
    assert told == [True, True, True, True, True, False]


def test_cadence_of_a_failing_gate_that_knows_nothing_yet_hastens() -> None:
    bench = Bench()
    assert not cadence(bench.gate, now=s(60))
    bench.hear(NEW, failed(), 1)
    assert cadence(bench.gate, now=s(60))


def test_cadence_hastens_while_a_suspect_that_answered_degraded_recovers() -> None:
    bench = healthy()
    bench.run(NEW, [failed(500)] * 3, 1)
    bench.hear(NEW, PASS, 4)
    assert bench.state is GateState.SUSPECT
    assert cadence(bench.gate, now=s(60))


def test_cadence_is_plain_once_a_run_started() -> None:
    bench = tripped()
    bench.do(Latch("rollback", "gate inbound"), s(4))
    assert cadence(bench.gate, now=s(60)) is False


def test_a_baseline_that_fails_alone_does_not_hasten() -> None:
    bench = healthy(baseline=(OLD,))
    bench.hear(OLD, failed(), 1)
    assert not cadence(bench.gate, now=s(60))


def test_recovery_time_begins_at_the_first_failure_that_stands() -> None:
    bench = healthy(needed=(NEW, "second"))
    assert first_failed(bench.gate, now=s(60)) is None
    bench.run(NEW, [failed(), PASS, failed(500), failed()], 1)
    assert first_failed(bench.gate, now=s(60)) == s(3)
    bench.hear("second", failed(), 2.5)
    assert first_failed(bench.gate, now=s(60)) == s(2.5)


# deadline


def test_a_gate_that_heard_nothing_has_no_deadline() -> None:
    assert deadline(Bench().gate, now=s(0)) is None


def test_the_deadline_is_when_the_first_input_gets_stale() -> None:
    bench = healthy(needed=(NEW, "second"), baseline=(OLD,))
    bench.hear(NEW, PASS, 3)
    bench.hear("second", PASS, 2)
    assert deadline(bench.gate, now=s(4)) == s(17).mono_ns + 1  # the baseline, asked at 0
    assert deadline(bench.gate, now=s(17.5)) == s(19).mono_ns + 1


def test_the_deadline_is_when_a_plan_is_due() -> None:
    bench = tripped(on_trip=plans(first=2_000, rollback=10_000))
    assert deadline(bench.gate, now=s(3)) == s(5).mono_ns
    assert deadline(bench.gate, now=s(5)) == s(13).mono_ns
    bench.do(Latch("rollback", "gate inbound"), s(5))
    assert deadline(bench.gate, now=s(5)) == s(20).mono_ns + 1


def test_a_gate_that_is_not_tripped_waits_for_no_plan() -> None:
    """The baseline is not yet known: SUSPECT, and no confirmation is running."""
    bench = healthy(baseline=(OLD,), on_trip=plans(rollback=10_000))
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.state is GateState.SUSPECT
    assert deadline(bench.gate, now=s(3)) == s(17).mono_ns + 1
