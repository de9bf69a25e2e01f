"""Nothing has flapped for so long: a registration that comes and goes is none.

A flap is a failure after a pass, or a rise of the fact `flaps` (what a probe lost between two looks, which `sip_register`
counts). How long it has been stable is counted to the last PASS, so it is proved and not assumed; the fact `stable_s` says how
long it had been before our first look, so that what the probe knows longer than this rule need not be waited for again.

One flap turns callers away until the time is over, and by itself starts no run while the path passes: a binding that is back
needs no rollback. A run begins `confirm_for` after the path was lost, if it stays lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gates.input import Input
from gates.rules.figures import in_a_row, row_text, seconds, to_fine, worse
from gates.rules.reading import Level, Reading
from probes.sample import NS_PER_S, Moment, Outcome, Sample


@dataclass(frozen=True, slots=True)
class Line:
    """One target. `at` is its last result, `since` when its present stability began, None while it fails.

    `flapped` is the last flap, `first_flap` the first since it was stable, both None once it has been stable again.
    """

    at: Moment
    since: Moment | None = None
    flaps: int | None = None
    flapped: Moment | None = None
    first_flap: Moment | None = None
    times: int = 0

    @property
    def stable_ns(self) -> int:
        return self.at.mono_ns - self.since.mono_ns if self.since else 0


@dataclass(frozen=True, slots=True)
class Lines:
    """By target; "" is a probe with a single one."""

    lines: Mapping[str, Line] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StableFor:
    """BAD from a flap of any target until a PASS shows `stable_ns` without one. Who never passed has nothing to lose."""

    stable_ns: int
    threshold: int = 3

    def fresh(self) -> Lines:
        return Lines()

    def hear(self, memory: Lines, sample: Sample, *, known: Input) -> Lines:
        target, among = sample.result.target, sample.result.among
        line = self._heard(memory.lines.get(target), sample)
        stay = {name: each for name, each in memory.lines.items() if not among or name in among}
        return Lines({**stay, target: line})

    def _heard(self, line: Line | None, sample: Sample) -> Line:
        told = sample.result.facts.get("flaps")
        flaps = told if isinstance(told, int) else None
        if line is None:
            return Line(sample.at, _began(sample, None, anew=True), flaps)
        rose = flaps is not None and line.flaps is not None and flaps > line.flaps
        passes = sample.result.outcome is Outcome.PASS
        flapped = rose or (line.since is not None and not passes)
        after = Line(
            at=sample.at,
            since=_began(sample, line, anew=rose),
            flaps=line.flaps if flaps is None else flaps,
            flapped=sample.at if flapped else line.flapped,
            first_flap=(line.first_flap or sample.at) if flapped else line.first_flap,
            times=line.times + flapped,
        )
        return Line(after.at, after.since, after.flaps) if after.stable_ns >= self.stable_ns else after

    def read(self, memory: Lines, *, known: Input, now: Moment) -> Reading:
        flapped = [line for line in memory.lines.values() if line.flapped]
        passed = [line for line in memory.lines.values() if line.since]
        if flapped:
            return self._bad(flapped, known, now)
        least = min((line.stable_ns for line in passed), default=0)
        level = Level.FINE if passed and least >= self.stable_ns else Level.UNDECIDED
        told = f"stable for {seconds(least)} {'≥' if level is Level.FINE else '<'} {seconds(self.stable_ns)}; no flap"
        both = worse(level, in_a_row(known, threshold=self.threshold))
        return Reading(
            both,
            f"stable: {seconds(least)}/{seconds(self.stable_ns)}",
            (told if passed else "no PASS yet") + row_text(known, threshold=self.threshold),
            to_bad="1 flap" if passed else "1 flap, once it has passed",
            to_fine=to_fine(both, level, self._to_fine(least)),
        )

    def _bad(self, flapped: list[Line], known: Input, now: Moment) -> Reading:
        least, times = min(line.stable_ns for line in flapped), sum(line.times for line in flapped)
        last = max((line.flapped for line in flapped if line.flapped), key=_mono_ns)
        lost = [line.flapped for line in flapped if line.flapped and line.since is None]
        is_lost = bool(lost) and known.failing > 0
        how = "lost" if is_lost else f"stable for {seconds(least)} < {seconds(self.stable_ns)}"
        plural = "once" if times == 1 else f"{times} times"
        return Reading(
            Level.BAD,
            f"stable: {seconds(least)}/{seconds(self.stable_ns)}",
            f"flapped {plural}, last {seconds(now.mono_ns - last.mono_ns)} ago; {how}",
            since=min((line.first_flap for line in flapped if line.first_flap), key=_mono_ns),
            restarts=min(lost, key=_mono_ns) if is_lost else now,
            confirms=is_lost,
            to_fine=self._to_fine(least),
        )

    def _to_fine(self, stable_ns: int) -> str:
        return f"{seconds(self.stable_ns - stable_ns)} without a flap, shown by a PASS"

    def describe(self) -> dict[str, str | int | list[int]]:
        return {"rule": "stable_for", "stable_for": seconds(self.stable_ns), "threshold": self.threshold}


def _began(sample: Sample, line: Line | None, *, anew: bool) -> Moment | None:
    """When the stability that this result shows began; never before what was heard last, unless nothing was."""
    if sample.result.outcome is not Outcome.PASS:
        return None
    if line is not None and line.since is not None and not anew:
        return line.since
    told = sample.result.facts.get("stable_s")
    if not isinstance(told, int):
        return sample.at
    ago = max(told, 0) * NS_PER_S
    if line is not None:
        ago = min(ago, max(sample.at.mono_ns - line.at.mono_ns, 0))
    return Moment(sample.at.utc_ns - ago, sample.at.mono_ns - ago)


def _mono_ns(moment: Moment) -> int:
    return moment.mono_ns
