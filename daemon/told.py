"""When what callers are told has changed, and how that reads in the journal. Pure."""

from __future__ import annotations

from gates.gate import GateState, Transition
from gates.lease import Lease
from reverters.entries import Judged


def tells_otherwise(before: Lease | None, after: Lease) -> bool:
    if before is None:
        return True
    noted = (GateState.TRIPPED, GateState.INCONCLUSIVE)
    return before.may_be_ok != after.may_be_ok or (
        before.state is not after.state and (before.state in noted or after.state in noted)
    )


def judged(before: Lease, after: Lease, transition: Transition | None) -> Judged:
    return Judged(
        gate=after.gate,
        before=before.state,
        after=after.state,
        cause=transition.cause if transition else (after.reason or after.phase),
        evidence=transition.evidence if transition else (after.reason or f"phase {after.phase}"),
        answer="OK" if after.may_be_ok else "DEGRADED",
        generation=after.generation,
    )
