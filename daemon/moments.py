"""What the clocks say about the cutover window and about ourselves. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gates.lease import LAG_LIMIT_NS
from probes.sample import NS_PER_S, Moment


@dataclass(frozen=True, slots=True)
class Window:
    opens_utc_ns: int
    closes_utc_ns: int


def disturbance(before: Moment, now: Moment) -> str:
    """Whether we were unwell between two turns: the loop stood still, or the clocks disagree about how long it was."""
    gap_ns = now.mono_ns - before.mono_ns
    if gap_ns > LAG_LIMIT_NS:
        return f"loop lagged {gap_ns / NS_PER_S:.1f} s"
    jump_ns = (now.utc_ns - before.utc_ns) - gap_ns
    return f"clock jumped {jump_ns / NS_PER_S:+.1f} s" if abs(jump_ns) > LAG_LIMIT_NS else ""
