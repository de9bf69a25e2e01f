"""Wilson's interval, against published values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.figures import least_of, percent, plural, worse
from gates.rules.interval import wilson
from gates.rules.reading import Level


@pytest.mark.parametrize(
    ("passed", "count", "low", "high"),
    [  # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(passed: int, count: int, low: float, high: float) -> None:
    interval = wilson(passed, count)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_nineteen_of_twenty_is_76_to_99_percent() -> None:
    assert str(wilson(19, 20)) == "76–99%"


def test_a_narrow_interval_has_a_decimal() -> None:
    assert str(wilson(990, 1_000)) == "98.2–99.5%"


def test_all_and_nothing_reach_the_ends_exactly() -> None:
    assert wilson(20, 20).high == 1.0
    assert wilson(0, 20).low == 0.0
    assert str(wilson(20, 20)) == "84–100%"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_it_lies_within_0_and_1_around_the_share_and_mirrors(pair: tuple[int, int]) -> None:
    passed, count = pair
    interval, mirrored = wilson(passed, count), wilson(count - passed, count)
    assert 0 <= interval.low <= passed / count <= interval.high <= 1
    assert interval.holds(passed / count)
    assert interval.low == pytest.approx(1 - mirrored.high)


@pytest.mark.parametrize(
    ("share", "count", "least"), [(0.95, 20, 19), (0.999, 1_000, 999), (0.95, 19, 19), (0.0, 5, 0), (1.0, 5, 5)]
)
def test_a_share_of_a_count_is_not_rounded_away(share: float, count: int, least: int) -> None:
    assert least_of(share, count) == least


def test_a_share_read_from_a_file_with_an_error_of_the_last_bit_counts_as_written() -> None:
    assert least_of(99.9 / 100, 1_000) == 999


def test_figures_as_people_read_them() -> None:
    assert (percent(0.95), percent(0.995), percent(1.0), percent(2 / 3)) == ("95%", "99.5%", "100%", "66.6667%")
    assert (plural(1, "failure"), plural(2, "failure"), plural(2, "loss", "losses")) == ("1 failure", "2 failures", "2 losses")
    assert worse(Level.DOUBTFUL, Level.UNDECIDED) is Level.DOUBTFUL
