"""What watches over the gates and belongs to none of them: interlocks, planned work, control targets, shadows, admission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.gating import Interlocks as InterlockSettings
from config.model import Settings
from gates import admit
from gates.doubt import Period
from gates.interlock import Assertion, Blast, Blocked, Gating, Interlocks

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Oversight:
    """`admission` by gate, for those that have a schedule; `control` are the probes that must be healthy whatever happens."""

    interlocks: Interlocks = field(default_factory=Interlocks)
    periods: tuple[Period, ...] = ()
    control: frozenset[str] = frozenset()
    shadows: frozenset[str] = frozenset()
    admission: Mapping[str, tuple[admit.Step, ...]] = field(default_factory=dict)


def of(settings: Settings) -> Oversight:
    return Oversight(
        interlocks=_interlocks(settings.interlocks),
        periods=tuple(
            Period(_ns(each.from_.timestamp()), _ns(each.until.timestamp()), each.reason, frozenset(each.probes))
            for each in settings.maintenance
        ),
        control=frozenset(name for name, probe in settings.probes.items() if probe.path == "control"),
        shadows=frozenset(name for name, gate in settings.gates.items() if gate.shadow),
        admission={
            name: tuple(admit.Step(round(step.share * admit.ALL), step.soak) for step in gate.admit)
            for name, gate in settings.gates.items()
            if gate.admit
        },
    )


def _interlocks(given: InterlockSettings) -> Interlocks:
    blast = given.blast_radius
    return Interlocks(
        blast=None if blast is None else Blast(blast.gates, blast.trunks, blast.within),
        between_runs_ns=given.between_runs or 0,
        blocked=tuple(Blocked(_ns(each.from_.timestamp()), _ns(each.until.timestamp()), each.reason) for each in given.blocked),
        assertions=tuple(Assertion(each.name, each.gates, each.at_least) for each in given.assertions),
        gating=tuple(Gating(each.name, each.plans, each.needs) for each in given.gating),
    )


def _ns(timestamp: float) -> int:
    return round(timestamp) * NS_PER_S
