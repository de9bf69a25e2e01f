"""What stands between a trip and its runs: when each would be due, and everything that would keep it from starting. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.board import Board
from daemon.status import Standing
from gates import machine, verdict, words
from gates.cutover import Cutover, Phase
from gates.gate import Gate, GateState, OnTrip
from gates.machine import Finding
from probes.sample import Moment


@dataclass(frozen=True, slots=True)
class Pending:
    """One entry of `on_trip`. `due_in_ns` is None while the gate is not tripped or the evidence of the trip is gone.

    `blocked` names all that would have to change before the run can start by itself; empty when it starts as soon as it is due.
    """

    plan: str
    confirm_for_ns: int
    ran: bool
    due_in_ns: int | None
    blocked: tuple[str, ...]


def pending(gate: Gate, board: Board, standing: Standing, *, now: Moment) -> list[Pending]:
    return [
        Pending(
            plan=entry.plan,
            confirm_for_ns=entry.confirm_for_ns,
            ran=entry.plan in gate.ran,
            due_in_ns=None if entry.plan in gate.ran else _due_in(gate, entry, now=now),
            blocked=(*_switches(gate, board, now=now), *_plan(entry.plan, board.cutover, standing), *_evidence(gate, now=now)),
        )
        for entry in gate.spec.on_trip
    ]


def _due_in(gate: Gate, entry: OnTrip, *, now: Moment) -> int | None:
    """Until `machine.due_plans` names the plan, provided that no PASS comes and failures go on."""
    if gate.state is not GateState.TRIPPED or gate.tripped is None:
        return None
    began = verdict.bad_since(gate, now=now)
    return None if began is None else max(began + entry.confirm_for_ns - now.mono_ns, 0)


def _switches(gate: Gate, board: Board, *, now: Moment) -> list[str]:
    """The switches of `gates.cutover.may_start`, each by name; and what is wrong with ourselves."""
    cutover, hold = board.cutover, board.cutover.hold(gate.spec.name, now=now)
    standing = [
        (cutover.phase is Phase.PREPARED, "phase prepared: not open"),
        (cutover.phase is Phase.COMMITTED, "phase committed: gates only alert"),
        (
            cutover.phase is Phase.REVERTED and gate.spec.name not in cutover.latched,
            "phase reverted: only the gates of the closed run may start another",
        ),
        (not cutover.armed, "not armed, until `arm`"),
        (cutover.halted, "halted, until `resume`"),
        (hold is not None, "held, until `release` or the end of the hold"),
        (bool(board.impaired), f"impaired: {board.impaired}"),
    ]
    run = [f"run {cutover.run.id} is in progress"] if cutover.run else []
    return [why for stands, why in standing if stands] + run


def _plan(plan: str, cutover: Cutover, standing: Standing) -> list[str]:
    digest = standing.plans.get(plan)
    if digest is None:
        return [standing.problem or f"no plan is named {plan}"]
    return [f"plan {plan} is not among those armed"] if cutover.armed and digest not in cutover.armed else []


def _evidence(gate: Gate, *, now: Moment) -> list[str]:
    """What a trip that stands still lacks. A gate that is not tripped has no evidence to lack."""
    if gate.state is not GateState.TRIPPED:
        return []
    if not verdict.stands(gate, now=now):
        since = "since it was latched" if gate.latched else "since the last PASS"
        lacking = f"fewer than {gate.spec.threshold} counted failures {since}" if gate.spec.sole else "its rules are not bad now"
        return [f"{lacking}: the clock of confirm_for stands"]
    finding = machine.find(gate, now=now)
    if finding is not Finding.WORSE:
        return [_LACKING.get(finding, str(finding))]
    if verdict.is_undisturbed(gate, now=now):
        return []
    return ["no failure yet that was sent after the disturbance"]


_LACKING = {
    Finding.STALE: "the newest result is older than max_age",
    Finding.FAILED: "the baseline path is not known to be good",
    Finding.BOTH_BAD: "the baseline path is bad too: going back would not help",
}


def told(each: Pending, gate: Gate) -> str:
    """One sentence of it."""
    confirm = words.seconds(each.confirm_for_ns)
    blocked = f"; blocked: {'; '.join(each.blocked)}" if each.blocked else ""
    if each.ran:
        return f"run of {each.plan}: started already since the gate was latched; again only after `reset`"
    if each.due_in_ns is None:
        again = gate.state is GateState.TRIPPED
        stand = f"{gate.spec.threshold} counted failures stand again" if gate.spec.sole else "its rules are bad again"
        when = f"{confirm} after {stand}" if again else f"{confirm} after a trip"
        return f"run of {each.plan}: {when}, without a PASS between{blocked}"
    if each.blocked:
        return f"run of {each.plan}: confirmed in {words.seconds(each.due_in_ns)} without a PASS{blocked}"
    if not each.due_in_ns:
        return f"run of {each.plan}: confirmed, starts now"
    return f"run of {each.plan}: starts in {words.seconds(each.due_in_ns)} unless a PASS comes"
