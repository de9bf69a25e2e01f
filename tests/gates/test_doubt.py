"""When a failure is not held against its target: planned work, and control targets that fail too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.doubt import Control, Period, doubted, heard
from probes.sample import Moment, Origin, Outcome, ProbeResult, Sample
from tests.gates.bench import ERROR, PASS, at, failed, of

WINDOW = Period(at(1_000).utc_ns, at(2_000).utc_ns, "carrier moves a card", frozenset({"trunk-new"}))


class Told:
    """Samples as they come, each 10 ms on its way."""

    def __init__(self, *control: str) -> None:
        self.control = Control(frozenset(control))
        self.sequence = 0

    def sample(self, probe: str, result: ProbeResult, sent: Moment) -> Sample:
        self.sequence += 1
        return Sample(probe, "local", self.sequence, sent, sent, result)

    def hear(self, probe: str, result: ProbeResult, ms: float) -> Sample:
        sample = self.sample(probe, result, at(ms))
        self.control = heard(self.control, sample)
        return doubted(sample, (), self.control)


@pytest.mark.parametrize(("ms", "counts"), [(999, True), (1_000, False), (1_999, False), (2_000, True)])
def test_a_failure_that_was_sent_in_planned_work_does_not_count(ms: float, counts: bool) -> None:
    sample = Told().sample("trunk-new", failed(), at(ms))
    told = doubted(sample, (WINDOW,), Control())
    if counts:
        assert told is sample
    else:
        assert told == replace(sample, result=told.result)
        assert (told.result.outcome, told.result.code, told.result.origin) == (Outcome.ERROR, None, Origin.SELF)
        assert (told.result.reason, told.result.facts) == ("maintenance", {"detail": "carrier moves a card"})


def test_planned_work_on_one_probe_is_not_that_of_another() -> None:
    sample = Told().sample("trunk-old", failed(), at(1_500))
    assert doubted(sample, (WINDOW,), Control()) is sample
    everything = replace(WINDOW, probes=frozenset())
    assert doubted(sample, (everything,), Control()).result.reason == "maintenance"


@pytest.mark.parametrize("result", [PASS, ERROR])
def test_what_is_no_failure_is_told_as_it_is(result: ProbeResult) -> None:
    sample = Told().sample("trunk-new", result, at(1_500))
    assert doubted(sample, (WINDOW,), Control()) is sample


def test_the_target_stays_named() -> None:
    sample = Told().sample("trunk-new", of("a", failed(), "ab"), at(1_500))
    told = doubted(sample, (WINDOW,), Control()).result
    assert (told.target, told.among) == ("a", ("a", "b"))


def test_while_the_control_target_fails_no_failure_counts() -> None:
    told = Told("far")
    assert told.hear("trunk-new", failed(), 1).result.outcome is Outcome.FAIL
    told.hear("far", failed(), 2)
    assert told.control.is_ill
    doubtful = told.hear("trunk-new", failed(), 3).result
    assert (doubtful.outcome, doubtful.reason, doubtful.facts) == (Outcome.ERROR, "control-failing", {"detail": "far"})
    assert told.hear("trunk-new", PASS, 4).result is PASS
    told.hear("far", PASS, 5)
    assert told.hear("trunk-new", failed(), 6).result.outcome is Outcome.FAIL


def test_what_was_sent_while_we_were_ill_and_comes_late_does_not_count() -> None:
    told = Told("far")
    told.hear("far", failed(), 10)
    told.hear("far", PASS, 20)
    assert told.hear("trunk-new", failed(), 9).result.outcome is Outcome.FAIL
    assert told.hear("trunk-new", failed(), 10).result.reason == "control-failing"
    assert told.hear("trunk-new", failed(), 20).result.reason == "control-failing"
    assert told.hear("trunk-new", failed(), 21).result.outcome is Outcome.FAIL


def test_a_control_target_is_never_doubted_itself() -> None:
    told = Told("far")
    assert told.hear("far", failed(), 1).result.outcome is Outcome.FAIL
    assert told.hear("far", failed(), 2).result.outcome is Outcome.FAIL


def test_more_than_half_of_the_control_targets_must_fail() -> None:
    told = Told("a", "b", "c")
    told.hear("a", failed(), 1)
    assert not told.control.is_ill
    told.hear("b", PASS, 2)
    told.hear("c", failed(), 3)
    assert told.control.is_ill
    assert told.control.failing() == ["a", "c"]
    assert told.control.ill_from_ns == at(1).mono_ns


def test_one_of_two_control_targets_is_not_more_than_half() -> None:
    told = Told("a", "b")
    told.hear("a", failed(), 1)
    told.hear("b", PASS, 2)
    assert not told.control.is_ill


def test_a_control_target_that_could_not_be_asked_says_nothing() -> None:
    told = Told("far")
    told.hear("far", ERROR, 1)
    assert not told.control.is_ill


def test_a_late_result_of_a_control_target_changes_nothing() -> None:
    told = Told("far")
    late = told.sample("far", failed(), at(1))
    told.hear("far", PASS, 2)
    assert heard(told.control, late) is told.control


def test_each_place_that_a_control_name_leads_to_is_heard_by_itself() -> None:
    told = Told("far")
    told.hear("far", of("a", failed(), "ab"), 1)
    told.hear("far", of("b", PASS, "ab"), 1)
    assert not told.control.is_ill
    told.hear("far", of("b", failed(), "ab"), 2)
    assert told.control.is_ill
    told.hear("far", of("c", PASS, "c"), 3)
    assert not told.control.is_ill
    assert set(told.control.newest) == {("far", "c")}


def test_control_is_proven_by_passes_to_requests_sent_since() -> None:
    told = Told("a", "b", "c")
    assert Control().proven(since_ns=0)
    assert not told.control.proven(since_ns=0)
    told.hear("a", PASS, 10)
    told.hear("b", PASS, 10)
    assert told.control.proven(since_ns=at(9).mono_ns)
    assert not told.control.proven(since_ns=at(10).mono_ns)
    told.hear("b", failed(), 11)
    assert not told.control.proven(since_ns=at(9).mono_ns)


def test_a_sample_of_any_other_probe_tells_nothing_of_control() -> None:
    told = Told("far")
    before = told.control
    told.hear("trunk-new", failed(), 1)
    assert told.control is before


def test_a_control_target_that_cannot_be_asked_any_more_makes_nobody_well() -> None:
    told = Told("far")
    told.hear("far", failed(), 1)
    told.hear("far", ERROR, 2)
    assert told.control.is_ill
    assert told.hear("trunk-new", failed(), 3).result.reason == "control-failing"
    told.hear("far", PASS, 4)
    assert not told.control.is_ill
    told.hear("far", ERROR, 5)
    assert not told.control.is_ill
    assert not told.control.proven(since_ns=at(3).mono_ns)


def test_a_control_name_that_cannot_be_resolved_loses_none_of_its_targets() -> None:
    told = Told("far")
    told.hear("far", of("a", failed(), "ab"), 1)
    told.hear("far", of("b", failed(), "ab"), 1)
    told.hear("far", ERROR, 2)
    assert told.control.is_ill
    assert set(told.control.newest) == {("far", "a"), ("far", "b")}
    told.hear("far", of("a", PASS, "ab"), 3)
    assert not told.control.is_ill
