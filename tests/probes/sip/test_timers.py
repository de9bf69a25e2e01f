"""One heap of deadlines, and delays that a millisecond timer can keep."""

from __future__ import annotations

import pytest

from probes.sip.timers import Deadlines, whole_ms


def test_what_is_due_comes_out_in_order_and_once() -> None:
    deadlines = Deadlines()
    for at, key in ((30, "c"), (10, "a"), (20, "b")):
        deadlines.add(at, key)
    assert deadlines.due(now=20) == ["a", "b"]
    assert deadlines.due(now=20) == []
    assert deadlines.next == 30


def test_an_empty_heap_has_no_next() -> None:
    deadlines = Deadlines()
    deadlines.add(1, "a")
    deadlines.clear()
    assert deadlines.next is None


@pytest.mark.parametrize(("ns", "seconds"), [(1, 0.001), (1_000_000, 0.001), (1_000_001, 0.002), (0, 0.0), (-5_000_000, 0.0)])
def test_delays_are_rounded_up_to_a_millisecond(ns: int, seconds: float) -> None:
    assert whole_ms(ns) == seconds
