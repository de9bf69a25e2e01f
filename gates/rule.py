"""Counting, per probe and in order of sending."""

from __future__ import annotations

from gates.input import Input
from probes.sample import Origin, Outcome, ProbeResult, Sample


def label(result: ProbeResult) -> str:
    """A failure as people read it: `503`, `408 timeout`, `503 transport`."""
    code = str(result.code) if result.code is not None else result.reason
    return code if result.origin is Origin.WIRE else f"{code} {result.origin}"


def is_late(known: Input, sample: Sample) -> bool:
    """A result sent before one already judged is recorded elsewhere and counts for nothing here."""
    return sample.sequence <= known.judged


def counts(sample: Sample, *, undisturbed_ns: int) -> bool:
    """ERROR says nothing of the target; silence that we may have slept through says nothing either."""
    result = sample.result
    if result.outcome is Outcome.ERROR:
        return False
    return not (result.origin is Origin.TIMEOUT and sample.sent.mono_ns <= undisturbed_ns)


def count(known: Input, sample: Sample, *, codes: frozenset[int], threshold: int) -> Input:
    """Fold one result that counts. A PASS resets; a FAIL outside `codes` neither counts nor resets `counted`."""
    if sample.result.outcome is Outcome.PASS:
        return Input(
            judged=sample.sequence,
            sent=sample.sent,
            passed_sent=sample.sent,
            passed_at=sample.at,
            passes=known.passes + 1,
        )
    counts_too = sample.result.code in codes
    named = label(sample.result) if counts_too else ""
    return Input(  # spelled out, because `dataclasses.replace` takes thrice as long
        judged=sample.sequence,
        sent=sample.sent,
        passed_sent=known.passed_sent,
        passed_at=known.passed_at,
        first_failed=known.first_failed or sample.at,
        first_counted=(known.first_counted or sample.at) if counts_too else known.first_counted,
        counted=known.counted + counts_too,
        failing=known.failing + 1,
        streak=(*known.streak, named)[-threshold:] if counts_too else known.streak,
        kinds={**known.kinds, named: known.kinds.get(named, 0) + 1} if counts_too else known.kinds,
    )


def zeroed(known: Input) -> Input:
    """Counters forgotten, place in the sequence kept: what entering UNKNOWN does."""
    return Input(judged=known.judged, sent=known.sent, passed_sent=known.passed_sent, passed_at=known.passed_at)
