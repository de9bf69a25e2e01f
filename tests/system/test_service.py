"""What systemd hears from the installed daemon, over a socket like its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.sip import Uas
from tests.system.guard import Dns, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        yield listener


async def _hear(listener: socket.socket, wanted: str) -> list[str]:
    """Everything said until `wanted`, which included."""
    said: list[str] = []
    async with asyncio.timeout(10):
        while wanted not in said:
            said += (await asyncio.get_running_loop().sock_recv(listener, 4096)).decode().splitlines()
    return said


async def test_ready_once_it_listens_then_petted_by_the_judge_then_stopping(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        with _listening(tmp_path / "notify") as listener:
            environ = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
            async with guard(config, environ) as running:
                assert (await _hear(listener, "READY=1"))[0] == "READY=1"
                await _hear(listener, "WATCHDOG=1")
                await _hear(listener, "WATCHDOG=1")
                await running.end(signal.SIGTERM)
                assert "STOPPING=1" in await _hear(listener, "STOPPING=1")


async def test_a_judge_that_stands_still_is_not_petted(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        with _listening(tmp_path / "notify") as listener:
            environ = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
            async with guard(config, environ) as running:
                await _hear(listener, "WATCHDOG=1")
                running.process.send_signal(signal.SIGSTOP)
                while Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
                    await asyncio.sleep(0)
                with contextlib.suppress(BlockingIOError):
                    while listener.recv(4096):  # what was sent before it stood still
                        pass
                try:
                    async with asyncio.timeout(0.6):
                        heard = await asyncio.get_running_loop().sock_recv(listener, 4096)
                except TimeoutError:
                    heard = b""
                running.process.send_signal(signal.SIGCONT)
                assert heard == b""
                await _hear(listener, "WATCHDOG=1")
