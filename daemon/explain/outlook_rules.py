"""What would change the verdict of a gate with several rules, or with one that does not count failures in a row. Pure.

Each rule says itself what would make it bad or fine (`Reading.to_bad`, `to_fine`); here it is said of whom, and how many of them
it takes. No cadence is carried on: how soon a share or a percentile moves depends on what the results will be.
"""

from __future__ import annotations

from daemon.explain.change import Change
from gates import verdict
from gates.gate import Gate, GateState
from gates.input import Input
from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level
from gates.verdict import Member
from probes.sample import Moment

_BETTER = (Level.FINE, Level.STALE)


def trips(gate: Gate, *, now: Moment) -> list[Change]:
    """What is missing until enough rules are bad."""
    rows = verdict.members(gate, now=now)
    ways = []
    for clause, row in zip(gate.spec.clauses, rows, strict=True):
        bad = sum(member.level is Level.BAD for member in row)
        if bad < clause.need and (missing := [_to_bad(member) for member in row if member.level is not Level.BAD]):
            ways.append(_of(missing, clause.need - bad))
    there = len(rows) - len(ways)
    by = _of(ways, max(gate.spec.need - there, 1))
    if not gate.spec.baseline:
        return [Change(GateState.TRIPPED, by)]
    old = ", ".join(gate.spec.baseline)
    return [
        Change(GateState.TRIPPED, f"{by}, and a PASS of {old} to a request sent after the trouble began"),
        Change(GateState.INCONCLUSIVE, f"the same, while {old} fails too: no run"),
    ]


def _to_bad(member: Member) -> str:
    return f"{member.seat.probe}: {member.reading.to_bad or member.reading.distance}"


def _to_fine(member: Member) -> str:
    return f"{member.seat.probe}: {member.reading.to_fine or member.reading.distance}"


def _of(ways: list[str], need: int) -> str:
    told = "; ".join(ways)
    if len(ways) == 1:
        return told
    return f"{'any' if need == 1 else 'all' if need >= len(ways) else need} of ({told})"


def turns_away(gate: Gate) -> list[Change]:
    """So many failures in a row, whatever their code, count for the answer and for no run."""
    ways = [
        f"{clause.rule.threshold} failures in a row of {_of(list(clause.probes), clause.need)}, any code"
        for clause in gate.spec.clauses
    ]
    return [Change("DEGRADED", f"{_of(ways, gate.spec.need)}: SUSPECT, and no run")]


def recovers(gate: Gate, enough: int, *, now: Moment) -> list[Change]:
    """Every needed probe passes often enough, and no rule finds fault."""
    missing = [f"{probe}: {enough - known.passes} more PASS" for probe, known in _passing_too_seldom(gate, enough)]
    faults = [
        _to_fine(member)
        for row in verdict.members(gate, now=now)
        for member in row
        if member.level not in _BETTER and not isinstance(member.seat.rule, Consecutive)  # whose fault a PASS mends
    ]  # fmt: skip
    told = "; ".join([*missing, *faults]) or "the next turn of the judging loop"
    return [Change(GateState.HEALTHY, told)]


def _passing_too_seldom(gate: Gate, enough: int) -> list[tuple[str, Input]]:
    return [(probe, gate.inputs[probe]) for probe in gate.spec.needed if gate.inputs[probe].passes < enough]
