"""What is wrong with a flow, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

Pointer = tuple[str | int, ...]
"""Keys and indices from the top of the document."""


class Kind(StrEnum):
    FAIL_OPEN = "fail-open"
    """Somebody may reach the new path without an OK."""
    UNJUDGED = "cannot be judged"
    """It was not understood, and what is not understood is never called fine."""


@dataclass(frozen=True, slots=True)
class Finding:
    pointer: Pointer
    kind: Kind
    message: str
    """What is wrong, and what was meant."""


def fail_open(pointer: Pointer, message: str) -> Finding:
    return Finding(pointer, Kind.FAIL_OPEN, message)


def unjudged(pointer: Pointer, message: str) -> Finding:
    return Finding(pointer, Kind.UNJUDGED, message)


def pointer_text(pointer: Pointer) -> str:
    """RFC 6901: `/conditions/0/expression`; empty for the document itself."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in pointer)


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end
