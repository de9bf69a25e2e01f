"""The daemon's own loop held for three seconds: the very next answer is DEGRADED, and the watchdog hears nothing meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
from pathlib import Path
from typing import Any

from config.load import load
from daemon import client
from daemon.app import App, composed
from daemon.supervisor import Listening, supervise
from lab.sip import Answer, Request, Silent, Uas
from probes import clock
from probes.sample import NS_PER_S
from tests.system.guard import IVR_KEY, Dns, write_settings

HELD_NS = 3 * NS_PER_S
REQUEST = f"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nX-Api-Key: {IVR_KEY}\r\n\r\n".encode()


class Ivr:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)

    def ask(self) -> None:
        """Puts the question on its way, without the loop."""
        assert self.socket.send(REQUEST) == len(REQUEST)

    async def told(self) -> dict[str, Any]:
        loop, heard = asyncio.get_running_loop(), b""
        async with asyncio.timeout(10):
            while b"\r\n\r\n" not in heard or not heard.endswith(b"}"):
                heard += await loop.sock_recv(self.socket, 4096)
        found: dict[str, Any] = json.loads(heard.partition(b"\r\n\r\n")[2])
        return found


def hold(ivr: Ivr) -> None:
    """A callback that does not come back for three seconds; the question comes in while it runs."""
    until_ns = clock.mono_ns() + HELD_NS
    ivr.ask()
    while clock.mono_ns() < until_ns:
        pass


def petted(notifications: socket.socket) -> int:
    """How many times since the last look."""
    count = 0
    while True:
        try:
            count += notifications.recv(4096).count(b"WATCHDOG=1")
        except BlockingIOError:
            return count


async def until_ok(ivr: Ivr) -> None:
    async with asyncio.timeout(10):
        while True:
            ivr.ask()
            if (await ivr.told())["cutoverStatus"] == "OK":
                return


async def opened(app: App) -> None:
    reply = await asyncio.to_thread(client.ask, app.control_path, "open", {})
    assert reply.ok, reply.message


async def test_after_a_held_loop_nothing_is_ok_until_samples_sent_since_then_arrive(tmp_path: Path) -> None:
    answering = True

    def behaviour(request: Request) -> Answer | Silent:
        return Answer(200) if answering else Silent()

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.bind(str(tmp_path / "notify"))
        notifications.setblocking(False)
        environ = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        async with Uas(behaviour) as new:
            config = write_settings(tmp_path, new=new.port, dns=Dns("127.0.0.1:9", b"c2VjcmV0"), every="200ms")
            # Old enough results would take OK away by themselves.
            config.write_text(config.read_text().replace("    recover:", "    max_age: 60s\n    recover:"))
            stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
            async with composed(load(config).settings, environ=environ, rng=random.Random(1)) as app:
                running = asyncio.create_task(supervise(app, stop=stop, listening=listening.set_result))
                ports: Listening = await listening
                ivr = Ivr(ports.webhook)
                try:
                    await opened(app)
                    await until_ok(ivr)
                    async with asyncio.timeout(10):
                        while not petted(notifications):
                            await asyncio.sleep(0)

                    answering = False  # what is sent from here on gets no answer: nothing new can be known
                    hold(ivr)
                    held_until_ns = clock.mono_ns()
                    assert petted(notifications) <= 1  # at most what was under way as the loop was taken
                    first = await ivr.told()
                    assert first["cutoverStatus"] == "DEGRADED"
                    assert first["reason"] in ("judge-lagging", "disturbed")

                    for _ in range(20):
                        ivr.ask()
                        assert (await ivr.told())["cutoverStatus"] == "DEGRADED"

                    answering = True
                    await until_ok(ivr)
                    sent = app.board.gates["inbound"].inputs["trunk-new"].sent
                    assert sent is not None
                    assert sent.mono_ns > held_until_ns
                finally:
                    ivr.socket.close()
                    stop.set()
                    await running
