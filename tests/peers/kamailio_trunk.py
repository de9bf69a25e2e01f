"""Kamailio as the proxy that a `trunk` step turns: it runs the example of docs/, on a free loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers import need
from tests.peers.kamailio import ENDED, PORTS_TRIED, Kamailio, free_port

EXAMPLE = Path(__file__).parents[2] / "docs" / "kamailio-trunk.cfg"
ORDER_S = 10
TABLES = {
    "version": "table_name(string) table_version(int)\nhtable:2\npl_pipes:1\n",
    "htable": "id(int,auto) key_name(string) key_type(int) value_type(int) key_value(string) expires(int,null)\n",
    "pl_pipes": "id(int,auto) pipeid(string) algorithm(string) plimit(int)\n1:register:TAILDROP:200\n2:cpu:FEEDBACK:80\n",
}


def arguments(folder: Path, *defines: str) -> list[str]:
    """How Kamailio is started with the example and what this folder holds."""
    given = (f'LIST="{folder / "dispatcher.list"}"', f'DB="text://{folder / "db"}"', *defines)
    return ["-f", str(EXAMPLE), "-m", "16", "-M", "4", *(part for each in given for part in ("-A", each))]


def write(folder: Path, destinations: str) -> None:
    """The tables, and the list of destinations: lines of `set uri flags priority`."""
    (folder / "db").mkdir()
    for name, text in TABLES.items():
        (folder / "db" / name).write_text(text)
    (folder / "dispatcher.list").write_text(destinations)


@dataclass
class Proxy:
    port: int
    folder: Path
    defines: tuple[str, ...]
    kamailio: Kamailio | None = None
    reader: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> Kamailio:
        assert self.kamailio is not None
        return self.kamailio

    async def order(self, method: str, *params: str | int) -> Any:
        """What an operator orders by hand. The result; an error fails the test."""
        reply = await asyncio.to_thread(self._post, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert "error" not in reply, reply
        return reply["result"]

    def _post(self, document: dict[str, Any]) -> dict[str, Any]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ORDER_S)) as us:
            us.request("POST", "/RPC", json.dumps(document), {"Content-Type": "application/json"})
            found: dict[str, Any] = json.loads(us.getresponse().read())
            return found

    async def start(self) -> bool:
        """Whether it listens; False when somebody has taken the port."""
        run = self.folder / "run"
        run.mkdir(exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(need("kamailio"), "-DD", "-E", "-Y", str(run), *arguments(self.folder, *self.defines)),
            cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.kamailio = Kamailio(self.port, 0, run, process)
        self.reader = asyncio.create_task(self.kamailio.read_log())
        await self.kamailio.until(self.kamailio.has_settled)
        if ENDED not in self.kamailio.log:
            return True
        log = "".join(self.kamailio.log)
        assert "Address already in use" in log, log
        return False

    async def restart(self) -> None:
        """In order, as an operator does it: what is in memory alone is gone."""
        self.running.process.terminate()
        async with asyncio.timeout(ORDER_S):
            await self.running.process.wait()
        await self.end()
        assert await self.start()

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.process.pid, signal.SIGKILL)
        await self.running.process.wait()
        if self.reader is not None:
            await self.reader


@contextlib.asynccontextmanager
async def proxy(destinations: str, *defines: str) -> AsyncIterator[Proxy]:
    """Ended, by its process group's id, when the block is left."""
    with tempfile.TemporaryDirectory(prefix="kamailio-") as name:
        folder = Path(name)
        write(folder, destinations)
        for _ in range(PORTS_TRIED):
            port = free_port()
            made = Proxy(port, folder, (f"LISTEN=127.0.0.1:{port}", *defines))
            try:
                if await made.start():
                    yield made
                    return
            finally:
                await made.end()
        raise RuntimeError("no free port was found")
