"""A gate with other values of each rule's main parameter, for a table of what each would have done. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from config.gating import Rule
from config.model import Gate, Settings
from config.quantities import Measure, ratio_text
from config.units import duration_text
from daemon.compose import gates as compose_gates
from gates.gate import GateSpec

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
MOST_IN_A_ROW = 10


@dataclass(frozen=True, slots=True)
class Variant:
    """`parameter` is its path in the file, `written` its value as the file would say it; `present`: that is what it says now."""

    gate: str
    parameter: str
    written: str
    present: bool
    spec: GateSpec


def variants(settings: Settings, name: str) -> list[Variant]:
    """In order of the rules, and of the values."""
    gate = settings.gates[name]
    return [variant for index in range(len(gate.trip)) for variant in _of_rule(settings, name, gate, index)]


def _of_rule(settings: Settings, name: str, gate: Gate, index: int) -> Iterator[Variant]:
    rule = gate.trip[index]
    where = f"gates.{name}.trip" + (f"[{index}]" if len(gate.trip) > 1 else "")
    for key, written, other in _others(rule):
        trip = (*gate.trip[:index], other, *gate.trip[index + 1 :])
        spec = compose_gates.of(name, replace(gate, trip=trip), settings.probes)
        yield Variant(name, f"{where}.{key}", written, spec == compose_gates.of(name, gate, settings.probes), spec)


Others = Iterator[tuple[str, str, Rule]]
"""Key, value as it is written, and the rule with it."""


def _others(rule: Rule) -> Others:
    return _BY_KIND[rule.kind](rule)


def _counts(rule: Rule) -> Others:
    for count in range(1, MOST_IN_A_ROW + 1):
        yield "consecutive", str(count), replace(rule, consecutive=count)


def _failures(rule: Rule) -> Others:
    for count in range(1, min(rule.of or 1, MOST_IN_A_ROW) + 1):
        yield "failures", str(count), replace(rule, failures=count)


def _lengths(rule: Rule) -> Others:
    for factor in FACTORS:
        ns = round((rule.stable_for or 0) * factor)
        yield "stable_for", duration_text(ns), replace(rule, stable_for=ns)


def _shares(rule: Rule) -> Others:
    for share in sorted({0.9, 0.95, 0.97, 0.98, 0.99, 1.0, rule.agreement or 1.0}):
        yield "agreement", ratio_text(share), replace(rule, agreement=share)


def _ratios(rule: Rule) -> Others:
    ratio = rule.success_ratio
    if ratio is None:
        return
    if ratio.basis == "point":
        for share in sorted({0.7, 0.8, 0.85, 0.9, 0.95, 0.99, ratio.at_least}):
            yield "success_ratio.at_least", ratio_text(share), replace(rule, success_ratio=replace(ratio, at_least=share))
        return
    for share in sorted({0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, ratio.bad}):
        if share < ratio.good:
            yield "success_ratio.bad", ratio_text(share), replace(rule, success_ratio=replace(ratio, bad=share))


def _bounds(rule: Rule) -> Others:
    value = rule.value
    if value is None:
        return
    key, bound = ("below", value.below) if value.below is not None else ("above", value.above)
    if bound is None:
        return
    for factor in FACTORS:
        amount = round(bound.amount * factor) if bound.is_duration else bound.amount * factor
        measure = Measure(amount, bound.is_duration)
        other = replace(value, below=measure) if key == "below" else replace(value, above=measure)
        yield f"value.{key}", str(measure), replace(rule, value=other)


_BY_KIND = {
    "consecutive": _counts,
    "failures": _failures,
    "success_ratio": _ratios,
    "value": _bounds,
    "stable_for": _lengths,
    "agreement": _shares,
}
