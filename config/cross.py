"""What can only be judged across fields: references, order, ranges that depend on each other. Pure.

Checks read an Outline, the sound parts of a file, so that they also run beside errors of single fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from config import cross_oversight, cross_plans, cross_platform, cross_probes, cross_server
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
    SipOptionsProbe,
    SipRegisterProbe,
    Store,
    Window,
)
from config.problem import Path, did_you_mean, quoted
from config.units import duration_text, is_accepted

UNBOUND = 480
"""What a sip_register probe fails with when the registrar holds nothing for its AOR (`probes.sip.registering.result`)."""


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


def errors_across(outline: Outline) -> Iterator[Finding]:
    for index in repeated(outline.resolvers):
        yield Finding(("resolvers", index), f"resolver {outline.resolvers[index]} is named twice")
    yield from _window(outline)
    if outline.server is not None:
        yield from cross_server.errors(outline.server, name=outline.name, gates=outline.declared_gates)
    yield from cross_probes.errors(outline.probes)
    for name, gate in outline.gates.items():
        yield from _gate(("gates", name), gate, outline)
    for name, plan in outline.plans.items():
        yield from cross_plans.errors(("plans", name), plan)
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
    yield from cross_platform.warnings(outline.probes, outline.apis)
    for name, gate in outline.gates.items():
        yield from _never_counted(("gates", name), gate, outline)
        yield from _unbound_not_counted(("gates", name), gate, outline)
    if outline.cutover is not None:
        for name, plan in outline.plans.items():
            yield from _objective(name, plan, outline.cutover)


def _window(outline: Outline) -> Iterator[Finding]:
    if outline.cutover is not None and outline.cutover.opens >= outline.cutover.closes:
        yield Finding(("cutover", "closes"), "the window closes before it opens: closes must be after opens")


def _gate(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    yield from _probe_names((*path, "trip", 0, "probes"), gate.trip[0].probes, "new", outline)
    yield from _probe_names((*path, "compare_with"), gate.compare_with, "baseline", outline)
    for index in repeated(gate.trip[0].codes):
        yield Finding((*path, "trip", 0, "codes", index), f"code {gate.trip[0].codes[index]} is given twice")
    runs = [entry.run for entry in gate.on_trip]
    for index, run in enumerate(runs):
        if run not in outline.declared_plans:
            yield Finding((*path, "on_trip", index, "run"), _unknown("plan", run, outline.declared_plans))
    for index in repeated(runs):
        yield Finding((*path, "on_trip", index, "run"), f"plan {quoted(runs[index])} is run twice by this gate")
    yield from _max_age(path, gate, outline)


def _probe_names(path: Path, names: Sequence[str], side: str, outline: Outline) -> Iterator[Finding]:
    for index, name in enumerate(names):
        probe = outline.probes.get(name)
        if name not in outline.declared_probes:
            yield Finding((*path, index), _unknown("probe", name, outline.declared_probes))
        elif probe is not None and probe.path != side:
            message = f"probe {quoted(name)} is on the {probe.path} path; probes on the {side} path belong here"
            yield Finding((*path, index), message)
    for index in repeated(names):
        yield Finding((*path, index), f"probe {quoted(names[index])} is named twice")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    listed = f"; known: {', '.join(known)}" if known else f"; the file has no {what}s"
    return f"unknown {what} {quoted(name)}{did_you_mean(name, known) or listed}"


def _max_age(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    if gate.max_age is None:
        return
    for name in gate.trip[0].probes:
        probe = outline.probes.get(name)
        if probe is not None and gate.max_age <= probe.every:
            message = (
                f"{duration_text(gate.max_age)} is not longer than every ({duration_text(probe.every)}) of probe "
                f"{quoted(name)}: the gate would be UNKNOWN between any two samples"
            )
            yield Finding((*path, "max_age"), message, reads=(("probes", name, "every"),))


def _never_counted(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    for index, code in enumerate(gate.trip[0].codes):
        for name in gate.trip[0].probes:
            probe = outline.probes.get(name)
            if isinstance(probe, SipOptionsProbe) and is_accepted(code, probe.accept):
                message = f"probe {quoted(name)} accepts {code}, so it never counts as its failure"
                yield Finding((*path, "trip", 0, "codes", index), message, reads=(("probes", name, "accept"),))


def _unbound_not_counted(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    names = [name for name in gate.trip[0].probes if isinstance(outline.probes.get(name), SipRegisterProbe)]
    if not names or UNBOUND in gate.trip[0].codes:
        return
    listed, several = ", ".join(quoted(name) for name in names), len(names) > 1
    codes: Path = (*path, "trip", 0, "codes")
    message = (
        f"{'probes' if several else 'probe'} {listed} {'fail' if several else 'fails'} with {UNBOUND} when the registrar holds "
        f"nothing, which never trips this gate: write codes: [{', '.join(str(code) for code in (*gate.trip[0].codes, UNBOUND))}]"
    )
    yield Finding(codes, message, reads=(codes, *(("probes", name, "kind") for name in names)))


def _objective(name: str, plan: Plan, cutover: Window) -> Iterator[Finding]:
    waits = cross_plans.waits_ns(plan)
    if waits > cutover.recovery_time_objective:
        objective: Path = ("cutover", "recovery_time_objective")
        message = (
            f"{duration_text(cutover.recovery_time_objective)} cannot be met: plan {quoted(name)} "
            f"waits {duration_text(waits)} between its stages"
        )
        yield Finding(objective, message, reads=(objective,))
