"""When each transaction must be looked at next: one heap for all of them, so that one loop timer serves them all."""

from __future__ import annotations

import heapq


class Deadlines:
    """Keys by due time, in monotonic nanoseconds. A key may be due several times; asking too early costs nothing."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []

    @property
    def next(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def add(self, at: int, key: str) -> None:
        heapq.heappush(self._heap, (at, key))

    def due(self, *, now: int) -> list[str]:
        """Keys whose time has come, in order, taken out."""
        keys = []
        while self._heap and self._heap[0][0] <= now:
            keys.append(heapq.heappop(self._heap)[1])
        return keys

    def clear(self) -> None:
        self._heap.clear()


def whole_ms(ns: int) -> float:
    """A delay in seconds, rounded up to a millisecond: uvloop's timers have that grain, and shorter delays would spin."""
    return max(0, -(-ns // 1_000_000)) / 1000
