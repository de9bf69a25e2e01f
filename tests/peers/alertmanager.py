"""A real Alertmanager on loopback, alone and without a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers import need
from tests.peers.knot import free_port

READY = b"Listening on"
WITHIN_S = 20.0


@dataclass(frozen=True)
class Alertmanager:
    port: int

    async def alert(self, *, ends: str | None = None, **labels: str) -> None:
        """As Prometheus tells it; `ends` in the past resolves it."""
        alert: dict[str, Any] = {"labels": labels, "annotations": {}, "startsAt": "2020-01-01T00:00:00Z"}
        if ends is not None:
            alert["endsAt"] = ends
        await asyncio.to_thread(self._post, json.dumps([alert]).encode())

    def _post(self, body: bytes) -> None:
        url, kind = f"http://127.0.0.1:{self.port}/api/v2/alerts", {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=10) as response:
            assert response.status == 200


@contextlib.asynccontextmanager
async def alertmanager(folder: Path, config: Path) -> AsyncIterator[Alertmanager]:
    """Ready; ended when the block is left."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        need("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said: list[bytes] = []
    try:
        async with asyncio.timeout(WITHIN_S):
            while READY not in (line := await process.stderr.readline()):
                assert line, b"".join(said).decode()
                said.append(line)
        reading = asyncio.create_task(process.stderr.read())
        yield Alertmanager(port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await reading
