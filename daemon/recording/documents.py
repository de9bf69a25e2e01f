"""Marks, and what results have in common, as JSON: shared by the blocks of the database and by the text of an export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.recording.turn import Anew, Began, Given, Lost, Mark, Seen, Unlatched
from gates.gate import GateState, Transition
from gates.machine import Disturbed, Latch, Reset
from probes.sample import Moment, Origin, Outcome, ProbeResult, Sample

LONGEST_FACT = 200
"""Characters kept of a fact that is text. Rules read numbers and short words; what a peer wrote may be long."""

_LARGEST = 2**63 - 1

Facts = tuple[tuple[str, str | int], ...]
Series = tuple[str, str, str, tuple[str, ...]]
"""Probe, vantage point, target, and all that the name leads to: what follows one another in one order of sending."""
Kind = tuple[str, int | None, str, str, Facts]
"""Outcome, code, origin, reason and facts: what is the same in results that are folded into one run."""


class Unreadable(Exception):
    """What stands there is not what a recording holds."""


def series(sample: Sample) -> Series:
    return sample.probe, sample.vantage, sample.result.target, sample.result.among


def kind(result: ProbeResult) -> Kind:
    facts = tuple((_text(name), _fact(value)) for name, value in result.facts.items()) if result.facts else ()
    return result.outcome.value, result.code, result.origin.value, result.reason, facts


def _fact(value: str | int) -> str | int:
    if isinstance(value, str):
        return _text(value)
    return value if -_LARGEST <= value <= _LARGEST else str(value)


def _text(text: str) -> str:
    return text[:LONGEST_FACT].encode(errors="replace").decode()


def result(series: Series, kind: Kind, duration_ns: int) -> ProbeResult:
    outcome, code, origin, reason, facts = kind
    return ProbeResult(Outcome(outcome), code, Origin(origin), reason, duration_ns, dict(facts), series[2], series[3])


def read_series(row: Any) -> Series:
    probe, vantage, target, among = row
    return probe, vantage, target, tuple(among)


def read_kind(row: Any) -> Kind:
    outcome, code, origin, reason, facts = row
    return outcome, code, origin, reason, tuple((name, value) for name, value in facts)


def document(mark: Mark) -> dict[str, Any]:
    match mark:
        case Given(gate, event):
            return _given(gate, event)
        case Unlatched(gate, ran, latched):
            return {"unlatched": gate, "ran": sorted(ran), "latched": latched}
        case Began(at, latched):
            return {"began": standing(latched), "at": [at.utc_ns, at.mono_ns]}
        case Anew(at, gates, probes):
            found = {name: None if plans is None else sorted(plans) for name, plans in gates.items()}
            return {"anew": found, "probes": sorted(probes), "at": [at.utc_ns, at.mono_ns]}
        case Lost(samples):
            return {"lost": samples}
        case Seen(transition):
            return {"seen": _seen(transition)}


def _given(gate: str, event: Latch | Reset | Disturbed) -> dict[str, Any]:
    match event:
        case Latch(plan, by):
            return {"latch": gate, "plan": plan, "by": by}
        case Reset(by):
            return {"reset": gate, "by": by}
        case Disturbed(reason):
            return {"disturbed": gate, "reason": reason}


def standing(latched: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {name: sorted(ran) for name, ran in latched.items()}


def read_standing(row: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(ran) for name, ran in row.items()}


def _seen(transition: Transition) -> list[Any]:
    at = transition.at
    before, after = transition.before.value, transition.after.value
    return [transition.gate, before, after, transition.cause, transition.evidence, at.utc_ns, at.mono_ns]


def read_mark(row: Mapping[str, Any]) -> Mark:
    match row:
        case {"unlatched": gate, "ran": ran, "latched": latched}:
            return Unlatched(gate, frozenset(ran), latched)
        case {"began": latched, "at": [utc_ns, mono_ns]}:
            return Began(Moment(utc_ns, mono_ns), read_standing(latched))
        case {"anew": gates, "probes": probes, "at": [utc_ns, mono_ns]}:
            latched = {name: None if ran is None else frozenset(ran) for name, ran in gates.items()}
            return Anew(Moment(utc_ns, mono_ns), latched, frozenset(probes))
        case {"lost": samples}:
            return Lost(samples)
        case {"seen": [gate, before, after, cause, evidence, utc_ns, mono_ns]}:
            at = Moment(utc_ns, mono_ns)
            return Seen(Transition(gate, GateState(before), GateState(after), cause, evidence, at))
    return _read_given(row)


def _read_given(row: Mapping[str, Any]) -> Given:
    match row:
        case {"latch": gate, "plan": plan, "by": by}:
            return Given(gate, Latch(plan, by))
        case {"reset": gate, "by": by}:
            return Given(gate, Reset(by))
        case {"disturbed": gate, "reason": reason}:
            return Given(gate, Disturbed(reason))
    raise Unreadable("the recording holds a mark that this cutoverd does not know")
