"""What is remembered of each probe: bounded, and failures outlast the passes that follow them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from daemon.observe import Observers, ProbeHistory, kept_for
from gates.gate import fresh
from probes.sample import Outcome, ProbeResult, Sample
from tests.gates.bench import ERROR, NEW, OLD, PASS, failed, of, s, spec


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
    assert {key: list(kept) for key, kept in history.judged.items()} == {("inbound", NEW): [(1, ""), (2, "")]}


# a name that leads to several targets


def beats(*beats: dict[str, ProbeResult], kept: int = 2) -> ProbeHistory:
    """One beat after the other, each the results by target."""
    observers, history = Observers(), ProbeHistory(kept=kept)
    history.observe(observers)
    for sequence, results in enumerate(beats):
        for target, result in results.items():
            observers.sample(sample(of(target, result, "".join(results)), sequence), "new")
    return history


def told(kept: Iterable[Sample]) -> list[tuple[str, int]]:
    return [(each.result.target, each.sequence) for each in kept]


def test_the_last_results_are_kept_of_each_target() -> None:
    history = beats(*[{"a": PASS, "b": failed()}] * 4)
    assert told(history.results[NEW]) == [("a", 2), ("b", 2), ("a", 3), ("b", 3)]


def test_the_failures_of_one_target_do_not_wash_those_of_another_away() -> None:
    history = beats({"a": failed(), "b": failed()}, *[{"a": PASS, "b": failed()}] * 5)
    assert told(history.failures[NEW]) == [("a", 0), ("b", 4), ("b", 5)]


def test_of_targets_that_the_name_no_longer_leads_to_as_many_are_kept_as_of_one() -> None:
    history = beats(*[{name: failed()} for name in "abcdef"])
    assert told(history.results[NEW]) == told(history.failures[NEW]) == [("d", 3), ("e", 4), ("f", 5)]


def test_what_could_not_be_asked_of_the_name_is_kept_beside_its_targets() -> None:
    history = beats({"a": PASS, "b": PASS})
    for sequence in (1, 2, 3):
        history.sampled(sample(ERROR, sequence), "new")
    assert told(history.results[NEW]) == [("a", 0), ("b", 0), ("", 2), ("", 3)]


def test_what_told_a_gate_something_is_remembered_for_each_target() -> None:
    history = beats({"a": PASS, "b": PASS})
    for sequence in range(5):
        for target in "ab":
            history.counted(fresh(spec()), sample(of(target, PASS, "ab"), sequence))
    assert list(history.judged["inbound", NEW]) == [(each, target) for each in (2, 3, 4) for target in "ab"]


def test_what_told_a_gate_something_shrinks_with_the_targets() -> None:
    history = beats({"a": PASS, "b": PASS, "c": PASS})
    for sequence in range(8):
        history.counted(fresh(spec()), sample(of("a", PASS, "abc"), sequence))
    assert len(history.judged["inbound", NEW]) == 8
    history.sampled(sample(of("a", PASS), 8), "new")
    history.counted(fresh(spec()), sample(of("a", PASS), 8))
    assert list(history.judged["inbound", NEW]) == [(each, "a") for each in (5, 6, 7, 8)]


@pytest.mark.parametrize(("probes", "kept"), [(0, 20), (1, 20), (200, 20), (400, 10), (1_000, 4), (10_000, 3)])
def test_the_more_probes_the_fewer_results_are_kept_of_each(probes: int, kept: int) -> None:
    assert kept_for(probes) == kept
