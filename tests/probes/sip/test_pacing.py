"""Pacing: a configured rate holds in every second, whatever the registrar, the timers and the network do."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.registrar import busiest
from probes.sip.engine.exchanged import Break, Broken, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.trouble import Trouble
from probes.sip.registering.pacing import (
    GIVEN_UP_NS,
    RETRY_AFTER_JITTER,
    RETRY_AFTER_MOST_S,
    Bucket,
    Pacer,
    allowance,
    is_overload,
    peak,
    steady_rate,
    time_to_move,
)
from tests.probes.sip.storms import PEER, SECOND, answered

T1 = SECOND // 2


def pacer(rate: float | None = 100) -> Pacer:
    return Pacer(rate=rate, rng=random.Random(1))


def send(paced: Pacer, now: int) -> int:
    """The next message, as soon as it may go; answered at once."""
    at = paced.earliest(now=now)
    paced.permit(now=at)
    paced.sent(now=at)
    paced.heard(answered(200), now=at)
    return at


# The rate.


@settings(max_examples=200, deadline=None)
@given(
    rate=st.integers(1, 400),
    idle=st.lists(st.tuples(st.integers(1, 120), st.integers(0, 3 * SECOND)), min_size=1, max_size=8),
)
def test_a_greedy_client_never_exceeds_the_rate_in_any_second_neither_at_the_start_nor_after_a_rest(
    rate: int, idle: list[tuple[int, int]]
) -> None:
    bucket, now, sent = Bucket(rate), 0, []
    for messages, rest in idle:
        for _ in range(messages):
            now = bucket.earliest(now=now)
            bucket.take(now=now)
            sent.append(now)
        now += rest
    # A window closed at both ends: one nanosecond longer than a second.
    assert busiest(sent, SECOND + 1) <= rate


@settings(max_examples=200, deadline=None)
@given(rate=st.integers(1, 400), delays=st.lists(st.integers(0, SECOND // 4), min_size=1, max_size=600))
def test_delays_between_permission_and_sending_never_push_messages_together(rate: int, delays: list[int]) -> None:
    bucket, now, sent = Bucket(rate), 0, []
    for delay in delays:
        now = bucket.earliest(now=now) + delay
        bucket.take(now=now)
        sent.append(now - delay // 2)
    assert busiest(sent, SECOND + 1) <= rate


@given(rate=st.integers(1, 100_000))
def test_jitter_of_ten_milliseconds_on_the_way_is_allowed_for(rate: int) -> None:
    """However long it rested, the greedy sender's first `rate` + 1 messages take more than a second and 10 ms."""
    allowed = allowance(rate)
    assert (rate - allowed.burst + 1) * allowed.spacing_ns > 1.01 * SECOND


@given(rate=st.integers(1, 100_000))
def test_keeping_the_rate_costs_little_speed(rate: int) -> None:
    assert rate / allowance(rate).sustained <= 1.04


@pytest.mark.parametrize(("rate", "spacing_s"), [(0.5, 2), (0.1, 10), (1, 1.01), (2.5, 0.505)])
def test_a_rate_below_one_or_with_a_fraction_is_kept_by_spacing(rate: float, spacing_s: float) -> None:
    assert allowance(rate).burst == 1
    assert allowance(rate).spacing_ns == pytest.approx(spacing_s * SECOND, abs=2)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        allowance(rate)


def test_lateness_of_our_own_up_to_the_burst_costs_no_speed() -> None:
    bucket, now = Bucket(1000), 0
    for _ in range(5000):
        now = bucket.earliest(now=now)
        bucket.take(now=now)
    late = Bucket(1000)
    at = 0
    for turn in range(5000):
        at = late.earliest(now=at) + (19_000_000 if turn % 500 == 499 else 0)
        late.take(now=at)
    assert at - now <= 19_000_000


# What a fixed rate makes of a registrar that does not answer.


def test_a_registrar_that_falls_silent_never_gets_more_than_the_rate_with_all_copies() -> None:
    paced, now, wire = pacer(1000), 0, []
    while now < 10 * SECOND:
        now = max(now, paced.earliest(now=now))
        paced.permit(now=now)
        paced.sent(now=now)
        wire += [now, now + T1, now + 3 * T1, now + 7 * T1]
    assert busiest(sorted(wire)) <= 1000


def test_nothing_that_was_saved_up_follows_a_rest_at_once() -> None:
    paced, rested = pacer(1000), pacer(1000)
    rested.heard(answered(503, retry_after=10), now=0)
    until = rested.paused_until
    first, second = send(rested, until), send(rested, until)
    assert (first, second) == (until, until + allowance(1000).spacing_ns)
    assert send(paced, until) == send(paced, until) == until


def test_what_was_not_heard_of_for_64_times_t1_waits_no_longer() -> None:
    paced = pacer(10)
    for turn in range(5):
        now = paced.earliest(now=turn * SECOND)
        paced.permit(now=now)
        paced.sent(now=now)
    assert paced.earliest(now=5 * SECOND) == GIVEN_UP_NS
    assert paced.earliest(now=GIVEN_UP_NS) == GIVEN_UP_NS
    paced.permit(now=GIVEN_UP_NS)
    paced.sent(now=GIVEN_UP_NS)
    assert paced.earliest(now=GIVEN_UP_NS) == GIVEN_UP_NS + SECOND, "when the second is given up too"


def test_an_answer_makes_room_at_once() -> None:
    paced = pacer(10)
    for turn in range(5):
        paced.permit(now=turn * SECOND)
        paced.sent(now=turn * SECOND)
    paced.heard(answered(200), now=5 * SECOND)
    assert paced.earliest(now=5 * SECOND) == 5 * SECOND


def test_a_message_that_ended_before_it_was_sent_is_no_longer_under_way() -> None:
    paced, now = pacer(10), 0
    for _ in range(50):
        now = paced.earliest(now=now)
        paced.permit(now=now)
        paced.heard(SelfTrouble(Trouble.NO_ROUTE, 0), now=now)
        paced.sent(now=now)
    assert now < 6 * SECOND


def test_copies_that_a_transaction_sent_by_itself_are_paid_for() -> None:
    paid, free = pacer(100), pacer(100)
    for paced, copies in ((paid, 4), (free, 1)):
        paced.permit(now=0)
        paced.sent(now=0)
        paced.heard(answered(200, copies=copies), now=0)
    spacing = allowance(100).spacing_ns
    assert [send(paid, 0) for _ in range(3)][-1] - [send(free, 0) for _ in range(3)][-1] == 3 * spacing
    assert paid.copies_total == 3


def test_silence_without_a_connection_has_no_copies() -> None:
    paced = pacer()
    paced.heard(Silent(SECOND, PEER, 0), now=0)
    assert paced.copies_total == 0


# Retry-After.


@pytest.mark.parametrize("rate", [100, None])
def test_a_retry_after_rests_the_whole_registrar_and_a_little_longer(rate: float | None) -> None:
    paced = pacer(rate)
    paced.heard(answered(503, retry_after=5), now=SECOND)
    assert 6 * SECOND < paced.earliest(now=SECOND) == paced.paused_until <= (6 + 5 * RETRY_AFTER_JITTER) * SECOND


def test_several_clients_that_were_told_the_same_come_back_at_different_moments() -> None:
    rng = random.Random(3)
    resumed = set()
    for _ in range(20):
        paced = Pacer(rate=100, rng=rng)
        paced.heard(answered(503, retry_after=10), now=0)
        resumed.add(paced.paused_until)
    assert len(resumed) == 20


def test_a_retry_after_is_honoured_up_to_thirty_seconds() -> None:
    paced = pacer()
    paced.heard(answered(503, retry_after=3600), now=0)
    assert 30 * SECOND <= paced.paused_until <= RETRY_AFTER_MOST_S * (1 + RETRY_AFTER_JITTER) * SECOND


def test_a_shorter_rest_never_ends_a_longer_one() -> None:
    paced = pacer()
    paced.heard(answered(503, retry_after=20), now=0)
    before = paced.paused_until
    paced.heard(answered(503, retry_after=1), now=0)
    assert paced.paused_until == before


def test_a_503_without_retry_after_leaves_a_configured_rate_alone() -> None:
    paced = pacer(100)
    paced.heard(answered(503), now=0)
    assert (paced.earliest(now=0), paced.rate, paced.penalty(now=0), paced.refused_total) == (0, 100, 0, 1)


# What counts as a refusal.


@pytest.mark.parametrize(
    ("status", "retry_after", "refuses"),
    [
        (503, None, True),
        (503, 1, True),
        (408, None, True),
        (500, 1, True),
        (500, None, False),
        (401, None, False),
        (404, 9, False),
    ],
)
def test_503_and_408_refuse_and_a_500_that_says_for_how_long(status: int, retry_after: int | None, refuses: bool) -> None:
    assert is_overload(answered(status, retry_after=retry_after).response) is refuses


REFUSALS: list[Callable[[], Exchanged]] = [
    lambda: answered(503),
    lambda: Silent(0, PEER, 1),
    lambda: Refused("ECONNREFUSED", 0, PEER, None),
    lambda: Broken(Break.RESET, 0, PEER),
]


@pytest.mark.parametrize("ended", REFUSALS)
def test_every_kind_of_refusal_slows_a_learned_rate_down(ended: Callable[[], Exchanged]) -> None:
    paced = pacer(None)
    before = paced.rate
    paced.heard(ended(), now=SECOND)
    assert paced.rate < before
    assert paced.earliest(now=SECOND) > SECOND
    assert paced.penalty(now=SECOND) == 0.05


def test_trouble_of_our_own_teaches_nothing() -> None:
    paced = pacer(None)
    before = paced.rate
    paced.heard(SelfTrouble(Trouble.NO_ROUTE, 0), now=SECOND)
    assert (paced.rate, paced.refused_total, paced.earliest(now=SECOND)) == (before, 0, SECOND)


def test_a_423_is_an_answer_and_its_min_expires_is_remembered_for_all() -> None:
    paced = pacer(None)
    for told in (60, 300, 120, None):
        paced.heard(answered(423, min_expires=told), now=0)
    assert (paced.min_expires_s, paced.refused_total) == (300, 0)


def test_a_learned_rate_is_what_the_bucket_lets_through() -> None:
    paced = pacer(None)
    slow = len({send(paced, 0) for _ in range(3)})
    assert slow == 3, "one by one at the rate it starts with"
    now = 0
    for _ in range(3000):
        now = send(paced, now)
    assert paced.rate > 1000
    assert send(paced, now + SECOND) - send(paced, now + SECOND) == 0


# What plans are made with.


def test_the_time_to_move_is_what_the_pace_takes() -> None:
    paced, now = pacer(500), 0
    for _ in range(2 * 3000):
        now = send(paced, now)
    assert time_to_move(3000, 500) == now


@pytest.mark.parametrize("aors", [0, 1])
def test_what_fits_into_a_burst_moves_at_once(aors: int) -> None:
    assert time_to_move(aors, 1000) == 0


def test_the_steady_rate_counts_both_messages_at_the_earliest_refresh() -> None:
    assert steady_rate(10_000, 600) == pytest.approx(10_000 * 2 / 450)
    assert steady_rate(10_000, 600, messages=1) == pytest.approx(10_000 / 450)


def test_the_peak_is_the_pace_while_a_move_takes_longer_than_a_second() -> None:
    assert peak(10_000, 600, 100) == 100


def test_the_peak_of_few_is_all_of_them() -> None:
    assert peak(10, 600, 100) == 20


def test_the_peak_exceeds_the_pace_exactly_when_bindings_would_expire_while_they_wait() -> None:
    keeps, fails = 44.5, 44.4
    assert peak(10_000, 600, keeps) == keeps
    assert peak(10_000, 600, fails) > fails
