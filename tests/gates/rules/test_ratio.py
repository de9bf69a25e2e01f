"""`success_ratio` on its default basis: Wald's sequential test."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.ratio import SequentialRatio, Verdict, Walk
from gates.rules.reading import Level
from tests.gates.rules.bench import PASS, RuleBench, fail, s

RULE = SequentialRatio(good=0.99, bad=0.90, alpha=0.05, beta=0.05, at_most=200)


def bench(rule: SequentialRatio = RULE) -> RuleBench:
    return RuleBench(rule)


def test_thirty_one_straight_passes_accept_and_thirty_do_not() -> None:
    assert RULE.straight == 31
    on = bench()
    thirty = on.run([PASS] * 30)
    assert (thirty.level, thirty.wants_more) == (Level.UNDECIDED, True)
    assert thirty.distance == "undecided; accepts at 2.94: 2.86 after 30"
    assert (thirty.to_bad, thirty.to_fine) == ("3 failures in a row", "1 PASS in a row")
    accepted = on.hear(PASS, 30)
    assert (accepted.level, accepted.wants_more) == (Level.FINE, False)
    assert accepted.arithmetic == (
        "accepted: 31 of 31 passed (89–100%, 95% interval), 2.95 ≥ 2.94 (99% against 90%, α 5%, β 5%); since then nothing heard"
    )


def test_nothing_heard_is_undecided() -> None:
    reading = bench().read(0)
    assert reading.level is Level.UNDECIDED
    assert reading.arithmetic == "undecided: nothing heard (99% against 90%, α 5%, β 5%); 31 passes in a row accept"


def test_two_failures_close_together_refuse() -> None:
    on = bench()
    on.run([*[PASS] * 10, fail()])
    reading = on.hear(fail(), 11)
    assert (reading.level, reading.since, reading.restarts) == (Level.BAD, s(10), s(11))
    assert reading.arithmetic == (
        "refused: 10 of 12 passed (55–95%, 95% interval), -3.65 ≤ -2.94 (99% against 90%, α 5%, β 5%); since then nothing heard"
    )
    assert (reading.to_bad, reading.to_fine) == ("", "31 PASS in a row")


def test_the_verdict_stands_until_the_next_decision() -> None:
    on = bench()
    on.run([PASS] * 31)
    doubted = on.hear(fail(), 31)
    assert (doubted.level, doubted.wants_more) == (Level.FAILING, True)
    assert doubted.distance == "accepted; refuses at -2.94: -2.30 after 1"
    assert doubted.arithmetic.endswith(
        "since then 0 of 1 passed (0–79%, 95% interval), refuses at -2.94: -2.30 after 1; 1 failure in a row of any code"
    )
    assert on.hear(PASS, 32).level is Level.FINE
    assert on.run([fail()], 33).level is Level.BAD
    assert on.run([PASS] * 30, 34).level is Level.BAD
    assert on.hear(PASS, 64).level is Level.FINE


def test_a_refusal_that_is_confirmed_does_not_begin_anew() -> None:
    on = bench()
    on.run([fail()] * 2)
    reading = on.run([fail()] * 2, 2)
    assert (reading.since, reading.restarts) == (s(2), s(1))


def test_the_cap_takes_the_likelier() -> None:
    capped = SequentialRatio(good=0.99, bad=0.90, alpha=0.05, beta=0.05, at_most=10)
    good = bench(capped).run([PASS] * 10)
    assert good.level is Level.FINE
    assert "10 attempts without a decision, the likelier: 0.95" in good.arithmetic
    bad = bench(capped).run([fail(), *[PASS] * 9])
    assert (bad.level, bad.since) == (Level.BAD, s(0))
    assert "10 attempts without a decision, the likelier: -1.44" in bad.arithmetic


def test_failures_in_a_row_turn_callers_away_while_it_walks() -> None:
    patient = SequentialRatio(good=0.6, bad=0.5, alpha=0.01, beta=0.01, at_most=10_000)
    reading = bench(patient).run([PASS, fail(404), fail(), fail()])
    assert reading.level is Level.DOUBTFUL
    assert reading.arithmetic.endswith("; 3 failures in a row of any code ≥ 3")


def test_an_accepted_path_rests_on_no_failure_and_says_which_way_it_walks() -> None:
    on = bench()
    accepted = on.run([fail(), *[PASS] * 60])
    assert (accepted.level, accepted.since, accepted.restarts) == (Level.FINE, None, None)
    assert on.run([PASS] * 5, 100).distance.startswith("accepted; accepts at 2.94: 0.")


def test_it_says_how_it_was_configured() -> None:
    assert RULE.describe() == {
        "rule": "success_ratio",
        "basis": "sequential",
        "good": "99%",
        "bad": "90%",
        "alpha": "5%",
        "beta": "5%",
        "at_most": 200,
        "threshold": 3,
    }


def oracle(rule: SequentialRatio, passes: list[bool]) -> tuple[str | None, int]:
    """Verdict and length of the walk under way, by products of probabilities over the list."""
    verdict, since = None, 0
    for at in range(len(passes)):
        walk = passes[since : at + 1]
        good = bad = 1.0
        for passed in walk:
            good *= rule.good if passed else 1 - rule.good
            bad *= rule.bad if passed else 1 - rule.bad
        if good / bad >= (1 - rule.alpha) / rule.beta or good / bad <= rule.alpha / (1 - rule.beta) or len(walk) >= rule.at_most:
            verdict, since = ("accepted" if good > bad else "refused"), at + 1
    return verdict, len(passes) - since


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=90), st.integers(1, 9), st.integers(5, 60))
def test_it_agrees_with_the_probabilities_of_the_whole_list(draws: list[int], often: int, at_most: int) -> None:
    rule = SequentialRatio(good=0.98, bad=0.83, alpha=0.07, beta=0.03, at_most=at_most)
    on = bench(rule)
    passes = [draw < often for draw in draws]
    for at, passed in enumerate(passes):
        reading = on.hear(PASS if passed else fail(), at)
        verdict, length = oracle(rule, passes[: at + 1])
        assert (on.memory.verdict, on.memory.walk.count) == (verdict, length)
        assert (reading.level is Level.BAD) == (verdict == "refused")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_so_many_in_a_row_as_it_names_decide(passes: list[bool]) -> None:
    results = [PASS if passed else fail() for passed in passes]
    on, other = bench(), bench()
    reading = on.run(results)
    other.run(results)
    if reading.to_bad:
        failures = int(reading.to_bad.split()[0])
        assert on.run([fail()] * (failures - 1), 100).level is not Level.BAD
        assert on.hear(fail(), 200).level is Level.BAD
    if reading.level in (Level.UNDECIDED, Level.BAD):
        count = int(reading.to_fine.split()[0])
        assert other.run([PASS] * (count - 1), 100).level is not Level.FINE
        assert other.hear(PASS, 200).level is Level.FINE


@pytest.mark.parametrize(("rate", "wrong"), [(0.99, Verdict.REFUSED), (0.90, Verdict.ACCEPTED)])
def test_both_errors_stay_below_what_was_allowed(rate: float, wrong: Verdict) -> None:
    rng, errors = random.Random(5), 0
    for _ in range(2_000):
        walk = Walk()
        while (verdict := RULE.decided(walk)) is None:
            passed = rng.random() < rate
            walk = Walk(walk.passes + passed, walk.failures + (not passed))
        errors += verdict is wrong
    assert errors / 2_000 < 0.06  # Wald's bounds, and the cap
