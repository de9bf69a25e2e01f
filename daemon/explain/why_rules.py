"""What `why` tells of a gate's rules: what was configured, and what each makes of what it has heard. Pure."""

from __future__ import annotations

from typing import Any

from config.gating import Rule as RuleSettings
from config.model import Settings
from config.units import duration_text
from daemon.compose.gates import FRESH_INTERVALS, default_age
from gates import verdict, words
from gates.gate import Gate
from gates.spec import Clause
from probes.sample import NS_PER_MS, Moment


def rules(gate: Gate, whole: Settings) -> dict[str, Any]:
    """What the gate judges by, with resolved values."""
    spec, settings = gate.spec, whole.gates[gate.spec.name]
    return {
        "clauses": [_clause(clause, written) for clause, written in zip(spec.clauses, settings.trip, strict=True)],
        "combine": str(settings.combine),
        "need": spec.need,
        "needed": list(spec.needed),
        "compare_with": list(spec.baseline),
        "recover": spec.recover,
        "max_age_ms": spec.max_age_ns // NS_PER_MS,
        "max_age": duration_text(spec.max_age_ns),
        "max_age_from": "configured" if settings.max_age else _max_age_from(whole, gate),
        "on_trip": [
            {
                "plan": each.plan,
                "confirm_for_ms": each.confirm_for_ns // NS_PER_MS,
                "confirm_for": duration_text(each.confirm_for_ns),
            }
            for each in spec.on_trip
        ],
    }


def _clause(clause: Clause, written: RuleSettings) -> dict[str, Any]:
    return {
        **clause.rule.describe(),
        "probes": list(clause.probes),
        "combine": str(written.combine),
        "need": clause.need,
        "missing": written.missing,
    }


def readings(gate: Gate, *, now: Moment) -> list[dict[str, Any]]:
    """What each rule makes of each of its probes, with the whole sum; and what would change that."""
    return [
        {
            "rule": index,
            "probe": member.seat.probe,
            "level": str(member.level),
            "distance": member.reading.distance,
            "arithmetic": words.arithmetic(gate, member, now=now),
            "to_bad": member.reading.to_bad,
            "to_fine": member.reading.to_fine,
        }
        for index, row in enumerate(verdict.members(gate, now=now))
        for member in row
    ]


def combined(gate: Gate, *, now: Moment) -> list[str]:
    """How many are bad, and how many it takes, where one is not enough."""
    return words.combination(gate, verdict.members(gate, now=now))


def _max_age_from(settings: Settings, gate: Gate) -> str:
    """The arithmetic of the default: that of the slowest probe."""

    slowest = max((*gate.spec.needed, *gate.spec.baseline), key=lambda probe: default_age(settings.probes[probe]))
    every, timeout = (duration_text(ns) for ns in (settings.probes[slowest].every, settings.probes[slowest].timeout))
    return f"default: {FRESH_INTERVALS} × every {every} + timeout {timeout} of {slowest}"
