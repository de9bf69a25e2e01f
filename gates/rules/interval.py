"""How much a share of few attempts says: the interval that holds the true rate 95 times out of 100.

E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American Statistical
Association 22 (1927), 209-212, without continuity correction; method 3 of R. G. Newcombe, Two-sided confidence intervals for the
single proportion, Statistics in Medicine 17 (1998), 857-872, who compares seven and recommends it. It is never empty, never
leaves 0…1, and says something of 20 out of 20, where the textbook's normal approximation says that nothing can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from gates.rules.figures import percent

Z_95 = 1.959963984540054
"""The standard normal distribution holds 95 % between -z and z."""
NARROW = 0.05


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    def holds(self, rate: float) -> bool:
        return self.low <= rate <= self.high

    def __str__(self) -> str:
        """`76–99%`; a narrow one has a decimal more."""
        digits = 1 if self.high - self.low < NARROW else 0
        return f"{100 * self.low:.{digits}f}–{percent(round(self.high, 2 + digits))}"


def wilson(passed: int, count: int, *, z: float = Z_95) -> Interval:
    """The interval for `passed` of `count`, which is at least 1."""
    share, spread = passed / count, z * z / count
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / count + spread / (4 * count))
    return Interval(0.0 if passed == 0 else max(centre - half, 0.0), 1.0 if passed == count else min(centre + half, 1.0))
