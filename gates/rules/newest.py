"""The newest results of a probe, as bits: which of them are marked, and when the marked ones came."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from probes.sample import Moment

MOST_MARKS = 64
"""Marked results whose moments and labels are kept."""


@dataclass(frozen=True, slots=True)
class Mark:
    at: Moment
    label: str
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Newest:
    """The last `size` results; `marked` of them are. `bits` has the newest lowest, `heard` are all there ever were.

    `marks` are those of the marked that are still among the last `size`, oldest first, and at most the newest `MOST_MARKS`.
    A thousand results are 125 bytes, so that adding one makes a new value and costs no more than changing the old.
    """

    size: int
    heard: int = 0
    marked: int = 0
    bits: int = 0
    marks: tuple[Mark, ...] = ()

    @property
    def count(self) -> int:
        return min(self.heard, self.size)

    @property
    def first(self) -> Moment | None:
        """When the oldest marked result came, of those whose moment is kept."""
        return self.marks[0].at if self.marks else None

    @property
    def labels(self) -> str:
        """Each label once, in the order in which they came."""
        return ", ".join(dict.fromkeys(mark.label for mark in self.marks))

    def lasts(self) -> int:
        """So many more results, and the oldest marked one is still among the last `size`."""
        return self.size - self.bits.bit_length()

    def below(self, count: int) -> int:
        """After so many more results without a mark fewer than `count` are marked."""
        return bisect_left(range(self.size), True, key=lambda more: self._after(more) < count)

    def _after(self, more: int) -> int:
        return (self.bits & ((1 << (self.size - more)) - 1)).bit_count()

    def add(self, at: Moment, label: str | None) -> Newest:
        """One more result; marked where it has a label."""
        leaving = self.bits >> (self.size - 1) & 1
        marks = self.marks
        if marks and marks[0].serial <= self.heard - self.size:
            marks = marks[1:]
        if label is not None:
            marks = (*marks, Mark(at, label, self.heard))[-MOST_MARKS:]
        is_marked = label is not None
        rest = self.bits ^ (leaving << (self.size - 1))
        return Newest(self.size, self.heard + 1, self.marked - leaving + is_marked, rest << 1 | is_marked, marks)
