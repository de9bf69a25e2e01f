"""What can only be judged across the fields of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from config import cross_steps, cross_trunk
from config.addresses import as_ip
from config.finding import Finding, repeated
from config.model import DnsRecord, DnsStep, Plan, Stage
from config.problem import Path, quoted
from config.steps import PlanStep, TrunkStep
from config.units import is_inside

VERSION = {"A": 4, "AAAA": 6}


def errors(path: Path, plan: Plan, *, apis: frozenset[str]) -> Iterator[Finding]:
    """`apis` are the names of all that the file gives."""
    for index in repeated([stage.name for stage in plan.stages]):
        yield Finding((*path, "stages", index, "name"), f"stage {quoted(plan.stages[index].name)} is named twice in this plan")
    for index, stage in enumerate(plan.stages):
        yield from _step_ids((*path, "stages", index, "steps"), stage)
    for where, step in _steps(path, plan):
        yield from _of_kind(where, step, apis)
    yield from _restored_twice(path, plan)
    yield from cross_trunk.order(tuple(_steps(path, plan)))


def waits_ns(plan: Plan) -> int:
    return sum(stage.then_wait.for_ for stage in plan.stages if stage.then_wait is not None)


def _steps(path: Path, plan: Plan) -> Iterator[tuple[Path, PlanStep]]:
    for at, stage in enumerate(plan.stages):
        for index, step in enumerate(stage.steps):
            yield (*path, "stages", at, "steps", index), step


def _step_ids(path: Path, stage: Stage) -> Iterator[Finding]:
    for index in repeated([step.id for step in stage.steps]):
        used = quoted(stage.steps[index].id)
        message = f"id {used} is used twice in stage {quoted(stage.name)}: give each step its own id"
        yield Finding((*path, index, "id"), message, reads=tuple((*path, at, "id") for at in range(index + 1)))


def _of_kind(path: Path, step: PlanStep, apis: frozenset[str]) -> Iterator[Finding]:
    match step:
        case DnsStep():
            yield from _step(path, step)
        case TrunkStep():
            yield from cross_trunk.errors(path, step, apis=apis)
        case _:
            yield from cross_steps.errors(path, step, apis=apis)


def _step(path: Path, step: DnsStep) -> Iterator[Finding]:
    for index, record in enumerate(step.records):
        where = (*path, "records", index)
        if not is_inside(record.name, step.zone):
            yield Finding((*where, "name"), f"{quoted(record.name)} is not in zone {quoted(step.zone)}")
        yield from _values((*where, "values"), record)
    for index in repeated(step.authoritative):
        yield Finding((*path, "authoritative", index), f"server {step.authoritative[index]} is given twice")


def _values(path: Path, record: DnsRecord) -> Iterator[Finding]:
    values = record.values or ()
    for index, value in enumerate(values):
        address = as_ip(value)
        if address is None or address.version != VERSION[record.type]:
            message = f"{quoted(value)} is not an IPv{VERSION[record.type]} address, which {record.type} records hold"
            yield Finding((*path, index), message)
    for index in repeated(values):
        yield Finding((*path, index), f"value {quoted(values[index])} is given twice")


def _restored_twice(path: Path, plan: Plan) -> Iterator[Finding]:
    """Two steps that restore one object would fight over it."""
    places = [found for where, step in _steps(path, plan) for found in _restored(where, step)]
    for index in repeated([name for _, name in places]):
        yield Finding(places[index][0], f"{places[index][1]} is restored twice in this plan")


def _restored(path: Path, step: PlanStep) -> Iterator[tuple[Path, str]]:
    """Where each object is named, and by which words."""
    if isinstance(step, DnsStep):
        for index, record in enumerate(step.records):
            yield (*path, "records", index, "name"), f"{record.name} {record.type}"
    elif isinstance(step, TrunkStep):
        yield from cross_trunk.restored(path, step)
    else:
        yield (*path, "capture", "path"), f"{cross_steps.shown(step)} of {step.api}"
