"""One way out of where a gate stands."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.explain.forecast import Span


@dataclass(frozen=True, slots=True)
class Change:
    """`to` is a state of the gate, or DEGRADED where only the answer changes. `span` is None where no cadence brings it about."""

    to: str
    by: str
    span: Span | None = None
