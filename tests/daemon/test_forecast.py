"""How soon results can be known, against a schedule that is played out with the runner's own arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.explain.forecast import Pace, Span, failures, of_any, of_each, passes
from probes import schedule
from probes.sample import NS_PER_MS, NS_PER_S, Moment
from probes.schedule import Cadence

NOW = Moment(utc_ns=10**18, mono_ns=1_000 * NS_PER_S)


def pace(every: float = 5, then: float = 1, timeout: float = 2, *, suspect: bool = False, sent_ago: float | None = 2) -> Pace:
    cadence = Cadence(round(every * NS_PER_S), round(then * NS_PER_S))
    last = None if sent_ago is None else NOW.mono_ns - round(sent_ago * NS_PER_S)
    return Pace(cadence, round(timeout * NS_PER_S), suspect, last)


def s(earliest: float, latest: float) -> Span:
    return Span(round(earliest * NS_PER_S), round(latest * NS_PER_S))


@pytest.mark.parametrize(
    ("asked", "count", "span"),
    [
        (pace(), 1, s(3, 5)),  # the next is due in 3 s
        (pace(), 3, s(5, 8)),  # at once: 3, 4, 5; silent: sent at 3, 5 (hastened when 3 timed out), 6, known at 8
        (pace(suspect=True, sent_ago=0.4), 2, s(1.6, 3.6)),
        (pace(sent_ago=6), 1, s(0, 1)),  # one is under way for a second: it answers now, or times out in one
        (pace(sent_ago=6), 2, s(0, 3)),  # it answers now and the next is overdue; silent: sent at once in 1 s, known at 3
        (pace(sent_ago=8), 1, s(2, 4)),  # an attempt that must have ended is not waited for
        (pace(sent_ago=None), 1, s(0, 7)),  # a first offset nobody knows
        (pace(every=1, then=1, timeout=3), 3, s(1, 4)),  # overlapping attempts: 1 s under way, then one each second
    ],
    ids=str,
)  # fmt: skip
def test_failures_are_known_when_the_schedule_says(asked: Pace, count: int, span: Span) -> None:
    assert failures(asked, count, now=NOW) == span


@pytest.mark.parametrize(
    ("asked", "count", "span"),
    [
        (pace(), 1, s(3, 5)),
        (pace(), 3, s(13, 15)),  # passes do not hasten
        (pace(suspect=True, sent_ago=0.4), 5, s(4.6, 6.6)),
        (pace(sent_ago=6), 1, s(0, 1)),
        (pace(sent_ago=None), 2, s(5, 12)),
    ],
    ids=str,
)
def test_passes_are_known_when_the_schedule_says(asked: Pace, count: int, span: Span) -> None:
    assert passes(asked, count, now=NOW) == span


def test_any_takes_the_widest_and_each_the_slowest() -> None:
    spans = [s(1, 9), s(3, 4)]
    assert (of_any(spans), of_each(spans)) == (s(1, 9), s(3, 9))


def played(asked: Pace, count: int, answer_ns: int) -> int:
    """The runner's own steps: launch when due, and hasten once, when the first failure is known."""
    interval, last, due = asked.cadence.every_ns, asked.last_sent_ns or 0, (asked.last_sent_ns or 0) + asked.cadence.every_ns
    sent: list[int] = []
    while len(sent) < count:
        known = sent[0] + answer_ns if sent else None
        if known is not None and interval != asked.cadence.suspect_every_ns and known <= due:
            interval = asked.cadence.suspect_every_ns
            due = schedule.hastened(due, last_ns=last, interval_ns=interval, now_ns=known)
        sent.append(due)
        last, due = due, schedule.next_due(due, interval, now_ns=due)
    return sent[-1] + answer_ns - NOW.mono_ns


@given(
    every=st.integers(1, 400),
    then=st.integers(1, 400),
    timeout=st.integers(0, 1_000),
    age=st.integers(0, 400),
    count=st.integers(1, 8),
)
def test_a_forecast_of_failures_is_what_the_runners_schedule_does(
    every: int, then: int, timeout: int, age: int, count: int
) -> None:
    then = min(then, every)
    age = min(age, every)  # nothing is under way: the next attempt starts now or later
    asked = Pace(
        Cadence(every * NS_PER_MS, then * NS_PER_MS), timeout * NS_PER_MS, last_sent_ns=NOW.mono_ns - age * NS_PER_MS
    )  # fmt: skip
    span = failures(asked, count, now=NOW)
    assert span == Span(played(asked, count, 0), played(asked, count, asked.timeout_ns))
    assert 0 <= span.earliest_ns <= span.latest_ns
