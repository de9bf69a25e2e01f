"""Ten thousand AORs lost at once, over hours of fake time: against registrars that count in different ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from probes.sip.registering.pacing import Pacer
from tests.probes.sip.storms import SECOND, ByTheClock, Model, Sliding, TokenBucket, World, storm

AORS = 10_000


def by_the_clock(tenth: int) -> Callable[[int], Model]:
    return lambda capacity: ByTheClock(capacity, tenth * SECOND // 10)


MODELS: dict[str, Callable[[int], Model]] = {
    "sliding": Sliding,
    "bucket": TokenBucket,
    **{f"clock-{tenth}": by_the_clock(tenth) for tenth in (0, 3, 7)},
}


def lateness(rng: random.Random, most_ms: int) -> Callable[[], int]:
    """Timers keep a millisecond, and now and then something holds the loop for longer."""
    return lambda: rng.randrange(SECOND // 1000) if rng.random() < 0.99 else rng.randrange(most_ms * SECOND // 1000)


def world(model: Callable[[int], Model], capacity: int, *, rate: float | None = None, aors: int = AORS, **more: int) -> World:
    rng = random.Random(capacity)
    made = World(model(capacity), Pacer(rate=rate, rng=rng), aors, lateness=lateness(rng, 10 if rate is None else 35))
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(("capacity", "model"), list(product((50, 200, 2000), ("sliding", "bucket", "clock-3"))))
def test_configured_it_is_never_exceeded_and_all_are_back_in_time(capacity: int, model: str) -> None:
    seen = storm(world(MODELS[model], capacity, rate=capacity))
    print(f"configured, R = {capacity}/s, {model}: {seen}")
    assert seen.busiest <= 1
    assert seen.refused == 0
    assert seen.time <= 1.10


@pytest.mark.parametrize(("capacity", "rtt_ms", "retry_after"), list(product((100, 500, 2000), (1, 20, 50), (None, 1))))
def test_learned_from_503_it_finds_a_registrar_that_counts_the_last_second(
    capacity: int, rtt_ms: int, retry_after: int | None
) -> None:
    made = world(Sliding, capacity, rtt_ns=rtt_ms * SECOND // 1000)
    made.retry_after = retry_after
    seen = storm(made)
    print(f"learned, R = {capacity}/s, {rtt_ms} ms, Retry-After {retry_after}: {seen}")
    assert seen.time <= 2
    assert seen.overshoot <= 0.10


@pytest.mark.parametrize(("capacity", "model", "rtt_ms"), list(product((50, 500, 2000), MODELS, (1, 20))))
def test_learned_it_has_little_refused_however_the_registrar_counts(capacity: int, model: str, rtt_ms: int) -> None:
    """A registrar that counts by the clock or saves up accepts more than R in some seconds and says nothing: so what is above
    its limit is what it refuses."""
    seen = storm(world(MODELS[model], capacity, aors=5 * capacity, rtt_ns=rtt_ms * SECOND // 1000))
    print(f"learned, R = {capacity}/s, {model}, {rtt_ms} ms: {seen}")
    assert seen.time <= 2
    assert seen.refused <= 0.10


def test_a_second_storm_hours_later_goes_by_what_the_first_has_taught() -> None:
    made = world(Sliding, 500, expires_s=3600)
    first = storm(made)
    made.run(3 * 3600)
    second = storm(made)
    print(f"learned, first storm: {first}\n         3 h later: {second}")
    assert second.time <= 1.15
    assert second.overshoot <= 0.10


def test_hours_of_refreshes_pass_with_hardly_a_refusal_when_they_fit() -> None:
    made = world(Sliding, 40, aors=2000, expires_s=600)
    storm(made)
    made.run(1800)
    made.arrived.clear()
    made.refused.clear()
    made.run(2 * 3600)
    refused, sent = len(made.refused), len(made.arrived)
    print(f"2 h of refreshes: {refused} of {sent} refused")
    assert sent > 50_000
    assert refused <= sent / 1000


def test_a_registrar_that_was_given_more_room_is_noticed() -> None:
    made = world(Sliding, 100)
    made.lose_everybody()
    made.run(60)
    assert 90 <= made.pacer.rate <= 105
    made.registrar.capacity = 200
    made.run(60)
    print(f"60 s after the capacity doubled from 100/s: {made.pacer.rate:.0f}/s")
    assert made.pacer.rate >= 180


def test_a_registrar_that_lost_half_its_room_is_noticed() -> None:
    made = world(Sliding, 200)
    made.lose_everybody()
    made.run(40)
    assert 180 <= made.pacer.rate <= 210
    made.registrar.capacity = 100
    made.run(5)
    made.refused.clear()
    made.run(30)
    print(f"5 to 35 s after the capacity halved to 100/s: {made.pacer.rate:.0f}/s, {len(made.refused)} refused")
    assert 70 <= made.pacer.rate <= 110
    assert len(made.refused) <= 30 * 100 * 0.03


def test_after_an_outage_all_are_back_soon() -> None:
    made = world(Sliding, 1000)
    storm(made)
    made.registrar.capacity = 0
    made.lose_everybody()
    made.run(120)
    asked = len(made.arrived) / 120
    made.registrar.capacity = 1000
    seconds = made.until_all_are_back()
    print(f"asked {asked:.0f}/s while it was down; all back {seconds / (2 * AORS / 1000):.2f} × messages/R after it came up")
    assert asked <= 1000 / 20
    assert seconds <= 2 * 2 * AORS / 1000
