"""How a probe stands by the newest result of each of its targets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.reach import MOST_TARGETS, Reach
from probes.sample import Outcome, ProbeResult, Sample
from tests.gates.bench import ERROR, NEW, OLD, PASS, failed, of, s

F = failed()


def sample(result: ProbeResult, sequence: int, probe: str = NEW) -> Sample:
    return Sample(probe, "local", sequence, s(sequence), s(sequence), result)


def heard(reach: Reach, sequence: int, **results: ProbeResult) -> tuple[Outcome, int] | None:
    """One beat; how the probe stands after it."""
    told = [reach.hear(sample(of(target, result, "".join(results)), sequence)) for target, result in results.items()]
    return told[-1]


def ends(result: ProbeResult, not_after: int | str) -> ProbeResult:
    return replace(result, facts={"certificate_not_after": not_after})


@pytest.mark.parametrize("result", [PASS, F, ERROR])
def test_a_fixed_target_stands_as_its_last_result_says(result: ProbeResult) -> None:
    reach = Reach()
    assert reach.hear(sample(F, 0)) == (Outcome.FAIL, 1)
    failing = {Outcome.PASS: 0, Outcome.FAIL: 2, Outcome.ERROR: 1}[result.outcome]
    assert reach.hear(sample(result, 1)) == (result.outcome, failing)
    assert list(reach.several()) == []


def test_a_late_result_says_nothing() -> None:
    reach = Reach()
    reach.hear(sample(F, 5))
    assert reach.hear(sample(PASS, 4)) is None
    assert reach.hear(sample(F, 6)) == (Outcome.FAIL, 2)


@pytest.mark.parametrize(
    ("a", "b", "up"),
    [
        (PASS, F, Outcome.PASS),
        (PASS, ERROR, Outcome.PASS),
        (F, F, Outcome.FAIL),
        (F, ERROR, Outcome.ERROR),
        (ERROR, ERROR, Outcome.ERROR),
    ],
)
def test_a_name_is_up_while_a_target_passes_and_down_once_each_fails(a: ProbeResult, b: ProbeResult, up: Outcome) -> None:
    for results in ({"a": a, "b": b}, {"b": b, "a": a}):
        standing = heard(Reach(), 0, **results)
        assert standing
        assert standing[0] is up


def test_a_name_fails_as_often_as_the_target_with_the_fewest_failures() -> None:
    reach = Reach()
    heard(reach, 0, a=F, b=PASS)
    heard(reach, 1, a=F, b=F)
    assert heard(reach, 2, a=F, b=F) == (Outcome.FAIL, 2)


def test_lateness_is_that_of_each_target() -> None:
    reach = Reach()
    reach.hear(sample(of("a", F, "ab"), 7))
    assert reach.hear(sample(of("b", PASS, "ab"), 6)) == (Outcome.PASS, 0)
    assert reach.hear(sample(of("a", PASS, "ab"), 6)) is None


def test_a_target_is_told_with_its_last_outcome_until_the_name_leads_elsewhere() -> None:
    reach = Reach()
    reach.hear(sample(of("a", PASS, "abc"), 0))
    reach.hear(sample(of("b", F, "abc"), 0))
    assert list(reach.several()) == [(NEW, "a", Outcome.PASS), (NEW, "b", Outcome.FAIL), (NEW, "c", None)]
    heard(reach, 1, b=F, c=PASS)
    assert list(reach.several()) == [(NEW, "b", Outcome.FAIL), (NEW, "c", Outcome.PASS)]
    assert reach.hear(sample(of("a", PASS, "abc"), 0)) is None
    heard(reach, 2, c=PASS)
    assert list(reach.several()) == []


def test_an_older_result_says_nothing_of_where_the_name_leads_now() -> None:
    reach = Reach()
    reach.hear(sample(of("a", PASS, "ab"), 7))
    reach.hear(sample(of("b", PASS, "ab"), 5))
    assert reach.hear(sample(of("c", PASS, "abc"), 6)) is None
    assert [target for _, target, _ in reach.several()] == ["a", "b"]


def test_a_target_that_joins_again_was_not_asked_before() -> None:
    reach = Reach()
    heard(reach, 3, a=PASS, b=F)
    heard(reach, 4, a=PASS)
    reach.hear(sample(of("a", PASS, "ab"), 6))
    assert reach.hear(sample(of("b", F, "ab"), 4)) is None
    assert list(reach.several())[1] == (NEW, "b", None)


def test_a_result_of_the_name_is_one_of_each_target() -> None:
    reach = Reach()
    heard(reach, 0, a=PASS, b=F)
    assert reach.hear(sample(ERROR, 1)) == (Outcome.ERROR, 0)
    assert list(reach.several()) == [(NEW, "a", Outcome.ERROR), (NEW, "b", Outcome.ERROR)]


def test_what_was_known_before_the_name_led_anywhere_is_late_afterwards() -> None:
    reach = Reach()
    reach.hear(sample(ERROR, 3))
    assert reach.hear(sample(of("a", PASS, "ab"), 2)) is None
    assert heard(reach, 4, a=PASS, b=PASS) == (Outcome.PASS, 0)


def test_no_more_targets_are_told_apart_than_there_may_be() -> None:
    reach, names = Reach(), [f"192.0.2.{each}" for each in range(MOST_TARGETS + 3)]
    for name in names:
        reach.hear(sample(replace(PASS, target=name, among=tuple(names)), 0))
    assert [target for _, target, _ in reach.several()] == names[:MOST_TARGETS]


def test_a_certificate_is_remembered_although_later_results_say_nothing_of_it() -> None:
    reach = Reach()
    reach.hear(sample(ends(PASS, 1_800_000_000), 0))
    reach.hear(sample(F, 1))
    assert reach.certificates() == {NEW: 1_800_000_000}
    reach.hear(sample(ends(PASS, 1_900_000_000), 2))
    assert reach.certificates() == {NEW: 1_900_000_000}


def test_of_several_certificates_the_first_to_end_counts_and_a_vanished_one_does_not() -> None:
    reach = Reach()
    heard(reach, 0, a=ends(PASS, 1_800_000_000), b=ends(PASS, 1_900_000_000), c=PASS)
    reach.hear(sample(PASS, 0, OLD))
    assert reach.certificates() == {NEW: 1_800_000_000}
    heard(reach, 1, b=PASS, c=PASS)
    assert reach.certificates() == {NEW: 1_900_000_000}


def test_a_certificate_that_ends_at_no_number_is_none() -> None:
    reach = Reach()
    reach.hear(sample(ends(PASS, "tomorrow"), 0))
    assert reach.certificates() == {}
