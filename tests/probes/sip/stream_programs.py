"""Programs that share no code with us, as peers of TCP and TLS connections: openssl and sipp."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from probes.sip.engine.target import Endpoint
from tests.peers import need
from tests.peers.certificates import Pair
from tests.peers.sipp import answers

DEADLINE_S = 20.0
_LISTENING = "0A"


class SServer:
    """`openssl s_server`, for one connection."""

    def __init__(self, process: subprocess.Popen[bytes], address: Endpoint) -> None:
        self._process = process
        self.address = address

    def say(self, data: bytes) -> None:
        """To whoever is connected. A line end goes first: at the start of what it is given a letter is a command to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n" + data)
        self._process.stdin.flush()

    def printed(self) -> str:
        """Everything, once the connection is over."""
        out, _ = self._process.communicate(timeout=DEADLINE_S)
        return out.decode()


@contextlib.contextmanager
def s_server(pair: Pair, *arguments: str) -> Iterator[SServer]:
    command = [need("openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1"]
    files = ["-cert", str(pair.certificate), "-key", str(pair.private_key)]
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen([*command, *files, *arguments], stdin=pipe, stdout=pipe, stderr=out) as process:
        try:
            assert process.stdout is not None
            lines = [b""]
            while not lines[-1].startswith(b"ACCEPT"):
                lines.append(process.stdout.readline())
                assert lines[-1], b"".join(lines)
            yield SServer(process, ("127.0.0.1", int(lines[-1].rpartition(b":")[2])))
        finally:
            process.kill()


@contextlib.asynccontextmanager
async def sipp_over_tcp(status: int = 200) -> AsyncIterator[Endpoint]:
    """sipp as a trunk over TCP that gives `status`."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        (Path(name) / "scenario.xml").write_text(answers(status))
        process = await asyncio.create_subprocess_exec(
            need("sipp"), "-sf", "scenario.xml", "-t", "t1", "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-timeout", "120s",
            cwd=name, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not _is_listening(port):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(process.wait(), 0.01)
                        raise RuntimeError("sipp ended before it listened")
            yield "127.0.0.1", port
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _is_listening(port: int) -> bool:
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def printed_options(text: str) -> int:
    return len(re.findall(r"^OPTIONS sip:", text, re.MULTILINE))
