"""`agreement: 98%`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.agreement import Agreement
from gates.rules.reading import Level
from probes.sample import ProbeResult
from tests.gates.rules.bench import PASS, RuleBench, fail, passed, s

RULE = Agreement(0.98)


def bench() -> RuleBench:
    return RuleBench(RULE)


def of(target: str, result: ProbeResult, among: str = "ab") -> ProbeResult:
    return replace(result, target=target, among=tuple(among))


def test_three_results_in_a_row_below_are_bad_whether_the_probe_passed_or_not() -> None:
    on = bench()
    one = on.hear(fail(409, agreed=48, asked=50), 0)
    assert (one.level, one.distance, one.to_bad) == (Level.FAILING, "agreement: 1/3", "2 more results in a row below 98%")
    on.hear(passed(agreed=48, asked=50), 60)
    three = on.hear(passed(agreed=47, asked=50), 120)
    assert (three.level, three.since, three.restarts) == (Level.BAD, s(0), s(120))
    assert three.arithmetic == "47 of 50 agree, 94% < 98%, 3 in a row ≥ 3; within 84–98% (95% interval)"
    assert on.hear(passed(agreed=47, asked=50), 180).restarts == s(120)


def test_one_result_at_the_bound_ends_it() -> None:
    on = bench()
    bad = on.run([passed(agreed=9, asked=10)] * 3)
    assert (bad.to_bad, bad.to_fine) == ("", "1 result of 98% or more")
    good = on.hear(passed(agreed=49, asked=50), 3)
    assert (good.level, good.to_fine) == (Level.FINE, "")
    assert good.arithmetic == "49 of 50 agree, 98% ≥ 98%; within 90–100% (95% interval)"
    assert on.hear(passed(agreed=9, asked=10), 4).distance == "agreement: 1/3"


@pytest.mark.parametrize(
    "facts",
    [{"agreed": 0, "asked": 0}, {}, {"agreed": 1}, {"asked": 5}, {"agreed": "1", "asked": 5}, {"agreed": 6, "asked": 5}],
)
def test_a_result_that_asked_nobody_says_nothing(facts: dict[str, str | int]) -> None:
    on = bench()
    on.run([passed(agreed=1, asked=5)] * 2)
    assert on.hear(passed(**facts), 2).distance == "agreement: 2/3"
    assert on.hear(passed(agreed=1, asked=5), 3).level is Level.BAD


def test_nobody_asked_yet_is_undecided_and_failures_in_a_row_are_doubtful() -> None:
    on = bench()
    nothing = on.read(0)
    assert (nothing.level, nothing.arithmetic) == (Level.UNDECIDED, "nobody was asked yet")
    assert (nothing.to_bad, nothing.to_fine) == ("3 results in a row below 98%", "1 result of 98% or more")
    reading = on.run([fail()] * 3)
    assert (reading.level, reading.arithmetic) == (
        Level.DOUBTFUL,
        "nobody was asked yet; 3 failures in a row of any code ≥ 3",
    )


def test_a_failure_that_tells_no_share_is_shown_until_the_next_pass() -> None:
    on = bench()
    on.hear(passed(agreed=5, asked=5), 0)
    assert (on.hear(fail(), 1).level, on.read(1).to_fine) == (Level.FAILING, "1 PASS")
    assert on.hear(PASS, 2).level is Level.FINE


def test_each_target_has_its_own_row_and_the_worst_is_shown() -> None:
    on = bench()
    for at in range(3):
        on.hear(of("a", passed(agreed=5, asked=5)), at)
        reading = on.hear(of("b", passed(agreed=3 - at, asked=5)), at)
    assert (reading.level, reading.distance) == (Level.BAD, "agreement: 3/3")
    assert reading.arithmetic.startswith("1 of 5 agree, 20% < 98%, 3 in a row ≥ 3")
    assert on.hear(of("a", passed(agreed=5, asked=5), "a"), 9).level is Level.FINE
    assert set(on.memory.shares) == {"a"}


def test_of_two_that_disagree_the_first_counts() -> None:
    on = bench()
    on.run([of("a", passed(agreed=1, asked=5))] * 3)
    reading = on.run([of("b", fail(503, agreed=1, asked=5))] * 3, 10)
    assert (reading.since, reading.restarts) == (s(0), s(2))
    assert reading.arithmetic.endswith("(95% interval)")


def test_failures_in_a_row_are_said_while_the_share_is_good() -> None:
    reading = bench().run([passed(agreed=2, asked=3), *[passed(agreed=5, asked=5)], *[fail()] * 3])
    assert reading.level is Level.DOUBTFUL
    assert reading.arithmetic.endswith("; 3 failures in a row of any code ≥ 3")


def test_it_says_how_it_was_configured() -> None:
    assert RULE.describe() == {"rule": "agreement", "at_least": "98%", "threshold": 3}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 6).flatmap(lambda asked: st.tuples(st.integers(0, asked), st.just(asked))), max_size=30))
def test_it_agrees_with_the_whole_list(told: list[tuple[int, int]]) -> None:
    on = RuleBench(Agreement(0.8))
    for at, (agreed, asked) in enumerate(told):
        reading = on.hear(passed(agreed=agreed, asked=asked), at)
        shares = [each_agreed * 5 < each_asked * 4 for each_agreed, each_asked in told[: at + 1] if each_asked]
        row = len(shares) - 1 - max((place for place, low in enumerate(shares) if not low), default=-1)
        expected = Level.UNDECIDED if not shares else Level.BAD if row >= 3 else Level.FAILING if row else Level.FINE
        assert reading.level is expected
