"""So many counted failures among the last results, with passes between them or not: a trunk that fails now and then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gates import rule
from gates.input import Input
from gates.rules.figures import in_a_row, last_pass, plural, row_text, to_fine, worse
from gates.rules.newest import Newest
from gates.rules.reading import Level, Reading
from probes.sample import Moment, Outcome, Sample


@dataclass(frozen=True, slots=True)
class Heard:
    """`failed` are failures of any code, `counted` those of the code set. `became`: since when they are too many."""

    counted: Newest
    failed: Newest
    became: Moment | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """BAD at `failures` counted ones among the last `of` results; at as many of any code, DOUBTFUL."""

    failures: int
    of: int
    codes: tuple[int, ...]

    @property
    def threshold(self) -> int:
        return self.failures

    def fresh(self) -> Heard:
        return Heard(Newest(self.of), Newest(self.of))

    def hear(self, memory: Heard, sample: Sample, *, known: Input) -> Heard:
        label = rule.label(sample.result) if sample.result.outcome is Outcome.FAIL else None
        counts = sample.result.code in self.codes
        counted = memory.counted.add(sample.at, label if counts else None)
        became = (memory.became or sample.at) if counted.marked >= self.failures else None
        return replace(memory, counted=counted, failed=memory.failed.add(sample.at, label), became=became)

    def read(self, memory: Heard, *, known: Input, now: Moment) -> Reading:
        counted, failed = memory.counted, memory.failed
        distance = f"{counted.labels or 'failing'}: {counted.marked} of {self.failures} in {counted.count}/{self.of}"
        relation = "≥" if counted.marked >= self.failures else "<"
        kinds = f"{counted.labels}: " if counted.labels else ""
        others = f", {failed.marked} failed in all" if failed.marked > counted.marked else ""
        told = f"{kinds}{counted.marked} counted in the last {counted.count} of {self.of} {relation} {self.failures}{others}"
        own = self._own(memory)
        level = worse(own, in_a_row(known, threshold=self.threshold))
        arithmetic = told + (row_text(known, threshold=self.threshold) if own is not Level.BAD else "")
        return Reading(
            level,
            distance,
            f"{arithmetic}; {last_pass(known, now=now)}",
            since=counted.first if own is Level.BAD else None,
            restarts=memory.became,
            to_bad="" if own is Level.BAD else self._to_bad(counted),
            to_fine=to_fine(level, own, self._to_fine(failed, own)),
        )

    def _own(self, memory: Heard) -> Level:
        if memory.counted.marked >= self.failures:
            return Level.BAD
        if memory.failed.marked >= self.failures:
            return Level.DOUBTFUL
        return Level.FINE if memory.failed.heard else Level.UNDECIDED

    def _to_fine(self, failed: Newest, own: Level) -> str:
        return "" if own is Level.FINE else f"{max(failed.below(self.failures), 1)} PASS in a row"

    def _to_bad(self, counted: Newest) -> str:
        missing = self.failures - counted.marked
        if counted.marked and missing <= counted.lasts():
            return f"{plural(missing, 'more counted failure')} among the next {counted.lasts()}"
        return f"{plural(self.failures, 'counted failure')} among {self.of} results"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {"rule": "failures", "failures": self.failures, "of": self.of, "codes": list(self.codes)}
