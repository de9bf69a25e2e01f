"""How many must be well, exactly, and when what is unknown matters."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.quantities import parse_ratio
from probes.platform.share import Verdict, decide, most_ill

PATIENT = settings(deadline=None, max_examples=60)  # a busy machine is no failure


@pytest.mark.parametrize(
    ("count", "at_least", "ill"),
    [
        (50, "98%", 1),
        (100, "7%", 93),
        (49, "98%", 0),
        (100, "98%", 2),
        (1, "98%", 0),
        (10, "100%", 0),
        (10, "0%", 10),
        (3, "66.666667%", 0),
        (7, "50%", 3),
    ],
)
def test_the_most_that_may_be_ill(count: int, at_least: str, ill: int) -> None:
    assert most_ill(count, at_least=parse_ratio(at_least)) == ill


@PATIENT
@given(count=st.integers(1, 1000), percent=st.integers(0, 1000))
def test_one_more_would_be_below_the_share_and_so_many_are_not(count: int, percent: int) -> None:
    share = Fraction(percent, 1000)
    ill = most_ill(count, at_least=parse_ratio(f"{percent / 10}%"))
    assert Fraction(count - ill, count) >= share
    assert ill == count or Fraction(count - ill - 1, count) < share


@PATIENT
@given(ill=st.integers(0, 20), untold=st.integers(0, 20), most=st.integers(0, 20))
def test_what_is_decided_holds_whatever_was_not_told(ill: int, untold: int, most: int) -> None:
    outcomes = {ill + more > most for more in range(untold + 1)}
    expected = {frozenset({True}): Verdict.ILL, frozenset({False}): Verdict.WELL}.get(frozenset(outcomes), Verdict.OPEN)
    assert decide(ill=ill, untold=untold, most_ill=most) is expected
