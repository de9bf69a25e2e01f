"""When to ask next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.schedule import FIRST_NS, Cadence, first_due, hastened, next_due

NS = st.integers(0, 10**15)
INTERVALS = st.integers(1, 10**12)


def test_the_cadence_is_plain_or_hasty() -> None:
    cadence = Cadence(every_ns=5, suspect_every_ns=1)
    assert (cadence.interval(suspect=False), cadence.interval(suspect=True)) == (5, 1)


@pytest.mark.parametrize(("fraction", "due"), [(0.0, 100), (0.5, 105), (0.99, 109)])
def test_the_first_offset_is_a_fraction_of_the_interval(fraction: float, due: int) -> None:
    assert first_due(100, 10, fraction=fraction) == due


MS = 1_000_000


@pytest.mark.parametrize(
    ("of", "fraction", "offset_ms"),
    [
        (10, 0.749, 700),  # few: never further apart than 100 ms
        (1_000, 0.749, 700),  # a hundred at a time
        (2_000, 0.61, 1_200),  # twice as many: half as far apart, and they begin over two seconds
        (20_000, 0.7, 13_995),  # they begin over twenty seconds
    ],
)
def test_first_offsets_fall_together_the_closer_the_more_there_are(of: int, fraction: float, offset_ms: float) -> None:
    assert first_due(0, 1_000 * MS, of=of, fraction=fraction) == offset_ms * MS


@given(now=NS, every=st.integers(0, 10**12), of=st.integers(1, 100_000), fraction=st.floats(0, 1, exclude_max=True))
def test_a_first_offset_is_never_in_the_past_nor_beyond_what_is_needed(now: int, every: int, of: int, fraction: float) -> None:
    assert now <= first_due(now, every, of=of, fraction=fraction) <= now + max(every, of * FIRST_NS)


@given(of=st.integers(1, 100_000), fraction=st.floats(0, 1, exclude_max=True))
def test_a_short_interval_has_no_grid(of: int, fraction: float) -> None:
    every = 500 * MS
    assert first_due(0, every, of=of, fraction=fraction) == int(max(every, (of - 1) * FIRST_NS) * fraction)


@pytest.mark.parametrize(
    ("due", "interval", "now", "following"),
    [
        (100, 10, 100, 110),
        (100, 10, 103, 110),  # a late start does not shift the beat
        (100, 10, 110, 110),
        (100, 10, 111, 120),  # missed: skipped, on the same beat
        (100, 10, 120, 120),
        (100, 10, 1_000_003, 1_000_010),
    ],
)
def test_the_next_is_on_the_beat_and_missed_ones_are_skipped(due: int, interval: int, now: int, following: int) -> None:
    assert next_due(due, interval, now_ns=now) == following


@given(due=NS, interval=INTERVALS, late=NS)
def test_the_next_is_never_in_the_past_nor_more_than_an_interval_ahead_and_always_on_the_beat(
    due: int, interval: int, late: int
) -> None:
    now = due + late
    following = next_due(due, interval, now_ns=now)
    assert now <= following
    assert following <= max(now, due) + interval
    assert (following - due) % interval == 0
    assert following > due


@pytest.mark.parametrize(
    ("due", "last", "interval", "now", "hastened_to"),
    [
        (500, 100, 50, 120, 150),  # one short interval after the last
        (500, 100, 50, 300, 300),  # which has passed already: now
        (130, 100, 50, 120, 130),  # never later than it was
        (500, None, 50, 120, 120),  # never asked: now
        (110, None, 50, 120, 110),
    ],
)
def test_hastening_asks_one_short_interval_after_the_last(
    due: int, last: int | None, interval: int, now: int, hastened_to: int
) -> None:
    assert hastened(due, last_ns=last, interval_ns=interval, now_ns=now) == hastened_to


@given(due=NS, last=st.none() | NS, interval=INTERVALS, now=NS)
def test_hastening_never_delays_and_never_asks_in_the_past(due: int, last: int | None, interval: int, now: int) -> None:
    made = hastened(due, last_ns=last, interval_ns=interval, now_ns=now)
    assert made <= due
    assert made == due or made >= now
