"""Identifiers drawn many at a time are as random as those drawn one by one."""

from __future__ import annotations

import random

from probes.sip.engine.drawn import AT_ONCE, Drawn
from probes.sip.engine.series import BITS


class Source:
    """A generator that counts how often, and keeps what, it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._rng = random.Random(1)

    def getrandbits(self, k: int, /) -> int:
        self.asked.append(k)
        return self._rng.getrandbits(k)


def test_every_bit_of_the_source_is_given_out_once() -> None:
    source = Source()
    drawn = Drawn(source)
    given = [drawn.getrandbits(BITS) for _ in range(2 * AT_ONCE)]
    assert source.asked == [BITS * AT_ONCE, BITS * AT_ONCE]
    again = random.Random(1)
    wanted = sorted(
        bits >> (at * BITS) & ((1 << BITS) - 1)
        for bits in (again.getrandbits(BITS * AT_ONCE), again.getrandbits(BITS * AT_ONCE))
        for at in range(AT_ONCE)
    )
    assert sorted(given) == wanted
    assert len(set(given)) == 2 * AT_ONCE


def test_other_sizes_come_from_the_source_itself() -> None:
    source = Source()
    assert Drawn(source).getrandbits(7) == random.Random(1).getrandbits(7)
    assert source.asked == [7]
