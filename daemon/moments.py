"""What the clocks say about the cutover window and about ourselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gates import machine, quiet
from gates.gate import Gate
from gates.lease import LAG_LIMIT_NS
from probes.sample import NS_PER_S, Moment

TURN_NS = 250_000_000


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


def patience(gates: Iterable[Gate], turned: Moment) -> int:
    """Nanoseconds until time alone matters, at most a turn; at least a millisecond, the granularity of timers."""
    soon = Moment(turned.utc_ns + TURN_NS, turned.mono_ns + TURN_NS)
    stirring = [gate for gate in gates if not quiet.is_quiet(gate, now=soon)]
    deadlines = [at for gate in stirring if (at := machine.deadline(gate, now=turned)) is not None]
    return min(max(min(deadlines, default=soon.mono_ns) - turned.mono_ns, 1_000_000), TURN_NS)
