"""What a learned rate makes of each word."""

from __future__ import annotations

import pytest

from probes.sip.registering.learning import (
    CEILING,
    FAST,
    FLOOR,
    IN_ROW_LEAST,
    PAUSE_LEAST_NS,
    PAUSE_MOST_NS,
    PENALTY_HALVES_NS,
    PENALTY_LEAST,
    PENALTY_MOST,
    START,
    Learner,
)

SECOND = 1_000_000_000


def accept(learner: Learner, seconds: float, *, now: int, rate: float | None = None) -> int:
    """As much as the rate allows, or `rate`, is accepted for a while. Returns when it ends."""
    end = now + int(seconds * SECOND)
    while now < end:
        now += int(SECOND / (rate or learner.rate))
        learner.accepted(now=now)
    return now


def refused_at(capacity: float) -> tuple[Learner, int]:
    """A learner that has just been refused for the first time, at this many a second."""
    learner, now = Learner(start=capacity), 0
    now = accept(learner, 2, now=now, rate=capacity)
    learner.rate = capacity
    learner.refused(sent=now, now=now)
    return learner, now


def test_it_starts_with_what_every_registrar_takes_and_doubles_each_second() -> None:
    learner = Learner()
    assert learner.rate == START
    now = accept(learner, 1, now=0)
    before = learner.rate
    accept(learner, 1, now=now)
    assert learner.rate / before == pytest.approx(2, rel=0.05)


def test_a_rate_that_nobody_needs_does_not_grow() -> None:
    learner = Learner(start=100)
    accept(learner, 10, now=0, rate=40)
    assert learner.rate == 100


def test_it_never_leaves_floor_and_ceiling() -> None:
    learner = Learner(ceiling=200)
    accept(learner, 10, now=0)
    assert learner.rate == 200
    now = 20 * SECOND
    for _ in range(100):
        now += SECOND
        learner.refused(sent=now - 1, now=now)
    assert learner.rate >= FLOOR
    assert Learner().rate < CEILING


def test_a_refusal_tells_the_limit_by_what_was_accepted_in_the_second_before_it() -> None:
    learner, now = Learner(start=150), 0
    now = accept(learner, 2, now=now, rate=120)
    learner.rate = 150
    learner.refused(sent=now, now=now)
    assert learner.limit == pytest.approx(120, abs=1)
    assert learner.rate == pytest.approx(120 * (1 - PENALTY_LEAST), abs=1)


def test_a_refusal_while_little_is_asked_tells_no_limit_but_slows() -> None:
    learner = Learner(start=1000)
    now = accept(learner, 2, now=0, rate=50)
    learner.refused(sent=now, now=now)
    assert (learner.limit, learner.rate) == (1000, 950)


def test_what_was_under_way_at_a_refusal_is_no_further_news() -> None:
    learner, now = refused_at(200)
    rate, cuts = learner.rate, learner.cuts
    assert learner.refused(sent=now, now=now + SECOND // 20) == 0
    assert (learner.rate, learner.cuts) == (rate, cuts)


def test_the_rest_after_fast_growth_lets_the_overfull_second_pass() -> None:
    learner = Learner()
    now = accept(learner, 2, now=0)
    assert learner.refused(sent=now, now=now) == PAUSE_MOST_NS


def test_the_rest_grows_while_nothing_is_accepted_and_is_forgotten_with_time() -> None:
    learner, now = refused_at(200)
    now = accept(learner, 15, now=now, rate=learner.rate)
    rests = []
    for _ in range(7):
        now += 2 * SECOND
        rests.append(learner.refused(sent=now - 1, now=now))
    assert rests[0] == PAUSE_LEAST_NS
    assert rests[1:4] == [2 * PAUSE_LEAST_NS, 4 * PAUSE_LEAST_NS, 8 * PAUSE_LEAST_NS]
    assert rests[-1] == PAUSE_MOST_NS


def test_a_long_rest_is_remembered_by_halves() -> None:
    learner, now = refused_at(200)
    now = accept(learner, 2, now=now, rate=learner.rate)
    assert learner.refused(sent=now, now=now) == pytest.approx(PAUSE_MOST_NS / 2, rel=0.01)
    now = accept(learner, 2, now=now, rate=learner.rate)
    assert learner.refused(sent=now, now=now) == pytest.approx(PAUSE_MOST_NS / 4, rel=0.01)


def test_after_a_long_quiet_growth_is_fast_again_and_so_the_rest_is_long() -> None:
    learner, now = refused_at(200)
    now = accept(learner, 50, now=now, rate=200)
    assert learner.refused(sent=now, now=now) == PAUSE_MOST_NS


def test_the_penalty_grows_with_refusals_that_come_soon_and_decays() -> None:
    learner, now = refused_at(200)
    held = [learner.penalty(now=now)]
    for _ in range(6):
        now = accept(learner, 0.5, now=now, rate=learner.rate)
        learner.refused(sent=now, now=now)
        held.append(learner.penalty(now=now))
    assert held[0] == PENALTY_LEAST
    assert held == sorted(held)
    assert held[-1] == PENALTY_MOST
    assert learner.penalty(now=now + PENALTY_HALVES_NS) == pytest.approx(PENALTY_MOST / 2)
    assert learner.penalty(now=now + 20 * PENALTY_HALVES_NS) < 0.001


def test_nobody_is_held_back_before_the_first_refusal() -> None:
    assert Learner().penalty(now=10 * SECOND) == 0


def test_a_registrar_that_refuses_everything_is_asked_ever_less_but_not_so_little_that_it_is_forgotten() -> None:
    learner, now = refused_at(640)
    for _ in range(20):
        now += 2 * SECOND
        learner.refused(sent=now - 1, now=now)
    assert learner.rate == pytest.approx(640 * IN_ROW_LEAST, rel=0.01)


def test_after_an_outage_it_grows_fast_to_what_is_known() -> None:
    learner, now = refused_at(640)
    for _ in range(20):
        now += 2 * SECOND
        learner.refused(sent=now - 1, now=now)
    accept(learner, 6, now=now)
    assert 600 <= learner.rate <= 660


def test_a_refusal_on_the_way_up_after_an_outage_lets_the_second_pass() -> None:
    learner, now = refused_at(640)
    for _ in range(20):
        now += 2 * SECOND
        learner.refused(sent=now - 1, now=now)
    now = accept(learner, 30, now=now, rate=1)
    now = accept(learner, 3, now=now)
    assert 100 < learner.rate < 500
    assert learner.refused(sent=now, now=now) == PAUSE_MOST_NS


def test_near_the_limit_it_feels_upwards_slowly_and_faster_the_longer_nothing_is_refused() -> None:
    learner, now = refused_at(200)
    now = accept(learner, 10, now=now)
    grown = []
    for _ in range(4):
        before = learner.rate
        now = accept(learner, 10, now=now)
        grown.append(learner.rate / before - 1)
    assert grown == sorted(grown)
    assert grown[0] < 0.3
    assert grown[-1] > 1


def test_growth_is_never_faster_than_at_the_start() -> None:
    learner, now = refused_at(200)
    now = accept(learner, 5, now=now + 3600 * SECOND, rate=200)
    before = learner.rate
    learner.accepted(now=now)
    assert 0 < learner.rate - before <= FAST
