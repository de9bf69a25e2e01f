"""How many of those asked agree: agents whose configuration, routing state and membership say the same of them.

A result tells it in the facts `agreed` and `asked`, whether it passed or not; one without them, or that asked nobody, says
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gates.input import Input
from gates.rules.figures import PARTS, in_a_row, parts, percent, plural, row_text, to_fine, worse
from gates.rules.interval import wilson
from gates.rules.reading import Level, Reading
from probes.sample import Moment, Sample

IN_A_ROW = 3
"""Results too low before the rule is bad: people log in and out, and one look finds some of them on the way."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one target told last, and how many times in a row it was too low: `first` of them, and the one that was enough."""

    agreed: int
    asked: int
    low: int = 0
    first: Moment | None = None
    became: Moment | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """By target; "" is a probe with a single one."""

    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """BAD when `threshold` results in a row of any target have a share below `at_least`."""

    at_least: float
    threshold: int = IN_A_ROW

    def fresh(self) -> Shares:
        return Shares()

    def hear(self, memory: Shares, sample: Sample, *, known: Input) -> Shares:
        agreed, asked = sample.result.facts.get("agreed"), sample.result.facts.get("asked")
        if not isinstance(agreed, int) or not isinstance(asked, int) or not 0 <= agreed <= asked or not asked:
            return memory
        target, among = sample.result.target, sample.result.among
        share = Share(agreed, asked)
        if agreed * PARTS < parts(self.at_least) * asked:
            before = memory.shares.get(target, share)
            low = before.low + 1
            became = before.became or (sample.at if low >= self.threshold else None)
            share = Share(agreed, asked, low, before.first or sample.at, became)
        stay = {name: each for name, each in memory.shares.items() if not among or name in among}
        return Shares({**stay, target: share})

    def read(self, memory: Shares, *, known: Input, now: Moment) -> Reading:
        if not memory.shares:
            nothing = f"nobody was asked yet{row_text(known, threshold=self.threshold)}"
            undecided = worse(Level.UNDECIDED, in_a_row(known, threshold=self.threshold))
            return Reading(undecided, f"agreement: 0/{self.threshold}", nothing, to_bad=self._to_bad(0), to_fine=self._to_fine)
        worst = max(memory.shares.values(), key=lambda share: (share.low, -share.agreed / share.asked))
        bad = [share for share in memory.shares.values() if share.became]
        own = Level.BAD if bad else Level.FAILING if worst.low else Level.FINE
        level = worse(own, in_a_row(known, threshold=self.threshold))
        return Reading(
            level,
            f"agreement: {worst.low}/{self.threshold}",
            self._sum(worst) + ("" if bad else row_text(known, threshold=self.threshold)),
            since=min((share.first for share in bad if share.first), key=_mono_ns, default=None),
            restarts=min((share.became for share in bad if share.became), key=_mono_ns, default=None),
            to_bad="" if bad else self._to_bad(worst.low),
            to_fine=to_fine(level, own, self._to_fine),
        )

    def _to_bad(self, low: int) -> str:
        more = "more " if low else ""
        return f"{plural(self.threshold - low, f'{more}result')} in a row below {percent(self.at_least)}"

    @property
    def _to_fine(self) -> str:
        return f"1 result of {percent(self.at_least)} or more"

    def _sum(self, worst: Share) -> str:
        share, bound = percent(round(worst.agreed / worst.asked, 4)), percent(self.at_least)
        told = f"{worst.agreed} of {worst.asked} agree, {share}"
        interval = f"within {wilson(worst.agreed, worst.asked)} (95% interval)"
        if not worst.low:
            return f"{told} ≥ {bound}; {interval}"
        relation = "≥" if worst.low >= self.threshold else "<"
        return f"{told} < {bound}, {worst.low} in a row {relation} {self.threshold}; {interval}"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {"rule": "agreement", "at_least": percent(self.at_least), "threshold": self.threshold}


def _mono_ns(moment: Moment) -> int:
    return moment.mono_ns
