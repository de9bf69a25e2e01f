"""Phase and switches of the whole cutover: durable, and moved only by what the journal holds.

The same functions fold the journal at start and follow it while running, so a restart cannot disagree with what was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gates.admit import Admitted
from probes.sample import Moment


class Phase(StrEnum):
    PREPARED = "prepared"
    OPEN = "open"
    REVERTED = "reverted"
    COMMITTED = "committed"


class Command(StrEnum):
    OPEN = "open"
    ARM = "arm"
    DISARM = "disarm"
    COMMIT = "commit"
    TRIP = "trip"
    HALT = "halt"
    RESUME = "resume"
    RETRY = "retry"
    ABANDON = "abandon"
    RESET = "reset"
    HOLD = "hold"
    RELEASE = "release"
    ADMIT = "admit"


@dataclass(frozen=True, slots=True)
class Hold:
    ok: bool
    reason: str
    until_utc_ns: int


@dataclass(frozen=True, slots=True)
class Run:
    """The run in progress. `halted_at` is the step that stopped it, `stopped` whether it waits for a human."""

    id: str
    plan: str
    digest: str
    stopped: bool = False
    halted_at: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was started, by itself (`automatic`) or by hand, and the gates that it latched."""

    utc_ns: int
    gates: tuple[str, ...]
    automatic: bool


MOST_STARTED = 64
"""Runs that are remembered; interlocks look back some hours at most."""


@dataclass(frozen=True, slots=True)
class Cutover:
    """`armed` holds the plan digests typed when arming; `latched` maps a gate to the plans that ran since its latch closed.

    Arming outlives the phase `reverted` so that a second plan of the same trip can follow the first; `reset` ends it.
    """

    phase: Phase = Phase.PREPARED
    armed: tuple[str, ...] = ()
    halted: bool = False
    holds: Mapping[str, Hold] = field(default_factory=dict)
    latched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    run: Run | None = None
    generation: int = 0
    admitted: Mapping[str, Admitted] = field(default_factory=dict)
    """Gates whose share of callers is no longer the first of its schedule."""
    started: tuple[Started, ...] = ()
    ended_utc_ns: int = 0
    """When the last run closed; 0 before the first did."""

    def hold(self, gate: str, *, now: Moment) -> Hold | None:
        found = self.holds.get(gate)
        return found if found and now.utc_ns < found.until_utc_ns else None


def may_start(cutover: Cutover, gate: str, *, now: Moment, queued: bool = False) -> bool:
    """Whether a trip of `gate` may start a run by itself. After a run closed: what its own gates' trip still wants, and what
    had tripped by then (`queued`); arming is a switch within `open`, so a later trip is not an edge.
    """
    after_a_run = cutover.phase is Phase.REVERTED and (gate in cutover.latched or queued)
    if not cutover.armed or not (cutover.phase is Phase.OPEN or after_a_run):
        return False
    return not (cutover.halted or cutover.run or cutover.hold(gate, now=now))


def operated(cutover: Cutover, command: Command, arguments: Mapping[str, object]) -> Cutover:
    """The cutover after a command that was permitted (and is in the journal).

    `trip` and `abandon` change nothing by themselves: what they do is in the entries that follow, planned and closed.
    """
    match command:
        case Command.ARM:
            return replace(cutover, armed=_strings(arguments.get("plan")))
        case Command.RETRY:
            return _restarted(cutover)
        case Command.HOLD | Command.RELEASE:
            return replace(cutover, holds=_holds(cutover.holds, command, arguments))
        case Command.ADMIT:
            return replace(cutover, admitted=_admitted(cutover.admitted, arguments))
        case _:
            return _CHANGES[command](cutover)


_CHANGES: dict[Command, Callable[[Cutover], Cutover]] = {
    Command.OPEN: lambda cutover: replace(cutover, phase=Phase.OPEN),
    Command.DISARM: lambda cutover: replace(cutover, armed=()),
    Command.COMMIT: lambda cutover: replace(cutover, phase=Phase.COMMITTED, armed=()),
    Command.HALT: lambda cutover: replace(cutover, halted=True),
    Command.RESUME: lambda cutover: replace(cutover, halted=False),
    Command.RESET: lambda cutover: replace(cutover, phase=Phase.PREPARED, armed=(), latched={}, admitted={}),
    Command.TRIP: lambda cutover: cutover,
    Command.ABANDON: lambda cutover: cutover,
}


def _restarted(cutover: Cutover) -> Cutover:
    return replace(cutover, run=replace(cutover.run, stopped=False, halted_at="", detail="") if cutover.run else None)


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def _holds(holds: Mapping[str, Hold], command: Command, arguments: Mapping[str, object]) -> dict[str, Hold]:
    gate = str(arguments.get("gate"))
    kept = {name: hold for name, hold in holds.items() if name != gate}
    if command is Command.HOLD:
        until = arguments.get("until_utc_ns")
        kept[gate] = Hold(arguments.get("answer") == "OK", str(arguments.get("reason")), until if isinstance(until, int) else 0)
    return kept


def _admitted(admitted: Mapping[str, Admitted], arguments: Mapping[str, object]) -> dict[str, Admitted]:
    """Without a share the word is the schedule's again, from the share that holds."""
    gate, share = str(arguments.get("gate")), arguments.get("share")
    if isinstance(share, int):
        return {**admitted, gate: Admitted(share, by_schedule=arguments.get("by") == "schedule")}
    known = admitted.get(gate)
    return dict(admitted) if known is None else {**admitted, gate: Admitted(known.share, by_schedule=True)}


def planned(cutover: Cutover, run: Run, gates: list[str], *, utc_ns: int, automatic: bool) -> Cutover:
    """A run started: its gates are latched."""
    latched = {**cutover.latched, **{gate: cutover.latched.get(gate, frozenset()) | {run.plan} for gate in gates}}
    started = (*cutover.started, Started(utc_ns, tuple(gates), automatic))[-MOST_STARTED:]
    return replace(cutover, run=run, latched=latched, started=started)


def stopped(cutover: Cutover, *, step: str, detail: str) -> Cutover:
    return replace(cutover, run=replace(cutover.run, stopped=True, halted_at=step, detail=detail) if cutover.run else None)


def closed(cutover: Cutover, *, abandoned: bool, utc_ns: int) -> Cutover:
    """Who abandons a run does not want the next one to start by itself."""
    return replace(cutover, phase=Phase.REVERTED, run=None, armed=() if abandoned else cutover.armed, ended_utc_ns=utc_ns)
