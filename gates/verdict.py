"""What a gate's rules say of its inputs: the level that decides, and the members that it rests on.

`level` is asked on every sample and every turn and looks at nothing but levels; the rest is for those who must know which
members are bad, since when, and how long the word holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gates.combine import combined
from gates.gate import Gate
from gates.input import Input
from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level, Reading
from gates.spec import Clause, Seat
from probes.sample import Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One probe under one clause. `level` is what it counts for: STALE, or the reading's, with an undecided one as configured."""

    seat: Seat
    known: Input
    reading: Reading
    level: Level


def is_stale(known: Input, *, max_age_ns: int, now: Moment) -> bool:
    return known.sent is None or now.mono_ns - known.sent.mono_ns > max_age_ns


def level(gate: Gate, *, now: Moment) -> Level:
    spec = gate.spec
    clauses = zip(spec.clauses, spec.seats, strict=True)
    return combined([combined(_levels(gate, row, now=now), clause.need) for clause, row in clauses], spec.need)


def _levels(gate: Gate, row: Sequence[Seat], *, now: Moment) -> list[Level]:
    """Of each seat. What passes and is counted in a row is FINE without asking further: there may be a thousand of them."""
    inputs, oldest_ns = gate.inputs, now.mono_ns - gate.spec.max_age_ns
    return [
        Level.FINE
        if type(seat.rule) is Consecutive
        and not (known := inputs[seat.key]).failing
        and (sent := known.sent) is not None
        and sent.mono_ns >= oldest_ns
        else _level(gate, seat, now=now)
        for seat in row
    ]


def _level(gate: Gate, seat: Seat, *, now: Moment) -> Level:
    known = gate.inputs[seat.key]
    if is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now):
        return Level.STALE
    if isinstance(seat.rule, Consecutive):
        return seat.rule.level(known)
    return _counted_for(seat, reading(gate, seat, now=now).level, known)


def _counted_for(seat: Seat, found: Level, known: Input) -> Level:
    """An undecided rule may be taken for passing; a result that failed is still no pass."""
    if found is not Level.UNDECIDED:
        return found
    return Level.FAILING if seat.missing is Level.FINE and known.failing else seat.missing


def reading(gate: Gate, seat: Seat, *, now: Moment) -> Reading:
    return seat.rule.read(gate.memories.get((seat.clause, seat.probe)), known=gate.inputs[seat.key], now=now)


def members(gate: Gate, *, now: Moment) -> list[list[Member]]:
    """By clause, in the order of the configuration."""
    return [[_member(gate, seat, now=now) for seat in row] for row in gate.spec.seats]


def _member(gate: Gate, seat: Seat, *, now: Moment) -> Member:
    known, found = gate.inputs[seat.key], reading(gate, seat, now=now)
    stale = is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now)
    return Member(seat, known, found, Level.STALE if stale else _counted_for(seat, found.level, known))


def clause_level(clause: Clause, row: list[Member]) -> Level:
    return combined([member.level for member in row], clause.need)


def bad(gate: Gate, *, now: Moment) -> list[Member]:
    return [member for row in members(gate, now=now) for member in row if member.level is Level.BAD]


def wants_more(gate: Gate, *, now: Moment) -> bool:
    """Whether some rule would decide if it had more results."""
    return any(
        reading(gate, seat, now=now).wants_more
        for row in gate.spec.seats
        for seat in row
        if not isinstance(seat.rule, Consecutive)
    )


def stands(gate: Gate, *, now: Moment) -> bool:
    """Whether enough members are bad by what was heard of them last, however old."""

    def is_bad(member: Member) -> int | None:
        return 0 if member.reading.level is Level.BAD else None

    return _when(gate, members(gate, now=now), is_bad) is not None


def bad_since(gate: Gate, *, now: Moment) -> int | None:
    """Since which monotonic nanosecond, at the trip or later, enough members have been bad without a break (for a rule that
    counts in a row: a PASS). None while they are not, or are bad in a way that confirms nothing.
    """
    tripped_ns = gate.tripped.mono_ns if gate.tripped else 0

    def began(member: Member) -> int | None:
        if member.level is not Level.BAD or not member.reading.confirms:
            return None
        return max(tripped_ns, member.reading.restarts.mono_ns if member.reading.restarts else 0)

    return _when(gate, members(gate, now=now), began)


def is_undisturbed(gate: Gate, *, now: Moment) -> bool:
    """Whether enough bad members were asked since we stood still: time that passed while we did confirms nothing."""
    return asked_after(gate, gate.undisturbed_ns, now=now)


def asked_after(gate: Gate, ns: int, *, now: Moment) -> bool:
    """Whether enough bad members were asked after the monotonic nanosecond `ns`."""
    return is_bad_by(gate, lambda member: member.known.sent is not None and member.known.sent.mono_ns > ns, now=now)


def is_bad_by(gate: Gate, believed: Callable[[Member], bool], *, now: Moment) -> bool:
    """Whether those of the bad members that are `believed` are enough."""

    def told(member: Member) -> int | None:
        return 0 if member.level is Level.BAD and believed(member) else None

    return _when(gate, members(gate, now=now), told) is not None


def _when(gate: Gate, rows: list[list[Member]], told: Callable[[Member], int | None]) -> int | None:
    """The moment from which enough members of enough clauses hold, by the moment that each is `told` to hold from."""
    needs = [clause.need for clause in gate.spec.clauses]
    clauses = [_nth((told(member) for member in row), need) for row, need in zip(rows, needs, strict=True)]
    return _nth(iter(clauses), gate.spec.need)


def _nth(moments: Iterator[int | None], count: int) -> int | None:
    held = sorted(moment for moment in moments if moment is not None)
    return held[count - 1] if len(held) >= count else None


def hangs_on(gate: Gate, *, now: Moment) -> int:
    """When the input was sent (monotonic nanoseconds) whose ageing is what makes the gate STALE; -1 where it is already.

    Inputs age in the order in which they were sent. Where one stale input is enough, that is the oldest.
    """
    inputs = gate.inputs
    if gate.spec.need == 1 and all(clause.need == 1 for clause in gate.spec.clauses):
        return min([at.mono_ns if (at := inputs[seat.key].sent) else -1 for row in gate.spec.seats for seat in row])
    sent = {seat.key: _sent_ns(inputs[seat.key]) for row in gate.spec.seats for seat in row}
    rows = [[_level(gate, seat, now=now) for seat in row] for row in gate.spec.seats]
    return next(at for at in sorted(set(sent.values())) if _is_stale_by(gate, rows, sent, at))


def _is_stale_by(gate: Gate, rows: list[list[Level]], sent: Mapping[str, int], at: int) -> bool:
    """Whether the gate is STALE once everything sent until `at` is too old."""
    aged = [
        combined([Level.STALE if sent[seat.key] <= at else told for seat, told in zip(seats, row, strict=True)], clause.need)
        for clause, seats, row in zip(gate.spec.clauses, gate.spec.seats, rows, strict=True)
    ]
    return combined(aged, gate.spec.need) is Level.STALE


def _sent_ns(known: Input) -> int:
    return known.sent.mono_ns if known.sent else -1
