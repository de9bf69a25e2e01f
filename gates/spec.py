"""What a gate was configured to judge by: its rules, over which probes, and how many of them must be bad.

From that follows how each probe's results are counted. One probe may serve several rules, and two `consecutive` rules may count
different codes of it: so a *counting* belongs to a probe and a set of codes, and whoever counts alike shares one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level, Rule


@dataclass(frozen=True, slots=True)
class OnTrip:
    plan: str
    confirm_for_ns: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule over some probes, bad when at least `need` of them are. `missing` is what an undecided one is taken for:
    UNDECIDED as it is, FINE, or DOUBTFUL.
    """

    rule: Rule[Any]
    probes: tuple[str, ...]
    need: int = 1
    missing: Level = Level.UNDECIDED


@dataclass(frozen=True, slots=True)
class Counting:
    """Failures of a probe in `codes`. `key` is its place in `Gate.inputs`: the probe's name, but for a second set of codes."""

    key: str
    codes: frozenset[int]
    threshold: int


@dataclass(frozen=True, slots=True)
class Seat:
    """One probe under one clause."""

    clause: int
    probe: str
    key: str
    rule: Rule[Any]
    missing: Level


@dataclass(frozen=True, slots=True)
class GateSpec:
    """Trips when at least `need` of the clauses are bad.

    `baseline` names the probes of the path to go back to; empty means that the gate does not compare. What follows from these
    is worked out once: `needed`, all probes of all clauses; `threshold`, so many failures in a row make a baseline probe bad;
    `countings` by probe; `seats` by clause; `counts_only`: each rule is `consecutive`; `remembering` by probe, the seats whose
    rule keeps a memory.
    """

    name: str
    clauses: tuple[Clause, ...]
    need: int
    baseline: tuple[str, ...]
    recover: int
    max_age_ns: int
    on_trip: tuple[OnTrip, ...] = ()
    needed: tuple[str, ...] = field(init=False, compare=False, repr=False)
    threshold: int = field(init=False, compare=False, repr=False)
    countings: Mapping[str, tuple[Counting, ...]] = field(init=False, compare=False, repr=False)
    seats: tuple[tuple[Seat, ...], ...] = field(init=False, compare=False, repr=False)
    counts_only: bool = field(init=False, compare=False, repr=False)
    remembering: Mapping[str, tuple[Seat, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        rules = _rules(self.clauses)
        needed = tuple(rules)
        threshold = max(clause.rule.threshold for clause in self.clauses)
        counted = {probe: _countings(probe, of_probe) for probe, of_probe in rules.items()}
        like = next(iter(counted.values()))[0]
        counted |= {probe: (Counting(probe, like.codes, threshold),) for probe in self.baseline if probe not in counted}
        seats = tuple(_seats(index, clause, counted) for index, clause in enumerate(self.clauses))
        remembering: dict[str, list[Seat]] = {probe: [] for probe in needed}
        for seat in (seat for row in seats for seat in row if seat.rule.fresh() is not None):
            remembering[seat.probe].append(seat)
        self._set("needed", needed)
        self._set("threshold", threshold)
        self._set("countings", counted)
        self._set("seats", seats)
        self._set("counts_only", all(isinstance(clause.rule, Consecutive) for clause in self.clauses))
        self._set("remembering", {probe: tuple(row) for probe, row in remembering.items()})

    @property
    def sole(self) -> Consecutive | None:
        """The rule of a gate that has this one and needs no more than one probe to be bad: what most gates are."""
        if len(self.clauses) > 1 or self.clauses[0].need > 1:
            return None
        rule = self.clauses[0].rule
        return rule if isinstance(rule, Consecutive) else None

    def patience(self, probe: str) -> int:
        """So many failures of the probe in a row are told one by one; what follows says nothing new."""
        return max((clause.rule.threshold for clause in self.clauses if probe in clause.probes), default=self.threshold)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _rules(clauses: Iterable[Clause]) -> dict[str, list[Rule[Any]]]:
    """By probe, in the order in which clauses name them: a list of targets makes hundreds of probes of one gate."""
    found: dict[str, list[Rule[Any]]] = {}
    for clause in clauses:
        for probe in dict.fromkeys(clause.probes):
            found.setdefault(probe, []).append(clause.rule)
    return found


def _countings(probe: str, rules: list[Rule[Any]]) -> tuple[Counting, ...]:
    """One for each set of codes that `consecutive` rules count of the probe; where there is none, one by another rule's codes."""
    sets: dict[frozenset[int], int] = {}
    for rule in [each for each in rules if isinstance(each, Consecutive)] or rules[:1]:
        codes = codes_of(rule)
        sets[codes] = max(sets.get(codes, 0), rule.threshold)
    return tuple(
        Counting(f"{probe} {sorted(codes)}" if index else probe, codes, threshold)
        for index, (codes, threshold) in enumerate(sets.items())
    )


def codes_of(rule: Rule[Any]) -> frozenset[int]:
    """The codes that a rule counts; empty where it asks for none."""
    found = rule.describe().get("codes", ())
    return frozenset(found) if isinstance(found, list) else frozenset()


def _seats(index: int, clause: Clause, countings: Mapping[str, tuple[Counting, ...]]) -> tuple[Seat, ...]:
    codes = codes_of(clause.rule)

    def key(probe: str) -> str:
        return next((each.key for each in countings[probe] if each.codes == codes), probe)

    return tuple(Seat(index, probe, key(probe), clause.rule, clause.missing) for probe in clause.probes)
