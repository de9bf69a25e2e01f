"""Kamailio, an independent SIP server, as a registrar with digest on a free loopback port, over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers import need
from tests.peers.sipp import free_udp_port

CONFIG = (Path(__file__).parent / "data" / "kamailio.cfg").read_text()
TLS_CONFIG = """\
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = {certificate}
private_key = {key}
"""

DOMAIN = "example.net"
USER, PASSWORD = "alice", "correct horse"
START_S = 20
ORDER_S = 10
PORTS_TRIED = 5
ENDED = "kamailio ended\n"


@dataclass
class Kamailio:
    """`log` is what it has said so far."""

    port: int
    tls_port: int
    orders: Path
    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            await self._note(line.decode(errors="replace"))
        await self._note(ENDED)

    async def _note(self, line: str) -> None:
        async with self._news:
            self.log.append(line)
            self._news.notify_all()

    def said(self, word: str) -> list[str]:
        """The lines of its script that begin with `word`: ARRIVED, CHALLENGED, SAVED."""
        return [line.partition(f" {word} ")[2].strip() for line in self.log if f" {word} " in line]

    async def until(self, met: Callable[[], bool], *, within: float = START_S) -> None:
        """Until the log satisfies `met`; a TimeoutError carries the log."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(met)
        except TimeoutError:
            raise TimeoutError("".join(self.log[-40:])) from None

    def has_settled(self) -> bool:
        """Whether it listens, or never will."""
        return any("READY" in line or line == ENDED for line in self.log)

    def forget(self, user: str = USER) -> None:
        """Lose every binding of the user, as an operator would order it."""
        self._order("ul.rm", "location", f"{user}@{DOMAIN}")

    def _order(self, method: str, *params: str) -> None:
        reply_to = self.orders.with_suffix(".reply")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as us:
            us.bind(str(reply_to))
            us.settimeout(ORDER_S)
            us.connect(str(self.orders))
            us.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
            reply = json.loads(us.recv(65_536))
        reply_to.unlink()
        assert "error" not in reply, reply


@contextlib.asynccontextmanager
async def kamailio(
    *,
    algorithm: str = "MD5",
    password: str = PASSWORD,
    min_expires: int = 1,
    max_expires: int = 3600,
    nonce_expire: int = 300,
    certificate: tuple[Path, Path] | None = None,
) -> AsyncIterator[Kamailio]:
    """A registrar for DOMAIN. `certificate` is PEM files of certificate and key: with them it listens for TLS too.

    Ended, by its process group's id, when the block is left.
    """
    settings = {
        "ALGORITHM": f'"{algorithm}"',
        "PASSWORD": f'"{password}"',
        "MIN_EXPIRES": f"{min_expires}",
        "MAX_EXPIRES": f"{max_expires}",
        "NONCE_EXPIRE": f"{nonce_expire}",
    }
    with tempfile.TemporaryDirectory(prefix="kamailio-") as name:
        async with contextlib.AsyncExitStack() as stack:
            yield await _started(stack, Path(name), settings, certificate)


async def _started(
    stack: contextlib.AsyncExitStack, folder: Path, settings: dict[str, str], certificate: tuple[Path, Path] | None
) -> Kamailio:
    """Somebody else may take the port between our look and its bind: then there is another."""
    for _ in range(PORTS_TRIED):
        registrar = await stack.enter_async_context(_process(folder, settings, certificate))
        await registrar.until(registrar.has_settled)
        if ENDED not in registrar.log:
            return registrar
        if not any("Address already in use" in line for line in registrar.log):
            break
    raise RuntimeError("kamailio ended before it listened: " + "".join(registrar.log))


@contextlib.asynccontextmanager
async def _process(folder: Path, settings: dict[str, str], certificate: tuple[Path, Path] | None) -> AsyncIterator[Kamailio]:
    port, tls_port = free_port(), free_port() if certificate else 0
    orders = folder / f"{port}.sock"
    settings = settings | {"PORT": f"{port}", "ORDERS": f'"{orders}"'}
    if certificate is not None:
        need("/usr/lib/*/kamailio/modules/tls.so")
        settings |= {"WITH_TLS": "", "TLS_PORT": f"{tls_port}", "TLS_CONFIG": f'"{folder / "tls.cfg"}"'}
        (folder / "tls.cfg").write_text(TLS_CONFIG.format(certificate=certificate[0], key=certificate[1]))
    (folder / "kamailio.cfg").write_text(CONFIG)
    defines = [part for key, value in settings.items() for part in ("-A", f"{key}={value}" if value else key)]
    process = await asyncio.create_subprocess_exec(
        *(need("kamailio"), "-DD", "-E", "-f", "kamailio.cfg", "-Y", str(folder), "-m", "16", "-M", "4", *defines),
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    registrar = Kamailio(port, tls_port, orders, process)
    reader = asyncio.create_task(registrar.read_log())
    try:
        yield registrar
    finally:
        # At once and with all its children: it keeps nothing, and told to stop while it still starts it may do neither.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reader


def free_port() -> int:
    """One that nobody listens on at this moment, by UDP or TCP."""
    while True:
        port = free_udp_port()
        with socket.socket() as holder, contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", port))
            return port
