"""What `why` tells of a gate or a probe: the rule with its values, the evidence, and what would change the verdict. Pure.

The documents hold strings, integers, booleans, null, and lists and objects of these. Each number that was measured stands
beside its age; instants are UTC, and whoever prints them adds local time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.model import Probe, Settings, SipOptionsProbe, SipProbe, SipRegisterProbe
from config.problem import did_you_mean, quoted
from daemon import newest, passing, status
from daemon.board import Board
from daemon.explain import evidence, outlook, overlays, standby, why_rules
from daemon.explain.change import Change
from daemon.explain.forecast import Pace
from daemon.explain.outlook import View
from daemon.reply import Exit, Reply
from daemon.status import Standing, instant
from gates import machine, words
from gates.gate import Gate, Transition
from gates.input import Input
from probes.exchange.veil import veiled
from probes.sample import NS_PER_MS, Moment, Outcome, Sample
from probes.schedule import Cadence

SHOWN = 5
"""Results of each input that stand beside a gate; all that are kept stand beside the probe."""
LONGEST_ASKED = 2_100
"""A URL and its method."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All that an explanation rests on. Samples are oldest first; `judged` are the results that told a gate something, by place
    in the sequence and target.
    """

    settings: Settings
    board: Board
    standing: Standing
    transitions: Mapping[str, Transition]
    results: Mapping[str, Sequence[Sample]]
    failures: Mapping[str, Sequence[Sample]]
    judged: Mapping[tuple[str, str], Collection[tuple[int, str]]]


def explain(ground: Ground, name: str, *, kind: str, now: Moment) -> Reply:
    """`kind` is `gate`, `probe`, or empty for whichever bears the name, a gate first."""
    if name in ground.board.gates and kind != "probe":
        found = _gate(ground, ground.board.gates[name], now=now)
    elif name in ground.settings.probes and kind != "gate":
        found = _probe(ground, name, now=now)
    else:
        return _unknown(ground, name, kind)
    return Reply(Exit[found["verdict"]], "", found)


def _unknown(ground: Ground, name: str, kind: str) -> Reply:
    known = {"gate": sorted(ground.board.gates), "probe": sorted(ground.settings.probes)}
    return unknown("why", name, {kind: known[kind]} if kind else known)


def unknown(command: str, name: str, known: Mapping[str, Sequence[str]]) -> Reply:
    """`known` are the names of each kind of thing that was sought."""
    near = did_you_mean(name, [each for names in known.values() for each in names])
    listed = "\n".join(f"{each}s: {', '.join(names)}" for each, names in known.items())
    return Reply(
        Exit.USAGE, f"{command}: no {' or '.join(known)} is named {quoted(name)}{near}\n{listed}", {"known": dict(known)}
    )


# A gate


def _gate(ground: Ground, gate: Gate, *, now: Moment) -> dict[str, Any]:
    whole = status.document(ground.board, ground.standing, now=now)
    (told,) = (each for each in whole["gates"] if each["gate"] == gate.spec.name)
    verdict = status.exit_code({**whole, "gates": [told]})
    view = View(gate, _paces(ground, now=now), now)
    waiting = standby.pending(gate, ground.board, ground.standing, now=now)
    inputs = told.pop("inputs")
    return {
        "kind": "gate",
        "verdict": verdict.name,
        **told,
        "route": "new" if told["answer"] == "OK" else "baseline",
        "because": overlays.because(gate, ground.board.cutover, told["reason"], now=now),
        "overlays": overlays.standing(gate, ground.board, told["reason"], now=now),
        "rule": why_rules.rules(gate, ground.settings),
        "readings": why_rules.readings(gate, now=now),
        "combined": why_rules.combined(gate, now=now),
        "finding": str(machine.find(gate, now=now)),
        "evidence": [_input(ground, gate, each, now=now) for each in inputs],
        "last_transition": evidence.transition(ground.transitions.get(gate.spec.name), now=now),
        "would_change": [_change(each) for each in outlook.changes(view)],
        "runs": [_run(each, gate) for each in waiting],
        "cadence": [
            {"probe": probe, **evidence.cadence(view.paces[probe])} for probe in (*gate.spec.needed, *gate.spec.baseline)
        ],
        "phase": whole["phase"],
        "armed": bool(whole["armed"]),
        "at": whole["at"],
    }


def _input(ground: Ground, gate: Gate, told: dict[str, Any], *, now: Moment) -> dict[str, Any]:
    """An input as `status` tells it, with the moments behind its counters, its newest results, and each target's last."""
    probe = told["probe"]
    known = gate.inputs[probe]
    judged = ground.judged.get((gate.spec.name, probe), ())
    results = ground.results.get(probe, ())
    latest = evidence.latest(results)
    return {
        **told,
        "targets": [{**each, "last": _label(latest.get(each["target"]))} for each in told["targets"]],
        "first_failed": evidence.when(known.first_failed, now=now),
        "first_counted": evidence.when(known.first_counted, now=now),
        "last_pass": evidence.when(known.passed_at, now=now),
        "durations": passing.durations(ground.settings.probes.get(probe)),
        "results": [
            {**evidence.result(each, now=now), "counts": evidence.counts(gate, each, judged)}
            for each in reversed(list(results)[-SHOWN:])
        ],
    }


def _label(sample: Sample | None) -> str:
    return evidence.label(sample) if sample else ""


def _change(each: Change) -> dict[str, Any]:
    return {
        "to": str(each.to),
        "by": each.by,
        "earliest_ms": each.span.earliest_ns // NS_PER_MS if each.span else None,
        "latest_ms": each.span.latest_ns // NS_PER_MS if each.span else None,
    }


def _run(each: standby.Pending, gate: Gate) -> dict[str, Any]:
    return {
        "plan": each.plan,
        "says": standby.told(each, gate),
        "ran": each.ran,
        "due_in_ms": None if each.due_in_ns is None else each.due_in_ns // NS_PER_MS,
        "blocked": list(each.blocked),
    }


# A probe


def _probe(ground: Ground, name: str, *, now: Moment) -> dict[str, Any]:
    settings, pace = ground.settings.probes[name], _paces(ground, now=now)[name]
    results = [evidence.traced(each, now=now) for each in reversed(ground.results.get(name, ()))]
    return {
        "kind": "probe",
        "verdict": _of_probe(ground, name, now=now).name,
        "probe": name,
        "probe_kind": settings.kind,
        "mode": settings.mode if isinstance(settings, SipRegisterProbe) else "",
        "newest": newest.newest(ground.results.get(name, ())),
        "is_rejected": isinstance(settings, SipRegisterProbe) and newest.is_rejected(ground.results.get(name, ())),
        "path": settings.path,
        "target": veiled(settings.asked.encode(), most=LONGEST_ASKED).decode("utf-8", "replace"),
        "source": str(settings.source) if isinstance(settings, SipProbe) and settings.source else "",
        "passes": passing.passes(settings),
        "durations": passing.durations(settings),
        "accept": [str(status) for status in settings.accept] if isinstance(settings, SipOptionsProbe) else [],
        "cadence": evidence.cadence(pace),
        "hastened_by": [gate.spec.name for gate in _hasty(ground.board, now=now) if name in _named(gate)],
        "needed_by": [_need(gate, name) for gate in ground.board.gates.values() if name in _named(gate)],
        "targets": _targets(ground.results.get(name, ()), now=now),
        "results": results,
        "failures": [evidence.traced(each, now=now) for each in reversed(ground.failures.get(name, ()))],
        "at": instant(now.utc_ns),
    }


def _of_probe(ground: Ground, name: str, *, now: Moment) -> Exit:
    """The worst of the gates that name the probe, as `status` would say it; for a probe that no gate names, its newest result."""
    whole = status.document(ground.board, ground.standing, now=now)
    named = [each for each in whole["gates"] if name in (known["probe"] for known in each["inputs"])]
    if named:
        return status.exit_code({**whole, "gates": named})
    results = ground.results.get(name, ())
    of_the_name = bool(results) and not results[-1].result.target
    outcomes = {each.result.outcome for each in ([results[-1]] if of_the_name else evidence.latest(results).values())}
    if Outcome.PASS in outcomes:
        return Exit.OK
    return Exit.DEGRADED if outcomes == {Outcome.FAIL} else Exit.UNKNOWN


def _targets(results: Sequence[Sample], *, now: Moment) -> list[dict[str, Any]]:
    """The last of each target, where the name leads to several."""
    latest = evidence.latest(results)
    if len(latest) < 2:
        return []
    return [
        {"target": target, "last": evidence.label(sample), "age_ms": evidence.age(sample.sent, now=now)}
        for target, sample in latest.items()
    ]


def _named(gate: Gate) -> tuple[str, ...]:
    return (*gate.spec.needed, *gate.spec.baseline)


def _need(gate: Gate, probe: str) -> dict[str, Any]:
    return {
        "gate": gate.spec.name,
        "as": "needed" if probe in gate.spec.needed else "compare_with",
        "state": str(gate.state),
        "counted": _counted(gate, gate.inputs[probe]),
        "targets": [{"target": target, "counted": _counted(gate, known)} for target, known in words.targets(gate, probe).items()],
    }


def _counted(gate: Gate, known: Input) -> str:
    return f"{known.counted}/{gate.spec.threshold} counted, {known.failing} failing, {known.passes} PASS"


# What both need


def _hasty(board: Board, *, now: Moment) -> list[Gate]:
    return [gate for gate in board.gates.values() if machine.cadence(gate, now=now)]


def _paces(ground: Ground, *, now: Moment) -> dict[str, Pace]:
    suspect = {probe for gate in _hasty(ground.board, now=now) for probe in _named(gate)}
    return {
        name: Pace(
            _configured(probe),
            probe.timeout,
            suspect=name in suspect,
            last_sent_ns=_last_sent(ground.results.get(name, ())),
        )
        for name, probe in ground.settings.probes.items()
    }


def _configured(probe: Probe) -> Cadence:
    return Cadence(probe.every, probe.suspect_every or probe.every)


def _last_sent(samples: Iterable[Sample]) -> int | None:
    return max((sample.sent.mono_ns for sample in samples), default=None)
