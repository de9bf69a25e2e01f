"""Counting: what resets, what counts, and what says nothing."""

from __future__ import annotations

import pytest

from gates.gate import GateState
from gates.input import Input
from gates.machine import Disturbed, Reset, due_plans
from probes.sample import Origin
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, Bench, failed, plans, s, spec


def healthy(**rule: object) -> Bench:
    bench = Bench(spec(**rule))  # type: ignore[arg-type]
    for probe in (*bench.gate.spec.needed, *bench.gate.spec.baseline):
        bench.hear(probe, PASS, 0)
    return bench


def test_the_gate_trips_on_the_nth_failure() -> None:
    bench = healthy()
    bench.hear(NEW, failed(), 1)
    bench.hear(NEW, failed(), 2)
    assert bench.state is GateState.SUSPECT
    bench.hear(NEW, failed(), 3)
    assert bench.state is GateState.TRIPPED


def test_a_threshold_of_one_trips_on_the_first_failure() -> None:
    bench = healthy(threshold=1)
    bench.hear(NEW, failed(), 1)
    assert bench.state is GateState.TRIPPED


def test_a_pass_resets_the_count() -> None:
    bench = healthy()
    bench.run(NEW, [failed(), failed(), PASS, failed(), failed()], 1)
    assert (bench.state, bench.gate.inputs[NEW].counted) == (GateState.SUSPECT, 2)


@pytest.mark.parametrize(
    "result", [failed(503), failed(408), SILENCE, failed(503, Origin.TRANSPORT)], ids=["503", "408", "silence", "refused"]
)
def test_each_failure_in_the_code_set_counts(result: object) -> None:
    bench = healthy(threshold=1)
    bench.hear(NEW, result, 1)  # type: ignore[arg-type]
    assert bench.state is GateState.TRIPPED


def test_an_error_neither_counts_nor_resets() -> None:
    bench = healthy()
    bench.run(NEW, [failed(), ERROR, failed(), ERROR], 1)
    assert (bench.state, bench.gate.inputs[NEW].counted) == (GateState.SUSPECT, 2)
    bench.hear(NEW, failed(), 5)
    assert bench.state is GateState.TRIPPED


def test_errors_do_not_keep_an_input_fresh() -> None:
    bench = healthy()
    bench.run(NEW, [ERROR] * 17, 1)
    assert bench.state is GateState.HEALTHY
    bench.hear(NEW, ERROR, 17.001)
    assert bench.state is GateState.UNKNOWN


def test_a_failure_outside_the_code_set_neither_counts_nor_resets() -> None:
    bench = healthy(threshold=4)
    bench.run(NEW, [failed(), failed(), failed(486)], 1)
    known = bench.gate.inputs[NEW]
    assert (known.counted, known.failing, known.streak) == (2, 3, ("503", "503"))


def test_a_failure_outside_the_code_set_keeps_an_input_fresh() -> None:
    bench = healthy(threshold=100)
    bench.run(NEW, [failed(486)] * 20, 1)
    assert bench.state is GateState.SUSPECT


def test_a_failure_without_a_code_is_outside_the_code_set() -> None:
    bench = healthy()
    bench.run(NEW, [failed(None, reason="malformed")] * 3, 1)
    known = bench.gate.inputs[NEW]
    assert (known.counted, known.failing) == (0, 3)


def test_n_failures_of_any_code_answer_degraded_as_suspect_and_start_nothing() -> None:
    bench = healthy(on_trip=plans(rollback=0))
    bench.run(NEW, [failed(), failed(500)], 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, False)
    transition = bench.hear(NEW, failed(486), 3)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    assert transition is not None
    assert transition.before is transition.after is GateState.SUSPECT
    assert due_plans(bench.gate, now=s(3)) == ()


def test_failures_on_two_probes_are_not_added_up() -> None:
    bench = healthy(needed=(NEW, "second"))
    bench.run(NEW, [failed(), failed()], 1)
    bench.run("second", [failed(), failed()], 1)
    assert bench.state is GateState.SUSPECT


def test_any_needed_probe_trips_the_gate() -> None:
    bench = healthy(needed=(NEW, "second"))
    bench.run("second", [failed()] * 3, 1)
    assert bench.state is GateState.TRIPPED


def test_a_sample_of_a_probe_the_gate_does_not_use_changes_nothing() -> None:
    bench = healthy()
    before = bench.gate
    bench.hear("another", failed(), 1)
    assert bench.gate == before


# order of sending


def test_a_result_older_in_sequence_than_one_judged_is_ignored() -> None:
    bench = healthy()
    bench.hear(NEW, PASS, 3, sequence=7)
    before = bench.gate.inputs
    bench.hear(NEW, SILENCE, 3.5, sent=1, sequence=6)
    assert bench.gate.inputs == before


def test_the_same_result_twice_counts_once() -> None:
    bench = healthy()
    bench.hear(NEW, failed(), 1, sequence=7)
    bench.hear(NEW, failed(), 1.1, sequence=7)
    assert bench.gate.inputs[NEW].counted == 1


def test_a_late_pass_does_not_reset() -> None:
    bench = healthy()
    bench.hear(NEW, failed(), 2, sequence=3)
    bench.hear(NEW, PASS, 2.5, sent=1, sequence=2)
    assert bench.gate.inputs[NEW].counted == 1


def test_overlapping_attempts_count_in_order_of_sending() -> None:
    """Sent 1, 2, 3, 4; 2 is refused at once while 1 is still waiting: the time-out of 1 tells nothing that 2 did not."""
    bench = healthy()
    bench.hear(NEW, failed(), 1.1, sent=1.0, sequence=2)
    bench.hear(NEW, SILENCE, 2.5, sent=0.5, sequence=1)
    bench.hear(NEW, SILENCE, 3.2, sent=1.2, sequence=3)
    assert bench.gate.inputs[NEW].counted == 2
    bench.hear(NEW, SILENCE, 3.4, sent=1.4, sequence=4)
    assert bench.state is GateState.TRIPPED


def test_an_error_does_not_make_an_earlier_attempt_late() -> None:
    bench = healthy()
    bench.hear(NEW, ERROR, 1.1, sequence=5)
    bench.hear(NEW, failed(), 1.2, sent=1.0, sequence=4)
    assert bench.gate.inputs[NEW].counted == 1


# our own trouble


def test_a_timeout_sent_before_a_disturbance_does_not_count() -> None:
    bench = healthy()
    bench.do(Disturbed("loop lagged 3.0 s"), s(2))
    before = bench.gate.inputs
    bench.hear(NEW, SILENCE, 2.5, sent=1.9)
    bench.hear(NEW, SILENCE, 2.6, sent=2.0)
    assert bench.gate.inputs == before
    bench.hear(NEW, SILENCE, 4.5, sent=2.001)
    assert bench.gate.inputs[NEW].counted == 1


def test_an_answer_on_the_wire_counts_although_it_was_asked_before_a_disturbance() -> None:
    bench = healthy()
    bench.do(Disturbed("loop lagged 3.0 s"), s(2))
    bench.hear(NEW, failed(), 2.5, sent=1.9)
    assert bench.gate.inputs[NEW].counted == 1


def test_a_late_result_after_a_reset_is_still_late() -> None:
    bench = healthy()
    bench.hear(NEW, PASS, 2, sequence=9)
    bench.do(Reset("an operator"), s(2.1))
    bench.hear(NEW, SILENCE, 2.5, sent=0.5, sequence=8)
    assert bench.gate.inputs[NEW].counted == 0
    bench.hear(NEW, PASS, 2.6, sent=0.6, sequence=8)
    assert bench.state is GateState.UNKNOWN


def test_a_disturbance_outlives_a_reset() -> None:
    bench = healthy()
    bench.do(Disturbed("clock jumped +5.0 s"), s(2))
    bench.do(Reset("an operator"), s(2.1))
    assert bench.gate.undisturbed_ns == s(2).mono_ns


# UNKNOWN


def test_entering_unknown_zeroes_the_counters_of_every_input() -> None:
    bench = healthy(needed=(NEW, "second"), baseline=(OLD,))
    bench.run(NEW, [failed(), failed()], 1)
    bench.hear(OLD, failed(), 1)
    bench.tick(17.5)
    assert bench.state is GateState.UNKNOWN
    assert all(
        (k.counted, k.failing, k.passes, k.streak, k.first_failed) == (0, 0, 0, (), None) for k in bench.gate.inputs.values()
    )


def test_entering_unknown_keeps_when_each_input_was_asked_and_last_passed() -> None:
    bench = healthy()
    bench.hear(NEW, PASS, 1.25, sent=1)
    bench.hear(NEW, failed(), 2.25, sent=2)
    bench.tick(19.5)
    assert bench.gate.inputs[NEW] == Input(judged=2, sent=s(2), passed_sent=s(1), passed_at=s(1.25))


def test_a_late_result_after_entering_unknown_is_still_late() -> None:
    bench = healthy()
    bench.hear(NEW, PASS, 1, sequence=7)
    bench.tick(18.5)
    assert bench.state is GateState.UNKNOWN
    bench.hear(NEW, PASS, 18.6, sequence=6)
    assert bench.state is GateState.UNKNOWN


def test_one_pass_of_every_needed_input_ends_unknown() -> None:
    bench = Bench(spec(needed=(NEW, "second"), baseline=(OLD,)))
    bench.hear(NEW, PASS, 0)
    assert bench.state is GateState.UNKNOWN
    bench.hear("second", PASS, 1)
    assert bench.state is GateState.HEALTHY


def test_a_pass_from_before_unknown_does_not_end_it() -> None:
    """One input went stale while the other kept passing: it too must pass anew."""
    bench = healthy(needed=(NEW, "second"))
    bench.run("second", [PASS] * 16, 1)
    bench.tick(17.001)
    bench.hear(NEW, PASS, 17.1)
    assert bench.state is GateState.UNKNOWN
    bench.hear("second", PASS, 17.2)
    assert bench.state is GateState.HEALTHY


def test_an_input_is_fresh_up_to_max_age_and_not_a_nanosecond_longer() -> None:
    bench = healthy()
    bench.tick(17)
    assert bench.state is GateState.HEALTHY
    bench.tick(17.000001)
    assert bench.state is GateState.UNKNOWN


def test_age_runs_from_sending_not_from_arrival() -> None:
    bench = healthy()
    bench.hear(NEW, PASS, 10, sent=1)
    bench.tick(18.001)
    assert bench.state is GateState.UNKNOWN


def test_a_stale_baseline_input_does_not_make_a_passing_gate_unknown() -> None:
    bench = healthy(baseline=(OLD,))
    bench.run(NEW, [PASS] * 30, 1)
    assert bench.state is GateState.HEALTHY
