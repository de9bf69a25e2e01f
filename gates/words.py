"""The arithmetic behind a verdict, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gates import verdict
from gates.compare import Side, baseline_side
from gates.gate import Gate, GateState
from gates.input import Input
from gates.rules import consecutive
from gates.rules.consecutive import Consecutive, tally
from gates.rules.reading import Level
from gates.verdict import Member
from probes.sample import NS_PER_S, Moment

__all__ = ["arithmetic", "combination", "distance", "evidence", "nearest", "progress", "seconds", "tally", "targets"]

MOST_NAMED = 4
"""Targets of a probe that one line names."""


def seconds(ns: int) -> str:
    return f"{ns / NS_PER_S:.1f} s"


def distance(gate: Gate) -> tuple[str, int, int]:
    """The needed probe closest to tripping by failures in a row: (probe, counted, threshold). For a gate without such a rule,
    by its failures of any code.
    """
    seats = [seat for row in gate.spec.seats for seat in row]
    counting = [seat for seat in seats if isinstance(seat.rule, Consecutive)]
    told = [(gate.inputs[seat.key], seat) for seat in counting or seats]
    known, seat = max(told, key=lambda each: (each[0].counted / each[1].rule.threshold, each[0].failing))
    return seat.probe, known.counted if counting else known.failing, seat.rule.threshold


_SEVERITY = (Level.FINE, Level.UNDECIDED, Level.STALE, Level.FAILING, Level.DOUBTFUL, Level.BAD)


def nearest(gate: Gate, *, now: Moment) -> str:
    """How far it is to tripping, by what is nearest to it: `503: 2/3`; and where several must be bad, how many are."""
    rows = verdict.members(gate, now=now)
    probe, *_ = distance(gate)
    worst = max((member for row in rows for member in row), key=lambda each: _rank(each, probe))
    return worst.reading.distance + "".join(f"; {each}" for each in combination(gate, rows))


def _rank(member: Member, nearest: str) -> tuple[int, bool]:
    # Stale or not, failures that stand are what there is to show.
    level = member.reading.level if member.level is Level.STALE else member.level
    return _SEVERITY.index(level), isinstance(member.seat.rule, Consecutive) and member.seat.probe == nearest


def progress(gate: Gate, probe: str, known: Input, *, now: Moment) -> str:
    """How far a probe is, by the first rule over it, and one of the baseline path by its failures in a row; `known` is its Input,
    or that of one of its targets.
    """
    seat = next((seat for row in gate.spec.seats for seat in row if seat.probe == probe), None)
    if seat is None or isinstance(seat.rule, Consecutive):
        return tally(known, threshold=seat.rule.threshold if seat else gate.spec.threshold)
    return verdict.reading(gate, seat, now=now).distance


def combination(gate: Gate, rows: list[list[Member]]) -> list[str]:
    """`1 of 3 probes bad, 2 needed`, for each clause and for the gate where more than one must be bad."""
    told = []
    for number, (clause, row) in enumerate(zip(gate.spec.clauses, rows, strict=True), 1):
        if clause.need > 1:
            rule = f"rule {number}: " if len(rows) > 1 else ""
            told.append(f"{rule}{_count_bad(member.level for member in row)} of {len(row)} probes bad, {clause.need} needed")
    if gate.spec.need > 1:
        bad = [verdict.clause_level(clause, row) for clause, row in zip(gate.spec.clauses, rows, strict=True)]
        told.append(f"{_count_bad(bad)} of {len(rows)} rules bad, {gate.spec.need} needed")
    return told


def _count_bad(levels: Iterable[Level]) -> int:
    return sum(level is Level.BAD for level in levels)


def targets(gate: Gate, key: str) -> Mapping[str, Input]:
    """The targets that the probe's name leads to, where they are several; empty for a single one."""
    known = gate.targets.get(key)
    return known.known if known and len(known.known) > 1 else {}


def _listed(several: Mapping[str, Input], told: Callable[[Input], str]) -> str:
    named = ", ".join(f"{name} {told(known)}" for name, known in list(several.items())[:MOST_NAMED])
    return f"{named}, {len(several) - MOST_NAMED} more" if len(several) > MOST_NAMED else named


def _each(gate: Gate, key: str, count: Callable[[Input], int]) -> str:
    """` on each of 2 targets (192.0.2.7:5060/udp 3, 192.0.2.8:5060/udp 57)`. What a target counts from before it was the only
    one left is not the path's.
    """
    several, known = targets(gate, key), gate.targets.get(key)
    least = min((count(each) for each in known.known.values()), default=0) if known else 0
    since = " since its targets changed" if count(gate.inputs[key]) < least else ""
    if known and count(gate.inputs[key]) > least:
        several = several or known.known
        return f" beats whoever was asked (now {_listed(several, lambda each: str(count(each)))})"
    return (f" on each of {len(several)} targets ({_listed(several, lambda each: str(count(each)))})" if several else "") + since


def arithmetic(gate: Gate, member: Member, *, now: Moment) -> str:
    """The whole sum behind what a rule says of a probe."""
    rule, key = member.seat.rule, member.seat.key
    if not isinstance(rule, Consecutive):
        return member.reading.arithmetic
    return consecutive.arithmetic(
        member.known,
        threshold=rule.threshold,
        now=now,
        counted=_each(gate, key, lambda each: each.counted),
        failing=_each(gate, key, lambda each: each.failing),
    )


def _baseline(gate: Gate, *, now: Moment) -> str:
    if not gate.spec.baseline:
        return ""
    side = baseline_side(gate, now=now)
    names = ", ".join(gate.spec.baseline)
    return {
        Side.GOOD: f"; baseline good ({names}: PASS to a request sent after the first counted failure)",
        Side.BAD: f"; baseline bad too ({names}): going back would not help",
        Side.UNKNOWN: f"; baseline not yet known ({names})",
    }[side]


def _age(known: Input, *, now: Moment) -> str:
    return "never" if known.sent is None else f"{seconds(now.mono_ns - known.sent.mono_ns)} ago"


def _ages(gate: Gate, probe: str, *, now: Moment) -> str:
    several = targets(gate, probe)
    each = f" ({_listed(several, lambda known: _age(known, now=now))})" if several else ""
    return f"{probe} {_age(gate.inputs[probe], now=now)}{each}"


def _passes(gate: Gate, probe: str) -> str:
    several = targets(gate, probe)
    passing = sum(1 for known in several.values() if known.passes)
    each = f" ({passing} of {len(several)} targets pass)" if several else ""
    return f"{probe}: {gate.inputs[probe].passes} consecutive PASS{each}"


def evidence(gate: Gate, after: GateState, *, finding: str, now: Moment) -> str:
    """Why `gate` goes to `after`. Called before counters are zeroed."""
    if after is GateState.UNKNOWN:
        ages = ", ".join(_ages(gate, probe, now=now) for probe in gate.spec.needed)
        return f"newest result: {ages}; max_age {seconds(gate.spec.max_age_ns)}"
    rows = verdict.members(gate, now=now)
    if after is GateState.HEALTHY:
        passes = ", ".join(_passes(gate, probe) for probe in gate.spec.needed)
        fine = "".join(f"; {_told(gate, each, now=now)}" for each in _worth_telling(rows, even_fine=True))
        recovered = gate.degraded and gate.state is not GateState.UNKNOWN
        return f"{passes}; recover {gate.spec.recover}{fine}" if recovered else passes + fine
    told = "; ".join([*(_told(gate, each, now=now) for each in _worth_telling(rows)), *combination(gate, rows)]) or str(finding)
    return told + (_baseline(gate, now=now) if verdict.level(gate, now=now) is Level.BAD else "")


def _told(gate: Gate, member: Member, *, now: Moment) -> str:
    return f"{member.seat.probe}: {arithmetic(gate, member, now=now)}"


def _worth_telling(rows: list[list[Member]], *, even_fine: bool = False) -> list[Member]:
    """Who fails by a rule that counts in a row, and what every other rule has to say unless it says that all is fine."""
    return [
        member
        for row in rows
        for member in row
        if (
            member.known.failing
            if isinstance(member.seat.rule, Consecutive)
            else even_fine or member.reading.level is not Level.FINE
        )
    ]
