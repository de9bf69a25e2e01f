"""One heap of deadlines, and delays that a millisecond timer can keep."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.sip.engine.deadlines import Deadlines, whole_ms


def test_what_is_due_comes_out_in_order_and_once() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for at, key in ((30, "c"), (10, "a"), (20, "b")):
        deadlines.add(at, key)
    assert deadlines.due(now=20) == ["a", "b"]
    assert deadlines.due(now=20) == []
    assert deadlines.next == 30


def test_an_empty_heap_has_no_next() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.add(1, "a")
    deadlines.clear()
    assert deadlines.next is None


def test_items_due_at_once_come_out_in_the_order_of_their_adding() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for at, key in ((20, "a"), (10, "b"), (20, "c"), (10, "d")):
        deadlines.add(at, key)
    assert deadlines.due(now=20) == ["b", "d", "a", "c"]


def test_the_next_is_the_earliest_whatever_the_order_of_adding() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.add(30, "late")
    deadlines.add(10, "early")
    assert deadlines.next == 10
    assert deadlines.due(now=10) == ["early"]
    assert deadlines.next == 30


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_what_comes_out_is_what_a_sorted_list_would_give(times: list[int], now: int) -> None:
    deadlines: Deadlines[int] = Deadlines()
    for at in times:
        deadlines.add(at, at)
    assert deadlines.due(now=now) == sorted(at for at in times if at <= now)
    assert deadlines.next == min((at for at in times if at > now), default=None)


def test_what_is_over_is_dropped_up_to_the_first_that_is_not() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for at in (1, 2, 50, 60, 40, 30):
        deadlines.add(at, at)
    over = {1, 2, 30, 60}
    deadlines.drop(over.__contains__)
    assert deadlines.next == 40
    assert deadlines.due(now=100) == [40, 50, 60]


@pytest.mark.parametrize(("ns", "seconds"), [(1, 0.001), (1_000_000, 0.001), (1_000_001, 0.002), (0, 0.0), (-5_000_000, 0.0)])
def test_delays_are_rounded_up_to_a_millisecond(ns: int, seconds: float) -> None:
    assert whole_ms(ns) == seconds
