"""When each exchange must be looked at next: one heap for all of them, so that one loop timer serves them all."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Items by due time, in monotonic nanoseconds. An item may be due several times; asking too early costs nothing."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, T]] = []
        self._order = count()

    @property
    def next(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def add(self, at: int, item: T) -> None:
        heapq.heappush(self._heap, (at, next(self._order), item))

    def due(self, *, now: int) -> list[T]:
        """Items whose time has come, in order, taken out."""
        items = []
        while self._heap and self._heap[0][0] <= now:
            items.append(heapq.heappop(self._heap)[2])
        return items

    def clear(self) -> None:
        self._heap.clear()


def whole_ms(ns: int) -> float:
    """A delay in seconds, rounded up to a millisecond: uvloop's timers have that grain, and shorter delays would spin."""
    return max(0, -(-ns // 1_000_000)) / 1000
