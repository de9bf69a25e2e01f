"""Callers a minute, out of a count that only grows."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from probes.passive.silence import MARKS, Bounds, Counted, Growth, SilenceProbe, judged
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult

WINDOW_NS = 60 * NS_PER_S
ONE = Bounds(1, None, WINDOW_NS)


class Line:
    """A count and a clock that tests move, and the probe that looks at both every `every_s`."""

    def __init__(self, bounds: Bounds = ONE, *, count: int = 0) -> None:
        self.count, self.now_ns = count, 5 * NS_PER_S
        self.probe = SilenceProbe(lambda: self.count, bounds, clock=lambda: Moment(0, self.now_ns))

    def asked(self, *, after_s: float = 15, callers: int = 0) -> ProbeResult:
        self.now_ns += int(after_s * NS_PER_S)
        self.count += callers
        told: list[ProbeResult] = []
        self.probe.begin(lambda result, last=True: told.append(result))()
        return told[0]


def test_before_a_window_has_passed_nothing_can_be_said() -> None:
    line = Line()
    told = [line.asked(callers=9) for _ in range(3)]
    assert {(result.outcome, result.reason, result.origin) for result in told} == {(Outcome.ERROR, "too-early", Origin.SELF)}
    assert dict(told[-1].facts) == {"watched_s": 45, "window_s": 60}


def test_at_the_end_of_the_first_window_it_can() -> None:
    line = Line()
    assert [line.asked(callers=1).outcome for _ in range(4)][-1] is Outcome.PASS


def test_nobody_for_a_window_is_silence_and_coded_as_on_a_trunk() -> None:
    line = Line()
    told = [line.asked() for _ in range(4)][-1]
    assert (told.outcome, told.code, told.origin, told.reason) == (Outcome.FAIL, 408, Origin.TIMEOUT, "silence")
    assert dict(told.facts) == {"callers": 0, "span_s": 60, "per_minute": 0, "at_least": 1}


def test_callers_from_before_the_window_do_not_count() -> None:
    line = Line()
    told = [line.asked(callers=callers) for callers in (0, 0, 0, 7, 0, 0, 0, 0)]
    assert [result.facts.get("callers") for result in told[3:]] == [7, 7, 7, 7, 0]
    assert told[-1].reason == "silence"


def test_callers_from_before_the_daemon_looked_do_not_count() -> None:
    line = Line(count=1_000)
    assert [line.asked() for _ in range(4)][-1].reason == "silence"


def test_more_than_at_most_is_a_surge() -> None:
    line = Line(Bounds(0, 10, WINDOW_NS))
    told = [line.asked(callers=callers) for callers in (3, 3, 3, 1, 4)]
    assert [result.outcome for result in told[3:]] == [Outcome.PASS, Outcome.FAIL]
    assert (told[-1].code, told[-1].reason, told[-1].facts["per_minute"], told[-1].facts["at_most"]) == (503, "surge", 11, 10)


def test_both_bounds_are_a_minute_whatever_the_window() -> None:
    bounds = Bounds(2, 4, 5 * WINDOW_NS)
    found = [judged(Growth(callers, 5 * WINDOW_NS), bounds, watched_ns=0).reason for callers in (9, 10, 20, 21)]
    assert found == ["silence", "callers", "callers", "surge"]


@pytest.mark.parametrize(("callers", "reason"), [(1, "callers"), (5, "callers"), (6, "surge")])
def test_a_probe_that_comes_late_makes_callers_neither_too_few_nor_too_many(callers: int, reason: str) -> None:
    late = Growth(callers, WINDOW_NS + WINDOW_NS // 4)
    assert judged(late, Bounds(1, 4, WINDOW_NS), watched_ns=0).reason == reason


@given(steps=st.lists(st.tuples(st.integers(1, 90), st.integers(0, 5)), min_size=1, max_size=300))
def test_the_span_is_the_window_or_a_little_more_and_holds_who_called_in_it(steps: list[tuple[int, int]]) -> None:
    counted, now_ns, count = Counted(window_ns=WINDOW_NS, count=0, now_ns=0), 0, 0
    came = [(0, 0)]
    for seconds, callers in steps:
        longest = max(seconds * NS_PER_S for seconds, _ in steps)
        now_ns, count = now_ns + seconds * NS_PER_S, count + callers
        came.append((now_ns, callers))
        growth = counted.growth(count, now_ns=now_ns)
        assert (growth is None) == (now_ns < WINDOW_NS)
        if growth is not None:
            assert WINDOW_NS <= growth.span_ns < WINDOW_NS + longest + WINDOW_NS // MARKS
            assert growth.callers == sum(callers for at, callers in came if at > now_ns - growth.span_ns)


def test_however_often_it_is_asked_it_remembers_little() -> None:
    counted = Counted(window_ns=WINDOW_NS, count=0, now_ns=0)
    for now_ns in range(0, 10 * WINDOW_NS, 10_000_000):
        counted.growth(0, now_ns=now_ns)
    assert len(counted._marks) <= MARKS + 2
