"""The findings of a replay in words: a trip is a paragraph, other values are a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from itertools import groupby
from typing import Any

from daemon.cli.wording import NS_PER_S, at, lasting, printable

ENDS = {
    "recovered": "recovered by itself",
    "run": "a run started, or somebody tripped by hand",
    "reset": "reset by an operator",
    "unknown": "became UNKNOWN: inputs grew old, or we were unwell",
    "stands": "still tripped at the end of the recording",
}


def lines(document: dict[str, Any], *, zone: tzinfo | None = None) -> Iterator[str]:
    yield from _head(document, zone)
    for name, gate in document["gates"].items():
        yield ""
        yield _counted(name, gate, document)
        for trip in gate["trips"]:
            yield from _trip(trip, zone)
        yield from _table(gate["sensitivity"])


def _head(document: dict[str, Any], zone: tzinfo | None) -> Iterator[str]:
    began, ended = document["from_utc_ns"], document["to_utc_ns"]
    yield f"{at(began, zone=zone)} to {at(ended, zone=zone)}: {document['samples']} samples in {document['turns']} turns"
    for gap in document["gaps"]:
        before = at(gap["before_utc_ns"], zone=zone)
        yield f"gap: {gap['samples']} samples before {before} were not recorded: what follows may differ"
    if document["live"]:
        yield from _live(document["live"], zone)
    else:
        yield "judged by other values than then: runs that gates started are left out"


def _live(live: dict[str, Any], zone: tzinfo | None) -> Iterator[str]:
    if live["same"]:
        yield f"every transition is as it was live: {_some(live['transitions'], 'transition')}"
        return
    yield "not as it was live: judged then by another configuration, or replayed from amid what a rule remembers; the first is"
    yield f"  live      {_transition(live['live'], zone)}"
    yield f"  replayed  {_transition(live['replayed'], zone)}"


def _transition(transition: dict[str, Any] | None, zone: tzinfo | None) -> str:
    if transition is None:
        return "none"
    moved = f"{transition['gate']}: {transition['before']} → {transition['after']}"
    return printable(f"{at(transition['at_utc_ns'], zone=zone)} {moved}: {transition['evidence']}")


def _counted(name: str, gate: dict[str, Any], document: dict[str, Any]) -> str:
    trips = _some(len(gate["trips"]), "trip")
    false = f", {gate['false_trips']} of them recovered by itself within {_lasting(document['false_within_s'])}"
    return f"gate {name}: {trips}{false if gate['trips'] else ''}, {_some(gate['transitions'], 'transition')}"


def _trip(trip: dict[str, Any], zone: tzinfo | None) -> Iterator[str]:
    yield f"  TRIPPED {at(trip['tripped_utc_ns'], zone=zone)}: {printable(trip['evidence'])}"
    if trip["first_failed_utc_ns"] is not None:
        parts = (("DEGRADED", "degraded_after_s"), ("TRIPPED", "tripped_after_s"), ("a run due", "run_due_after_s"))
        told = [f"{word} after {_lasting(trip[key])}" for word, key in parts if trip[key] is not None]
        yield f"    first failure {at(trip['first_failed_utc_ns'], zone=zone)}: {', '.join(told)}"
    ended = f" {at(trip['ended_utc_ns'], zone=zone)}" if trip["ended_utc_ns"] is not None else ""
    yield f"    {ENDS[trip['end']]}{ended}{': false, unless it was an outage that passed' if trip['false'] else ''}"


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    for parameter, of_it in groupby(rows, lambda row: str(row["parameter"])):
        yield f"  {parameter}"
        yield f"    {'value':>10}  {'trips':>5}  {'false':>5}  {'detected after (median)':>23}  {'longest':>11}"
        for row in of_it:
            took = row["detected_s"]
            middle, longest = (_lasting(took["median"]), _lasting(took["longest"])) if took else ("–", "–")
            now = "  ← now" if row["present"] else ""
            yield f"    {row['value']:>10}  {row['trips']:>5}  {row['false_trips']:>5}  {middle:>23}  {longest:>11}{now}"


def _lasting(seconds: float) -> str:
    return lasting(round(seconds * NS_PER_S))


def _some(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
