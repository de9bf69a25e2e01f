"""How many of several must be well, when not all of them could be asked. Pure."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    WELL = "well"
    ILL = "ill"
    OPEN = "open"
    """What was not told would decide."""


def decide(*, ill: int, untold: int, most_ill: int) -> Verdict:
    """WELL while at most `most_ill` are. What was not told counts against neither: it only decides where it cannot matter."""
    if ill > most_ill:
        return Verdict.ILL
    return Verdict.WELL if ill + untold <= most_ill else Verdict.OPEN


PARTS = 10**8
"""As finely as a share is written in the file: six digits of a percent. Floats would call 7 of 100 less than 7 %."""


def most_ill(count: int, *, at_least: float) -> int:
    """Of `count`, how many may be ill while a share of `at_least` (0…1) is well: one of 50 for 98 %."""
    return (PARTS - round(at_least * PARTS)) * count // PARTS
