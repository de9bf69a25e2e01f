"""Attempts of a probe that are coroutines: a task for each, reported once, and nothing once cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from probes.probe import Cancel, Report
from probes.sample import Origin, Outcome, ProbeResult

log = logging.getLogger(__name__)

_TASKS: set[asyncio.Task[None]] = set()
"""The loop itself holds tasks by weak references only."""


def begin(attempt: Coroutine[Any, Any, ProbeResult], report: Report) -> Cancel:
    """What `Probe.begin` returns. An exception is ERROR, and the log has it."""
    return begin_several(_reported(attempt, report), report)


def begin_several(attempt: Coroutine[Any, Any, None], report: Report) -> Cancel:
    """For an attempt that reports by itself, several results for instance; the last with `last`."""
    task = asyncio.get_running_loop().create_task(_guarded(attempt, report))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)

    def cancel() -> None:
        task.cancel()

    return cancel


async def _reported(attempt: Coroutine[Any, Any, ProbeResult], report: Report) -> None:
    report(await attempt)


async def _guarded(attempt: Coroutine[Any, Any, None], report: Callable[[ProbeResult], None]) -> None:
    try:
        await attempt
    except Exception as error:
        log.exception("an attempt over HTTP raised")
        report(ProbeResult(Outcome.ERROR, None, Origin.SELF, "exception", 0, {"detail": type(error).__name__}))
