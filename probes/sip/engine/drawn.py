"""Random identifiers, drawn many at a time: asking the kernel for each by itself takes longer than writing a request does."""

from __future__ import annotations

from typing import Protocol

from probes.sip.engine.series import BITS

AT_ONCE = 64
_MASK = (1 << BITS) - 1


class RandomSource(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def getrandbits(self, k: int, /) -> int: ...


class Drawn:
    """A RandomSource. Each bit of `rng` is given out once."""

    __slots__ = ("_ready", "_rng")

    def __init__(self, rng: RandomSource) -> None:
        self._rng = rng
        self._ready: list[int] = []

    def getrandbits(self, k: int, /) -> int:
        if k != BITS:
            return self._rng.getrandbits(k)
        if not self._ready:
            bits = self._rng.getrandbits(BITS * AT_ONCE)
            self._ready = [bits >> (at * BITS) & _MASK for at in range(AT_ONCE)]
        return self._ready.pop()
