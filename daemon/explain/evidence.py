"""What was measured, as documents: a result, a moment, a transition, a cadence. Each with its age. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from daemon.explain.forecast import Pace
from daemon.status import instant
from gates import rule
from gates.gate import Gate, Transition
from gates.spec import codes_of
from probes.sample import NS_PER_MS, Moment, Origin, Outcome, Sample


def result(sample: Sample, *, now: Moment) -> dict[str, Any]:
    """Age is counted from the sending, as freshness is. `took_us` is the round trip where the origin is `wire`; `target` is
    which of several the result is about, empty where there is one.
    """
    found = sample.result
    return {
        "outcome": str(found.outcome),
        "label": label(sample),
        "target": found.target,
        "code": found.code,
        "origin": str(found.origin),
        "reason": found.reason,
        "sent": instant(sample.sent.utc_ns),
        "age_ms": age(sample.sent, now=now),
        "took_us": found.duration_ns // 1_000,
        "facts": dict(found.facts),
    }


def traced(sample: Sample, *, now: Moment) -> dict[str, Any]:
    """`result`, with the messages it was judged by."""
    trace = sample.result.trace
    if trace is None:
        return result(sample, now=now)
    return {**result(sample, now=now), "trace": {"sent": _text(trace.sent), "received": _text(trace.received)}}


def _text(message: bytes) -> str:
    return message.decode("utf-8", "replace")


def label(sample: Sample) -> str:
    return "PASS" if sample.result.outcome is Outcome.PASS else rule.label(sample.result)


def latest(samples: Iterable[Sample]) -> dict[str, Sample]:
    """The newest result of each target that the name led to when it was last asked, out of `samples` in order of arrival."""
    found: dict[str, Sample] = {}
    among: tuple[str, ...] = ()
    for sample in samples:
        found[sample.result.target] = sample
        among = sample.result.among or among
    return {target: found[target] for target in among or ("",) if target in found}


def when(moment: Moment | None, *, now: Moment) -> dict[str, Any] | None:
    return {"at": instant(moment.utc_ns), "age_ms": age(moment, now=now)} if moment else None


def age(moment: Moment, *, now: Moment) -> int:
    return (now.mono_ns - moment.mono_ns) // NS_PER_MS


def counts(gate: Gate, sample: Sample, judged: Collection[tuple[int, str]]) -> str:
    """What the result meant to the gate. `judged` are the results that told it something: place in the sequence, and target."""
    if sample.result.outcome is Outcome.ERROR:
        return "no: we could not measure"
    if (sample.sequence, sample.result.target) not in judged:
        return _uncounted(sample, _judged(gate, sample))
    if sample.result.outcome is Outcome.PASS:
        return "resets"
    inside = sample.probe in gate.spec.baseline or _is_counted(gate, sample)
    return "yes" if inside else "for the answer only: outside the code set"


def _is_counted(gate: Gate, sample: Sample) -> bool:
    """By one rule over the probe at least. A rule that asks for no codes counts each failure."""
    codes = [codes_of(clause.rule) for clause in gate.spec.clauses if sample.probe in clause.probes]
    return any(not each or sample.result.code in each for each in codes)


def _judged(gate: Gate, sample: Sample) -> int:
    targets = gate.targets.get(sample.probe)
    known = targets.known.get(sample.result.target) if targets else None
    return (known or gate.inputs[sample.probe]).judged


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
