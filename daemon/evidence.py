"""What was measured, as documents: a result, a moment, a transition, a cadence. Each with its age. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from daemon.forecast import Pace
from daemon.status import instant
from gates import rule
from gates.gate import Gate, Transition
from probes.sample import NS_PER_MS, Moment, Origin, Outcome, Sample


def result(sample: Sample, *, now: Moment) -> dict[str, Any]:
    """Age is counted from the sending, as freshness is. `took_us` is the round trip where the origin is `wire`."""
    found = sample.result
    return {
        "outcome": str(found.outcome),
        "label": "PASS" if found.outcome is Outcome.PASS else rule.label(found),
        "code": found.code,
        "origin": str(found.origin),
        "reason": found.reason,
        "sent": instant(sample.sent.utc_ns),
        "age_ms": age(sample.sent, now=now),
        "took_us": found.duration_ns // 1_000,
        "facts": dict(found.facts),
    }


def when(moment: Moment | None, *, now: Moment) -> dict[str, Any] | None:
    return {"at": instant(moment.utc_ns), "age_ms": age(moment, now=now)} if moment else None


def age(moment: Moment, *, now: Moment) -> int:
    return (now.mono_ns - moment.mono_ns) // NS_PER_MS


def counts(gate: Gate, sample: Sample, judged: Collection[int]) -> str:
    """What the result meant to the gate."""
    if sample.result.outcome is Outcome.ERROR:
        return "no: we could not measure"
    if sample.sequence not in judged:
        return _uncounted(sample, gate.inputs[sample.probe].judged)
    if sample.result.outcome is Outcome.PASS:
        return "resets"
    inside = sample.probe in gate.spec.baseline or sample.result.code in gate.spec.codes
    return "yes" if inside else "for the answer only: outside the code set"


def _uncounted(sample: Sample, judged: int) -> str:
    if sample.result.origin is Origin.TIMEOUT:
        return "no: late, or silence while we were disturbed"
    return "not yet" if sample.sequence > judged else "no: late"


def transition(last: Transition | None, *, now: Moment) -> dict[str, Any] | None:
    if last is None:
        return None
    return {
        "before": str(last.before),
        "after": str(last.after),
        "cause": last.cause,
        "evidence": last.evidence,
        "at": instant(last.at.utc_ns),
        "age_ms": age(last.at, now=now),
    }


def cadence(pace: Pace) -> dict[str, Any]:
    return {
        "now_ms": pace.interval_ns // NS_PER_MS,
        "hastened": pace.suspect,
        "every_ms": pace.cadence.every_ns // NS_PER_MS,
        "suspect_every_ms": pace.cadence.suspect_every_ns // NS_PER_MS,
        "timeout_ms": pace.timeout_ns // NS_PER_MS,
    }
