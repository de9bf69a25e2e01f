"""From a specification and a baseline to a plan. Nothing else goes in, so nothing else can change the digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reverters.plan import Document, Plan, Stage, Step, Wait


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One object to restore, by name: `object` is its key in the baseline, `spec` tells the reverter where it lives."""

    id: str
    kind: str
    target: str
    object: str
    spec: Document


@dataclass(frozen=True, slots=True)
class StageSpec:
    name: str
    steps: tuple[StepSpec, ...]
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class PlanSpec:
    name: str
    stages: tuple[StageSpec, ...]

    def steps(self) -> Iterator[StepSpec]:
        for stage in self.stages:
            yield from stage.steps


class BaselineMissing(Exception):
    """The baseline does not hold every object that the plan restores."""

    def __init__(self, plan: str, objects: list[str]) -> None:
        self.objects = objects
        super().__init__(f"plan {plan}: not in the baseline: {', '.join(objects)}: run `cutoverd baseline capture`")


def plan(spec: PlanSpec, *, baseline: str, objects: Mapping[str, Document]) -> Plan:
    """Every step with the value it restores. Raises `BaselineMissing` rather than planning half of it."""
    missing = list(dict.fromkeys(step.object for step in spec.steps() if step.object not in objects))
    if missing:
        raise BaselineMissing(spec.name, missing)
    return Plan(name=spec.name, baseline=baseline, stages=tuple(_stage(spec.name, stage, objects) for stage in spec.stages))


def _stage(plan_name: str, stage: StageSpec, objects: Mapping[str, Document]) -> Stage:
    steps = tuple(
        Step(
            key=f"{plan_name}/{stage.name}/{step.id}/{step.target}",
            kind=step.kind,
            target=step.target,
            spec=step.spec,
            wanted=objects[step.object],
        )
        for step in stage.steps
    )
    return Stage(name=stage.name, steps=steps, wait=stage.wait)
