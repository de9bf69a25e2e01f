"""What short texts were read as, remembered within bounds: peers repeat themselves with every answer.

A memo changes how long reading takes, and nothing else: what it holds is the outcome of a pure function, frozen, under the
whole text that it was read from, and texts that cannot be read are not held at all. A stranger who sends ever new texts
pushes out what was there, and can take no more memory than the budget says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")

LONGEST = 200
"""Longer texts are not remembered, characters. Nor are those beyond ASCII, which may take four bytes each."""


class Memo(dict[str, V]):
    """`memo[text]` is `read(text)`. A hit costs one look-up of a dict; `read`'s exceptions pass through.

    `budget` is in bytes as `weight` reckons them, for both generations together. When the younger has grown to half of it,
    it becomes the older, which is forgotten; what was found in the older joins the younger. So whatever is met again
    before half a budget of new texts has passed is never read twice.
    """

    __slots__ = ("_budget", "_older", "_read", "_spent")

    def __init__(self, read: Callable[[str], V], budget: int) -> None:
        super().__init__()
        self._read = read
        self._budget = budget
        self._older: dict[str, V] = {}
        self._spent = 0

    def __missing__(self, text: str) -> V:
        value = self._older.get(text)
        if value is None:
            value = self._read(text)
        if len(text) <= LONGEST and text.isascii():
            self._spent += weight(text)
            if self._spent > self._budget // 2:
                self._older = dict(self)
                self.clear()
                self._spent = weight(text)
            self[text] = value
        return value


def weight(text: str) -> int:
    """Bytes that a text and what was read from it take at the most: parameters and list items are objects of their own."""
    return 400 + 2 * len(text) + 200 * (text.count(";") + text.count(","))
