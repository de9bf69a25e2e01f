"""A real Prometheus, configured as shipped but in a hurry: it scrapes some daemons and evaluates the shipped rules."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tests.observability import shipped
from tests.peers import need
from tests.peers.knot import free_port

T = TypeVar("T")

HURRY = "500ms"
"""Also the time that a scrape may take: a busy machine needs some."""
WITHIN_S = 20.0
ROUND_TRIP_S = 5.0
BETWEEN_S = 0.05
READY = "Server is ready to receive web requests"


@dataclass(frozen=True)
class Prometheus:
    """`log` is what it has said, once it has ended."""

    port: int
    log: asyncio.Task[str]

    async def ask(self, path: str) -> Any:
        """The `data` of one answer of the HTTP API."""
        return await asyncio.to_thread(self._ask, path)

    def _ask(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ROUND_TRIP_S)
        try:
            connection.request("GET", f"/api/v1/{path}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", f"{path}: {answer.get('error')}"
        return answer["data"]

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector at this moment. An expression that Prometheus does not accept fails the test."""
        data = await self.ask(f"query?query={quote(expression)}")
        assert data["resultType"] == "vector", data
        return list(data["result"])

    async def alert(self, name: str) -> list[dict[str, Any]]:
        """Its active alerts, pending or firing."""
        return [alert for alert in (await self.ask("alerts"))["alerts"] if alert["labels"]["alertname"] == name]

    async def rules(self) -> list[dict[str, Any]]:
        return [rule for group in (await self.ask("rules"))["groups"] for rule in group["rules"]]

    async def until(self, asked: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
        """Ask until the answer will do; between two questions only Prometheus' end is worth waiting for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN_S
        while not holds(answer := await asyncio.wait_for(asked(), ROUND_TRIP_S)):
            assert loop.time() < deadline, f"after {WITHIN_S} s still {answer}"
            ended, _ = await asyncio.wait({self.log}, timeout=BETWEEN_S)
            assert not ended, self.log.result()
        return answer

    async def has(self, expression: str) -> list[dict[str, Any]]:
        """Wait until the expression selects something."""
        return await self.until(lambda: self.query(expression), bool)


def configuration(*targets: str) -> dict[str, Any]:
    """The shipped example, for `targets` (host:port each), with intervals that suit a test and nobody to send alerts to."""
    config: dict[str, Any] = shipped.read_yaml(shipped.PROMETHEUS)
    config["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), HURRY)
    (job,) = config["scrape_configs"]
    job |= {"scrape_interval": HURRY, "static_configs": [{"targets": [*targets]}]}
    config["rule_files"] = [str(shipped.RULES)]
    del config["alerting"]
    return config


@contextlib.asynccontextmanager
async def prometheus(folder: Path, *targets: str) -> AsyncIterator[Prometheus]:
    """Ready and scraping; ended when the block is left."""
    program = Path(need("promtool")).with_name("prometheus")  # both come in one package
    config, port, data = folder / "prometheus.json", free_port(), folder / "tsdb"
    config.write_text(json.dumps(configuration(*targets)))
    process = await asyncio.create_subprocess_exec(
        str(program), f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    ready = asyncio.Event()
    log = asyncio.create_task(_read(process.stderr, ready))
    started = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({started, log}, timeout=WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        assert ready.is_set(), log.result() if log.done() else f"not ready after {WITHIN_S} s"
        yield Prometheus(port, log)
    finally:
        started.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
        await log


async def _read(stream: asyncio.StreamReader, ready: asyncio.Event) -> str:
    told = []
    async for line in stream:
        told.append(line.decode())
        if READY in told[-1]:
            ready.set()
    return "".join(told)
