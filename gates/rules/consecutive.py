"""So many failures in a row, in a set of codes: trips on the n-th without a PASS between.

What it counts stands in the probe's Input (`gates.rule.count`), for freshness and recovery need the same: it has no memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from gates.input import Input
from gates.rules.reading import Level, Reading
from probes.sample import NS_PER_S, Moment, Sample


@dataclass(frozen=True, slots=True)
class Consecutive:
    """`codes` in the order in which people read them."""

    threshold: int
    codes: tuple[int, ...]

    def fresh(self) -> None:
        return None

    def hear(self, memory: None, sample: Sample, *, known: Input) -> None:
        return None

    def level(self, known: Input) -> Level:
        """The level alone: asked on every sample and turn, when nobody reads the words."""
        if not known.failing:
            return Level.FINE
        if known.counted >= self.threshold:
            return Level.BAD
        return Level.DOUBTFUL if known.failing >= self.threshold else Level.FAILING

    def read(self, memory: None, *, known: Input, now: Moment) -> Reading:
        return Reading(
            self.level(known),
            tally(known, threshold=self.threshold) if known.failing else f"0/{self.threshold}",
            arithmetic(known, threshold=self.threshold, now=now),
            since=known.first_counted,
            restarts=known.passed_at,
            to_bad=self._to_bad(known.counted),
            to_fine="1 PASS" if known.failing else "",
        )

    def _to_bad(self, counted: int) -> str:
        missing = self.threshold - counted
        codes = "/".join(str(code) for code in self.codes)
        return f"{missing}{' more' if counted else ''} {codes} without a PASS between" if missing > 0 else ""

    def describe(self) -> dict[str, str | int | list[int]]:
        return {"rule": "consecutive", "threshold": self.threshold, "codes": list(self.codes)}


def tally(known: Input, *, threshold: int) -> str:
    """`503: 2/3`; a mixed streak lists its codes."""
    kinds = list(dict.fromkeys(known.streak))
    return f"{', '.join(kinds) or 'failing'}: {known.counted}/{threshold}"


def arithmetic(known: Input, *, threshold: int, now: Moment, counted: str = "", failing: str = "") -> str:
    """`503, 503, 503: 3 consecutive ≥ 3; last PASS 7.2 s ago`. `counted` and `failing` stand behind the number that they explain:
    where a name leads to several targets, what each of them told.
    """
    n = threshold
    if not known.failing:
        return f"no failure; {_last_pass(known, now=now)}"
    if not known.counted:
        return f"{known.failing} failures outside the code set{failing}, threshold {n}; {_last_pass(known, now=now)}"
    relation = "≥" if known.counted >= n else "<"
    any_code = f"; {known.failing} failures of any code ≥ {n}" if known.counted < n <= known.failing else ""
    return (
        f"{', '.join(known.streak)}: {known.counted} consecutive {relation} {n}{counted}{any_code}; {_last_pass(known, now=now)}"
    )


def _last_pass(known: Input, *, now: Moment) -> str:
    if known.passed_at is None:
        return "no PASS yet"
    return f"last PASS {(now.mono_ns - known.passed_at.mono_ns) / NS_PER_S:.1f} s ago"
