"""What a command, a trip or the clock makes of the cutover: bodies for the journal, or a refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from config.units import duration_text
from gates import command, machine
from gates.command import Facts
from gates.cutover import Command, Cutover
from gates.gate import Gate
from probes.sample import NS_PER_MS, NS_PER_S, Moment
from reverters.entries import Body, Closed, Operated, Planned
from reverters.plan import Document, Plan


@dataclass(frozen=True, slots=True)
class Order:
    """To be journaled in one transaction. `run` is set when the entries belong to one; `message` is for the operator."""

    bodies: tuple[Body, ...]
    actor: str
    message: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    why: str


def run_id(plan: str, *, now: Moment) -> str:
    """`inbound-rollback@20261205T221503.123Z`: sorts by time, and says which plan."""
    at = datetime.fromtimestamp(now.utc_ns // NS_PER_S, UTC)
    return f"{plan}@{at:%Y%m%dT%H%M%S}.{now.utc_ns // NS_PER_MS % 1000:03d}Z"


def planned(plan: Plan, gates: Iterable[Gate], *, cause: str, evidence: str, now: Moment) -> Planned:
    """A run of `plan` that latches `gates`. Recovery time runs from the first failed sample, or from now."""
    seen = [moment.utc_ns for gate in gates if (moment := machine.first_failed(gate, now=now))]
    return Planned(
        plan=plan.name,
        digest=plan.digest,
        document=plan.document(),
        gates=[gate.spec.name for gate in gates],
        cause=cause,
        evidence=evidence,
        first_failure_utc_ns=min(seen, default=now.utc_ns),
        tripped_utc_ns=now.utc_ns,
    )


def naming(plan: str, gates: Mapping[str, Gate]) -> list[Gate]:
    """Every gate that names the plan: a manual trip latches them all. Where none does, any of them may be concerned."""
    named = [gate for gate in gates.values() if any(entry.plan == plan for entry in gate.spec.on_trip)]
    return named or list(gates.values())


def decide(
    cutover: Cutover,
    what: Command,
    arguments: Document,
    *,
    actor: str,
    facts: Facts,
    gates: Mapping[str, Gate],
    plans: Mapping[str, Plan],
    now: Moment,
) -> Order | Refused:
    why = command.refusal(cutover, what, arguments, facts)
    if why:
        return Refused(why)
    if what is Command.TRIP and cutover.run:
        return Order((Operated(what, arguments),), actor, f"joined run {cutover.run.id}", cutover.run.id)
    if what is Command.TRIP:
        return _trip(arguments, actor, gates, plans, now)
    if what is Command.ABANDON and cutover.run:
        bodies: tuple[Body, ...] = (Operated(what, arguments), Closed("abandoned", recovery_ns=0))
        return Order(
            bodies, actor, f"run {cutover.run.id} abandoned: what it did not restore is yours to restore", cutover.run.id
        )
    if what is Command.HOLD:
        arguments = {**arguments, "until_utc_ns": now.utc_ns + int(arguments["for_ns"])}
    if what is Command.ADMIT:
        arguments = {**arguments, "by": "schedule" if arguments["share"] is None else "operator"}
    in_run = cutover.run.id if cutover.run and what in (Command.RETRY, Command.HALT, Command.RESUME) else ""
    return Order((Operated(what, arguments),), actor, _done(what, arguments, facts), in_run)


def _done(what: Command, arguments: Document, facts: Facts) -> str:
    """What was done, with the values that were given."""
    if what is Command.OPEN and facts.problem:
        return f"{_DONE[what]}; no plan can run: {facts.problem}"
    if what is Command.HOLD:
        return f"held: {arguments['gate']} is {arguments['answer']} until `release` or for {duration_text(arguments['for_ns'])}"
    if what is not Command.ADMIT:
        return _DONE[what]
    gate, admitted = arguments["gate"], arguments["share"]
    if admitted is None:
        return f"admitted: {gate} follows its schedule, from the share that holds now"
    return f"admitted: an OK of {gate} is for {admitted / 100:g}% of the callers, until the next `admit` or `reset`"


def _trip(arguments: Document, actor: str, gates: Mapping[str, Gate], plans: Mapping[str, Plan], now: Moment) -> Order:
    plan = next(plan for plan in plans.values() if plan.digest == arguments["plan"])
    reason = str(arguments.get("reason", ""))
    start = planned(plan, naming(plan.name, gates), cause="manual", evidence=f"tripped by {actor}: {reason}", now=now)
    run = run_id(plan.name, now=now)
    return Order((Operated(Command.TRIP, arguments), start), actor, f"run {run} started", run)


_DONE: dict[Command, str] = {
    Command.OPEN: "open: the webhook follows the gates",
    Command.ARM: "armed: a trip starts a run by itself",
    Command.DISARM: "disarmed: no trip starts a run by itself",
    Command.COMMIT: "committed: the new path always; nothing is reverted automatically any more",
    Command.HALT: "halted: no further request, no run until `resume`",
    Command.RESUME: "resumed",
    Command.RETRY: "retrying: what is not finished is inspected afresh",
    Command.RESET: "reset: prepared, every answer is DEGRADED until `open`",
    Command.RELEASE: "released: the answer follows the gate again",
}
