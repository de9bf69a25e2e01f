"""Is this path as good as it should be, or as bad as it must not be? Decided as soon as the evidence suffices.

A. Wald, Sequential tests of statistical hypotheses, Annals of Mathematical Statistics 16 (1945), 117-186. Each attempt adds to
the logarithm of the likelihood ratio of the two rates: ln(good / bad) for a pass, ln((1 - good) / (1 - bad)) for a failure. At
ln((1 - alpha) / beta) the path is accepted, at ln(alpha / (1 - beta)) refused: then a path as good as `good` is refused at most
about alpha of the time, and one as bad as `bad` accepted at most about beta of it. With 99% against 90% and 5% each, 31 passes in
a row accept.

A path is watched for hours, so each decision begins a new test at nothing, and the verdict stands until the next. Therefore a
long good spell delays nothing: the test under way never holds more than one test's worth of passes. The alternative is never to
count passes in favour of an accepted path (E. S. Page, Continuous inspection schemes, Biometrika 41 (1954), 100-115). It sees a
drop from 99% to 90% after 19 calls instead of 29, one to 50% after 3.6 instead of 4.5, and refuses a good path almost thrice as
often: once in some 640 calls instead of 1,700, more than alpha allows. At night a false alarm costs more than ten calls.
`bench/ratio.py` measures both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, log

from gates.input import Input
from gates.rules.figures import in_a_row, percent, plural, row_text, to_fine, worse
from gates.rules.interval import wilson
from gates.rules.reading import Level, Reading
from probes.sample import Moment, Outcome, Sample


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Walk:
    """One test under way: what it heard, and when its first failure came."""

    passes: int = 0
    failures: int = 0
    first_failed: Moment | None = None

    @property
    def count(self) -> int:
        return self.passes + self.failures


@dataclass(frozen=True, slots=True)
class Tested:
    """`last` is the test that made the verdict, None before the first. `became`: since when the verdict is what it is."""

    walk: Walk = Walk()
    verdict: Verdict | None = None
    last: Walk | None = None
    became: Moment | None = None


@dataclass(frozen=True, slots=True)
class SequentialRatio:
    """After `at_most` attempts without a decision the likelier of the two rates is taken; where neither is, the bad one."""

    good: float
    bad: float
    alpha: float
    beta: float
    at_most: int
    threshold: int = 3

    @property
    def accepts(self) -> float:
        return log((1 - self.alpha) / self.beta)

    @property
    def refuses(self) -> float:
        return log(self.alpha / (1 - self.beta))

    @property
    def straight(self) -> int:
        """So many passes in a row accept."""
        return ceil(self.accepts / log(self.good / self.bad))

    def weight(self, walk: Walk) -> float:
        """The logarithm of the likelihood ratio: above 0 speaks for `good`."""
        return walk.passes * log(self.good / self.bad) + walk.failures * log((1 - self.good) / (1 - self.bad))

    def decided(self, walk: Walk) -> Verdict | None:
        weight = self.weight(walk)
        if self.refuses < weight < self.accepts and walk.count < self.at_most:
            return None
        return Verdict.ACCEPTED if weight > 0 else Verdict.REFUSED

    def fresh(self) -> Tested:
        return Tested()

    def hear(self, memory: Tested, sample: Sample, *, known: Input) -> Tested:
        before = memory.walk
        if sample.result.outcome is Outcome.PASS:
            walk = replace(before, passes=before.passes + 1)
        else:
            walk = Walk(before.passes, before.failures + 1, before.first_failed or sample.at)
        verdict = self.decided(walk)
        if verdict is None:
            return replace(memory, walk=walk)
        return Tested(Walk(), verdict, walk, memory.became if verdict is memory.verdict else sample.at)

    def read(self, memory: Tested, *, known: Input, now: Moment) -> Reading:
        is_bad = memory.verdict is Verdict.REFUSED
        own = {None: Level.UNDECIDED, Verdict.ACCEPTED: Level.FINE, Verdict.REFUSED: Level.BAD}[memory.verdict]
        level = worse(own, in_a_row(known, threshold=self.threshold))
        return Reading(
            level,
            f"{memory.verdict or 'undecided'}; {self._way(memory.walk)}",
            self._sum(memory) + ("" if is_bad else row_text(known, threshold=self.threshold)),
            since=memory.last.first_failed if is_bad and memory.last else None,
            restarts=memory.became if is_bad else None,
            wants_more=memory.verdict is None or (memory.verdict is Verdict.ACCEPTED and self.weight(memory.walk) < 0),
            to_bad="" if is_bad else f"{plural(self._more(memory.walk, self.refuses), 'failure')} in a row",
            to_fine=to_fine(level, own, f"{self._more(memory.walk, self.accepts)} PASS in a row"),
        )

    def _more(self, walk: Walk, goal: float) -> int:
        """So many attempts in a row, all of them passes or all failures, bring the test under way to its `goal`."""
        each = log(self.good / self.bad) if goal > 0 else log((1 - self.good) / (1 - self.bad))
        return ceil((goal - self.weight(walk)) / each)

    def _way(self, walk: Walk) -> str:
        """How far the test under way is, and to what."""
        weight = self.weight(walk)
        if weight < 0:
            return f"refuses at {self.refuses:.2f}: {weight:.2f} after {walk.count}"
        return f"accepts at {self.accepts:.2f}: {weight:.2f} after {walk.count}"

    def _sum(self, memory: Tested) -> str:
        rates = f"{percent(self.good)} against {percent(self.bad)}, α {percent(self.alpha)}, β {percent(self.beta)}"
        under_way = f"{_shares(memory.walk)}, {self._way(memory.walk)}" if memory.walk.count else "nothing heard"
        if memory.last is None:
            return f"undecided: {under_way} ({rates}); {self.straight} passes in a row accept"
        weight = self.weight(memory.last)
        if self.refuses < weight < self.accepts:
            why = f"{self.at_most} attempts without a decision, the likelier: {weight:.2f}"
        else:
            why = f"{weight:.2f} ≤ {self.refuses:.2f}" if weight < 0 else f"{weight:.2f} ≥ {self.accepts:.2f}"
        return f"{memory.verdict}: {_shares(memory.last)}, {why} ({rates}); since then {under_way}"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {
            "rule": "success_ratio",
            "basis": "sequential",
            "good": percent(self.good),
            "bad": percent(self.bad),
            "alpha": percent(self.alpha),
            "beta": percent(self.beta),
            "at_most": self.at_most,
            "threshold": self.threshold,
        }


def _shares(walk: Walk) -> str:
    return f"{walk.passes} of {walk.count} passed ({wilson(walk.passes, walk.count)}, 95% interval)"
