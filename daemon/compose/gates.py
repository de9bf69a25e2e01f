"""From a gate in the file to the gate that judges. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from config.model import Gate as Settings
from config.model import Probe
from daemon.compose import rules as compose_rules
from gates.rules.reading import Level
from gates.spec import Clause, GateSpec, OnTrip

FRESH_INTERVALS = 3
_MISSING = {"unknown": Level.UNDECIDED, "passing": Level.FINE, "failing": Level.DOUBTFUL}


def of(name: str, settings: Settings, probes: Mapping[str, Probe]) -> GateSpec:
    clauses = tuple(
        Clause(compose_rules.of(rule), tuple(rule.probes), rule.combine.of(len(rule.probes)), _MISSING[rule.missing])
        for rule in settings.trip
    )
    used = [probe for rule in settings.trip for probe in rule.probes] + list(settings.compare_with)
    return GateSpec(
        name=name,
        clauses=clauses,
        need=settings.combine.of(len(clauses)),
        baseline=tuple(settings.compare_with),
        recover=settings.recover.consecutive,
        max_age_ns=settings.max_age or max(default_age(probes[probe]) for probe in used),
        on_trip=tuple(OnTrip(entry.run, entry.confirm_for) for entry in settings.on_trip),
    )


def default_age(probe: Probe) -> int:
    """Nanoseconds after which a result of the probe is too old, where the gate does not say."""
    return FRESH_INTERVALS * probe.every + probe.timeout
