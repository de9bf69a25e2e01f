"""What is remembered of each probe: bounded, and failures outlast the passes that follow them."""

from __future__ import annotations

from daemon.observe import Observers, ProbeHistory
from gates.gate import fresh
from probes.sample import Outcome, ProbeResult, Sample
from tests.gates.bench import ERROR, NEW, OLD, PASS, failed, s, spec


def sample(result: ProbeResult, sequence: int, probe: str = NEW) -> Sample:
    return Sample(probe, "local", sequence, s(sequence), s(sequence), result)


def remembered(*results: ProbeResult, kept: int = 3) -> ProbeHistory:
    observers, history = Observers(), ProbeHistory(kept=kept)
    history.observe(observers)
    for sequence, result in enumerate(results):
        observers.sample(sample(result, sequence), "new")
    return history


def test_the_last_results_of_a_probe_are_kept_oldest_first_and_no_more() -> None:
    history = remembered(PASS, PASS, failed(), PASS)
    assert [each.sequence for each in history.results[NEW]] == [1, 2, 3]


def test_a_failure_is_kept_however_many_passes_follow() -> None:
    history = remembered(failed(), *[PASS] * 10)
    assert [each.sequence for each in history.failures[NEW]] == [0]
    assert all(each.result.outcome is Outcome.PASS for each in history.results[NEW])


def test_what_could_not_be_measured_is_kept_among_the_failures() -> None:
    history = remembered(PASS, ERROR, failed())
    assert [each.sequence for each in history.failures[NEW]] == [1, 2]


def test_only_the_last_failures_are_kept() -> None:
    history = remembered(*[failed()] * 5)
    assert [each.sequence for each in history.failures[NEW]] == [2, 3, 4]


def test_probes_are_remembered_apart() -> None:
    history = remembered(PASS)
    history.sampled(sample(failed(), 7, OLD), "baseline")
    assert [each.sequence for each in history.results[NEW]] == [0]
    assert [each.sequence for each in history.failures[OLD]] == [7]
    assert NEW not in history.failures


def test_what_told_a_gate_something_is_remembered_for_each_gate() -> None:
    observers, history = Observers(), ProbeHistory(kept=2)
    history.observe(observers)
    for sequence in range(3):
        observers.counted(fresh(spec()), sample(PASS, sequence))
    assert {key: list(kept) for key, kept in history.judged.items()} == {("inbound", NEW): [1, 2]}
