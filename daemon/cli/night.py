"""One night in the lab: starts the real daemon against the world and plays a scenario on it with an operator's means."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.load import load
from daemon import client
from daemon.app import App, composed
from daemon.cli.narrator import Narrator, zone
from daemon.observe import Observers
from daemon.supervisor import Listening, supervise
from lab.scenarios import Scenario, Stuck
from lab.world import World, world
from probes import clock
from probes.sample import NS_PER_S
from reverters.entries import Closed, Halted
from reverters.journal import JournalEntry

LOOK_S = 0.05


class Night:
    """Commands go over the control socket and questions over HTTP, exactly as from outside."""

    def __init__(self, world: World, app: App, ports: Listening, narrator: Narrator, key: str) -> None:
        self.world = world
        self._app = app
        self._ports = ports
        self._narrator = narrator
        self._key = key
        self._ended: asyncio.Queue[JournalEntry] = asyncio.Queue()
        app.observers.entry.register("night", self._appended)

    def say(self, text: str) -> None:
        self._narrator.say(text)

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        reply = await asyncio.to_thread(client.ask, self._app.control_path, name, arguments)
        if not reply.ok:
            raise Stuck(f"{name}: {reply.message}")
        return dict(reply.data)

    async def webhook(self) -> dict[str, Any]:
        return await asyncio.to_thread(_ask, self._ports.webhook, self._key)

    async def until_answer(self, answer: str, *, within_s: float) -> dict[str, Any]:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    told = await self.webhook()
                    if told["cutoverStatus"] == answer:
                        return told
                    await asyncio.sleep(LOOK_S)
        raise Stuck(f"the webhook did not answer {answer} within {within_s:g} s")

    async def until_closed(self, *, within_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within_s):
                entry = await self._ended.get()
        except TimeoutError:
            raise Stuck(f"the run did not end within {within_s:g} s") from None
        body = entry.body
        if not isinstance(body, Closed):
            raise Stuck(f"the run halted: {body}")
        objective = self._app.settings.cutover.recovery_time_objective
        return {"outcome": body.outcome, "recovery_s": body.recovery_ns / NS_PER_S, "objective_s": objective / NS_PER_S}

    def _appended(self, entry: JournalEntry, seconds: float) -> None:
        if isinstance(entry.body, Closed | Halted):
            self._ended.put_nowait(entry)


def _ask(port: int, key: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/gates/inbound", headers={"Authorization": f"Bearer {key}"})
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        return told
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def _daemon(config: Path, observers: Observers, rng: random.Random) -> AsyncIterator[tuple[App, Listening]]:
    """The real daemon, in this loop, from a configuration file."""
    stop, ports = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with composed(load(config).settings, environ=os.environ, rng=rng, observers=observers) as app:
        running = asyncio.create_task(supervise(app, stop=stop, listening=ports.set_result))
        await asyncio.wait((running, ports), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        try:
            yield app, ports.result()
        finally:
            stop.set()
            await running


async def play(scenario: Scenario, folder: Path, *, secret: bytes, rng: random.Random, say: Callable[[str], None]) -> bool:
    """Whether the world ended as the scenario says it must. Raises `Stuck`."""
    narrator, observers = Narrator(say), Observers()
    narrator.observe(observers)
    now = datetime.fromtimestamp(clock.read().utc_ns / NS_PER_S, UTC)
    say(zone(now))
    async with world(secret=secret) as scene:
        config = scene.write_settings(folder, now=now, confirm_for=scenario.confirm_for)
        key = (folder / "ivr.key").read_text().strip()
        async with _daemon(config, observers, rng) as (app, ports):
            say(f"the daemon listens: webhook on port {ports.webhook}, metrics on port {ports.admin}\n")
            return await scenario.script(Night(scene, app, ports, narrator, key))
