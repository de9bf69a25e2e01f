"""What stands over a gate's own verdict, and who can lift it: phase, latch, hold, halt, a run, and our own trouble. Pure."""

from __future__ import annotations

from typing import Any

from daemon.board import Board
from daemon.explain import overseen
from daemon.status import instant
from gates import command, compare, words
from gates.command import Facts
from gates.cutover import Command, Cutover, Phase
from gates.gate import Gate, GateState
from probes.sample import Moment

_BECAUSE = {  # what `gates.lease` gives as a reason, in words
    "not-open": "the cutover is not open: every answer is DEGRADED until `open`",
    "reverted": "a run has closed: every answer is DEGRADED until `reset` and a new `open`",
    "latched": "a run of this gate started, or somebody tripped it by hand",
    "held": "somebody holds the answer at DEGRADED",
    "shadow": "a shadow has no answer: the webhook knows no such gate (404), which means the baseline path",
    "unknown": "not every needed input has passed since the start, a reset or a gap in its results",
    "tripped": "the new path has failed the rule",
    "degraded": "callers were turned away, and the gate has not recovered since",
    "not-admitted": "the share of callers that are let in is 0%",
    "journal": "the journal cannot be written: what happens now would be forgotten",
    "judge-lagging": "the judging loop has not turned for more than 1 s: nothing here is of this moment",
    "stale": "the oldest needed input has outlived max_age",
    "disturbed": "the loop lagged or a clock jumped, and no result that was sent afterwards is known yet",
}


def because(gate: Gate, cutover: Cutover, reason: str, *, now: Moment) -> str:
    """Why the IVR is told what it is told; `reason` is the webhook's, empty for OK."""
    if reason:
        return _BECAUSE.get(reason, reason)
    if cutover.phase is Phase.COMMITTED:
        return "the cutover is committed: the new path always, whatever the gates say"
    if cutover.hold(gate.spec.name, now=now):
        return "somebody holds the answer at OK, whatever the gate says"
    return _OK.get(gate.state, str(gate.state))


_OK = {
    GateState.HEALTHY: "every needed probe passes, and freshly",
    GateState.SUSPECT: "failures, but fewer than it takes",
    GateState.INCONCLUSIVE: "both paths are bad: going back would not help, so what was told stays told",
}


def standing(gate: Gate, board: Board, reason: str, *, now: Moment) -> list[dict[str, Any]]:
    """Each as {name, says, lifted_by}; nothing while the answer follows the gate and runs are free to start."""
    cutover = board.cutover
    found = [
        *_of_phase(cutover),
        *_of_latch(gate, cutover),
        *_of_hold(gate, cutover, now=now),
        *_of_run(cutover),
        *overseen.standing(gate, board, now=now),
        *_of_ourselves(gate, board, reason),
    ]
    if cutover.halted:
        found.append(_overlay("halt", "no request is sent and no run starts", "`resume`"))
    return found


def _overlay(name: str, says: str, lifted_by: str) -> dict[str, Any]:
    return {"name": name, "says": says, "lifted_by": lifted_by}


def _of_phase(cutover: Cutover) -> list[dict[str, Any]]:
    says, lifted_by = _PHASES[cutover.phase]
    return [_overlay("phase", f"{cutover.phase}: {says}", lifted_by)] if says else []


_PHASES = {
    Phase.PREPARED: ("every answer is DEGRADED", "`open`"),
    Phase.OPEN: ("", ""),
    Phase.REVERTED: ("every answer is DEGRADED", "`reset`, then `open`"),
    Phase.COMMITTED: ("every answer is OK, and nothing is reverted automatically", "nothing: it is over"),
}


def _of_latch(gate: Gate, cutover: Cutover) -> list[dict[str, Any]]:
    if not gate.latched:
        return []
    plans = ", ".join(sorted(gate.ran)) or "a trip by hand"
    refused = command.refusal(cutover, Command.RESET, {}, Facts(now_utc_ns=0, opens_utc_ns=0, closes_utc_ns=0))
    lifted = f"only `reset` (refused now: {refused})" if refused else "only `reset`"
    return [_overlay("latch", f"TRIPPED and DEGRADED since {plans} began", lifted)]


def _of_hold(gate: Gate, cutover: Cutover, *, now: Moment) -> list[dict[str, Any]]:
    hold = cutover.hold(gate.spec.name, now=now)
    if hold is None:
        return []
    left = words.seconds(hold.until_utc_ns - now.utc_ns)
    says = f"{'OK' if hold.ok else 'DEGRADED'}, for {left} more: {hold.reason}; no trip of this gate starts a run"
    return [{**_overlay("hold", says, "`release`, or its end"), "until": instant(hold.until_utc_ns)}]


def _of_run(cutover: Cutover) -> list[dict[str, Any]]:
    run = cutover.run
    if run is None:
        return []
    if run.stopped:
        where = f"stopped at {run.halted_at or 'its start'}: {run.detail}"
        return [_overlay("run", f"{run.id} {where}", "`retry` or `abandon`")]
    return [_overlay("run", f"{run.id} is in progress", "its end")]


def _of_ourselves(gate: Gate, board: Board, reason: str) -> list[dict[str, Any]]:
    found = []
    if board.impaired:
        # A committed cutover goes on answering OK: a full disk must not send callers to a platform that is no longer theirs.
        told = "" if board.cutover.phase is Phase.COMMITTED else "every answer is DEGRADED, and "
        says = f"{board.impaired}: {told}no run starts"
        found.append(_overlay("impaired", says, "a journal that can be written again"))
    if reason == "judge-lagging":
        found.append(_overlay("lag", "the judging loop stands still", "its next turn"))
    doubtful = [
        probe
        for probe, known in zip(gate.spec.needed, compare.needed(gate), strict=True)
        if known.sent and known.sent.mono_ns <= gate.undisturbed_ns
    ]
    if doubtful:
        says = f"the loop lagged or a clock jumped; what is known of {', '.join(doubtful)} was sent before"
        found.append(_overlay("disturbed", says, f"a result of {', '.join(doubtful)} that was sent since"))
    return found
