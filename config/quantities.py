"""Shares, sizes and bounds of the file format: what is written, what it means, and the sentence said when it is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Self

from config.problem import quoted
from config.rules import Parsed
from config.units import duration_text, parse_duration

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_SIZE = re.compile(r"([0-9]{1,12})(B|kB|MB|GB)")
_BYTES = {"B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def parse_ratio(value: object) -> float:
    """`95%` is 0.95. A bare number is refused: 0.95 and 95 would both be guesses."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a share in percent such as 95% or 99.5%")
    share = float(found.group(1)) / 100
    if share > 1:
        raise ValueError("a share is at most 100%")
    return share


def ratio_text(share: float) -> str:
    """0.95 is `95%`, 0.995 is `99.5%`."""
    return f"{100 * share:.6f}".rstrip("0").rstrip(".") + "%"


def parse_size(value: object) -> int:
    """Bytes from `500MB` or `64kB`; 1 kB is 1,000 bytes."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a size such as 64kB, 500MB or 2GB")
    size = int(found.group(1)) * _BYTES[found.group(2)]
    if size == 0:
        raise ValueError("must be more than 0B")
    return size


Ratio = Annotated[float, Parsed(parse_ratio)]
Size = Annotated[int, Parsed(parse_size)]


@dataclass(frozen=True, slots=True)
class Measure:
    """A bound of something measured: a duration (`amount` in nanoseconds) or a plain number."""

    amount: float
    is_duration: bool

    def __str__(self) -> str:
        return duration_text(int(self.amount)) if self.is_duration else f"{self.amount:g}"

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls(float(value), is_duration=False)
        try:
            return cls(float(parse_duration(value)), is_duration=True)
        except ValueError:
            raise ValueError("expected a number, or a duration such as 200ms or 5s") from None


@dataclass(frozen=True, slots=True)
class Combine:
    """How many of several must be bad: `any` (1), `all` (None), or `{quorum: 2}`."""

    need: int | None

    def of(self, count: int) -> int:
        return count if self.need is None else self.need

    def __str__(self) -> str:
        return {None: "all", 1: "any"}.get(self.need, f"quorum {self.need}")

    @classmethod
    def parse(cls, value: object) -> Self:
        if value in ("any", "all"):
            return cls(1 if value == "any" else None)
        if isinstance(value, dict) and list(value) == ["quorum"]:
            need = value["quorum"]
            if isinstance(need, int) and not isinstance(need, bool) and 1 <= need <= 1_000:
                return cls(need)
            raise ValueError("a quorum is a whole number from 1 to 1000: how many must be bad")
        written = f"{quoted(value)} is not one: " if isinstance(value, str) else ""
        raise ValueError(f"{written}expected any, all or {{quorum: 2}}")


ANY = Combine(1)
