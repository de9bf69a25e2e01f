"""How often an API may be asked: the bucket, and what headers teach it. Times are made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.exchange.budget import Budget
from probes.exchange.headers import Headers
from probes.exchange.limits_told import LONGEST_NS, Told, read

S = 1_000_000_000
UTC = 1_796_000_000 * S


def budget(requests: int = 10, per_s: int = 10) -> Budget:
    return Budget(requests, per_s * S, now_ns=0)


def take(budget: Budget, count: int = 1, *, now_ns: int = 0, within_ns: int = 100 * S) -> list[int | None]:
    return [budget.take(now_ns=now_ns, within_ns=within_ns) for _ in range(count)]


def told(**headers: str) -> Told:
    return read(Headers.of({name.replace("_", "-"): value for name, value in headers.items()}), now_utc_ns=UTC)


def test_as_many_as_the_bucket_holds_leave_at_once_and_the_rest_evenly() -> None:
    assert take(budget(), 13) == [0] * 10 + [S, 2 * S, 3 * S]


def test_the_bucket_fills_again_and_not_beyond_its_size() -> None:
    one = budget()
    take(one, 10)
    assert take(one, 3, now_ns=2 * S) == [0, 0, S]
    assert take(one, 11, now_ns=1_000 * S) == [0] * 10 + [S]


def test_who_would_wait_too_long_takes_nothing_and_is_told_at_once() -> None:
    one = budget()
    take(one, 10)
    assert take(one, 2, within_ns=S // 2) == [None, None]
    assert take(one) == [S]
    assert one.figures(now_ns=0).refused == 2


def test_retry_after_a_429_stops_everybody_for_as_long_as_it_says() -> None:
    one = budget()
    one.learn(429, told(Retry_After="58"), now_ns=0)
    assert take(one, now_ns=S) == [57 * S]
    assert take(one, now_ns=S, within_ns=30 * S) == [None]
    assert one.figures(now_ns=S).pause_ns == 57 * S


def test_a_429_that_does_not_say_how_long_pauses_longer_each_time_until_an_answer_comes() -> None:
    one, pauses = budget(1_000), []
    now_ns = 0
    for _ in range(6):
        one.learn(429, Told(), now_ns=now_ns)
        pauses.append(one.figures(now_ns=now_ns).pause_ns // S)
        now_ns += pauses[-1] * S
    assert pauses == [2, 6, 18, 54, 60, 60]
    one.learn(200, Told(), now_ns=now_ns)
    one.learn(429, Told(), now_ns=now_ns)
    assert one.figures(now_ns=now_ns).pause_ns == 2 * S


@pytest.mark.parametrize(("status", "pause_s"), [(503, 5), (200, 0), (301, 0)])
def test_retry_after_pauses_after_a_503_and_not_after_what_is_no_refusal(status: int, pause_s: int) -> None:
    one = budget()
    one.learn(status, told(Retry_After="5"), now_ns=0)
    assert one.figures(now_ns=0).pause_ns == pause_s * S


def test_what_remains_in_the_apis_window_lowers_the_budget_until_it_is_renewed() -> None:
    one = budget(100, 1)
    one.learn(200, told(inin_ratelimit_count="298", inin_ratelimit_allowed="300", inin_ratelimit_reset="20"), now_ns=0)
    assert take(one, 3) == [0, 0, 20 * S]
    assert take(one, 3, now_ns=20 * S) == [0, 0, 0]


def test_what_remains_never_raises_the_budget() -> None:
    one = budget(1, 10)
    one.learn(200, told(X_RateLimit_Remaining="5000", X_RateLimit_Reset="60"), now_ns=0)
    assert take(one, 2) == [0, 10 * S]


def test_of_answers_that_overtake_each_other_the_least_remainder_counts() -> None:
    one = budget(100, 1)
    for left in ("1", "3"):
        one.learn(200, told(X_RateLimit_Remaining=left, X_RateLimit_Reset="60"), now_ns=0)
    assert take(one, 2) == [0, 60 * S]


def test_figures_say_what_was_granted_and_what_waited() -> None:
    one = budget()
    take(one, 12)
    figures = one.figures(now_ns=0)
    assert (figures.granted, figures.waited, figures.refused, figures.level) == (12, 2, 0, 0.0)


@given(
    events=st.lists(
        st.tuples(st.integers(0, 5 * S), st.integers(0, 20), st.sampled_from(["take", "200", "429"]), st.integers(0, 10 * S)),
        max_size=60,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_window_sees_more_than_its_budget_whatever_is_told(events: list[tuple[int, int, str, int]]) -> None:
    requests, per_ns = 5, 10 * S
    one, now_ns, leaves = Budget(requests, per_ns, now_ns=0), 0, []
    for step_ns, left, what, within_ns in events:
        now_ns += step_ns
        if what == "take":
            wait = one.take(now_ns=now_ns, within_ns=within_ns)
            assert wait is None or 0 <= wait <= within_ns
            leaves += [] if wait is None else [now_ns + wait]
        else:
            one.learn(int(what), Told(left, 3 * S, None), now_ns=now_ns)
    for start in leaves:
        # One bucket's worth at once, and what fills meanwhile.
        assert sum(start <= each < start + per_ns for each in leaves) <= 2 * requests + 1


@pytest.mark.parametrize(
    ("headers", "remaining", "reset_s"),
    [
        ({"inin-ratelimit-count": "7", "inin-ratelimit-allowed": "300", "inin-ratelimit-reset": "44"}, 293, 44),
        ({"inin-ratelimit-count": "301", "inin-ratelimit-allowed": "300"}, 0, None),
        ({"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": "30"}, 10, 30),
        ({"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": str(UTC // S + 90)}, 10, 90),
        ({"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": str(UTC // S - 90)}, 10, 0),
        ({"x-rate-limit-remaining": "3"}, 3, None),
        ({"RateLimit-Remaining": "2", "RateLimit-Reset": "5.5"}, 2, 5),
        ({"RateLimit": '"default";r=50;t=30'}, 50, 30),
        ({"RateLimit": "limit=100, remaining=50, reset=30"}, 50, 30),
        ({"RateLimit": '"burst";r=1'}, 1, None),
        ({"RateLimit": "nonsense"}, None, None),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "soon"}, None, None),
        ({"X-RateLimit-Remaining": "9" * 400}, None, None),
        ({"inin-ratelimit-count": "x", "inin-ratelimit-allowed": "300"}, None, None),
        ({}, None, None),
    ],
)
def test_headers_are_read_as_each_api_writes_them(headers: dict[str, str], remaining: int | None, reset_s: int | None) -> None:
    found = read(Headers.of(headers), now_utc_ns=UTC)
    assert (found.remaining, found.reset_ns) == (remaining, None if reset_s is None else reset_s * S)


@pytest.mark.parametrize(
    ("text", "pause_ns"),
    [
        ("5", 5 * S),
        (" 5 ", 5 * S),
        ("0", 0),
        ("999999999", LONGEST_NS),
        ("Sun, 29 Nov 2026 18:14:20 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("Sun, 99 Nov 2026 18:14:20 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, pause_ns: int | None) -> None:
    found = told(Retry_After=text).pause_ns
    if text.startswith("Sun, 29"):
        assert found is not None
        assert 0 <= found <= LONGEST_NS
    else:
        assert found == pause_ns


def test_a_date_is_counted_from_now() -> None:
    assert read(Headers.of({"Retry-After": "Thu, 01 Jan 1970 00:10:00 GMT"}), now_utc_ns=570 * S).pause_ns == 30 * S


@given(st.dictionaries(st.sampled_from(["Retry-After", "RateLimit", "X-RateLimit-Reset", "X-RateLimit-Remaining"]), st.text()))
@settings(max_examples=80, deadline=None)
def test_no_header_breaks_the_reader(headers: dict[str, str]) -> None:
    found = read(Headers.of(headers), now_utc_ns=UTC)
    assert all(each is None or each >= 0 for each in (found.remaining, found.reset_ns, found.pause_ns))
