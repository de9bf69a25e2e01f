"""What can only be judged across fields: references, order, ranges that depend on each other. Pure.

Checks read an Outline, the sound parts of a file, so that they also run beside errors of single fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from config import cross_plans
from config.addresses import as_ip
from config.finding import Finding, repeated
from config.model import Gate, Plan, Server, Settings, SipOptionsProbe, Store, Window
from config.problem import Path, did_you_mean, quoted
from config.units import duration_text, is_accepted

MS = 1_000_000
T1_NS = 500 * MS
"""RFC 3261 §17.1.2.1: the first retransmission over UDP leaves after T1."""
TIMER_F_NS = 64 * T1_NS
LEAST_EVERY_NS = 10 * MS
SOCKET_PATH_BYTES = 107
"""Linux `sun_path` holds 108 bytes, the last of them NUL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Settings as far as they are sound. `declared_…` are the names that the file gives, sound or not."""

    name: str | None = None
    cutover: Window | None = None
    server: Server | None = None
    store: Store | None = None
    probes: Mapping[str, SipOptionsProbe] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    declared_probes: frozenset[str] = frozenset()
    declared_plans: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Outline:
        sections = {name: getattr(settings, name) for name in Settings.model_fields}
        return cls(**sections, declared_probes=frozenset(settings.probes), declared_plans=frozenset(settings.plans))


def errors_across(outline: Outline) -> Iterator[Finding]:
    yield from _window(outline)
    yield from _server(outline)
    for name, probe in outline.probes.items():
        yield from _probe(("probes", name), probe)
    for name, gate in outline.gates.items():
        yield from _gate(("gates", name), gate, outline)
    for name, plan in outline.plans.items():
        yield from cross_plans.errors(("plans", name), plan)


def warnings_across(outline: Outline) -> Iterator[Finding]:
    for name, probe in outline.probes.items():
        yield from _retransmission(("probes", name), probe)
    for name, gate in outline.gates.items():
        yield from _never_counted(("gates", name), gate, outline)
    if outline.cutover is not None:
        for name, plan in outline.plans.items():
            yield from _objective(name, plan, outline.cutover)


def _window(outline: Outline) -> Iterator[Finding]:
    if outline.cutover is not None and outline.cutover.opens >= outline.cutover.closes:
        yield Finding(("cutover", "closes"), "the window closes before it opens: closes must be after opens")


def _server(outline: Outline) -> Iterator[Finding]:
    server = outline.server
    if server is None:
        return
    keys: Path = ("server", "webhook", "keys")
    for index in repeated([key.name for key in server.webhook.keys]):
        yield Finding((*keys, index, "name"), f"key {quoted(server.webhook.keys[index].name)} is named twice")
    if server.webhook.listen == server.admin.listen and server.admin.listen.port != 0:
        yield Finding(("server", "admin", "listen"), "the webhook listens here already: give admin another port")
    if server.control is not None and outline.name is not None:
        socket = f"{server.control.rstrip('/')}/{outline.name}.sock"
        if len(socket.encode()) > SOCKET_PATH_BYTES:
            yield Finding(("server", "control"), f"the socket's path would be longer than {SOCKET_PATH_BYTES} bytes")


def _probe(path: Path, probe: SipOptionsProbe) -> Iterator[Finding]:
    every = (*path, "every")
    if probe.every < LEAST_EVERY_NS:
        yield Finding(every, f"more often than every {duration_text(LEAST_EVERY_NS)} is a flood, not a probe", reads=(every,))
    suspect = probe.suspect_every
    if suspect is not None and suspect > probe.every:
        message = f"{duration_text(suspect)} is longer than every ({duration_text(probe.every)}): a suspect is asked more often"
        yield Finding((*path, "suspect_every"), message, reads=(every,))
    if suspect is not None and suspect < LEAST_EVERY_NS:
        message = f"more often than every {duration_text(LEAST_EVERY_NS)} is a flood, not a probe"
        yield Finding((*path, "suspect_every"), message)
    if probe.timeout > TIMER_F_NS:
        message = f"{duration_text(probe.timeout)} is too long: a SIP transaction ends after 32s (RFC 3261, timer F)"
        yield Finding((*path, "timeout"), message)
    yield from _source(path, probe)


def _source(path: Path, probe: SipOptionsProbe) -> Iterator[Finding]:
    source, target = as_ip(probe.source or ""), as_ip(probe.target.host)
    if source is not None and target is not None and source.version != target.version:
        message = f"an IPv{source.version} source cannot reach the IPv{target.version} target {target}"
        yield Finding((*path, "source"), message)


def _gate(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    yield from _probe_names((*path, "trip", "probes"), gate.trip.probes, "new", outline)
    yield from _probe_names((*path, "compare_with"), gate.compare_with, "baseline", outline)
    for index in repeated(gate.trip.codes):
        yield Finding((*path, "trip", "codes", index), f"code {gate.trip.codes[index]} is given twice")
    runs = [entry.run for entry in gate.on_trip]
    for index, run in enumerate(runs):
        if run not in outline.declared_plans:
            yield Finding((*path, "on_trip", index, "run"), _unknown("plan", run, outline.declared_plans))
    for index in repeated(runs):
        yield Finding((*path, "on_trip", index, "run"), f"plan {quoted(runs[index])} is run twice by this gate")
    yield from _max_age(path, gate, outline)


def _probe_names(path: Path, names: list[str], side: str, outline: Outline) -> Iterator[Finding]:
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
    for name in gate.trip.probes:
        probe = outline.probes.get(name)
        if probe is not None and gate.max_age <= probe.every:
            message = (
                f"{duration_text(gate.max_age)} is not longer than every ({duration_text(probe.every)}) of probe "
                f"{quoted(name)}: the gate would be UNKNOWN between any two samples"
            )
            yield Finding((*path, "max_age"), message, reads=(("probes", name, "every"),))


def _retransmission(path: Path, probe: SipOptionsProbe) -> Iterator[Finding]:
    if probe.timeout <= T1_NS:
        message = (
            f"{duration_text(probe.timeout)} leaves no room for a retransmission over UDP (T1 is 500ms): "
            "one lost packet is one failure"
        )
        yield Finding((*path, "timeout"), message)


def _never_counted(path: Path, gate: Gate, outline: Outline) -> Iterator[Finding]:
    for index, code in enumerate(gate.trip.codes):
        for name in gate.trip.probes:
            probe = outline.probes.get(name)
            if probe is not None and is_accepted(code, probe.accept):
                message = f"probe {quoted(name)} accepts {code}, so it never counts as its failure"
                yield Finding((*path, "trip", "codes", index), message, reads=(("probes", name, "accept"),))


def _objective(name: str, plan: Plan, cutover: Window) -> Iterator[Finding]:
    waits = cross_plans.waits_ns(plan)
    if waits > cutover.recovery_time_objective:
        objective: Path = ("cutover", "recovery_time_objective")
        message = (
            f"{duration_text(cutover.recovery_time_objective)} cannot be met: plan {quoted(name)} "
            f"waits {duration_text(waits)} between its stages"
        )
        yield Finding(objective, message, reads=(objective,))
