"""What the log says of failures, as they are counted."""

from __future__ import annotations

import pytest

from daemon import chronicle
from daemon.observe import Observers
from gates.rules.consecutive import Consecutive
from gates.spec import Clause, GateSpec
from probes.sample import ProbeResult
from tests.gates.bench import ERROR, NEW, OLD, PASS, Bench, failed, of, s, spec
from tests.gates.dial import dialled, gate_of


def told(caplog: pytest.LogCaptureFixture, *results: ProbeResult, probe: str = NEW, rule: GateSpec | None = None) -> list[str]:
    """One result after the other, at once told."""
    observers, bench = Observers(), Bench(rule or spec(baseline=(OLD,)))
    chronicle.observe(observers)
    for sequence, result in enumerate(results):
        sample = bench.sample(probe, result, s(sequence), s(sequence), sequence=sequence)
        before = bench.gate.inputs
        bench.do(sample, s(sequence))
        if bench.gate.inputs is not before:
            observers.counted(bench.gate, sample)
    return [record.getMessage() for record in caplog.records]


def test_each_failure_up_to_the_threshold_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, PASS, *[failed()] * 9) == [f"trunk-new: 503: 503: {n}/3" for n in (1, 2, 3)]


def test_what_could_not_be_measured_and_what_passed_are_no_lines(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, PASS, ERROR, PASS) == []


def test_a_dead_target_beside_one_that_works_is_named_and_goes_silent_by_its_own_count(caplog: pytest.LogCaptureFixture) -> None:
    dead = [of("b", PASS, "ab"), of("a", failed(), "ab")] * 30
    assert told(caplog, *dead) == [f"trunk-new: a: 503: 503: {n}/3" for n in (1, 2, 3)]


def test_a_target_that_recovered_is_told_again_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    again = [*[of("a", failed(), "ab")] * 9, of("a", PASS, "ab"), of("a", failed(500), "ab")]
    assert told(caplog, of("b", PASS, "ab"), *again)[3:] == ["trunk-new: a: 500: failing: 0/3"]


def test_the_baseline_path_is_told_by_its_failures_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, *[failed()] * 9, probe=OLD) == [f"trunk-old: 503: 503: {n}/3" for n in (1, 2, 3)]


def test_another_rule_says_in_its_own_words_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, PASS, failed(), rule=gate_of(dialled())) == ["trunk-new: 503: dial failing"]


def test_each_probe_goes_silent_by_its_own_rules(caplog: pytest.LogCaptureFixture) -> None:
    rule = gate_of(Clause(Consecutive(2, (503,)), (NEW,)), Clause(Consecutive(9, (503,)), ("other",)))
    assert len(told(caplog, *[failed()] * 12, rule=rule)) == 2
