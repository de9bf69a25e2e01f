"""A baseline is captured whole or not at all."""

from __future__ import annotations

import asyncio

from reverters.capture import Captured, capture
from reverters.planner import PlanSpec, StageSpec, StepSpec
from tests.reverters.world import BASELINE, CUTOVER, REFUSED, TIMEOUT, Memory


def spec(*targets: str, plan: str = "rollback") -> PlanSpec:
    steps = tuple(StepSpec("it", "memory", target, f"memory:{target}", {"name": target}) for target in targets)
    return PlanSpec(plan, (StageSpec("dns", steps),))


async def test_every_object_of_every_plan_is_read_once() -> None:
    memory = Memory(a=BASELINE, b=CUTOVER)
    found = await capture([spec("a", "b"), spec("b", plan="other")], {"memory": memory})
    assert found == Captured({"memory:a": BASELINE, "memory:b": CUTOVER}, [])
    assert sorted(memory.calls) == [("capture", "a"), ("capture", "b")]


async def test_what_cannot_be_read_is_named_with_its_reason() -> None:
    memory = Memory(a=BASELINE, b=CUTOVER, c=CUTOVER)
    memory.script = {("capture", "a"): [REFUSED], ("capture", "c"): [TIMEOUT]}
    found = await capture([spec("a", "b", "c")], {"memory": memory})
    assert found == Captured({"memory:b": CUTOVER}, ["a: REFUSED", "c: no answer"])


async def test_objects_are_read_in_parallel() -> None:
    memory = Memory(a=BASELINE, b=CUTOVER)
    memory.hold = {("capture", "a"): asyncio.Event()}
    going = asyncio.create_task(capture([spec("a", "b")], {"memory": memory}))
    await memory.until_asked("capture", "b")
    memory.hold["capture", "a"].set()
    assert not (await going).troubles


async def test_plans_without_objects_capture_nothing() -> None:
    assert await capture([], {}) == Captured({}, [])
