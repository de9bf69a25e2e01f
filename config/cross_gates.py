"""What can only be judged across the fields of a gate, or between it and probes, plans and the night. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from config import cross_rules
from config.finding import Finding, repeated
from config.gating import Gate
from config.probing import Probe
from config.problem import Path, did_you_mean, quoted
from config.quantities import ratio_text
from config.units import duration_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a gate may refer to: the sound probes, and the names that the file gives, sound or not. `night_ns` is how long the
    cutover window is, None where that is not sound.
    """

    probes: Mapping[str, Probe]
    declared_probes: Collection[str]
    declared_plans: Collection[str]
    night_ns: int | None = None


def errors(path: Path, gate: Gate, around: Around) -> Iterator[Finding]:
    for index, rule in enumerate(gate.trip):
        at: Path = (*path, "trip", index)
        yield from _probe_names((*at, "probes"), rule.probes, "new", around)
        yield from cross_rules.errors(at, rule, around.probes)
    yield from _probe_names((*path, "compare_with"), gate.compare_with, "baseline", around)
    yield from _quorum(path, gate)
    yield from _runs(path, gate, around)
    yield from _max_age(path, gate, around)
    yield from _admit(path, gate)


def warnings(path: Path, gate: Gate, around: Around) -> Iterator[Finding]:
    for index, rule in enumerate(gate.trip):
        yield from cross_rules.warnings((*path, "trip", index), rule, around.probes)
    if gate.shadow and gate.admit:
        message = "a shadow gate turns nobody away, so it lets nobody in either: admit has no effect beside shadow: true"
        yield Finding((*path, "admit"), message, reads=((*path, "shadow"),))
    yield from _recover(path, gate, around)


def _probe_names(path: Path, names: Sequence[str], side: str, around: Around) -> Iterator[Finding]:
    for index, name in enumerate(names):
        probe = around.probes.get(name)
        if name not in around.declared_probes:
            yield Finding((*path, index), _unknown("probe", name, around.declared_probes))
        elif probe is not None and probe.path != side:
            message = f"probe {quoted(name)} is on the {probe.path} path; probes on the {side} path belong here"
            yield Finding((*path, index), message)
    for index in repeated(names):
        yield Finding((*path, index), f"probe {quoted(names[index])} is named twice")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    listed = f"; known: {', '.join(known)}" if known else f"; the file has no {what}s"
    return f"unknown {what} {quoted(name)}{did_you_mean(name, known) or listed}"


def _quorum(path: Path, gate: Gate) -> Iterator[Finding]:
    need, count = gate.combine.need, len(gate.trip)
    if need is not None and need > count:
        message = f"quorum {need} of {count} rule{'s' if count > 1 else ''} cannot be reached: this gate would never trip"
        yield Finding((*path, "combine"), message, reads=((*path, "trip"),))


def _runs(path: Path, gate: Gate, around: Around) -> Iterator[Finding]:
    runs = [entry.run for entry in gate.on_trip]
    for index, run in enumerate(runs):
        if run not in around.declared_plans:
            yield Finding((*path, "on_trip", index, "run"), _unknown("plan", run, around.declared_plans))
    for index in repeated(runs):
        yield Finding((*path, "on_trip", index, "run"), f"plan {quoted(runs[index])} is run twice by this gate")


def _max_age(path: Path, gate: Gate, around: Around) -> Iterator[Finding]:
    if gate.max_age is None:
        return
    for name in dict.fromkeys(name for rule in gate.trip for name in rule.probes):
        probe = around.probes.get(name)
        if probe is not None and gate.max_age <= probe.every:
            message = (
                f"{duration_text(gate.max_age)} is not longer than every ({duration_text(probe.every)}) of probe "
                f"{quoted(name)}: the gate would be UNKNOWN between any two samples"
            )
            yield Finding((*path, "max_age"), message, reads=(("probes", name, "every"),))


def _admit(path: Path, gate: Gate) -> Iterator[Finding]:
    for index, (before, step) in enumerate(pairwise(gate.admit), start=1):
        if step.share <= before.share:
            message = f"{ratio_text(step.share)} is not more than the {ratio_text(before.share)} before it: shares rise"
            yield Finding((*path, "admit", index, "share"), message, reads=((*path, "admit", index - 1, "share"),))
    last = gate.admit[-1] if gate.admit else None
    if last is not None and last.soak is not None and last.share < 1:
        message = (
            f"nothing follows after {duration_text(last.soak)} at {ratio_text(last.share)}: add {{share: 100%}}, or leave soak "
            "out so that an operator raises it"
        )
        yield Finding((*path, "admit", len(gate.admit) - 1, "soak"), message)


def _recover(path: Path, gate: Gate, around: Around) -> Iterator[Finding]:
    """At the pace of suspicion, for a gate that must recover is suspect."""
    paces = {
        name: min(probe.every, probe.suspect_every or probe.every)
        for rule in gate.trip
        for name in rule.probes
        if (probe := around.probes.get(name)) is not None
    }
    slowest = max(paces, key=lambda name: paces[name], default=None)
    if slowest is None or around.night_ns is None:
        return
    takes = gate.recover.consecutive * paces[slowest]
    if takes >= around.night_ns:
        message = (
            f"{gate.recover.consecutive} passes of probe {quoted(slowest)} take {duration_text(takes)}, and the night is "
            f"{duration_text(around.night_ns)} long: a gate that tripped would not recover in it"
        )
        recover: Path = (*path, "recover", "consecutive")
        yield Finding(recover, message, reads=(recover, ("cutover",), ("probes", slowest, "every")))
