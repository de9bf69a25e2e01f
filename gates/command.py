"""Which command is possible when.

What each phase permits stands in one literal table; what else must be true is in the guards behind it. A refusal is a
sentence for the operator; empty means go ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from gates import interlock
from gates.cutover import Command, Cutover, Phase
from gates.objection import Objection


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at, besides the cutover itself. Instants in UTC nanoseconds."""

    now_utc_ns: int
    opens_utc_ns: int
    closes_utc_ns: int
    digests: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()
    gates: frozenset[str] = frozenset()
    """Those that have an answer."""
    shadows: frozenset[str] = frozenset()
    problem: str = ""
    objections: Mapping[str, tuple[Objection, ...]] = field(default_factory=dict)
    """What assertions and gating rules have against a run by hand, by the plan's digest."""
    interlocks: frozenset[str] = frozenset()
    """Names of the rules that can be overridden."""


_NOT_OPEN = "the cutover is not open: callers are on the baseline path"
_REVERTED = "a run has closed: `reset`, then `open` again"
_COMMITTED = "the cutover is committed: it is over"

PR, OP, RE, CO = Phase
PERMITTED: dict[Command, dict[Phase, str]] = {  # why not; empty where the phase permits it
    Command.OPEN: {PR: "", OP: "the cutover is open already", RE: _REVERTED, CO: _COMMITTED},
    Command.ARM: {PR: _NOT_OPEN, OP: "", RE: _REVERTED, CO: _COMMITTED},
    Command.DISARM: {PR: "", OP: "", RE: "", CO: ""},
    Command.COMMIT: {PR: _NOT_OPEN, OP: "", RE: _REVERTED, CO: "the cutover is committed already"},
    Command.TRIP: {PR: _NOT_OPEN, OP: "", RE: "", CO: _COMMITTED},
    Command.HALT: {PR: "", OP: "", RE: "", CO: ""},
    Command.RESUME: {PR: "", OP: "", RE: "", CO: ""},
    Command.RETRY: {PR: "", OP: "", RE: "", CO: ""},
    Command.ABANDON: {PR: "", OP: "", RE: "", CO: ""},
    Command.RESET: {PR: "", OP: "", RE: "", CO: _COMMITTED},
    Command.HOLD: {PR: "", OP: "", RE: "", CO: ""},
    Command.RELEASE: {PR: "", OP: "", RE: "", CO: ""},
    Command.ADMIT: {PR: "", OP: "", RE: _REVERTED, CO: _COMMITTED},
}


def refusal(cutover: Cutover, command: Command, arguments: Mapping[str, object], facts: Facts) -> str:
    """Why `command` is refused now; empty when it may go ahead."""
    guard = _GUARDS.get(command)
    return PERMITTED[command][cutover.phase] or (guard(cutover, arguments, facts) if guard else "")


def _digest(arguments: Mapping[str, object], facts: Facts) -> str:
    typed = arguments.get("plan")
    given = {str(digest) for digest in typed} if isinstance(typed, list | tuple) else {str(typed)}
    if not facts.digests:
        return facts.problem or "no plan is configured"
    if given != set(facts.digests):
        standing = ", ".join(f"{digest[:12]}…" for digest in facts.digests)
        return f"the digest typed is not that of the plan as it stands now ({standing}): see `cutoverd plan`"
    return ""


def _arm(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if not facts.opens_utc_ns <= facts.now_utc_ns < facts.closes_utc_ns:
        return "outside the cutover window"
    if cutover.run:
        return f"run {cutover.run.id} is in progress"
    if cutover.halted:
        return "halted: `resume` first"
    if facts.problem:
        return facts.problem
    if facts.unhealthy:
        return f"arming needs healthy gates: {', '.join(facts.unhealthy)}"
    return _digest(arguments, facts)


def _commit(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.run:
        return f"run {cutover.run.id} is in progress: callers are being put back"
    if cutover.latched:
        return f"latched: {', '.join(sorted(cutover.latched))}: `reset` first"
    if facts.unhealthy:
        return f"committing sends every caller to the new path and needs healthy gates: {', '.join(facts.unhealthy)}"
    return _digest(arguments, facts) if facts.digests or facts.problem else ""


def _trip(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.halted:
        return "halted: `resume` first"
    typed = arguments.get("plan")
    if cutover.run and cutover.run.digest != typed:
        return f"run {cutover.run.id} of {cutover.run.plan} is in progress"
    if facts.problem:
        return facts.problem
    return _digest(arguments, facts) if typed not in facts.digests else _interlocked(str(typed), cutover, arguments, facts)


def _interlocked(digest: str, cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    """An override names the rule and holds for this call alone. Who joins a run starts none."""
    given = arguments.get("override")
    overridden = [str(name) for name in given] if isinstance(given, list | tuple) else []
    unknown = sorted(set(overridden) - facts.interlocks)
    if unknown and set(unknown) <= set(interlock.OWN):
        return f"{', '.join(unknown)} keeps no run by hand from starting: leave out the override"
    if unknown:
        known = ", ".join(sorted(facts.interlocks)) or "none"
        return f"no interlock is named {', '.join(repr(name) for name in unknown)}: those that can be overridden: {known}"
    standing = [each for each in facts.objections.get(digest, ()) if each.name not in overridden]
    if not standing or cutover.run:
        return ""
    told = "; ".join(f"{each.name}: {each.says}" for each in standing)
    return f"interlock {told} (to do it all the same: {' '.join(f'--override {each.name}' for each in standing)})"


def _resume(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.halted:
        return ""
    if cutover.run and cutover.run.stopped:
        return f"the run stopped at {cutover.run.halted_at or 'its start'} by itself: `retry` or `abandon`"
    return "nothing is halted"


def _retry(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.run is None:
        return "no run is in progress"
    if cutover.halted:
        return "halted by an operator: `resume` first"
    return "" if cutover.run.stopped else "the run has not stopped"


def _abandon(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.run is None:
        return "no run is in progress"
    return "" if cutover.run.stopped or cutover.halted else "the run is going on: `halt` it first"


def _reset(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    if cutover.run:
        return f"run {cutover.run.id} is in progress"
    if cutover.phase is Phase.REVERTED or cutover.latched:
        return ""
    if cutover.phase is Phase.OPEN:  # back to the baseline path, for instance to capture a baseline that was forgotten
        return "armed: `disarm` first" if cutover.armed else ""
    return "nothing is latched or reverted"


def _gate(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    gate = str(arguments.get("gate"))
    if gate in facts.gates:
        return ""
    if gate in facts.shadows:
        return f"{gate} is a shadow: it has no answer"
    known = sorted(facts.gates)
    near = get_close_matches(gate, known, n=1)
    meant = f"; did you mean {near[0]!r}? Gates" if near else ""
    return f"no gate is named {gate!r}{meant}: {', '.join(known)}"


def _release(cutover: Cutover, arguments: Mapping[str, object], facts: Facts) -> str:
    unknown = _gate(cutover, arguments, facts)
    held = arguments.get("gate") in cutover.holds
    return unknown or ("" if held else f"{arguments.get('gate')} is not held")


_GUARDS: dict[Command, Callable[[Cutover, Mapping[str, object], Facts], str]] = {
    Command.ARM: _arm,
    Command.COMMIT: _commit,
    Command.TRIP: _trip,
    Command.RESUME: _resume,
    Command.RETRY: _retry,
    Command.ABANDON: _abandon,
    Command.RESET: _reset,
    Command.HOLD: _gate,
    Command.RELEASE: _release,
    Command.ADMIT: _gate,
}
