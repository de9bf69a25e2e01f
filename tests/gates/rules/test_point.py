"""`success_ratio: {basis: point, at_least: 95%, of: 20}`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.point import PointRatio
from gates.rules.reading import Level
from tests.gates.rules.bench import PASS, SILENCE, RuleBench, fail, s

RULE = PointRatio(0.95, 20)


def bench(rule: PointRatio = RULE) -> RuleBench:
    return RuleBench(rule)


def test_nineteen_of_twenty_alone_is_reported_as_inconclusive_with_its_interval() -> None:
    reading = bench().run([*[PASS] * 18, fail(), PASS])
    assert reading.level is Level.FINE
    assert reading.arithmetic == (
        "19 of 20 passed, 95% ≥ 95%; the rate is within 76–99% (95% interval), which holds 95%: inconclusive"
    )


def test_eighteen_of_twenty_is_bad_as_asked_for_and_says_how_little_that_is() -> None:
    reading = bench().run([*[PASS] * 17, fail(), SILENCE, PASS])
    assert (reading.level, reading.distance) == (Level.BAD, "503, 408 timeout: 2 of 2 in 20/20")
    assert reading.arithmetic == (
        "18 of 20 passed, 90% < 95%; the rate is within 70–97% (95% interval), which holds 95%: inconclusive"
    )
    assert (reading.since, reading.restarts, reading.wants_more) == (s(17), s(19), False)
    assert reading.to_fine == "18 PASS in a row"


def test_an_interval_beside_the_bound_is_conclusive() -> None:
    bad = bench().run([*[PASS] * 10, *[fail(), PASS] * 5])
    assert bad.arithmetic == "15 of 20 passed, 75% < 95%; the rate is within 53–89% (95% interval)"
    good = bench(PointRatio(0.80, 20)).run([PASS] * 20)
    assert good.arithmetic == "20 of 20 passed, 100% ≥ 80%; the rate is within 84–100% (95% interval)"


def test_fewer_than_asked_for_decide_nothing_and_want_more() -> None:
    on = bench()
    nothing = on.read(0)
    assert (nothing.level, nothing.arithmetic) == (Level.UNDECIDED, "no result yet; 20 decide")
    assert nothing.to_fine == "20 PASS in a row"
    reading = on.run([PASS] * 19)
    assert (reading.level, reading.wants_more, reading.distance) == (Level.UNDECIDED, True, "failing: 0 of 2 in 19/20")
    assert reading.arithmetic == "19 of 19 passed, 100%; the rate is within 83–100% (95% interval); 20 decide"
    assert (reading.to_bad, reading.to_fine) == ("1 more result, 2 failures or more in all", "1 PASS in a row")


def test_failures_in_a_row_turn_callers_away_while_undecided() -> None:
    reading = bench().run([fail(), fail(404), fail()])
    assert reading.level is Level.DOUBTFUL
    assert reading.arithmetic.endswith("; 20 decide; 3 failures in a row of any code ≥ 3")


def test_one_failure_more_is_named_with_the_time_it_has() -> None:
    reading = bench().run([*[PASS] * 15, fail(), *[PASS] * 4])
    assert reading.to_bad == "1 more failure among the next 15"
    assert bench(PointRatio(0.90, 20)).run([fail(), *[PASS] * 19]).to_bad == "3 failures among 20 results"


def test_a_hundred_percent_fails_at_the_first_failure() -> None:
    on = bench(PointRatio(1.0, 20))
    assert on.run([PASS] * 20).level is Level.FINE
    assert on.hear(fail(), 20).level is Level.BAD


def test_it_says_how_it_was_configured() -> None:
    assert RULE.describe() == {"rule": "success_ratio", "basis": "point", "at_least": "95%", "of": 20, "threshold": 3}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.booleans(), max_size=80),
    st.integers(1, 30),
    st.sampled_from([0, 50, 66.6, 90, 95, 99.9, 100]),
)
def test_it_agrees_with_a_share_over_the_whole_list(passes: list[bool], of: int, bound: float) -> None:
    on = bench(PointRatio(bound / 100, of, threshold=1_000))
    for at, passed in enumerate(passes):
        window = passes[max(at + 1 - of, 0) : at + 1]
        reading = on.hear(PASS if passed else fail(), at)
        if len(window) < of:
            assert reading.level is Level.UNDECIDED
        else:
            is_bad = sum(window) * 1_000 < round(bound * 10) * of
            assert reading.level is (Level.BAD if is_bad else Level.FINE if passed else Level.FAILING)
            assert reading.arithmetic.startswith(f"{sum(window)} of {of} passed")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=10, max_size=40), st.sampled_from([0.5, 0.8, 1.0]))
def test_so_many_passes_as_it_names_make_it_fine_and_one_less_does_not(passes: list[bool], bound: float) -> None:
    on = bench(PointRatio(bound, 10))
    reading = on.run([PASS if passed else fail() for passed in passes])
    if reading.level is not Level.BAD:
        return
    count = int(reading.to_fine.split()[0])
    if count > 1:
        assert on.run([PASS] * (count - 1), 100).level is Level.BAD
    assert on.hear(PASS, 200).level is Level.FINE


def test_the_last_failure_that_can_still_count_is_named() -> None:
    on = bench(PointRatio(0.5, 4))
    assert on.run([fail(), PASS, PASS, fail()]).to_bad == "3 failures among 4 results"
    assert on.run([PASS, fail()], 4).to_bad == "1 more failure among the next 1"
    assert on.hear(fail(), 6).level is Level.BAD


@pytest.mark.parametrize("size", [1, 1_000])
def test_memory_is_bounded(size: int) -> None:
    on = bench(PointRatio(0.5, size))
    on.run([fail()] * 2_500)
    assert on.memory.failed.bits.bit_length() == on.memory.failed.marked == size
    assert len(on.memory.failed.marks) <= 64
