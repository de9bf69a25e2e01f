"""Whose turn it is, when there are more than may be asked at once. Pure; chance is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Shuffles(Protocol):
    """`random.Random`."""

    def shuffle(self, x: list[Any], /) -> None: ...


class Rota:
    """Each `take` is the next `size` of a list shuffled once, from its beginning again after its end.

    So each is asked after `ceil(n / size)` attempts at the latest, and the same always in the same company: a sample drawn anew
    each time would leave some out for long, and a fixed one leaves out the rest for ever. Mutable and private to a probe.
    """

    def __init__(self, names: Sequence[str], *, size: int, rng: Shuffles) -> None:
        self._names = list(dict.fromkeys(names))
        self._size = min(size, len(self._names))
        self._next = 0
        rng.shuffle(self._names)

    def take(self) -> tuple[str, ...]:
        first, self._next = self._next, (self._next + self._size) % len(self._names)
        return tuple((self._names + self._names)[first : first + self._size])
