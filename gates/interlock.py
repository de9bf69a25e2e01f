"""What keeps a run from starting although a gate wants it: each interlock names itself, and none of them changes an answer.

`blocked`, `between-runs`, `blast-radius` and `control` concern runs that start by themselves. Assertions and gating rules concern
every run, and an operator who trips by hand may override them by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gates import machine, verdict
from gates.cutover import Cutover
from gates.doubt import Control, Period
from gates.gate import Gate, GateState
from gates.objection import Objection
from probes.sample import NS_PER_S, Moment

OWN = ("blocked", "between-runs", "blast-radius", "control")
"""Names that no configured rule may bear."""


@dataclass(frozen=True, slots=True)
class Blast:
    """At most so many gates, and at most such a share of the new path's probes, within some time. None: no such limit."""

    gates: int | None
    trunks: float | None
    within_ns: int


@dataclass(frozen=True, slots=True)
class Blocked:
    from_utc_ns: int
    until_utc_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Assertion:
    name: str
    gates: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class Gating:
    name: str
    plans: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interlocks:
    blast: Blast | None = None
    between_runs_ns: int = 0
    blocked: tuple[Blocked, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    gating: tuple[Gating, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Those that can be overridden."""
        return frozenset({rule.name for rule in self.assertions} | {rule.name for rule in self.gating})


def to_automatic(
    interlocks: Interlocks,
    plan: str,
    gate: Gate,
    *,
    latches: Iterable[str],
    gates: Mapping[str, Gate],
    cutover: Cutover,
    control: Control,
    periods: Sequence[Period] = (),
    now: Moment,
) -> tuple[Objection, ...]:
    """Everything against a run of `plan` that a trip of `gate` would start now, and that `latches` these gates."""
    tripping = frozenset(latches)
    return (
        *_blocked(interlocks, now),
        *_planned_work(gate, periods, now=now),
        *_between(interlocks, gate.spec.name, cutover, now),
        *_blast(interlocks.blast, tripping, gates, cutover, now),
        *_control(gate, control, now=now),
        *by_rule(interlocks, plan, tripping, gates=gates),
    )


def by_rule(interlocks: Interlocks, plan: str, tripping: Iterable[str], *, gates: Mapping[str, Gate]) -> tuple[Objection, ...]:
    """What assertions and gating rules have against a run of `plan` that latches the gates `tripping`."""
    without = frozenset(tripping)
    return (*_assertions(interlocks.assertions, without, gates), *_gating(interlocks.gating, plan, gates))


def _blocked(interlocks: Interlocks, now: Moment) -> Iterator[Objection]:
    for window in interlocks.blocked:
        if window.from_utc_ns <= now.utc_ns < window.until_utc_ns:
            yield Objection("blocked", f"until {_instant(window.until_utc_ns)}: {window.reason}")


def _planned_work(gate: Gate, periods: Sequence[Period], *, now: Moment) -> Iterator[Objection]:
    """Who begins a minute early trips the gate, and what fails from then on is an ERROR: nothing confirms the trip any more."""
    now_on = [period for period in periods if period.from_utc_ns <= now.utc_ns < period.until_utc_ns]

    def is_worked_on(probe: str) -> bool:
        return any(period.covers(probe, utc_ns=now.utc_ns) for period in now_on)

    if not now_on or verdict.is_bad_by(gate, lambda member: not is_worked_on(member.seat.probe), now=now):
        return
    for period in now_on:
        yield Objection("blocked", f"planned work until {_instant(period.until_utc_ns)}: {period.reason}")


def _between(interlocks: Interlocks, gate: str, cutover: Cutover, now: Moment) -> Iterator[Objection]:
    """A further plan of the trip that is being answered is no new run."""
    left_ns = cutover.ended_utc_ns + interlocks.between_runs_ns - now.utc_ns
    if cutover.ended_utc_ns and left_ns > 0 and gate not in cutover.latched:
        yield Objection(
            "between-runs", f"the last run ended {_seconds(interlocks.between_runs_ns - left_ns)} ago: {_seconds(left_ns)} left"
        )


def _blast(
    blast: Blast | None, tripping: frozenset[str], gates: Mapping[str, Gate], cutover: Cutover, now: Moment
) -> Iterator[Objection]:
    if blast is None:
        return
    began_ns = now.utc_ns - blast.within_ns
    tripped = tripping | {name for run in cutover.started if run.automatic and run.utc_ns > began_ns for name in run.gates}
    within = f"within {_seconds(blast.within_ns)}"
    if blast.gates is not None and len(tripped) > blast.gates:
        yield Objection("blast-radius", f"{len(tripped)} gates {within} ({_listed(tripped)}): at most {blast.gates}")
    if blast.trunks is not None:
        every = {probe for each in gates.values() for probe in each.spec.needed}
        hit = {probe for name in tripped if name in gates for probe in gates[name].spec.needed}
        if every and len(hit) > blast.trunks * len(every):
            share = f"{len(hit)} of {len(every)} probes {within}"
            yield Objection("blast-radius", f"{share} ({_listed(tripped)}): at most {100 * blast.trunks:g}%")


def _control(gate: Gate, control: Control, *, now: Moment) -> Iterator[Objection]:
    if control.is_ill:
        yield Objection("control", f"control targets fail too ({', '.join(control.failing())}): the trouble is perhaps our own")
        return
    if control.ill_until_ns is not None and not verdict.asked_after(gate, control.ill_until_ns, now=now):
        yield Objection(
            "control", "control targets pass again, and what failed was not asked since: the trouble was perhaps our own"
        )
        return
    began = machine.first_failed(gate, now=now) or gate.tripped
    if began is not None and not control.proven(since_ns=began.mono_ns):
        yield Objection("control", "not more than half of the control targets have passed since the first failure")


def _assertions(rules: Iterable[Assertion], without: frozenset[str], gates: Mapping[str, Gate]) -> Iterator[Objection]:
    for rule in rules:
        if without.isdisjoint(rule.gates):
            continue
        left = [name for name in rule.gates if name not in without and _is_healthy(gates.get(name))]
        if len(left) < rule.at_least:
            named = f" ({', '.join(left)})" if left else ""
            yield Objection(
                rule.name, f"{len(left)} of {', '.join(rule.gates)} would be HEALTHY{named}: at least {rule.at_least}"
            )


def _gating(rules: Iterable[Gating], plan: str, gates: Mapping[str, Gate]) -> Iterator[Objection]:
    for rule in rules:
        lacking = [name for name in rule.needs if not _is_healthy(gates.get(name))]
        if plan in rule.plans and lacking:
            yield Objection(rule.name, f"{plan} needs {', '.join(lacking)} HEALTHY")


def _is_healthy(gate: Gate | None) -> bool:
    return gate is not None and gate.state is GateState.HEALTHY and not gate.latched


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _seconds(ns: int) -> str:
    return f"{ns / NS_PER_S:g} s"


def _instant(utc_ns: int) -> str:
    return f"{datetime.fromtimestamp(utc_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"
