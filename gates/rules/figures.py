"""Figures as people read them, and failures in a row: what all rules say alike."""

from __future__ import annotations

from gates.input import Input
from gates.rules.reading import Level
from probes.sample import NS_PER_S, Moment

PARTS = 100_000_000
"""Shares are compared as whole parts of so many: 99.9% of 1,000 is 999, and no rounding makes it more."""
_ORDER = {level: place for place, level in enumerate(Level)}


def parts(share: float) -> int:
    return round(share * PARTS)


def least_of(share: float, count: int) -> int:
    """The smallest number that is at least `share` of `count`."""
    return -(-parts(share) * count // PARTS)


def percent(share: float) -> str:
    """0.95 is `95%`, 0.995 is `99.5%`."""
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + "%"


def seconds(ns: int) -> str:
    return f"{ns / NS_PER_S:.1f} s"


def last_pass(known: Input, *, now: Moment) -> str:
    if known.passed_at is None:
        return "no PASS yet"
    return f"last PASS {seconds(now.mono_ns - known.passed_at.mono_ns)} ago"


def plural(count: int, one: str, several: str = "") -> str:
    """`1 failure`, `2 failures`; `several` where an s is not enough."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def in_a_row(known: Input, *, threshold: int) -> Level:
    """What failures in a row are, whatever their code."""
    if known.failing >= threshold:
        return Level.DOUBTFUL
    return Level.FAILING if known.failing else Level.FINE


def row_text(known: Input, *, threshold: int) -> str:
    """Said behind the sum of a rule that did not find it bad."""
    if known.failing >= threshold:
        return f"; {plural(known.failing, 'failure')} in a row of any code ≥ {threshold}"
    return f"; {plural(known.failing, 'failure')} in a row of any code" if known.failing else ""


def to_fine(level: Level, own: Level, told: str) -> str:
    """What leads to FINE: what the rule itself says (`told`), or the PASS that ends a row of failures."""
    if own is not Level.FINE:
        return told
    return "" if level is Level.FINE else "1 PASS"


def worse(one: Level, other: Level) -> Level:
    return max(one, other, key=_ORDER.__getitem__)
