"""Beats in which nobody got through, whoever was asked; and targets that cannot be measured."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates import compare
from gates.beats import MOST_OPEN
from gates.gate import GateState, was_told
from gates.machine import Disturbed, Reset
from probes.sample import Outcome, ProbeResult
from tests.gates.bench import CODES, ERROR, NEW, OLD, PASS, SILENCE, Bench, failed, of, s, spec
from tests.gates.test_machine_properties import RESULTS
from tests.gates.test_targets import F, counts, healthy

FOREVER_MS = 10**9
NAMES = "abcdefgh"


def row(bench: Bench) -> int:
    return bench.gate.targets[NEW].row.counted


# a name that leads elsewhere at each look-up


def test_a_name_that_leads_to_one_and_the_other_in_turn_trips_on_the_nth_beat() -> None:
    bench = healthy()
    for second, target in ((1, "a"), (2, "b")):
        bench.beat(NEW, second, **{target: F})
        assert bench.state is GateState.SUSPECT
    bench.beat(NEW, 3, a=SILENCE)
    assert (bench.state, counts(bench), bench.path().first_counted) == (GateState.TRIPPED, (3, 3, 0), s(1))
    assert bench.path().streak == ("503", "503", "408 timeout")
    assert "3 consecutive ≥ 3 beats whoever was asked (now a 1)" in bench.transitions[-1].evidence


@pytest.mark.parametrize("seed", range(5))
def test_two_of_eight_at_random_trip_within_a_beat_of_the_threshold_and_stay_so_after_each_beat(seed: int) -> None:
    bench, rng = healthy(NAMES), random.Random(seed)
    for second in range(1, 61):
        bench.beat(NEW, second, **dict.fromkeys(rng.sample(NAMES, 2), F))
        assert (bench.path().counted >= second) or second < 4
        assert (bench.state is GateState.TRIPPED) == (second >= 3)


def test_a_baseline_asked_while_the_targets_changed_was_asked_since_the_first_of_these_beats() -> None:
    bench = Bench(spec(baseline=(OLD,)))
    bench.beat(NEW, 0, a=PASS)
    bench.hear(OLD, PASS, 0)
    bench.beat(NEW, 1, a=F)
    bench.beat(NEW, 2, b=F)
    bench.hear(OLD, PASS, 2.5)
    bench.beat(NEW, 3, a=F)
    assert (bench.state, compare.baseline_side(bench.gate, now=s(3))) == (GateState.TRIPPED, compare.Side.GOOD)


def test_failures_outside_the_code_set_are_beats_without_a_count() -> None:
    bench = healthy()
    for second, target in ((1, "a"), (2, "b"), (3, "a")):
        bench.beat(NEW, second, **{target: failed(486)})
    assert (bench.state, bench.degraded, counts(bench)) == (GateState.SUSPECT, True, (0, 3, 0))


def test_a_beat_of_errors_alone_neither_counts_nor_resets() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F)
    bench.beat(NEW, 2, b=F)
    bench.beat(NEW, 3, a=ERROR)
    assert row(bench) == 2
    bench.beat(NEW, 4, b=F)
    assert bench.state is GateState.TRIPPED


# results that overlap


def test_a_beat_is_judged_only_after_those_before_it() -> None:
    bench = healthy()
    bench.hear(NEW, of("a", F, "ab"), 1, sequence=1)
    bench.hear(NEW, of("c", F), 2, sequence=2)
    bench.hear(NEW, of("d", F), 3, sequence=3)
    bench.hear(NEW, of("e", F), 4, sequence=4)
    assert (row(bench), bench.state) == (0, GateState.SUSPECT)
    bench.hear(NEW, of("b", SILENCE, "ab"), 4.5, sent=1, sequence=1)
    assert (row(bench), bench.state) == (4, GateState.TRIPPED)


def test_a_pass_of_an_earlier_beat_by_a_target_that_left_counts_still() -> None:
    bench = healthy()
    bench.hear(NEW, of("c", F), 2, sequence=2)
    bench.hear(NEW, of("d", F), 3, sequence=3)
    bench.hear(NEW, of("e", PASS), 3.5, sequence=4)
    bench.hear(NEW, of("f", F), 4, sequence=5)
    bench.hear(NEW, of("b", PASS), 4.5, sent=1, sequence=1)
    assert (row(bench), bench.state) == (1, GateState.SUSPECT)


def test_a_beat_that_was_not_heard_of_yet_is_waited_for() -> None:
    bench = healthy()
    for sequence in (1, 2, 4, 5):
        bench.hear(NEW, of(NAMES[sequence], F), sequence, sequence=sequence)
    assert row(bench) == 2
    bench.hear(NEW, of("d", SILENCE), 5.5, sent=3, sequence=3)
    assert row(bench) == 5


def test_a_beat_that_never_ends_is_given_up_and_the_row_begins_anew() -> None:
    bench = healthy()
    bench.beat(NEW, 1, c=F)
    bench.beat(NEW, 2, among="de", d=F)
    for second in range(3, MOST_OPEN + 2):
        bench.beat(NEW, second, **{NAMES[second % 2]: F})
    assert (row(bench), len(bench.gate.targets[NEW].row.open)) == (1, MOST_OPEN)
    bench.beat(NEW, MOST_OPEN + 2, c=F)
    assert (row(bench), len(bench.gate.targets[NEW].row.open)) == (MOST_OPEN, 0)


def test_a_place_that_nobody_ever_tells_of_is_given_up_too() -> None:
    bench = healthy()
    bench.hear(NEW, of("c", F), 1, sequence=2)
    bench.hear(NEW, of("d", F), 2, sequence=2 + MOST_OPEN)
    assert (row(bench), len(bench.gate.targets[NEW].row.open)) == (1, 1)


def test_silence_that_was_perhaps_slept_through_makes_no_failed_beat() -> None:
    bench = healthy()
    bench.do(Disturbed("loop lagged 3.0 s"), s(0.5))
    bench.hear(NEW, of("a", F, "ab"), 1, sequence=1)
    bench.hear(NEW, of("b", SILENCE, "ab"), 1, sent=0.4, sequence=1)
    assert row(bench) == 0


def test_a_look_up_that_fails_is_a_beat_of_everybody_and_one_that_could_not_be_made_is_none() -> None:
    bench = healthy()
    bench.hear(NEW, F, 1)
    assert row(bench) == 1
    bench.hear(NEW, ERROR, 2)
    assert row(bench) == 1


def test_a_reset_forgets_the_beats() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F)
    bench.hear(NEW, of("b", F, "bc"), 2, sequence=2)
    bench.do(Reset("op"), s(2.5))
    bench.hear(NEW, of("c", F, "bc"), 2.6, sequence=2)
    assert row(bench) == 0


# a target that cannot be measured


def test_a_target_that_was_only_ever_an_error_does_not_veto() -> None:
    bench = Bench()
    bench.beat(NEW, 0, b=ERROR, among="ab", a=PASS)
    assert bench.state is GateState.HEALTHY
    for second in (1, 2, 3):
        bench.beat(NEW, second, a=F, b=ERROR)
        assert bench.path().counted == second
    assert (bench.state, bench.path().sent) == (GateState.TRIPPED, s(3))


def test_a_target_that_became_an_error_vetoes_for_as_many_beats_as_the_threshold() -> None:
    bench = healthy()
    for second in (1, 2):
        bench.beat(NEW, second, a=F, b=ERROR)
        assert bench.path().counted == 0
    for second in (3, 4, 5):
        assert bench.state is not GateState.TRIPPED
        bench.beat(NEW, second, b=ERROR, a=F)
    assert bench.state is GateState.TRIPPED


def test_a_target_that_answers_again_is_back_at_once() -> None:
    bench = healthy(recover=1)
    for second in range(1, 9):
        bench.beat(NEW, second, a=F, b=ERROR)
    bench.hear(NEW, of("b", PASS, "ab"), 9, sequence=9)
    assert (bench.state, row(bench), counts(bench)) == (GateState.HEALTHY, 0, (0, 0, 1))


def test_errors_are_no_failure_while_whoever_is_measured_passes() -> None:
    bench = healthy()
    for second in range(1, 20):
        bench.beat(NEW, second, a=PASS, b=ERROR)
    assert (bench.state, counts(bench)) == (GateState.HEALTHY, (0, 0, 20))


def test_a_beat_failed_by_the_one_that_is_measured_begins_the_recovery_anew() -> None:
    bench = Bench(spec(threshold=1, recover=9))
    for second, result in enumerate((PASS, F, PASS, F, F, PASS)):
        bench.beat(NEW, second, a=result, b=ERROR)
    assert bench.path().passes == 1


def test_a_path_of_errors_alone_becomes_unknown() -> None:
    bench = healthy()
    for second in range(1, 18):
        bench.beat(NEW, second, a=ERROR, b=ERROR)
    assert bench.state is GateState.HEALTHY
    bench.beat(NEW, 17.001, a=ERROR, b=ERROR)
    assert bench.state is GateState.UNKNOWN


# whatever comes

DEAD = st.sampled_from([failed(503), failed(408), SILENCE])
SUBSETS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True).map("".join)


@settings(max_examples=150, deadline=None)
@given(beats=st.lists(SUBSETS, min_size=4, max_size=12), data=st.data(), threshold=st.integers(1, 4))
def test_when_everything_is_dead_it_trips_on_the_nth_beat_whoever_the_name_leads_to(
    beats: list[str], data: st.DataObject, threshold: int
) -> None:
    """Of the targets some can never be measured, but at least one of each beat can."""
    bench = Bench(spec(threshold=threshold, max_age_ms=FOREVER_MS))
    bench.beat(NEW, 0, z=PASS)
    mute = data.draw(st.sets(st.sampled_from(NAMES), max_size=3))
    for second, among in enumerate(beats, 1):
        results = {name: ERROR if name in mute and name != among[0] else data.draw(DEAD) for name in among}
        mute -= {among[0]}
        bench.beat(NEW, second, **dict(data.draw(st.permutations(list(results.items())))))
        if not mute:
            assert (bench.state is GateState.TRIPPED) == (second >= threshold)


@settings(max_examples=200, deadline=None)
@given(
    beats=st.lists(st.tuples(SUBSETS, st.lists(RESULTS, min_size=4, max_size=4)), max_size=14),
    data=st.data(),
    threshold=st.integers(1, 3),
)
def test_a_row_is_never_longer_than_the_beats_after_the_last_pass_in_which_somebody_failed(
    beats: list[tuple[str, list[ProbeResult]]], data: st.DataObject, threshold: int
) -> None:
    """Results of neighbouring beats arrive in any order."""
    bench = Bench(spec(threshold=threshold, max_age_ms=FOREVER_MS))
    bench.beat(NEW, 0, z=PASS)
    told = [
        (sequence, target, replace(result, target=target, among=tuple(among)))
        for sequence, (among, results) in enumerate(beats, 1)
        for target, result in zip(among, results, strict=False)
    ]
    told.sort(key=lambda each: each[0] + data.draw(st.integers(0, 2)))
    arrived: list[tuple[int, str, ProbeResult]] = []
    for moment, (sequence, target, result) in enumerate(told, 1):
        bench.hear(NEW, result, moment, sequence=sequence)
        arrived.append((sequence, target, result))
        known = bench.gate.targets[NEW]
        after = known.row.passed
        failing = {at for at, _, each in arrived if each.outcome is Outcome.FAIL and at > after}
        counted = {at for at, _, each in arrived if each.code in CODES and at > after}
        whole = {at for at in failing if sum(at == each[0] for each in arrived) == len(beats[at - 1][0])}
        assert known.row.counted <= len(counted & whole)
        assert known.row.counted <= known.row.failing <= len(whole)
        assert bench.path().counted <= bench.path().failing
        assert len(known.row.open) <= MOST_OPEN


def test_a_late_result_rounds_off_its_beat_and_tells_the_gate_nothing() -> None:
    bench = healthy("ab")
    bench.beat(NEW, 2, a=F, b=F)
    before = bench.gate
    bench.do(bench.sample(NEW, of("a", failed(), "ab"), s(0), s(3), sequence=0), s(3))
    assert not was_told(before, bench.gate, NEW)
    bench.beat(NEW, 3, a=F, b=F)
    assert was_told(before, bench.gate, NEW)


def test_of_a_fixed_target_every_result_that_counts_tells_and_an_error_does_not() -> None:
    bench = Bench()
    before = bench.gate
    bench.hear(NEW, ERROR, 1)
    assert not was_told(before, bench.gate, NEW)
    bench.hear(NEW, PASS, 2)
    assert was_told(before, bench.gate, NEW)


def test_codes_of_beats_are_counted_apart_whoever_was_asked() -> None:
    bench = Bench(spec(threshold=2))
    for second, told in enumerate(({"a": PASS}, {"b": F}, {"c": SILENCE}, {"d": F}, {"e": F})):
        bench.beat(NEW, second, **told)
    assert (bench.path().counted, bench.path().kinds) == (4, {"503": 3, "408 timeout": 1})
    assert bench.path().streak == ("503", "503")
