"""How often the socket is looked at: often enough that nothing waits, and no more."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from probes.sip.engine.target import Endpoint
from probes.sip.engine.udp import LOOKS_EVERY, UdpSocket
from tests.probes.sip.attacker import until


class Looks:
    """The real socket, and how often it was read."""

    def __init__(self, of: socket.socket) -> None:
        self._of = of
        self.count = 0

    def recvfrom_into(self, buffer: memoryview) -> tuple[int, Endpoint]:
        self.count += 1
        return self._of.recvfrom_into(buffer)

    def __getattr__(self, name: str) -> object:
        return getattr(self._of, name)


class Watched:
    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.socket = UdpSocket(
            asyncio.get_running_loop(), socket.AF_INET, "127.0.0.1",
            on_datagram=lambda data, *_: self.arrived.append(data), on_error=lambda *_: None,
        )  # fmt: skip
        self.looks = Looks(self.socket._socket)
        self.socket._socket = self.looks  # type: ignore[assignment]

    async def hear(self, sender: socket.socket, *data: bytes) -> int:
        """In how many turns of the loop."""
        expected = [*self.arrived, *data]
        for datagram in data:
            sender.sendto(datagram, ("127.0.0.1", self.socket.port))
        turns = await until(lambda: len(self.arrived) >= len(expected))
        assert self.arrived == expected
        return turns


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    yield made
    made.socket.close()


async def test_while_datagrams_come_one_by_one_few_looks_are_in_vain(watched: Watched, other: socket.socket) -> None:
    rounds = 4 * LOOKS_EVERY
    for number in range(rounds):
        await watched.hear(other, b"%d" % number)
    assert watched.looks.count <= rounds + rounds // LOOKS_EVERY + 1


async def test_a_burst_after_single_ones_is_heard_whole_and_in_order(watched: Watched, other: socket.socket) -> None:
    for number in range(3):
        await watched.hear(other, b"%d" % number)
    await watched.hear(other, *(b"burst %d" % number for number in range(200)))


async def test_once_they_come_in_bursts_a_wakeup_takes_all_of_them(watched: Watched, other: socket.socket) -> None:
    burst = [b"%d" % number for number in range(40)]
    await watched.hear(other, *burst)
    await watched.hear(other, *burst)
    assert await watched.hear(other, *burst) <= 2
