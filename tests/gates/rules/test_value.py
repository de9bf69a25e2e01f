"""`value: {percentile: 95, below: 5s, window: 5m}`."""

from __future__ import annotations

from math import ceil, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.input import Input
from gates.rules import value as value_rule
from gates.rules.reading import Level
from gates.rules.value import Value, number
from probes.sample import NS_PER_S, Sample
from tests.gates.rules.bench import PASS, RuleBench, fail, passed, s


def below(seconds: float = 5, *, percentile: int = 95, window: float = 300, least: int = 20) -> Value:
    return Value("duration", percentile, seconds * NS_PER_S, False, True, round(window * NS_PER_S), least)


def above(amount: float = 3.5, *, percentile: int = 5, least: int = 20) -> Value:
    return Value("mos", percentile, amount, True, False, 300 * NS_PER_S, least)


def bench(rule: Value) -> RuleBench:
    return RuleBench(rule)


def test_one_slow_sample_of_twenty_is_within_the_95th_percentile_and_two_are_not() -> None:
    on = bench(below())
    one = on.run([*[passed(200)] * 19, passed(6_000)])
    assert one.level is Level.FINE
    assert one.arithmetic == "p95 of duration: 0.2 s < 5 s; 1 of 20 samples of the last 300.0 s not below"
    assert one.to_bad == "1 more sample not below 5 s"
    two = on.hear(passed(6_200), 20)
    assert (two.level, two.distance) == (Level.BAD, "p95 of duration: 6 s, below 5 s")
    assert two.arithmetic == "p95 of duration: 6 s ≥ 5 s; 2 of 21 samples of the last 300.0 s not below"
    assert (two.since, two.restarts, two.to_bad) == (s(19), s(20), "")
    assert two.to_fine == "19 more samples below 5 s"


def test_a_value_at_the_bound_is_not_below_it() -> None:
    assert bench(below(least=1)).hear(passed(5_000), 0).level is Level.BAD
    assert bench(below(least=1)).hear(passed(4_999), 0).level is Level.FINE


def test_fewer_samples_than_asked_for_decide_nothing_and_want_more() -> None:
    on = bench(below(least=3))
    nothing = on.read(0)
    assert (nothing.level, nothing.wants_more) == (Level.UNDECIDED, True)
    assert nothing.arithmetic == "p95 of duration: not measured; 0 samples of the last 300.0 s < 3"
    assert nothing.to_fine == "3 more samples below 5 s"
    reading = on.run([passed(9_000)] * 2)
    assert (reading.level, reading.restarts, reading.to_bad) == (Level.UNDECIDED, None, "1 more sample not below 5 s")
    assert on.hear(passed(9_000), 2).level is Level.BAD


def test_no_sample_is_ever_a_percentile() -> None:
    assert bench(below(least=0)).read(0).level is Level.UNDECIDED


def test_a_failure_is_beyond_the_bound_however_fast_it_came() -> None:
    reading = bench(below(least=1)).hear(fail(), 0)
    assert reading.level is Level.BAD
    assert reading.arithmetic == "p95 of duration: a failure ≥ 5 s; 1 of 1 samples of the last 300.0 s not below"
    assert bench(above(least=1)).hear(fail(503, mos=4), 0).level is Level.BAD


def test_failures_in_a_row_turn_callers_away_while_there_are_too_few_samples() -> None:
    reading = bench(below()).run([fail()] * 3)
    assert reading.level is Level.DOUBTFUL
    assert reading.arithmetic.endswith("3 samples of the last 300.0 s < 20; 3 failures in a row of any code ≥ 3")


def test_above_wants_a_low_percentile_above_the_bound() -> None:
    on = bench(above())
    good = on.run([*[passed(mos="4.2")] * 19, passed(mos="3.5")])
    assert good.level is Level.BAD
    assert good.arithmetic == "p5 of mos: 3.5 ≤ 3.5; 1 of 20 samples of the last 300.0 s not above"
    assert good.to_fine == "1 more sample above 3.5"
    better = on.hear(passed(mos=4), 20)
    assert better.level is Level.FINE
    assert better.arithmetic == "p5 of mos: 4 > 3.5; 1 of 21 samples of the last 300.0 s not above"


def test_samples_leave_the_window_as_time_passes_and_nothing_is_heard() -> None:
    on = bench(below(least=2, window=60))
    assert on.run([passed(9_000), passed(9_000), passed(100), passed(100)], every=10).level is Level.BAD
    assert on.read(60).level is Level.BAD
    assert on.read(60.001).level is Level.BAD
    late = on.read(70.001)
    assert (late.level, late.since) == (Level.FINE, None)
    assert on.read(90.001).level is Level.UNDECIDED
    assert len(on.memory.stamps) == 4


def test_the_clock_of_a_run_begins_again_when_it_was_fine_between() -> None:
    on = bench(below(least=1, window=10))
    assert on.run([passed(9_000)] * 3).restarts == s(0)
    assert on.hear(passed(100), 12.5).level is Level.FINE
    assert on.hear(passed(9_000), 13).restarts == s(13)


def test_a_pass_without_the_fact_says_nothing() -> None:
    on = bench(above(least=1))
    on.hear(PASS, 0)
    on.hear(passed(mos="loud"), 1)
    on.hear(passed(mos="nan"), 2)
    assert on.read(2).level is Level.UNDECIDED


@pytest.mark.parametrize(
    ("fact", "told"),
    [(3, 3.0), ("4.5", 4.5), ("", None), (None, None), ("inf", None), (10**400, None), ("1e3", 1000.0)],
)
def test_facts_end_up_as_numbers(fact: str | int | None, told: float | None) -> None:
    assert number(fact) == told


def test_a_hundredth_percentile_is_freed_by_the_window_alone() -> None:
    reading = bench(below(percentile=100, least=1)).run([passed(9_000), passed(1)])
    assert (reading.level, reading.to_fine) == (Level.BAD, "that those of now leave the window of 300.0 s")


def test_results_told_out_of_order_are_kept_in_order() -> None:
    rule = below(least=1, window=10)
    first = Sample("p", "local", 0, s(0), s(5), passed(1))
    second = Sample("p", "local", 1, s(1), s(4), passed(9_000))
    memory = rule.hear(rule.hear(rule.fresh(), first, known=Input()), second, known=Input())
    assert list(memory.stamps) == [s(5).mono_ns] * 2
    assert rule.read(memory, known=Input(), now=s(15)).level is Level.BAD
    assert rule.read(memory, known=Input(), now=s(15.001)).level is Level.UNDECIDED


def test_what_was_is_not_changed_by_what_comes() -> None:
    rule = below(least=1)
    memory = rule.hear(rule.fresh(), Sample("p", "local", 0, s(0), s(0), passed(1)), known=Input())
    rule.hear(memory, Sample("p", "local", 1, s(1), s(1), passed(2)), known=Input())
    assert list(memory.ordered) == [NS_PER_S / 1_000]


def test_memory_is_bounded_and_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_rule, "MOST_SAMPLES", 50)
    on = bench(below(least=1, window=3_600))
    on.run([passed(9_000)] * 60 + [passed(1)] * 50, every=0.1)
    assert len(on.memory.stamps) == len(on.memory.values) == len(on.memory.ordered) == 50
    assert set(on.memory.ordered) == {NS_PER_S / 1_000}


def test_samples_of_one_moment_leave_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_rule, "MOST_SAMPLES", 5)
    on = bench(below(least=1))
    on.run([passed(9_000)] * 5, every=0)
    on.hear(passed(1), 1)
    assert list(on.memory.ordered) == [NS_PER_S / 1_000]


def test_it_says_how_it_was_configured() -> None:
    assert below().describe() == {
        "rule": "value",
        "fact": "duration",
        "percentile": 95,
        "below": "5 s",
        "window": "300.0 s",
        "at_least_samples": 20,
        "threshold": 3,
    }
    assert above().describe()["above"] == "3.5"


EVENTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=60)


@settings(max_examples=80, deadline=None)
@given(EVENTS, st.integers(1, 100), st.integers(1, 8), st.booleans(), st.integers(0, 40))
def test_it_agrees_with_the_percentile_of_the_whole_list(
    events: list[tuple[int, int]], percentile: int, least: int, is_lower: bool, later: int
) -> None:
    rule = Value("mos", percentile, 5, is_lower, False, 30 * NS_PER_S, least, threshold=1_000)
    on, heard, now = bench(rule), [], 0
    for wait, amount in events:
        now += wait
        failed = amount == 9
        heard.append((now, (-inf if is_lower else inf) if failed else amount))
        on.hear(fail() if failed else passed(mos=amount), now)
    reading = on.read(now + later)
    within = [(at, amount) for at, amount in heard if now + later - at <= 30]
    if len(within) < least:
        assert reading.level is Level.UNDECIDED
        return
    ordered = sorted(amount for _, amount in within)
    standing = ordered[ceil(percentile * len(ordered) / 100) - 1]
    is_bad = standing <= 5 if is_lower else standing >= 5
    assert (reading.level is Level.BAD) == is_bad
    if is_bad:
        assert reading.since == s(min(at for at, amount in within if (amount <= 5 if is_lower else amount >= 5)))


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(1, 99), st.integers(1, 8), st.booleans())
def test_so_many_more_as_it_names_decide(events: list[tuple[int, int]], percentile: int, least: int, is_lower: bool) -> None:
    rule = Value("mos", percentile, 5, is_lower, False, 10_000 * NS_PER_S, least, threshold=1_000)
    on = bench(rule)
    reading = on.run([passed(mos=amount) for _, amount in events], every=0.1)
    good, bad = (passed(mos=6), passed(mos=4)) if is_lower else (passed(mos=4), passed(mos=6))
    for promise, result, level in ((reading.to_bad, bad, Level.BAD), (reading.to_fine, good, Level.FINE)):
        if promise:
            other = bench(rule)
            count = int(promise.split()[0])
            other.run([passed(mos=amount) for _, amount in events], every=0.1)
            assert other.run([result] * (count - 1), 100, every=0.1).level is not level
            assert other.hear(result, 200).level is level
