"""The findings of a replay as one document, for `--json` and for whoever words it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from daemon.replay.course import Incident
from daemon.replay.study import Outcome, Study
from gates.gate import Transition
from probes.sample import NS_PER_S, Moment

Document = dict[str, Any]


def document(study: Study, gates: Iterable[str], *, as_it_was: bool, false_within_ns: int) -> Document:
    """Moments are UTC nanoseconds, durations are seconds; None where there is none."""
    read = study.read
    return {
        "from_utc_ns": read.first.utc_ns if read.first else None,
        "to_utc_ns": read.last.utc_ns if read.last else None,
        "turns": read.turns,
        "samples": read.samples,
        "gaps": [{"before_utc_ns": gap.before.utc_ns, "samples": gap.samples} for gap in read.gaps],
        "as_it_was": as_it_was,
        "false_within_s": false_within_ns / NS_PER_S,
        "live": _live(study) if as_it_was else None,
        "gates": {name: _gate(study, name, false_within_ns) for name in gates},
    }


def _live(study: Study) -> Document:
    found: Document = {"transitions": len(study.live), "same": True}
    differs = study.differs()
    if differs is None:
        return found
    live, replayed = differs
    return {**found, "same": False, "live": _transition(live), "replayed": _transition(replayed)}


def _transition(transition: Transition | None) -> Document | None:
    if transition is None:
        return None
    return {
        "gate": transition.gate,
        "before": transition.before,
        "after": transition.after,
        "cause": transition.cause,
        "evidence": transition.evidence,
        "at_utc_ns": transition.at.utc_ns,
    }


def _gate(study: Study, name: str, false_within_ns: int) -> Document:
    trips = study.trips(name)
    return {
        "transitions": sum(1 for each in study.replayed if each.gate == name),
        "trips": [_trip(each, false_within_ns) for each in trips],
        "false_trips": sum(1 for each in trips if each.is_false(false_within_ns)),
        "sensitivity": [_row(each) for each in study.outcomes(name, false_within_ns=false_within_ns)],
    }


def _trip(trip: Incident, false_within_ns: int) -> Document:
    return {
        "tripped_utc_ns": _utc(trip.tripped),
        "evidence": trip.evidence,
        "first_failed_utc_ns": _utc(trip.first_failed),
        "degraded_after_s": _seconds(trip.after_ns(trip.degraded)),
        "tripped_after_s": _seconds(trip.after_ns(trip.tripped)),
        "run_due_after_s": _seconds(trip.after_ns(trip.due)),
        "ended_utc_ns": _utc(trip.ended),
        "end": trip.end,
        "false": trip.is_false(false_within_ns),
    }


def _row(outcome: Outcome) -> Document:
    took = outcome.detected_ns
    return {
        "parameter": outcome.variant.parameter,
        "value": outcome.variant.written,
        "present": outcome.variant.present,
        "trips": outcome.trips,
        "false_trips": outcome.false,
        "detected_s": {"median": _seconds(median(took)), "longest": _seconds(max(took))} if took else None,
    }


def _utc(moment: Moment | None) -> int | None:
    return None if moment is None else moment.utc_ns


def _seconds(ns: float | None) -> float | None:
    return None if ns is None else round(ns / NS_PER_S, 3)
