"""So many a second for each of many, with a burst, in a table that nobody can make grow. Pure.

The generic cell rate algorithm: one number for each key, the moment at which all that it took would have been its due. It says
yes while that moment is no further ahead than the burst allows.
"""

from __future__ import annotations

_NS_PER_S = 1_000_000_000
_REST = ""


class Rate:
    def __init__(self, per_second: int, *, burst: int, keys: int = 4096) -> None:
        """`keys` bounds the table. When it is full of keys that took lately, the rest share one allowance."""
        self._gap_ns = _NS_PER_S // per_second
        self._ahead_ns = self._gap_ns * (burst - 1)
        self._keys = keys
        self._due: dict[str, int] = {}

    def take(self, key: str, *, now_ns: int) -> bool:
        due = self._due.pop(key, None)
        if due is None:
            if not self._has_room(now_ns):
                key = _REST
                due = self._due.pop(key, now_ns)
            else:
                due = now_ns
        may = due - now_ns <= self._ahead_ns
        if may:
            due = max(due, now_ns) + self._gap_ns
        self._due[key] = due  # to the end: the first is the one that asked longest ago
        return may

    def __len__(self) -> int:
        return len(self._due)

    def _has_room(self, now_ns: int) -> bool:
        while len(self._due) >= self._keys:
            oldest = next(iter(self._due))
            if self._due[oldest] > now_ns:
                return False
            del self._due[oldest]
        return True
