"""Ten thousand real registrations, lost at once, over loopback: the registrar's own log says how fast they came back.

Arrivals are dated by the kernel, so that a busy machine, which reads late, does not make two seconds' messages look like one's.
How long it takes is another matter: that is printed here and held against its aim by `bench/storm.py`.
"""

from __future__ import annotations

import asyncio
import random

import uvloop

from probes.sip.registering.pacing import Pacer
from tests.probes.sip.mass import MESSAGES, Storm, mass


def storm(aors: int, capacity: int, *, rate: float | None, retry_after: int | None = None) -> Storm:
    async def play() -> Storm:
        rng = random.Random(20261205)
        async with mass(aors, rng=rng) as all_of_them:
            await all_of_them.register(within=120)
            return await all_of_them.storm(capacity, Pacer(rate=rate, rng=rng), within=240, retry_after=retry_after)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(play())


def test_configured_ten_thousand_come_back_and_no_second_holds_more_than_the_rate() -> None:
    seen = storm(10_000, 1000, rate=1000)
    print(f"configured, {seen}")
    assert seen.busiest <= 1000
    assert seen.refused == 0
    assert seen.sent == MESSAGES * 10_000 + seen.figures.copies
    assert seen.figures.deferred >= 9_900


def test_learned_all_come_back_and_little_is_refused() -> None:
    seen = storm(2000, 500, rate=None, retry_after=1)
    print(f"learned, {seen}")
    assert seen.overshoot <= 0.10
    assert seen.refused <= seen.sent / 20
