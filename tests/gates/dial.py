"""A rule that says what its newest result tells it to: for what a gate does with levels, whatever rule they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gates.input import Input
from gates.rules.reading import Level, Reading
from gates.spec import Clause, GateSpec, OnTrip
from probes.sample import NS_PER_MS, Moment, ProbeResult, Sample
from tests.gates.bench import NEW, PASS, failed


@dataclass(frozen=True, slots=True)
class Turned:
    """`since` is when it was turned to where it stands."""

    level: Level = Level.UNDECIDED
    since: Moment | None = None
    heard: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Dial:
    """FINE on PASS and FAILING on FAIL, unless the result's fact `level` says another level."""

    threshold: int = 3

    def fresh(self) -> Turned:
        return Turned()

    def hear(self, memory: Turned, sample: Sample, *, known: Input) -> Turned:
        told = sample.result.facts.get("level")
        level = Level(told) if told else Level.FINE if known.passes else Level.FAILING
        since = memory.since if level is memory.level else sample.at
        return Turned(level, since, (*memory.heard, (sample.result.target, sample.sequence)))

    def read(self, memory: Turned, *, known: Input, now: Moment) -> Reading:
        level, since = memory.level, memory.since
        return Reading(
            level,
            f"dial {level}",
            f"the dial stands at {level}",
            since=since if level is Level.BAD else None,
            restarts=since if level is Level.BAD else None,
            wants_more=level is Level.UNDECIDED,
            to_bad="" if level is Level.BAD else "turn it to bad",
            to_fine="" if level is Level.FINE else "turn it to fine",
        )

    def describe(self) -> dict[str, str | int | list[int]]:
        return {"rule": "dial", "threshold": self.threshold}


def dial(level: Level) -> ProbeResult:
    """A result that turns the dial: a PASS for FINE and UNDECIDED, otherwise a failure."""
    result = PASS if level in (Level.FINE, Level.UNDECIDED) else failed()
    return replace(result, facts={"level": str(level)})


def gate_of(
    *clauses: Clause,
    need: int = 1,
    baseline: tuple[str, ...] = (),
    recover: int = 2,
    max_age_ms: float = 17_000,
    on_trip: tuple[OnTrip, ...] = (),
) -> GateSpec:
    return GateSpec("inbound", clauses, need, baseline, recover, round(max_age_ms * NS_PER_MS), on_trip)


def dialled(*probes: str, need: int = 1, missing: Level = Level.UNDECIDED) -> Clause:
    return Clause(Dial(), probes or (NEW,), need, missing)
