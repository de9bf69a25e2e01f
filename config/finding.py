"""Something that only shows across fields: where it is to be put right, and why."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from config.problem import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """`reads` are other values that were judged; if one of them is in the file but unreadable, the finding is dropped.

    `at_key` places it at the key instead of the value.
    """

    path: Path
    message: str
    reads: tuple[Path, ...] = ()
    at_key: bool = False


def repeated(values: Sequence[Hashable]) -> Iterator[int]:
    """The indices of values that stood earlier already."""
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)
