"""Reads every object that the plans restore, in parallel. All of them or none: half a baseline is not one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reverters.plan import Document
from reverters.planner import PlanSpec, StepSpec
from reverters.step import Reverter, Trouble


@dataclass(frozen=True, slots=True)
class Captured:
    """`troubles` says, per object that could not be read, why."""

    objects: Mapping[str, Document]
    troubles: list[str]


async def capture(specs: Iterable[PlanSpec], reverters: Mapping[str, Reverter]) -> Captured:
    steps: dict[str, StepSpec] = {step.object: step for spec in specs for step in spec.steps()}
    found = await asyncio.gather(*(reverters[step.kind].capture(step.spec) for step in steps.values()))
    pairs = list(zip(steps.items(), found, strict=True))
    return Captured(
        objects={key: document for (key, _), document in pairs if not isinstance(document, Trouble)},
        troubles=[f"{step.target}: {trouble.detail}" for (_, step), trouble in pairs if isinstance(trouble, Trouble)],
    )
