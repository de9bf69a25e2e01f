"""One `trunk` step of the configuration becomes one step per switch, set and pipe: each is verified and journaled by itself."""

from __future__ import annotations

from collections.abc import Iterator

from config.trunk_steps import TrunkStep
from reverters.plan import Document
from reverters.planner import StepSpec


def expand(step: TrunkStep) -> tuple[StepSpec, ...]:
    return tuple(
        StepSpec(id=step.id, kind=step.kind, target=target, object=f"trunk:{step.api}:{target}", spec=_where(step) | part)
        for target, part in _parts(step)
    )


def _where(step: TrunkStep) -> dict[str, object]:
    return {"api": step.api, "path": step.path, "timeout_ns": step.timeout}


def _parts(step: TrunkStep) -> Iterator[tuple[str, dict[str, Document | int]]]:
    """What each is called among all of the same API, and where it lives."""
    for switch in step.switches:
        yield f"switch:{switch.table}:{switch.key}", {"switch": {"table": switch.table, "key": switch.key, "store": switch.store}}
    for id in step.dispatcher_sets:
        yield f"set:{id}", {"set": id}
    for pipe in step.pipes:
        # The step that limits has an object of its own: its capture proves that the pipe can be limited at all.
        limited = "" if pipe.limit is None else ":limit"
        yield f"pipe:{pipe.name}{limited}", {"pipe": {"name": pipe.name, "limit": pipe.limit}}
