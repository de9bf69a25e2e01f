"""A whole daemon on the test's own loop, its configuration in a file that can be written anew and reloaded."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.load import load
from config.loaded import Loaded
from daemon import live
from daemon.app import App, composed
from daemon.observe import Observers
from daemon.reply import Reply
from daemon.supervisor import Listening, supervise
from gates.gate import Gate
from probes import clock
from probes.sample import Outcome, Sample
from reverters.journal import JournalEntry

ENVIRON = {"IVR": "ivr-key", "PASSWORD": "secret"}

TEXT = """\
name: night
cutover: {{opens: 2020-01-01T00:00:00Z, closes: 2099-01-01T00:00:00Z}}
server:
  webhook: {{listen: "127.0.0.1:0", keys: [{{name: ivr, secret: {{env: IVR}}}}]}}
  admin: {{listen: "127.0.0.1:0"}}
  control: {folder}
store: {{url: "sqlite://{folder}/night.db"}}
recording:
probes:
{probes}
gates:
{gates}
"""


def trunk(port: int, more: str = "") -> str:
    return f'{{kind: sip_options, path: new, target: "sip:127.0.0.1:{port}", every: 100ms, timeout: 90ms{more}}}'


def gate(*probes: str, more: str = "") -> str:
    return f"{{trip: {{probes: [{', '.join(probes)}]{more}}}, max_age: 10s}}"


@dataclass
class Bench:
    app: App
    file: Path
    environ: dict[str, str]
    samples: list[Sample] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)

    def write(self, probes: Mapping[str, str], gates: Mapping[str, str]) -> None:
        self.file.write_text(text(self.file.parent, probes, gates))

    async def reload(self, actor: str = "op") -> Reply:
        async with asyncio.timeout(20):
            return await self.app.reloads.reload(actor)

    async def until(self, what: Callable[[], object]) -> None:
        """Looks after each turn of the loop; the daemon's own timers let it rest in between."""
        async with asyncio.timeout(20):
            while not what():
                await asyncio.get_running_loop().run_in_executor(None, int)

    async def passed(self, *probes: str) -> None:
        """A new PASS of each, from now on."""
        seen = len(self.samples)
        await self.until(lambda: set(probes) <= {s.probe for s in self.samples[seen:] if s.result.outcome is Outcome.PASS})

    def gate(self, name: str = "inbound") -> Gate:
        return self.app.board.gates[name]

    def commands(self) -> list[tuple[str, Any]]:
        bodies: list[Any] = [entry.body for entry in self.entries if entry.kind == "operated"]
        return [(body.command, body.arguments) for body in bodies]


def text(folder: Path, probes: Mapping[str, str], gates: Mapping[str, str]) -> str:
    blocks = ["\n".join(f"  {name}: {value}" for name, value in each.items()) for each in (probes, gates)]
    return TEXT.format(folder=folder, probes=blocks[0], gates=blocks[1])


@contextlib.asynccontextmanager
async def daemon(folder: Path, probes: Mapping[str, str], gates: Mapping[str, str]) -> AsyncIterator[Bench]:
    """Reads its file in this process; everything else is as it is when installed."""
    environ, file = dict(ENVIRON), folder / "night.yaml"
    file.write_text(text(folder, probes, gates))
    observers, stop, listens = Observers(), asyncio.Event(), asyncio.Event()

    async def read(path: str) -> Loaded:
        return load(path, secrets_from=environ)

    def listening(_: Listening) -> None:
        listens.set()

    loaded = load(file)
    origin = live.of(loaded, str(file), utc_ns=clock.read().utc_ns)
    rng = random.Random(1)
    async with composed(loaded.settings, environ=environ, rng=rng, observers=observers, live=origin, read=read) as app:
        bench = Bench(app, file, environ)
        observers.sample.register("bench", lambda sample, _: bench.samples.append(sample))
        observers.entry.register("bench", lambda entry, _: bench.entries.append(entry))
        running = asyncio.create_task(supervise(app, stop=stop, listening=listening))
        try:
            async with asyncio.timeout(10):
                await listens.wait()
            yield bench
        finally:
            stop.set()
            await running
