"""When each exchange must be looked at next: one queue for all of them, so that one loop timer serves them all."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Items by due time, in monotonic nanoseconds. An item may be due several times; asking too early costs nothing.

    Most requests are looked at first after the same time, T1, so most items are due in the order of their adding: those
    wait in a row, which costs next to nothing, and only the others in a heap.
    """

    def __init__(self) -> None:
        self._row: deque[tuple[int, T]] = deque()
        self._heap: list[tuple[int, int, T]] = []
        self._order = count()

    @property
    def next(self) -> int | None:
        firsts = [queue[0][0] for queue in (self._row, self._heap) if queue]
        return min(firsts, default=None)

    def add(self, at: int, item: T) -> None:
        row = self._row
        if not row or at >= row[-1][0]:
            row.append((at, item))
        else:
            heapq.heappush(self._heap, (at, next(self._order), item))

    def due(self, *, now: int) -> list[T]:
        """Items whose time has come, in order, taken out."""
        row, heap, items = self._row, self._heap, []
        while row and row[0][0] <= now:
            items.append(row.popleft())
        if heap and heap[0][0] <= now:
            while heap and heap[0][0] <= now:
                at, _, item = heapq.heappop(heap)
                items.append((at, item))
            items.sort(key=lambda timed: timed[0])
        return [item for _, item in items]

    def drop(self, is_over: Callable[[T], bool]) -> None:
        """Take out what has nothing left to wait for, from the front, as far as it reaches: nobody need wake up for it."""
        row, heap = self._row, self._heap
        while row and is_over(row[0][1]):
            row.popleft()
        while heap and is_over(heap[0][2]):
            heapq.heappop(heap)

    def clear(self) -> None:
        self._row.clear()
        self._heap.clear()


def whole_ms(ns: int) -> float:
    """A delay in seconds, rounded up to a millisecond: uvloop's timers have that grain, and shorter delays would spin."""
    return max(0, -(-ns // 1_000_000)) / 1000
