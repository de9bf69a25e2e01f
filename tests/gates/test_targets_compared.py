"""Both paths by names that lead to several targets: what makes the baseline path good, and what bad."""

from __future__ import annotations

import pytest

from gates.compare import Side, baseline_side
from gates.gate import GateState
from probes.sample import ProbeResult
from tests.gates.bench import ERROR, NEW, OLD, PASS, failed, of, s
from tests.gates.test_targets import F, healthy


def compared(*beats: tuple[float, dict[str, ProbeResult]]) -> Side:
    """Trouble on the new path since 10 s; then these beats of the baseline path, at 14 s."""
    bench = healthy(baseline=(OLD,))
    for second in (10, 11, 12):
        bench.beat(NEW, second, a=F, b=F)
    for when, results in beats:
        bench.beat(OLD, when, **results)
    return baseline_side(bench.gate, now=s(14))


BEATS = {
    "no target asked since": ([], Side.UNKNOWN),
    "asked at the very moment": ([(10, {"a": PASS, "b": PASS})], Side.UNKNOWN),
    "one passed since": ([(10.001, {"a": PASS, "b": F})], Side.GOOD),
    "one passed since, the others fail for long": ([(i, {"a": F, "b": PASS}) for i in (9, 10, 11, 12)], Side.GOOD),
    "one passed since and fails, the other passed before": ([(11, {"a": PASS, "b": ERROR}), (12, {"a": F})], Side.UNKNOWN),
    "each fails, not yet often": ([(11, {"a": F, "b": F})], Side.UNKNOWN),
    "each fails as often": ([(i, {"a": failed(500), "b": F}) for i in (11, 12, 13)], Side.BAD),
    "one fails as often": ([(i, {"a": failed(500), "b": ERROR}) for i in (11, 12, 13)], Side.UNKNOWN),
}


@pytest.mark.parametrize("case", BEATS)
def test_the_baseline_is_good_by_one_target_that_passed_since_and_bad_by_all(case: str) -> None:
    beats, side = BEATS[case]
    assert compared(*[(when, {"b": ERROR, **results}) for when, results in beats]) is side


def test_a_baseline_asked_between_the_first_failures_of_two_targets_was_asked_before_the_path_failed() -> None:
    bench = healthy(baseline=(OLD,))
    bench.beat(NEW, 1, a=F, b=PASS)
    bench.beat(OLD, 1.5, a=PASS, b=PASS)
    for second in (2, 3, 4):
        bench.beat(NEW, second, a=F, b=F)
    assert (bench.state, baseline_side(bench.gate, now=s(4))) == (GateState.SUSPECT, Side.UNKNOWN)
    bench.hear(OLD, of("a", PASS, "ab"), 4.1, sent=2.001)
    assert bench.state is GateState.TRIPPED
