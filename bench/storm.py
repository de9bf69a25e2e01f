"""The storm: ten thousand AORs lost at once, against a registrar with digest that takes R messages a second.

    python -m bench.storm [R] [AORS]

Aims: with R configured no second of the registrar's own log holds more than R, and all are back in 1.10 × messages/R; with R
learned from its refusals, 2 ×, and no second holds more than 1.10 × R. One process plays both sides: an R near the 2,000/s that
it can play on two cores is not kept waiting by the pace any more.
"""

from __future__ import annotations

import random
import sys

import uvloop

from probes.sip.registering.pacing import Pacer
from tests.probes.sip.mass import Storm, mass

WITHIN_S = 600


async def _storm(capacity: int, aors: int, *, rate: float | None, retry_after: int | None = None) -> Storm:
    rng = random.Random(20261205)
    async with mass(aors, rng=rng) as all_of_them:
        await all_of_them.register(within=WITHIN_S)
        return await all_of_them.storm(capacity, Pacer(rate=rate, rng=rng), within=WITHIN_S, retry_after=retry_after)


def _tell(name: str, seen: Storm, *, time: float, overshoot: float) -> bool:
    is_met = seen.ratio <= time and seen.overshoot <= overshoot
    print(f"{name}: {seen}")
    print(f"  aim: ≤ {time:.2f} × messages/R, overshoot ≤ {overshoot:.0%}: {'met' if is_met else 'MISSED'}", flush=True)
    return is_met


async def main(capacity: int, aors: int) -> bool:
    met = [
        _tell("configured", await _storm(capacity, aors, rate=capacity), time=1.10, overshoot=0),
        _tell("learned from 503", await _storm(capacity, aors, rate=None), time=2, overshoot=0.10),
        _tell(
            "learned from 503 with Retry-After", await _storm(capacity, aors, rate=None, retry_after=1), time=2, overshoot=0.10
        ),
    ]
    return all(met)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(not uvloop.run(main(*(numbers + [1000, 10_000][len(numbers) :]))))
