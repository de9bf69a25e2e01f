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
from reverters.entries import Body, Closed, Halted, Planned
from reverters.journal import JournalEntry

LOOK_S = 0.05


class Night:
    """Commands go over the control socket and questions over HTTP, exactly as from outside."""

    def __init__(self, world: World, config: Path, narrator: Narrator, observers: Observers, rng: random.Random) -> None:
        self.world = world
        self._config = config
        self._narrator = narrator
        self._observers = observers
        self._rng = rng
        self._key = (config.parent / "ivr.key").read_text().strip()
        self._entries: asyncio.Queue[JournalEntry] = asyncio.Queue()
        self._running = contextlib.AsyncExitStack()
        observers.entry.register("night", lambda entry, seconds: self._entries.put_nowait(entry))

    async def start(self) -> None:
        self._app, self._ports = await self._running.enter_async_context(_daemon(self._config, self._observers, self._rng))
        self.say(f"the daemon listens: webhook on port {self._ports.webhook}, metrics on port {self._ports.admin}")
        self.say("")

    async def stop(self) -> None:
        await self._running.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def mend_key(self) -> None:
        (self._config.parent / "tsig.key").write_text(self.world.secret + "\n")

    def say(self, text: str) -> None:
        self._narrator.say(text)

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        reply = await asyncio.to_thread(client.ask, self._app.control_path, name, arguments)
        if not reply.ok:
            raise Stuck(f"{name}: {reply.message}")
        return dict(reply.data)

    async def webhook(self) -> dict[str, Any]:
        return await asyncio.to_thread(_ask, self._ports.webhook, self._key)

    async def until(self, *, within_s: float, **wanted: str) -> dict[str, Any]:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    told = await self.webhook()
                    if wanted.items() <= told.items():
                        return told
                    await asyncio.sleep(LOOK_S)
        raise Stuck(f"the webhook did not say {wanted} within {within_s:g} s")

    async def run_ended(self, *, within_s: float) -> dict[str, Any]:
        body = await self._next(Closed, Halted, within_s=within_s)
        if isinstance(body, Halted):
            return {"kind": "halted", "detail": f"{body.step}: {body.detail}"}
        if not isinstance(body, Closed):
            raise Stuck(f"the run did not end within {within_s:g} s")
        objective = self._app.settings.cutover.recovery_time_objective
        return {"kind": "closed", "recovery_s": body.recovery_ns / NS_PER_S, "objective_s": objective / NS_PER_S}

    async def no_run(self, *, for_s: float) -> None:
        if await self._next(Planned, within_s=for_s):
            raise Stuck("a run began")

    async def _next(self, *kinds: type[Body], within_s: float) -> Body | None:
        """The next entry of these kinds, or None when none comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    body = (await self._entries.get()).body
                    if isinstance(body, kinds):
                        return body
        return None


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
        config = scene.write_settings(folder, now=now, confirm_for=scenario.confirm_for, wrong_key=scenario.wrong_key)
        night = Night(scene, config, narrator, observers, rng)
        await night.start()
        try:
            return await scenario.script(night)
        finally:
            await night.stop()
