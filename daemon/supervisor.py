"""Runs a composed daemon: starts the listeners and the tasks, waits, and stops in order.

A core task that ends by itself is a defect of ours: it ends the process, and systemd starts it again from the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from daemon.app import App

log = logging.getLogger(__name__)

INTERRUPT_S = 3.0
"""How long a request of a run may still take when we are told to stop; systemd and the contract allow 5 s in all."""

CANCEL_S = 0.5


@dataclass(frozen=True, slots=True)
class Listening:
    """The ports that were really taken: configuration may ask for port 0."""

    webhook: int
    admin: int


async def supervise(app: App, *, stop: asyncio.Event, listening: Callable[[Listening], None]) -> None:
    """Until `stop` is set. Raises OSError when an address is taken, ControlRefused when the socket is."""
    async with contextlib.AsyncExitStack() as stack:
        await app.control.open(app.control_path)
        stack.push_async_callback(app.control.close)
        webhook_at, admin_at = app.settings.server.webhook.listen, app.settings.server.admin.listen
        webhook = await app.webhook.serve(webhook_at.host, webhook_at.port)
        stack.push_async_callback(webhook.close)
        admin = await app.admin.serve(admin_at.host, admin_at.port)
        stack.push_async_callback(admin.close)
        tasks = [
            asyncio.create_task(coroutine, name=name)
            for name, coroutine in (
                ("judge", app.judge.run()),
                ("writer", app.writer.run()),
                ("runs", app.runs.run()),
                ("probes", app.probes.run()),
                ("reloads", app.reloads.run()),
            )
        ]
        stack.push_async_callback(_wind_down, app, tasks)
        listening(Listening(webhook=webhook.port, admin=admin.port))
        app.notifier.ready(f"phase {app.board.cutover.phase}")
        await _until_stopped(tasks, stop)
        app.notifier.stopping("stopping in order")


async def _until_stopped(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((*tasks, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    for task in tasks:
        if task.done():
            task.result()
            raise RuntimeError(f"the {task.get_name()} task ended by itself")


async def _wind_down(app: App, tasks: list[asyncio.Task[None]]) -> None:
    """The run first, while the writer can still record its answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(INTERRUPT_S):
            await app.runs.interrupt("the daemon was told to stop")
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=CANCEL_S)
    for task in late:
        task.cancel()  # it still hopes for an answer; its intent is durable, so the next start asks the world
    await asyncio.gather(*tasks, return_exceptions=True)
    log.info("stopped")
