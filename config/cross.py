"""What can only be judged across fields: references, order, ranges that depend on each other. Pure.

Checks read an Outline, the sound parts of a file, so that they also run beside errors of single fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from config import (
    cross_apis,
    cross_gates,
    cross_oversight,
    cross_passive,
    cross_plans,
    cross_platform,
    cross_probes,
    cross_server,
)
from config.addresses import Address
from config.finding import Finding, repeated
from config.model import (
    Api,
    Gate,
    Interlocks,
    Period,
    Plan,
    Probe,
    Recording,
    Server,
    Store,
    Window,
)
from config.problem import Path, quoted
from config.units import duration_text

S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Settings as far as they are sound. `declared_…` are the names that the file gives, sound or not."""

    name: str | None = None
    cutover: Window | None = None
    server: Server | None = None
    store: Store | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    resolvers: tuple[Address, ...] = ()
    apis: Mapping[str, Api] = field(default_factory=dict)
    interlocks: Interlocks = field(default_factory=Interlocks)
    maintenance: tuple[Period, ...] = ()
    recording: Recording | None = None
    declared_probes: frozenset[str] = frozenset()
    declared_gates: frozenset[str] = frozenset()
    declared_plans: frozenset[str] = frozenset()
    declared_apis: frozenset[str] = frozenset()


def errors_across(outline: Outline) -> Iterator[Finding]:
    for index in repeated(outline.resolvers):
        yield Finding(("resolvers", index), f"resolver {outline.resolvers[index]} is named twice")
    yield from _window(outline)
    if outline.server is not None:
        yield from cross_server.errors(outline.server, name=outline.name, gates=outline.declared_gates)
    yield from cross_probes.errors(outline.probes)
    yield from cross_passive.errors(outline.probes, outline.server, gates=outline.declared_gates)
    yield from cross_apis.errors(outline.probes, outline.apis, declared=outline.declared_apis)
    for name, gate in outline.gates.items():
        yield from cross_gates.errors(("gates", name), gate, _around(outline))
    for name, plan in outline.plans.items():
        yield from cross_plans.errors(("plans", name), plan, apis=outline.declared_apis)
    yield from cross_oversight.errors(
        outline.interlocks,
        outline.maintenance,
        gates=outline.declared_gates,
        plans=outline.declared_plans,
        probes=outline.declared_probes,
        shadows=[name for name, gate in outline.gates.items() if gate.shadow],
    )


def warnings_across(outline: Outline) -> Iterator[Finding]:
    if outline.server is not None:
        yield from cross_server.warnings(outline.server)
    yield from cross_probes.warnings(outline.probes)
    yield from cross_passive.warnings(outline.probes)
    yield from cross_platform.warnings(outline.probes, outline.apis)
    yield from cross_apis.warnings(outline.apis, outline.gates, outline.probes)
    for name, gate in outline.gates.items():
        yield from cross_gates.warnings(("gates", name), gate, _around(outline))
    if outline.cutover is not None:
        for name, plan in outline.plans.items():
            yield from _objective(name, plan, outline.cutover)


def _window(outline: Outline) -> Iterator[Finding]:
    if outline.cutover is not None and outline.cutover.opens >= outline.cutover.closes:
        yield Finding(("cutover", "closes"), "the window closes before it opens: closes must be after opens")


def _around(outline: Outline) -> cross_gates.Around:
    night = (outline.cutover.closes - outline.cutover.opens).total_seconds() if outline.cutover else 0
    return cross_gates.Around(
        probes=outline.probes,
        declared_probes=outline.declared_probes,
        declared_plans=outline.declared_plans,
        night_ns=int(night * S) if night > 0 else None,
    )


def _objective(name: str, plan: Plan, cutover: Window) -> Iterator[Finding]:
    waits = cross_plans.waits_ns(plan)
    if waits > cutover.recovery_time_objective:
        objective: Path = ("cutover", "recovery_time_objective")
        message = (
            f"{duration_text(cutover.recovery_time_objective)} cannot be met: plan {quoted(name)} "
            f"waits {duration_text(waits)} between its stages"
        )
        yield Finding(objective, message, reads=(objective,))
