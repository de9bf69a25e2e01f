"""Which path a name means: as told by flags, or as the words in it say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

BASELINE_WORDS = frozenset({"rollback", "baseline", "legacy", "old"})
NEW_WORDS = frozenset({"new", "cutover"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Role(Enum):
    NEW = "the new path"
    BASELINE = "the baseline path"
    UNCLEAR = "nobody knows where"
    NOWHERE = "nowhere"
    """The flow ends, or what follows it is not in the document."""


@dataclass(frozen=True, slots=True)
class PathNames:
    """Names that were told. A told name stands before the words in it."""

    new: frozenset[str] = frozenset()
    baseline: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if both := self.new & self.baseline:
            raise ValueError(f"{sorted(both)[0]!r} cannot be the new path and the baseline path")

    def role(self, name: str) -> Role:
        if name in self.new:
            return Role.NEW
        if name in self.baseline:
            return Role.BASELINE
        words = {word.lower() for word in _WORD.findall(name)}
        is_new, is_baseline = bool(words & NEW_WORDS), bool(words & BASELINE_WORDS)
        if is_new == is_baseline:
            return Role.UNCLEAR
        return Role.NEW if is_new else Role.BASELINE
