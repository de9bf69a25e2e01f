"""What a probe hears now, since when, and how often in a row. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from daemon.explain import evidence
from daemon.status import instant
from probes.sample import Origin, Outcome, Sample

REJECTED = "rejected"
"""The reason of a registration that is over for good (`probes.sip.registering.result`)."""


def newest(results: Sequence[Sample]) -> dict[str, Any] | None:
    """What is heard now, since when, and how often in a row among the results that are kept: of the newest target that does not
    pass, or else of the newest. `is_whole` where the row is known to begin there.
    """
    latest = sorted(evidence.latest(results).values(), key=lambda sample: sample.at.mono_ns, reverse=True)
    if not latest:
        return None
    last = next((sample for sample in latest if sample.result.outcome is not Outcome.PASS), latest[0])
    asked = [sample for sample in reversed(results) if sample.result.target == last.result.target]
    row = list(itertools.takewhile(lambda sample: _same(sample) == _same(last), asked))
    return {
        "says": _says(last),
        "target": last.result.target if len(latest) > 1 else "",
        "in_a_row": len(row),
        "since": instant(row[-1].sent.utc_ns),
        "is_whole": len(row) < len(asked) or row[-1].sequence == 0,
    }


def _says(sample: Sample) -> str:
    """The label, the reason and what the peer said of it, each once: `503: rejected: busy`, `tls-certificate: expired`."""
    result = sample.result
    if result.outcome is Outcome.PASS:
        return evidence.label(sample)
    # A code that nobody sent says less than the reason.
    code = str(result.code) if result.origin is Origin.WIRE and result.code is not None else ""
    told = [code, result.reason, str(result.facts.get("login") or result.facts.get("detail") or "")]
    return ": ".join(each for each in told if each) or evidence.label(sample)


def _same(sample: Sample) -> tuple[object, ...]:
    result = sample.result
    return result.outcome, result.code, result.origin, result.reason


def is_rejected(results: Sequence[Sample]) -> bool:
    """Whether a registrar has rejected who we are, and hears nothing more of us until an operator says so."""
    return any(sample.result.reason == REJECTED for sample in evidence.latest(results).values())
