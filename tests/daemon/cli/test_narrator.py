"""What a failure is told like, as it happens."""

from __future__ import annotations

from dataclasses import replace

from daemon.cli.narrator import Narrator
from gates.spec import GateSpec
from probes.sample import ProbeResult
from tests.gates.bench import NEW, OLD, PASS, SILENCE, Bench, failed, of, s, spec
from tests.gates.dial import dialled, gate_of


def told(*results: ProbeResult, probe: str = NEW, rule: GateSpec | None = None) -> list[str]:
    """One result after the other, at once told; without the time of day."""
    said: list[str] = []
    narrator, bench = Narrator(said.append), Bench(rule or spec(baseline=(OLD,)))
    for sequence, result in enumerate((PASS, *results)):
        sample = bench.sample(probe, result, s(sequence), s(sequence), sequence=sequence)
        bench.do(sample, s(sequence))
        narrator.counted(bench.gate, sample)
    return [line.split("  ", 1)[1] for line in said]


def test_a_failure_says_once_what_it_is_and_how_many_it_takes() -> None:
    assert told(failed(), SILENCE) == ["trunk-new   503: 1/3", "trunk-new   408 timeout: 2/3"]


def test_a_retry_after_is_told() -> None:
    assert told(replace(failed(), facts={"retry_after_s": 30})) == ["trunk-new   503: 1/3   Retry-After 30 s"]


def test_failures_beyond_the_threshold_are_not_told_each() -> None:
    assert len(told(*[failed()] * 9)) == 3


def test_the_baseline_path_is_not_told() -> None:
    assert told(failed(), probe=OLD) == []


def test_a_target_is_named_and_goes_silent_by_its_own_count() -> None:
    lines = told(of("b", PASS, "ab"), *[of("a", failed(), "ab")] * 9)
    assert lines == ["trunk-new   a   503: 0/3"] * 3


def test_another_rule_says_in_its_own_words_how_far_it_is() -> None:
    assert told(failed(), rule=gate_of(dialled())) == ["trunk-new   503: dial failing"]
