"""What is due when, for very many that fall due in groups: a heap of moments, and for each moment a row."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Times are monotonic nanoseconds. Items of one moment come out in the order of their adding."""

    def __init__(self) -> None:
        self._moments: list[int] = []
        self._rows: dict[int, deque[T]] = {}

    @property
    def next(self) -> int | None:
        return self._moments[0] if self._moments else None

    def add(self, at: int, item: T) -> None:
        row = self._rows.get(at)
        if row is None:
            self._rows[at] = deque((item,))
            heapq.heappush(self._moments, at)
        else:
            row.append(item)

    def take(self, *, now: int) -> tuple[int, T] | None:
        """The next that is due, with the moment it was due at; None while nothing is."""
        if not self._moments or self._moments[0] > now:
            return None
        at = self._moments[0]
        row = self._rows[at]
        item = row.popleft()
        if not row:
            del self._rows[at]
            heapq.heappop(self._moments)
        return at, item
