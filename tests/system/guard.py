"""The installed `cutoverd run` as a process of its own, driven as an operator, the IVR and Prometheus would drive it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from daemon import client
from daemon.reply import Reply

CUTOVERD = str(Path(sys.executable).with_name("cutoverd"))
IVR_KEY = "ivr-key-for-tests"
WITHIN_S = 20.0
LISTENS = re.compile(r"webhook on port (\d+), admin on port (\d+)")

SETTINGS = """\
name: night
cutover: {{opens: {opens}, closes: {closes}, recovery_time_objective: 1m}}
server:
  webhook: {{listen: "127.0.0.1:0", keys: [{{name: ivr, secret: {{file: ivr.key}}}}]}}
  admin: {{listen: "127.0.0.1:0"}}
  control: {folder}
store: {{url: "sqlite://{folder}/night.db"}}
probes:
  trunk-new: {{kind: sip_options, path: new, target: "sip:127.0.0.1:{new}", {cadence}}}
{old}
{more}
gates:
  inbound:
    trip: {{consecutive: 3, probes: [trunk-new]}}
    {compare}
    recover: {{consecutive: 3}}
    on_trip: [{{run: rollback, confirm_for: {confirm_for}}}]
plans:
  rollback:
    stages:
{stages}
"""

STAGE = """\
      - name: {name}
        steps:
          - kind: dns
            provider: {{rfc2136: {{server: "{server}", timeout: 1s, key: {{name: cutover, secret: {{file: tsig.key}}}}}}}}
            authoritative: ["{authoritative}"]
            zone: example.net.
            records: [{{name: {record}, type: A}}]
"""
OLD = '  trunk-old: {{kind: sip_options, path: baseline, target: "sip:127.0.0.1:{old}", {cadence}}}'


@dataclass(frozen=True)
class Dns:
    """Where the plan's records live: `server` takes updates, `authoritative` is asked for the proof."""

    server: str
    secret: bytes
    authoritative: str = ""
    records: tuple[str, ...] = ("sip",)


def write_settings(
    folder: Path,
    *,
    new: int,
    dns: Dns,
    old: int | None = None,
    every: str = "300ms",
    suspect_every: str | None = None,
    timeout: str = "250ms",
    confirm_for: str = "0s",
    opens: str = "2020-01-01T00:00:00Z",
    closes: str = "2099-01-01T00:00:00Z",
    more: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """One stage per record, in order. `old` adds a baseline trunk that the gate compares with, `more` further probes by name."""
    for name, content in (("ivr.key", IVR_KEY.encode()), ("tsig.key", dns.secret)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(content + b"\n")
    stages = [
        STAGE.format(name=f"stage-{record}", server=dns.server, authoritative=dns.authoritative or dns.server, record=record)
        for record in dns.records
    ]
    cadence = f"every: {every}, suspect_every: {suspect_every or every}, timeout: {timeout}"
    path = folder / "night.yaml"
    path.write_text(
        SETTINGS.format(
            folder=folder, opens=opens, closes=closes, new=new, cadence=cadence, confirm_for=confirm_for,
            old=OLD.format(old=old, cadence=cadence) if old else "",
            more="\n".join(f"  {name}: {{{probe}}}" for name, probe in more.items()),
            compare="compare_with: [trunk-old]" if old else "",
            stages="".join(stages),
        )
    )  # fmt: skip
    return path


@dataclass
class Guard:
    """One process. `log` is what it has said so far, parsed; `seen` is how far `said` has read."""

    config: Path
    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    webhook_port: int = 0
    admin_port: int = 0
    _seen: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def socket(self) -> Path:
        return self.config.parent / "night.sock"

    @property
    def database(self) -> Path:
        return self.config.parent / "night.db"

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            await self._heard(json.loads(line) if line.startswith(b"{") else {"message": line.decode()})
        await self._heard({"message": "the process ended"})

    async def _heard(self, record: dict[str, Any]) -> None:
        async with self._news:
            self.log.append(record)
            self._news.notify_all()

    async def said(self, pattern: str, *, within_s: float = WITHIN_S) -> re.Match[str]:
        """Wait for the next log line that matches; lines already matched are not read again."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: self._find(pattern) is not None)
        except TimeoutError:
            raise AssertionError(f"never said {pattern!r}; said:\n{self.told()}") from None
        index, found = self._find(pattern) or (0, None)
        assert found is not None
        self._seen = index + 1
        return found

    def _find(self, pattern: str) -> tuple[int, re.Match[str]] | None:
        for index in range(self._seen, len(self.log)):
            if found := re.search(pattern, self.log[index]["message"]):
                return index, found
        return None

    def told(self) -> str:
        return "\n".join(record["message"] for record in self.log)

    async def command(self, name: str, **arguments: Any) -> Reply:
        return await asyncio.to_thread(client.ask, self.socket, name, arguments)

    async def do(self, name: str, **arguments: Any) -> dict[str, Any]:
        reply = await self.command(name, **arguments)
        assert reply.ok, f"{name}: {reply.message}"
        return dict(reply.data)

    async def status(self) -> dict[str, Any]:
        return dict((await asyncio.to_thread(client.ask, self.socket, "status")).data)

    async def webhook(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await asyncio.to_thread(self._get, self.webhook_port, "/v1/gates/inbound"))
        return told

    async def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample of a scrape by name and labels."""
        text = (await asyncio.to_thread(self._get, self.admin_port, "/metrics")).decode()
        families = text_string_to_metric_families(text)
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    async def count(self, name: str, **labels: str) -> float:
        """The sum over every sample of `name` that carries these labels."""
        return sum(v for (found, has), v in (await self.metrics()).items() if found == name and set(labels.items()) <= has)

    def _get(self, port: int, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"X-Api-Key": IVR_KEY})
            return connection.getresponse().read()
        finally:
            connection.close()

    async def answers(self, wanted: str) -> dict[str, Any]:
        """Ask as the IVR does, again and again, until the answer is `wanted`."""
        async with asyncio.timeout(WITHIN_S):
            while (told := await self.webhook())["cutoverStatus"] != wanted:
                pass  # each question is a round trip over HTTP: this does not spin
        return told

    async def prepare(self, cut_over: Callable[[], Any]) -> str:
        """Baseline, cutover, open, armed: the plan's digest. The gate is HEALTHY and callers are told OK."""
        await self.do("baseline-capture")
        await cut_over()
        await self.do("open")
        await self.answers("OK")
        digest = str((await self.do("plan"))["plans"][0]["digest"])
        await self.do("arm", plan=[digest])
        return digest

    def kill(self) -> None:
        """As the kernel does when memory runs out: no handler, no farewell."""
        self.process.send_signal(signal.SIGKILL)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)


@contextlib.asynccontextmanager
async def guard(config: Path, environ: Mapping[str, str] | None = None, *, within: Sequence[str] = ()) -> AsyncIterator[Guard]:
    """Started and listening; ended when the block is left, however it stands then. `within` runs the command."""
    process = await asyncio.create_subprocess_exec(
        *within, CUTOVERD, "run", "-c", str(config), "--log-json", stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, env=environ, limit=1 << 20,
    )  # fmt: skip
    running = Guard(config, process)
    reading = asyncio.create_task(running.read_log())
    try:
        ports = await running.said(LISTENS.pattern)
        running.webhook_port, running.admin_port = int(ports[1]), int(ports[2])
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def cli(*arguments: str, config: Path) -> tuple[int, str]:
    """The installed command as an operator types it: exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        CUTOVERD, *arguments, "-c", str(config), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, printed.decode()
