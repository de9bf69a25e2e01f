"""What `status` tells: one JSON object made of the board, and the exit code that is the worst of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from daemon.board import Board
from daemon.reply import Exit
from gates import words
from gates.admit import ALL, FIRST
from gates.cutover import Cutover, Hold, Run
from gates.gate import Gate, GateState, Input
from gates.lease import Lease, answer
from gates.verdict import is_stale
from probes.sample import NS_PER_MS, NS_PER_S, Moment

_BY_STATE: dict[str, Exit] = {
    GateState.UNKNOWN: Exit.UNKNOWN,
    GateState.INCONCLUSIVE: Exit.UNKNOWN,
    GateState.TRIPPED: Exit.TRIPPED,
}
_UNJUDGED = frozenset({"stale", "judge-lagging"})
"""Reasons under which the state on the board says nothing of this moment."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands beside the board: from the settings, the planner and the store.

    `plans` maps a plan's name to its digest; `baseline` is the id of the one in use, empty when there is none; `problem`
    says why there are no digests. Instants in UTC nanoseconds.
    """

    name: str
    opens_utc_ns: int
    closes_utc_ns: int
    plans: Mapping[str, str]
    baseline: str = ""
    problem: str = ""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Which one is in force, and how the last reload went (`daemon.reload.text.standing`)."""


def instant(utc_ns: int) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-12-05T22:00:00.000Z`."""
    seconds, rest = divmod(utc_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}.{rest // NS_PER_MS:03}Z"


def document(board: Board, standing: Standing, *, now: Moment) -> dict[str, Any]:
    """Strings, integers, booleans, null, and lists and objects of these. `verdict` names the exit code."""
    cutover = board.cutover
    told: dict[str, Any] = {
        "name": standing.name,
        "phase": str(cutover.phase),
        "armed": list(cutover.armed),
        "halted": cutover.halted,
        "run": _run(cutover.run),
        "window": {
            "opens": instant(standing.opens_utc_ns),
            "closes": instant(standing.closes_utc_ns),
            "inside": standing.opens_utc_ns <= now.utc_ns < standing.closes_utc_ns,
        },
        "generation": cutover.generation,
        "impaired": board.impaired,
        "gates": [_gate(gate, board, now=now) for gate in board.gates.values()],
        "plans": [{"name": name, "digest": digest} for name, digest in standing.plans.items()],
        "baseline": standing.baseline,
        "problem": standing.problem,
        "configuration": dict(standing.configuration),
        "control_failing": board.control.failing() if board.control.is_ill else [],
        "interlocked": [
            {"gate": each.gate, "plan": each.plan, "interlock": each.objection.name, "says": each.objection.says}
            for each in board.kept
        ],
        "at": instant(now.utc_ns),
    }
    return {"verdict": exit_code(told).name, **told}


def exit_code(document: Mapping[str, Any]) -> Exit:
    """The worst of the gates; a halt and a run of the whole cutover stand above each of them. Shadows count where there are only
    shadows, as in `why` of one.
    """
    run = document["run"]
    if document["halted"] or (run and run["stopped"]):
        return Exit.HALTED
    asked = [gate for gate in document["gates"] if not gate["shadow"]] or document["gates"]
    worst = max((_of_gate(gate) for gate in asked), default=Exit.UNKNOWN)
    return max(worst, Exit.TRIPPED) if run else worst


def _of_gate(gate: Mapping[str, Any]) -> Exit:
    if gate["latched"]:
        return Exit.TRIPPED
    by_state = _BY_STATE.get(gate["state"], Exit.OK)
    if gate["answer"] == "OK" or gate["shadow"]:
        return by_state
    return max(by_state, Exit.UNKNOWN if gate["reason"] in _UNJUDGED else Exit.DEGRADED)


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run.id,
        "plan": run.plan,
        "digest": run.digest,
        "stopped": run.stopped,
        "halted_at": run.halted_at,
        "detail": run.detail,
    }


def _gate(gate: Gate, board: Board, *, now: Moment) -> dict[str, Any]:
    shadow = gate.spec.name in board.oversight.shadows
    answered = _answered(board.leases.get(gate.spec.name), turned_ns=board.turned_ns, now=now)
    return {
        "gate": gate.spec.name,
        "state": str(gate.state),
        **answered,
        "reason": "shadow" if shadow else answered["reason"],
        "latched": gate.latched,
        "shadow": shadow,
        "admitted": _admitted(board.leases.get(gate.spec.name)),
        "ran": sorted(gate.ran),
        "hold": _hold(board.cutover, gate.spec.name, now=now),
        "tripped": instant(gate.tripped.utc_ns) if gate.tripped else None,
        "distance": words.nearest(gate, now=now),
        "inputs": [_input(gate, probe, "new", now=now) for probe in gate.spec.needed]
        + [_input(gate, probe, "baseline", now=now) for probe in gate.spec.baseline],
    }


def _answered(lease: Lease | None, *, turned_ns: int, now: Moment) -> dict[str, Any]:
    """What the webhook would say at this moment, to whoever is let in. Without a lease there is nothing to say OK with."""
    if lease is None:
        return {"answer": "DEGRADED", "reason": "unknown", "age_ms": -1, "valid_for_ms": 0}
    said = answer(lease, now_ns=now.mono_ns, turned_ns=turned_ns, ticket=FIRST)
    return {
        "answer": "OK" if said.ok else "DEGRADED",
        "reason": said.reason,
        "age_ms": said.age_ms,
        "valid_for_ms": said.valid_for_ms,
    }


def _admitted(lease: Lease | None) -> int:
    """Ten-thousandths of the callers that an OK is for."""
    return ALL if lease is None else lease.admitted


def _hold(cutover: Cutover, gate: str, *, now: Moment) -> dict[str, Any] | None:
    hold: Hold | None = cutover.hold(gate, now=now)
    if hold is None:
        return None
    return {"answer": "OK" if hold.ok else "DEGRADED", "reason": hold.reason, "until": instant(hold.until_utc_ns)}


def _input(gate: Gate, probe: str, path: str, *, now: Moment) -> dict[str, Any]:
    """`targets` are those that the probe's name leads to, where they are several: the input is what the path makes of them."""
    several = words.targets(gate, probe)
    return {
        "probe": probe,
        "path": path,
        **_known(gate, gate.inputs[probe], now=now),
        "targets": [{"target": target, **_known(gate, known, now=now)} for target, known in several.items()],
    }


def _known(gate: Gate, known: Input, *, now: Moment) -> dict[str, Any]:
    return {
        "age_ms": (now.mono_ns - known.sent.mono_ns) // NS_PER_MS if known.sent else -1,
        "fresh": not is_stale(known, max_age_ns=gate.spec.max_age_ns, now=now),
        "counted": known.counted,
        "failing": known.failing,
        "passes": known.passes,
        "streak": list(known.streak),
        "codes": dict(known.kinds),
    }
