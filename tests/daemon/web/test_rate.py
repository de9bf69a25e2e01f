"""So many a second, with a burst, in a table that does not grow."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from daemon.web.rate import Rate

S = 1_000_000_000


def taken(rate: Rate, times: int, now_ns: int, key: str = "x") -> int:
    return sum(rate.take(key, now_ns=now_ns) for _ in range(times))


def test_the_burst_is_had_at_once_and_no_more() -> None:
    assert taken(Rate(10, burst=20), 100, now_ns=5 * S) == 20


def test_after_the_burst_it_is_so_many_a_second() -> None:
    rate = Rate(10, burst=20)
    taken(rate, 100, now_ns=0)
    assert taken(rate, 100, now_ns=S) == 10


def test_what_was_not_taken_is_not_saved_beyond_the_burst() -> None:
    rate = Rate(10, burst=20)
    taken(rate, 1, now_ns=0)
    assert taken(rate, 1000, now_ns=3600 * S) == 20


def test_one_key_does_not_use_up_another() -> None:
    rate = Rate(1, burst=1)
    assert taken(rate, 5, now_ns=0, key="x") == 1
    assert taken(rate, 5, now_ns=0, key="y") == 1


def test_the_table_is_bounded_and_whoever_is_not_in_it_shares_one_allowance() -> None:
    rate = Rate(1, burst=1, keys=10)
    let_in = sum(rate.take(f"source-{number}", now_ns=0) for number in range(1000))
    assert let_in == 11
    assert len(rate) == 11


def test_keys_that_took_nothing_lately_make_room() -> None:
    rate = Rate(1, burst=1, keys=10)
    for number in range(10):
        rate.take(f"source-{number}", now_ns=0)
    assert all(rate.take(f"later-{number}", now_ns=2 * S) for number in range(10))
    assert len(rate) == 10


@given(
    per_second=st.integers(1, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.integers(0, S // 2), min_size=1, max_size=200),
)
def test_in_no_span_is_more_let_in_than_burst_and_rate_allow(per_second: int, burst: int, gaps: list[int]) -> None:
    rate, now_ns, times = Rate(per_second, burst=burst), 0, []
    for gap in gaps:
        now_ns += gap
        if rate.take("x", now_ns=now_ns):
            times.append(now_ns)
    gap_ns = S // per_second
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - begin) // gap_ns + 1
