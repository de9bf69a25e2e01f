"""`failures: 3, of: 10`."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.failures import Failures
from gates.rules.newest import MOST_MARKS
from gates.rules.reading import Level
from probes.sample import Outcome, ProbeResult
from tests.gates.rules.bench import CODES, PASS, SILENCE, RuleBench, fail, s

RULE = Failures(3, 10, CODES)


def bench(rule: Failures = RULE) -> RuleBench:
    return RuleBench(rule)


def test_passes_between_failures_do_not_begin_the_count_anew() -> None:
    reading = bench().run([fail(), PASS, fail(), PASS, PASS, SILENCE])
    assert reading.level is Level.BAD
    assert reading.distance == "503, 408 timeout: 3 of 3 in 6/10"
    assert reading.arithmetic == "503, 408 timeout: 3 counted in the last 6 of 10 ≥ 3; last PASS 1.0 s ago"


def test_the_distance_counts_what_still_stands_in_the_window() -> None:
    reading = bench().run([fail(), PASS, PASS, fail(), PASS, PASS, PASS])
    assert (reading.level, reading.distance) == (Level.FINE, "503: 2 of 3 in 7/10")
    assert reading.to_bad == "1 more counted failure among the next 3"


def test_a_failure_leaves_the_window_with_the_tenth_result_after_it() -> None:
    on = bench()
    on.run([fail(), fail(), *[PASS] * 8])
    assert on.hear(fail(), 10).distance == "503: 2 of 3 in 10/10"


def test_bad_ends_when_so_many_passes_have_pushed_a_failure_out() -> None:
    on = bench()
    reading = on.run([fail(), PASS, fail(), fail()])
    assert reading.to_fine == "7 PASS in a row"
    assert on.run([PASS] * 6, 4).level is Level.BAD
    assert on.hear(PASS, 10).level is Level.FINE


def test_codes_outside_the_set_are_doubtful_and_never_bad() -> None:
    reading = bench().run([fail(404), PASS, fail(404), PASS, fail(503), PASS])
    assert reading.level is Level.DOUBTFUL
    assert reading.arithmetic == "503: 1 counted in the last 6 of 10 < 3, 3 failed in all; last PASS 0.0 s ago"


def test_one_failure_is_shown_until_the_next_pass_and_no_longer() -> None:
    on = bench()
    first = on.hear(fail(), 0)
    assert (first.level, first.to_fine) == (Level.FAILING, "1 PASS")
    assert first.arithmetic == "503: 1 counted in the last 1 of 10 < 3; 1 failure in a row of any code; no PASS yet"
    after = on.hear(PASS, 1)
    assert (after.level, after.distance, after.to_fine) == (Level.FINE, "503: 1 of 3 in 2/10", "")


def test_nothing_heard_is_undecided() -> None:
    reading = bench().read(0)
    assert (reading.level, reading.distance) == (Level.UNDECIDED, "failing: 0 of 3 in 0/10")
    assert reading.to_bad == "3 counted failures among 10 results"
    assert reading.to_fine == "1 PASS in a row"


def test_failures_that_leave_before_enough_others_can_come_are_not_counted_on() -> None:
    assert bench(Failures(3, 4, CODES)).run([fail(), PASS, PASS]).to_bad == "3 counted failures among 4 results"


def test_bad_rests_on_the_first_counted_failure_in_the_window_and_began_with_the_last() -> None:
    on = bench()
    reading = on.run([fail(), PASS, fail(404), fail(), fail(), fail()])
    assert (reading.since, reading.restarts, reading.to_bad) == (s(0), s(4), "")
    later = on.run([PASS] * 5, 6)
    assert (later.level, later.since, later.restarts) == (Level.BAD, s(3), s(4))


def test_a_rule_that_was_fine_between_begins_to_be_bad_again() -> None:
    on = bench(Failures(2, 3, CODES))
    assert on.run([fail(), fail()]).restarts == s(1)
    assert on.run([PASS, PASS], 2).restarts is None
    assert on.run([fail(), fail()], 4).restarts == s(5)


def test_it_says_how_it_was_configured() -> None:
    assert RULE.describe() == {"rule": "failures", "failures": 3, "of": 10, "codes": [503, 408]}
    assert RULE.threshold == 3


RESULTS = st.sampled_from([PASS, PASS, fail(503), fail(404), SILENCE])


@settings(max_examples=80, deadline=None)
@given(st.lists(RESULTS, max_size=60), st.integers(1, 5), st.integers(0, 9))
def test_it_agrees_with_a_count_over_the_whole_list(results: list[ProbeResult], failures: int, wider: int) -> None:
    on = bench(Failures(failures, failures + wider, CODES))
    heard: deque[tuple[ProbeResult, float]] = deque(maxlen=failures + wider)
    row = 0
    for at, result in enumerate(results):
        heard.append((result, at))
        row = row + 1 if result.outcome is Outcome.FAIL else 0
        counted = [when for each, when in heard if each.outcome is Outcome.FAIL and each.code in CODES]
        failed = sum(each.outcome is Outcome.FAIL for each, _ in heard)
        reading = on.hear(result, at)
        assert (reading.level is Level.BAD) == (len(counted) >= failures)
        assert (reading.level is Level.DOUBTFUL) == (len(counted) < failures <= failed)
        assert (reading.level is Level.FAILING) == (failed < failures and row > 0)
        assert f": {len(counted)} of {failures} in {len(heard)}/{failures + wider}" in reading.distance
        if reading.level is Level.BAD:
            assert reading.since == s(counted[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(RESULTS, max_size=40), st.integers(1, 4), st.integers(0, 6))
def test_what_it_promises_to_end_the_trouble_does_and_one_less_does_not(
    results: list[ProbeResult], failures: int, wider: int
) -> None:
    on = bench(Failures(failures, failures + wider, CODES))
    reading = on.run(results)
    if reading.level is not Level.BAD:
        return
    passes = int(reading.to_fine.split()[0])
    if passes > 1:
        assert on.run([PASS] * (passes - 1), 100).level in (Level.BAD, Level.DOUBTFUL)
    assert on.hear(PASS, 200).level is Level.FINE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([PASS, PASS, fail()]), max_size=30), st.integers(2, 4), st.integers(0, 6))
def test_so_many_more_among_so_many_as_it_names_are_bad_and_one_result_later_they_are_not(
    results: list[ProbeResult], failures: int, wider: int
) -> None:
    rule = Failures(failures, failures + wider, CODES)
    promise = bench(rule).run(results).to_bad
    if " more " not in promise:
        return
    more, among = int(promise.split()[0]), int(promise.split()[-1])
    for passes, level in ((among - more, True), (among - more + 1, False)):
        on = bench(rule)
        on.run(results)
        reading = on.run([*[PASS] * passes, *[fail()] * more], 100)
        assert (reading.level is Level.BAD) == level


def test_the_last_failure_that_can_still_count_is_named() -> None:
    on = bench(Failures(3, 4, CODES))
    assert on.run([fail(), PASS]).to_bad == "2 more counted failures among the next 2"
    assert on.run([fail(), fail()], 2).level is Level.BAD


def test_memory_is_bounded_however_long_it_goes_on() -> None:
    on = bench(Failures(500, 1_000, CODES))
    on.run([fail()] * 3_000)
    assert len(on.memory.counted.marks) == MOST_MARKS
    assert on.memory.counted.bits.bit_length() == 1_000
    assert on.memory.counted.marked == 1_000
