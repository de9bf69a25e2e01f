"""What to do next, decided from the plan and the journal alone.

Each entry of a run is folded into what its step is waiting for; one literal table turns that into the next action. The
same fold serves a run that never stopped and one that was killed: an `Intended` that nothing follows asks the world
first, whoever wrote it and however long ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reverters.entries import Body, Closed, Finished, Halted, Inspected, Intended, Operated, Responded, Verified, Waited
from reverters.journal import JournalEntry
from reverters.plan import Document, Plan, Stage, Step

ATTEMPTS = 8
"""Failed requests of one step, one after the other, before a human is asked."""


class Last(StrEnum):
    """What the journal last said of a step."""

    NOTHING = "nothing"
    AT_BASELINE = "inspected: at baseline"
    DIFFERS = "inspected: differs"
    INTENDED = "intended"
    APPLIED = "applied"
    UNPROVEN = "verified: not yet"
    PROVEN = "verified"
    TROUBLE = "trouble"
    TERMINAL = "terminal"
    FINISHED = "finished"


class Do(StrEnum):
    INSPECT = "inspect"
    APPLY = "apply"
    VERIFY = "verify"
    FINISH = "finish"
    HALT = "halt"
    NOTHING = "nothing"


NEXT: dict[Last, Do] = {
    Last.NOTHING: Do.INSPECT,
    Last.AT_BASELINE: Do.FINISH,
    Last.DIFFERS: Do.APPLY,
    Last.INTENDED: Do.INSPECT,  # the outcome is unknown: ask the world
    Last.APPLIED: Do.VERIFY,
    Last.UNPROVEN: Do.VERIFY,
    Last.PROVEN: Do.FINISH,
    Last.TROUBLE: Do.INSPECT,  # never a second try without a look
    Last.TERMINAL: Do.HALT,
    Last.FINISHED: Do.NOTHING,
}


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step so far. `touched`: something was intended in this run, so finishing needs a proof.

    `attempt` numbers the intents; `troubles` are failed requests since the last success; `not_before_utc_ns` ends the
    pause that was decided when the last one failed. `unanswered`: nobody knows what became of the last intent.
    """

    last: Last = Last.NOTHING
    live: Document = field(default_factory=dict)
    touched: bool = False
    unanswered: bool = False
    attempt: int = 0
    troubles: int = 0
    not_before_utc_ns: int = 0
    reason: str = ""
    detail: str = ""
    at_utc_ns: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    steps: Mapping[str, StepProgress] = field(default_factory=dict)
    waited: frozenset[str] = frozenset()
    halted: str = ""
    is_halted: bool = False
    is_closed: bool = False

    def step(self, key: str) -> StepProgress:
        return self.steps.get(key, StepProgress())


@dataclass(frozen=True, slots=True)
class Inspect:
    step: Step
    not_before_utc_ns: int


@dataclass(frozen=True, slots=True)
class Apply:
    step: Step
    live: Document
    attempt: int


@dataclass(frozen=True, slots=True)
class Verify:
    step: Step
    not_before_utc_ns: int


@dataclass(frozen=True, slots=True)
class Finish:
    step: Step
    outcome: str


@dataclass(frozen=True, slots=True)
class Halt:
    step: Step
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Await:
    """The wait after a stage; over at `until_utc_ns`, and never longer than `for_ns` from now."""

    stage: str
    for_ns: int
    until_utc_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    outcome: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing to do until a human speaks."""

    step: str


Action = Inspect | Apply | Verify | Finish | Halt | Await | Close | Stop


def note(progress: Progress, entry: JournalEntry) -> Progress:
    """Fold one entry of the run."""
    body = entry.body
    match body:
        case Waited():
            return replace(progress, waited=progress.waited | {body.stage})
        case Halted():
            return replace(progress, is_halted=True, halted=body.step)
        case Closed():
            return replace(progress, is_closed=True)
        case Operated(command="retry"):
            return _retried(progress)
        case Inspected() | Intended() | Responded() | Verified() | Finished():
            step = _note_step(progress.step(body.step), body, entry.at_utc_ns)
            return replace(progress, steps={**progress.steps, body.step: replace(step, at_utc_ns=entry.at_utc_ns)})
        case _:
            return progress


def _note_step(step: StepProgress, body: Body, at_utc_ns: int) -> StepProgress:
    match body:
        case Inspected():
            return replace(step, last=_inspected(step, at_baseline=body.at_baseline), live=body.live, not_before_utc_ns=0)
        case Intended():
            return replace(step, last=Last.INTENDED, touched=True, unanswered=True, attempt=body.attempt)
        case Responded():
            return _responded(step, body, at_utc_ns)
        case Verified(holds=True):
            return replace(step, last=Last.PROVEN, live=body.live, troubles=0)
        case Verified():
            return _troubled(step, Last.UNPROVEN, "not-restored", body.detail, at_utc_ns + body.delay_ns)
        case _:
            return replace(step, last=Last.FINISHED)


def _inspected(step: StepProgress, *, at_baseline: bool) -> Last:
    if not at_baseline:
        return Last.DIFFERS
    return Last.APPLIED if step.touched else Last.AT_BASELINE


def _responded(step: StepProgress, body: Responded, at_utc_ns: int) -> StepProgress:
    step = replace(step, unanswered=step.unanswered and body.phase != "apply")
    if body.verdict == "applied":
        return replace(step, last=Last.APPLIED, troubles=0)
    if body.verdict == "terminal":
        return replace(step, last=Last.TERMINAL, reason=body.reason, detail=body.detail)
    last = Last.UNPROVEN if body.phase == "verify" else Last.TROUBLE
    return _troubled(step, last, body.reason, body.detail, at_utc_ns + body.delay_ns)


def _troubled(step: StepProgress, last: Last, reason: str, detail: str, not_before_utc_ns: int) -> StepProgress:
    troubles = step.troubles + 1
    exhausted = troubles >= ATTEMPTS
    told = f"{detail} (gave up after {troubles} attempts)" if exhausted else detail
    return replace(
        step,
        last=Last.TERMINAL if exhausted else last,
        troubles=troubles,
        not_before_utc_ns=not_before_utc_ns,
        reason=reason,
        detail=told,
    )


def resumed(progress: Progress) -> Progress:
    """After a pause of whatever length: what was seen before it is looked at again before it counts as done."""
    seen = (Last.AT_BASELINE, Last.PROVEN, Last.DIFFERS)
    steps = {key: replace(step, last=Last.NOTHING) if step.last in seen else step for key, step in progress.steps.items()}
    return replace(progress, steps=steps)


def _retried(progress: Progress) -> Progress:
    """A human said go on: what is not finished is looked at afresh."""
    steps = {
        key: step if step.last is Last.FINISHED else StepProgress(touched=step.touched, attempt=step.attempt)
        for key, step in progress.steps.items()
    }
    return replace(progress, steps=steps, is_halted=False, halted="")


def next_actions(plan: Plan, progress: Progress) -> tuple[Action, ...]:
    """Every action that may go on now: one per unfinished step of the present stage, or the wait after it, or the end."""
    if progress.is_closed:
        return ()
    if progress.is_halted:
        return (Stop(progress.halted),)
    for stage in plan.stages:
        pending = tuple(step for step in stage.steps if progress.step(step.key).last is not Last.FINISHED)
        if pending:
            return tuple(_action(step, progress.step(step.key)) for step in pending)
        if stage.wait and stage.name not in progress.waited:
            return (_await(stage, progress),)
    return (Close("restored"),)


def _await(stage: Stage, progress: Progress) -> Await:
    wait = stage.wait
    for_ns, reason = (wait.for_ns, wait.reason) if wait else (0, "")
    finished = max((progress.step(step.key).at_utc_ns for step in stage.steps), default=0)
    return Await(stage.name, for_ns, finished + for_ns, reason)


def _action(step: Step, so_far: StepProgress) -> Action:
    match NEXT[so_far.last]:
        case Do.INSPECT:
            return Inspect(step, so_far.not_before_utc_ns)
        case Do.APPLY:
            return Apply(step, so_far.live, so_far.attempt + 1)
        case Do.VERIFY:
            return Verify(step, so_far.not_before_utc_ns)
        case Do.FINISH:
            return Finish(step, "restored" if so_far.touched else "unchanged")
        case _:
            return Halt(step, so_far.reason, so_far.detail)
