"""What can only be judged across the fields of a `trunk` step, and across the steps of a plan that limit and restore. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.finding import Finding, repeated
from config.problem import Path, did_you_mean, quoted
from config.steps import DnsStep, PlanStep
from config.trunk_steps import TrunkStep

Placed = Sequence[tuple[Path, PlanStep]]
"""The steps of a plan in order, each with its place: (…, "stages", number, "steps", number)."""


def errors(path: Path, step: TrunkStep, *, apis: frozenset[str]) -> Iterator[Finding]:
    if step.api not in apis:
        known = sorted(apis)
        listed = f"; known: {', '.join(known)}" if known else "; the file has no apis"
        yield Finding((*path, "api"), f"unknown api {quoted(step.api)}{did_you_mean(step.api, known) or listed}")
    names = [pipe.name for pipe in step.pipes]
    for index in repeated(names):
        yield Finding((*path, "pipes", index, "name"), f"pipe {quoted(names[index])} is given twice in this step")


def restored(path: Path, step: TrunkStep) -> Iterator[tuple[Path, str]]:
    """Where each object is named, and by which words. A limit and its restoration are two things."""
    for index, switch in enumerate(step.switches):
        yield (*path, "switches", index, "key"), f"switch {switch.table}=>{switch.key} of {step.api}"
    for index, id in enumerate(step.dispatcher_sets):
        yield (*path, "dispatcher_sets", index), f"dispatcher set {id} of {step.api}"
    for index, pipe in enumerate(step.pipes):
        if pipe.limit is None:
            yield (*path, "pipes", index, "name"), f"pipe {pipe.name} of {step.api}"


def order(steps: Placed) -> Iterator[Finding]:
    """A limit comes before DNS moves, once, and is lifted in a stage after it."""
    limited = [
        ((*path, "pipes", index), (step.api, pipe.name))
        for path, step in steps
        if isinstance(step, TrunkStep)
        for index, pipe in enumerate(step.pipes)
        if pipe.limit is not None
    ]
    for index in repeated([pipe for _, pipe in limited]):
        path, (api, name) = limited[index]
        yield Finding((*path, "limit"), f"pipe {name} of {api} is limited twice in this plan")
    for path, (api, name) in limited:
        if _stage(path) >= _last_restored(steps, api, name):
            message = f"pipe {name} of {api} is limited here and no later stage restores it: name it there without a limit"
            yield Finding((*path, "limit"), message)
        if any(isinstance(step, DnsStep) and _stage(where) <= _stage(path) for where, step in steps):
            yield Finding(
                (*path, "limit"), f"pipe {name} of {api} is limited when DNS has begun to move: limit it in a stage before"
            )


def _last_restored(steps: Placed, api: str, name: str) -> int:
    """The number of the stage; -1: nowhere."""
    found = [
        _stage(path)
        for path, step in steps
        if isinstance(step, TrunkStep) and step.api == api
        for pipe in step.pipes
        if pipe.name == name and pipe.limit is None
    ]
    return max(found, default=-1)


def _stage(path: Path) -> int:
    """The number of the stage that a place lies in."""
    return int(path[path.index("stages") + 1])
