"""The share of the last attempts that passed, compared with a bound; and how little that may say."""

from __future__ import annotations

from dataclasses import dataclass

from gates import rule
from gates.input import Input
from gates.rules.figures import in_a_row, least_of, percent, plural, row_text, to_fine, worse
from gates.rules.interval import wilson
from gates.rules.newest import Newest
from gates.rules.reading import Level, Reading
from probes.sample import Moment, Outcome, Sample


@dataclass(frozen=True, slots=True)
class Heard:
    """`became`: since when the share is too small."""

    failed: Newest
    became: Moment | None = None


@dataclass(frozen=True, slots=True)
class PointRatio:
    """BAD while fewer than `at_least` of the last `of` results passed. Fewer results than that decide nothing."""

    at_least: float
    of: int
    threshold: int = 3

    @property
    def suffice(self) -> int:
        """So many failures among `of` are BAD."""
        return self.of - least_of(self.at_least, self.of) + 1

    def fresh(self) -> Heard:
        return Heard(Newest(self.of))

    def hear(self, memory: Heard, sample: Sample, *, known: Input) -> Heard:
        failed = memory.failed.add(sample.at, rule.label(sample.result) if sample.result.outcome is Outcome.FAIL else None)
        return Heard(failed, (memory.became or sample.at) if self._is_bad(failed) else None)

    def _is_bad(self, failed: Newest) -> bool:
        return failed.heard >= self.of and failed.marked >= self.suffice

    def read(self, memory: Heard, *, known: Input, now: Moment) -> Reading:
        failed = memory.failed
        is_bad, decides = self._is_bad(failed), failed.heard >= self.of
        own = Level.BAD if is_bad else Level.FINE if decides else Level.UNDECIDED
        level = worse(own, in_a_row(known, threshold=self.threshold))
        said = f"{failed.labels or 'failing'}: {failed.marked} of {self.suffice} in {failed.count}/{self.of}"
        return Reading(
            level,
            said,
            self._sum(failed, decides=decides) + ("" if is_bad else row_text(known, threshold=self.threshold)),
            since=failed.first if is_bad else None,
            restarts=memory.became,
            wants_more=not decides,
            to_bad="" if is_bad else self._to_bad(failed),
            to_fine=to_fine(level, own, self._to_fine(failed, own)),
        )

    def _to_fine(self, failed: Newest, own: Level) -> str:
        return "" if own is Level.FINE else f"{max(failed.below(self.suffice), self.of - failed.count, 1)} PASS in a row"

    def _to_bad(self, failed: Newest) -> str:
        missing = max(self.suffice - failed.marked, 0)
        if failed.count < self.of:
            return f"{plural(self.of - failed.count, 'more result')}, {plural(self.suffice, 'failure')} or more in all"
        if missing <= failed.lasts():
            return f"{plural(missing, 'more failure')} among the next {failed.lasts()}"
        return f"{plural(self.suffice, 'failure')} among {self.of} results"

    def _sum(self, failed: Newest, *, decides: bool) -> str:
        count = failed.count
        if not count:
            return f"no result yet; {self.of} decide"
        share, interval = (count - failed.marked) / count, wilson(count - failed.marked, count)
        told = f"{count - failed.marked} of {count} passed, {percent(round(share, 4))}"
        if decides:
            told += f" {'<' if failed.marked >= self.suffice else '≥'} {percent(self.at_least)}"
        told += f"; the rate is within {interval} (95% interval)"
        if not decides:
            return f"{told}; {self.of} decide"
        held = f", which holds {percent(self.at_least)}: inconclusive"
        return f"{told}{held if interval.holds(self.at_least) else ''}"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {
            "rule": "success_ratio",
            "basis": "point",
            "at_least": percent(self.at_least),
            "of": self.of,
            "threshold": self.threshold,
        }
