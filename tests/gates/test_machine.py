"""Recovery, staleness and comparison: how a gate moves."""

from __future__ import annotations

import pytest

from gates.gate import GateState
from gates.machine import Latch, Reset, due_plans
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
