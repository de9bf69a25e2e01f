"""Recovery, staleness, comparison, the way from a trip to a run, cadence, and the arithmetic that each transition carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.gate import GateState, relatched
from gates.machine import Disturbed, Latch, Reset, cadence, deadline, due_plans, first_failed
from probes.sample import Origin
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, Bench, failed, plans, s, spec


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


# recovery


def test_one_pass_after_a_plain_suspect_is_enough() -> None:
    bench = healthy()
    bench.run(NEW, [failed(), failed(), PASS], 1)
    assert (bench.state, bench.degraded) == (GateState.HEALTHY, False)


@pytest.mark.parametrize("passes", [4, 5])
def test_after_a_trip_only_recover_passes_make_it_healthy(passes: int) -> None:
    bench = tripped(recover=5)
    bench.run(NEW, [PASS] * passes, 4)
    assert bench.state is (GateState.HEALTHY if passes == 5 else GateState.TRIPPED)
    assert bench.degraded is (passes < 5)


def test_a_failure_between_starts_recovery_over() -> None:
    bench = tripped(recover=3)
    bench.run(NEW, [PASS, PASS, failed(), PASS, PASS], 4)
    assert bench.state is GateState.TRIPPED


@pytest.mark.parametrize("passes", [4, 5])
def test_after_inconclusive_only_recover_passes_make_it_healthy(passes: int) -> None:
    bench = healthy(baseline=(OLD,), recover=5)
    bench.run(OLD, [failed()] * 3, 0.5)
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.state is GateState.INCONCLUSIVE
    bench.run(NEW, [PASS] * passes, 4)
    assert bench.state is (GateState.HEALTHY if passes == 5 else GateState.INCONCLUSIVE)


@pytest.mark.parametrize("passes", [4, 5])
def test_after_a_suspect_that_answered_degraded_only_recover_passes_make_it_healthy(passes: int) -> None:
    bench = healthy(recover=5)
    bench.run(NEW, [failed(500)] * 3, 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    bench.run(NEW, [PASS] * passes, 4)
    assert bench.state is (GateState.HEALTHY if passes == 5 else GateState.SUSPECT)


def test_every_needed_input_must_recover() -> None:
    bench = tripped(needed=(NEW, "second"), recover=3)
    bench.run(NEW, [PASS] * 3, 4)
    assert bench.state is GateState.TRIPPED
    bench.run("second", [PASS] * 3, 7)
    assert bench.state is GateState.HEALTHY


# staleness


def test_a_trip_that_is_not_latched_becomes_unknown_when_its_input_is_stale() -> None:
    bench = tripped()
    bench.tick(20.001)
    assert (bench.state, bench.degraded) == (GateState.UNKNOWN, True)


def test_staleness_never_leaves_a_latched_trip() -> None:
    bench = tripped()
    bench.do(Latch("rollback", "gate inbound"), s(4))
    for when in (21, 100, 100_000):
        assert bench.tick(when) is None
    assert (bench.state, bench.gate.latched) == (GateState.TRIPPED, True)


def test_passes_never_leave_a_latched_trip() -> None:
    bench = tripped()
    bench.do(Latch("rollback", "gate inbound"), s(4))
    bench.run(NEW, [PASS] * 50, 5)
    assert (bench.state, bench.gate.latched, bench.degraded) == (GateState.TRIPPED, True, True)


def test_a_reset_leaves_a_latched_trip_for_unknown() -> None:
    bench = tripped()
    bench.do(Latch("rollback", "gate inbound"), s(4))
    bench.do(Reset("an operator"), s(5))
    gate = bench.gate
    assert (gate.state, gate.latched, gate.degraded, gate.ran, gate.tripped) == (
        GateState.UNKNOWN,
        False,
        True,
        frozenset(),
        None,
    )


def test_a_gate_answers_degraded_in_unknown_and_not_in_healthy() -> None:
    bench = Bench()
    assert bench.degraded
    bench.hear(NEW, PASS, 0)
    assert not bench.degraded
    bench.tick(20)
    assert bench.degraded


# comparison


def test_the_baseline_is_good_only_by_a_pass_to_a_request_sent_after_the_first_counted_failure() -> None:
    bench = healthy(baseline=(OLD,), on_trip=plans(rollback=0))
    bench.hear(NEW, failed(), 1)
    bench.hear(OLD, PASS, 1.5, sent=1.0)  # answered after it, but asked before
    bench.run(NEW, [failed(), failed()], 2)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    assert due_plans(bench.gate, now=s(4)) == ()
    bench.hear(OLD, PASS, 4, sent=1.001)
    assert bench.state is GateState.TRIPPED
    assert due_plans(bench.gate, now=s(4)) == ("rollback",)


def test_a_failure_outside_the_code_set_does_not_start_the_clock_of_the_baseline() -> None:
    bench = healthy(baseline=(OLD,))
    bench.hear(NEW, failed(500), 1)
    bench.hear(OLD, PASS, 1.5)
    bench.run(NEW, [failed()] * 3, 2)
    assert bench.state is GateState.SUSPECT


def test_one_baseline_probe_that_is_bad_makes_the_baseline_bad() -> None:
    bench = healthy(baseline=(OLD, "old-2"))
    bench.run("old-2", [failed(486)] * 3, 0.5, every=0.1)
    bench.hear(NEW, failed(), 1)
    bench.hear(OLD, PASS, 1.5)
    bench.run(NEW, [failed()] * 2, 2)
    assert bench.state is GateState.INCONCLUSIVE


def test_every_baseline_probe_must_be_known_to_be_good() -> None:
    bench = healthy(baseline=(OLD, "old-2"))
    bench.hear(NEW, failed(), 1)
    bench.hear(OLD, PASS, 1.5)
    bench.run(NEW, [failed()] * 2, 2)
    assert bench.state is GateState.SUSPECT
    bench.hear("old-2", PASS, 3.5)
    assert bench.state is GateState.TRIPPED


def test_inconclusive_keeps_ok_if_it_was_entered_with_ok() -> None:
    bench = healthy(baseline=(OLD,))
    bench.run(OLD, [failed()] * 3, 0.1, every=0.1)
    bench.run(NEW, [failed()] * 3, 1)
    assert (bench.state, bench.degraded) == (GateState.INCONCLUSIVE, False)


def test_inconclusive_stays_degraded_if_it_was_entered_so() -> None:
    bench = healthy(baseline=(OLD,))
    bench.run(NEW, [failed()] * 3, 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    bench.run(OLD, [failed()] * 3, 4, every=0.1)
    assert (bench.state, bench.degraded) == (GateState.INCONCLUSIVE, True)


def test_a_trip_whose_baseline_goes_bad_too_is_inconclusive_and_starts_nothing() -> None:
    bench = tripped(baseline=(OLD,), on_trip=plans(rollback=10_000))
    bench.run(OLD, [failed()] * 3, 4, every=0.1)
    assert (bench.state, bench.degraded) == (GateState.INCONCLUSIVE, True)
    assert due_plans(bench.gate, now=s(14)) == ()


def test_the_clock_of_a_trip_that_was_inconclusive_in_between_starts_again() -> None:
    bench = tripped(baseline=(OLD,), on_trip=plans(rollback=5_000))
    bench.run(OLD, [failed()] * 3, 3.1, every=0.1)
    bench.hear(OLD, PASS, 6)
    assert bench.gate.tripped == s(6)
    bench.hear(NEW, failed(), 10.999)
    assert due_plans(bench.gate, now=s(10.999)) == ()
    assert due_plans(bench.gate, now=s(11)) == ("rollback",)


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
    bench.hear(NEW, failed(), 15.3, sent=15.1)
    assert due_plans(bench.gate, now=s(15.3)) == ("rollback",)


def test_each_plan_is_due_once_per_latch() -> None:
    bench = tripped(on_trip=plans(trunk_failover=0, rollback=10_000))
    bench.do(Latch("trunk-failover", "gate inbound"), s(3))
    assert due_plans(bench.gate, now=s(12.9)) == ()
    assert due_plans(bench.gate, now=s(13)) == ("rollback",)
    bench.do(Latch("rollback", "gate inbound"), s(13))
    assert due_plans(bench.gate, now=s(14)) == ()


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
    assert not cadence(bench.gate)
    told = []
    for index, result in enumerate([failed(500), failed(), failed(), failed(), PASS, PASS]):
        bench.hear(NEW, result, 1 + index)
        told.append(cadence(bench.gate))
    assert told == [True, True, True, True, True, False]


def test_cadence_of_a_failing_gate_that_knows_nothing_yet_hastens() -> None:
    bench = Bench()
    assert not cadence(bench.gate)
    bench.hear(NEW, failed(), 1)
    assert cadence(bench.gate)


def test_cadence_is_plain_once_a_run_started() -> None:
    bench = tripped()
    bench.do(Latch("rollback", "gate inbound"), s(4))
    assert not cadence(bench.gate)


def test_a_baseline_that_fails_alone_does_not_hasten() -> None:
    bench = healthy(baseline=(OLD,))
    bench.hear(OLD, failed(), 1)
    assert not cadence(bench.gate)


def test_recovery_time_begins_at_the_first_failure_that_stands() -> None:
    bench = healthy(needed=(NEW, "second"))
    assert first_failed(bench.gate) is None
    bench.run(NEW, [failed(), PASS, failed(500), failed()], 1)
    bench.hear("second", failed(), 2.5)
    assert first_failed(bench.gate) == s(2.5)


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


# evidence


def test_the_evidence_of_a_trip_is_its_arithmetic() -> None:
    bench = Bench()
    bench.hear(NEW, PASS, 1)
    bench.hear(NEW, failed(), 6)
    bench.hear(NEW, failed(), 7)
    transition = bench.hear(NEW, failed(), 8.2)
    assert transition is not None
    assert transition.evidence == "trunk-new: 503, 503, 503: 3 consecutive ≥ 3; last PASS 7.2 s ago"
    assert (transition.cause, transition.at) == ("sample trunk-new#3", s(8.2))


def test_the_evidence_tells_silence_and_refusal_from_an_answer() -> None:
    bench = healthy()
    bench.run(NEW, [SILENCE, failed(503, Origin.TRANSPORT), failed()], 1)
    assert bench.transitions[-1].evidence.startswith("trunk-new: 408 timeout, 503 transport, 503: 3 consecutive ≥ 3")


def test_the_evidence_of_a_comparison_names_the_baseline() -> None:
    bench = tripped(baseline=(OLD,))
    assert bench.transitions[-1].evidence == (
        "trunk-new: 503, 503, 503: 3 consecutive ≥ 3; last PASS 3.0 s ago; "
        "baseline good (trunk-old: PASS to a request sent after the first counted failure)"
    )


def test_the_evidence_of_inconclusive_says_that_going_back_would_not_help() -> None:
    bench = healthy(baseline=(OLD,))
    bench.run(OLD, [failed()] * 3, 0.1, every=0.1)
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.transitions[-1].evidence.endswith("; baseline bad too (trunk-old): going back would not help")


def test_the_evidence_of_a_trip_that_cannot_be_compared_says_so() -> None:
    bench = healthy(baseline=(OLD,))
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.transitions[-1].evidence.endswith("; baseline not yet known (trunk-old)")


def test_the_evidence_of_a_first_failure_is_the_distance() -> None:
    bench = healthy()
    transition = bench.hear(NEW, failed(), 1)
    assert transition is not None
    assert transition.evidence == "trunk-new: 503: 1 consecutive < 3; last PASS 1.0 s ago"


def test_the_evidence_without_any_pass_says_so() -> None:
    bench = healthy()
    gate = bench.gate
    bench.gate = replace(gate, inputs={NEW: replace(gate.inputs[NEW], passed_at=None)})
    transition = bench.hear(NEW, failed(), 1)
    assert transition is not None
    assert transition.evidence == "trunk-new: 503: 1 consecutive < 3; no PASS yet"


def test_the_evidence_of_failures_outside_the_code_set_counts_them() -> None:
    bench = healthy()
    bench.run(NEW, [failed(500)] * 3, 1)
    assert bench.transitions[-1].evidence == "trunk-new: 3 failures outside the code set, threshold 3; last PASS 3.0 s ago"


def test_the_evidence_of_failures_of_mixed_codes_says_why_the_answer_changed() -> None:
    bench = healthy()
    bench.run(NEW, [failed(), failed(500), failed()], 1)
    assert bench.transitions[-1].evidence == (
        "trunk-new: 503, 503: 2 consecutive < 3; 3 failures of any code ≥ 3; last PASS 3.0 s ago"
    )


def test_the_evidence_of_recovery_counts_the_passes() -> None:
    bench = tripped(recover=2)
    bench.run(NEW, [PASS, PASS], 4)
    assert bench.transitions[-1].evidence == "trunk-new: 2 consecutive PASS; recover 2"


def test_the_evidence_of_the_first_health_needs_no_recovery() -> None:
    bench = healthy()
    assert bench.transitions[-1].evidence == "trunk-new: 1 consecutive PASS"


def test_the_evidence_of_unknown_is_the_age_of_each_input() -> None:
    bench = Bench(spec(needed=(NEW, "second")))
    bench.hear(NEW, PASS, 0)
    bench.hear("second", PASS, 1)
    transition = bench.tick(17.6)
    assert transition is not None
    assert transition.evidence == "newest result: trunk-new 17.6 s ago, second 16.6 s ago; max_age 17.0 s"
    assert transition.cause == "time"


def test_the_evidence_of_a_latch_names_the_plan_and_who() -> None:
    bench = healthy()
    transition = bench.do(Latch("rollback", "an operator"), s(1))
    assert transition is not None
    assert (transition.before, transition.after) == (GateState.HEALTHY, GateState.TRIPPED)
    assert transition.evidence == "latched: rollback by an operator"
    assert bench.do(Latch("other", "an operator"), s(2)) is None  # latched already


def test_a_trip_of_an_error_only_gate_never_happens() -> None:
    bench = healthy()
    bench.run(NEW, [ERROR] * 10, 1)
    assert bench.transitions[-1].after is GateState.HEALTHY
