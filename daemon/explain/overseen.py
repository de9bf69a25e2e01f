"""What stands over a gate and is nobody's verdict: shadow, planned work, control targets, interlocks, admission. Pure.

Each overlay as `daemon.explain.overlays` has them: {name, says, lifted_by}, and `until` where a moment is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daemon.board import Board
from daemon.status import instant
from gates import admit, words
from gates.gate import Gate
from probes.sample import Moment


def standing(gate: Gate, board: Board, *, now: Moment) -> Iterator[dict[str, Any]]:
    yield from _shadow(gate, board)
    yield from _admission(gate, board)
    yield from _planned_work(gate, board, now=now)
    yield from _control(board)
    yield from _interlocks(gate, board)


def share(ten_thousandths: int) -> str:
    """500 is `5%`."""
    return f"{ten_thousandths / 100:g}%"


def _shadow(gate: Gate, board: Board) -> Iterator[dict[str, Any]]:
    if gate.spec.name in board.oversight.shadows:
        says = "judges, and says in the journal what it would have run; has no answer and starts nothing"
        yield {"name": "shadow", "says": says, "lifted_by": "`shadow: false` in the configuration"}


def _admission(gate: Gate, board: Board) -> Iterator[dict[str, Any]]:
    lease = board.leases.get(gate.spec.name)
    if lease is None or lease.admitted >= admit.ALL:
        return
    steps, admitted = board.oversight.admission.get(gate.spec.name, ()), board.cutover.admitted.get(gate.spec.name)
    following = admit.following(steps, admitted)
    says = f"an OK is for {share(lease.admitted)} of the callers, the others are told DEGRADED (not-admitted)"
    if following is None:
        yield {"name": "admission", "says": says, "lifted_by": "`admit`"}
        return
    to, soak_ns = following
    lifted_by = f"{words.seconds(soak_ns)} of HEALTHY, then {share(to)}; or `admit`"
    yield {"name": "admission", "says": says, "lifted_by": lifted_by}


def _planned_work(gate: Gate, board: Board, *, now: Moment) -> Iterator[dict[str, Any]]:
    named = (*gate.spec.needed, *gate.spec.baseline)
    for period in board.oversight.periods:
        covered = [probe for probe in named if period.covers(probe, utc_ns=now.utc_ns)]
        if covered:
            says = f"{period.reason}: failures of {', '.join(covered)} do not count"
            yield {"name": "maintenance", "says": says, "lifted_by": "its end", "until": instant(period.until_utc_ns)}


def _control(board: Board) -> Iterator[dict[str, Any]]:
    if board.control.is_ill:
        says = f"control targets fail ({', '.join(board.control.failing())}): failures are not held against trunks"
        yield {"name": "control", "says": says, "lifted_by": "a PASS of more than half of the control targets"}


def _interlocks(gate: Gate, board: Board) -> Iterator[dict[str, Any]]:
    for each in board.kept:
        if each.gate == gate.spec.name:
            says = f"{each.objection.name}: the run of {each.plan} does not start: {each.objection.says}"
            overridden = each.objection.name in board.oversight.interlocks.names
            how = f"`trip --override {each.objection.name}`" if overridden else "`trip` by hand"
            yield {"name": "interlock", "says": says, "lifted_by": f"what it waits for; or {how}"}
