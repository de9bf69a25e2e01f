"""The arithmetic that each transition carries."""

from __future__ import annotations

from dataclasses import replace

from gates.gate import GateState, Transition
from gates.machine import Disturbed, Latch, Reset
from probes.sample import Origin
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, Bench, failed, s, spec


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


def test_the_evidence_of_a_trip_is_its_arithmetic() -> None:
    bench = Bench()
    bench.hear(NEW, PASS, 1)
    bench.hear(NEW, failed(), 6)
    bench.hear(NEW, failed(), 7)
    transition = bench.hear(NEW, failed(), 8.2)
    evidence = "trunk-new: 503, 503, 503: 3 consecutive ≥ 3; last PASS 7.2 s ago"
    assert transition == Transition("inbound", GateState.SUSPECT, GateState.TRIPPED, "sample trunk-new#3", evidence, s(8.2))


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


def test_the_evidence_below_the_threshold_says_nothing_of_the_baseline() -> None:
    bench = healthy(baseline=(OLD,))
    bench.hear(NEW, failed(), 1)
    assert bench.transitions[-1].evidence == "trunk-new: 503: 1 consecutive < 3; last PASS 1.0 s ago"


def test_the_evidence_of_several_probes_tells_of_each() -> None:
    bench = healthy(needed=(NEW, "second"), baseline=(OLD, "old-2"))
    assert bench.transitions[-1].evidence == "trunk-new: 1 consecutive PASS, second: 1 consecutive PASS"
    bench.hear("second", failed(), 1)
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.transitions[-1].evidence == (
        "trunk-new: 503, 503, 503: 3 consecutive ≥ 3; last PASS 3.0 s ago; "
        "second: 503: 1 consecutive < 3; last PASS 3.0 s ago; baseline not yet known (trunk-old, old-2)"
    )


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


def test_the_evidence_of_health_after_a_plain_suspect_needs_no_recovery() -> None:
    bench = healthy()
    bench.run(NEW, [failed(), PASS], 1)
    assert bench.transitions[-1].evidence == "trunk-new: 1 consecutive PASS"


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
    assert transition == Transition(
        "inbound", GateState.HEALTHY, GateState.TRIPPED, "run of rollback started by an operator", "latched until `reset`", s(1)
    )
    assert bench.do(Latch("other", "an operator"), s(2)) is None  # latched already


def test_the_evidence_of_a_reset_is_that_the_counters_are_zeroed() -> None:
    bench = healthy()
    told = Transition("inbound", GateState.HEALTHY, GateState.UNKNOWN, "reset by an operator", "counters zeroed", s(1))
    assert bench.do(Reset("an operator"), s(1)) == told


def test_the_cause_of_what_shows_by_a_disturbance_is_the_disturbance() -> None:
    bench = healthy()
    transition = bench.do(Disturbed("loop lagged 20.0 s"), s(20))
    assert transition is not None
    assert (transition.after, transition.cause) == (GateState.UNKNOWN, "loop lagged 20.0 s")


def test_a_trip_of_an_error_only_gate_never_happens() -> None:
    bench = healthy()
    bench.run(NEW, [ERROR] * 10, 1)
    assert bench.transitions[-1].after is GateState.HEALTHY
