"""A DNS relay over UDP that a test puts before a name server: questions pass at once, updates can be held, released or lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

UPDATE = 5
"""The opcode of RFC 2136, in the third octet of a message."""


class Hold(Enum):
    """Where an update stops: on its way to the name server, or its answer on the way back."""

    NOTHING = "nothing"
    REQUEST = "request"
    RESPONSE = "response"


@dataclass
class Held:
    """One message that the relay keeps until the test says `forward` or `drop`."""

    wire: bytes
    _decided: asyncio.Future[bool]

    def forward(self) -> None:
        self._decided.set_result(True)

    def drop(self) -> None:
        self._decided.set_result(False)


@dataclass
class Relay:
    """`server` is where clients send to; `hold` may be changed at any time. `held` yields each message as it is kept."""

    behind: str
    hold: Hold = Hold.NOTHING
    server: str = ""
    queries: int = 0
    updates: int = 0
    held: asyncio.Queue[Held] = field(default_factory=asyncio.Queue)

    async def next_held(self, *, within: float = 10) -> Held:
        """Wait until an update (or its answer) is in the relay's hand."""
        async with asyncio.timeout(within):
            return await self.held.get()

    async def keep(self, wire: bytes) -> bool:
        held = Held(wire, asyncio.get_running_loop().create_future())
        self.held.put_nowait(held)
        return await held._decided


class _Front(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay, tasks: set[asyncio.Task[None]]) -> None:
        self.relay, self.tasks = relay, tasks
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # Python 3.11's own is not an instance of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self.pass_on(data, addr))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def pass_on(self, wire: bytes, client: tuple[str, int]) -> None:
        update = len(wire) > 2 and wire[2] >> 3 & 15 == UPDATE
        self.relay.updates += update
        self.relay.queries += not update
        hold = self.relay.hold if update else Hold.NOTHING
        if hold is Hold.REQUEST and not await self.relay.keep(wire):
            return
        answer = await _asked(self.relay.behind, wire)
        if hold is Hold.RESPONSE and not await self.relay.keep(answer):
            return
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(answer, client)


class _Back(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answer.done():
            self.answer.set_result(data)


async def _asked(server: str, wire: bytes) -> bytes:
    host, _, port = server.rpartition(":")
    transport, back = await asyncio.get_running_loop().create_datagram_endpoint(_Back, remote_addr=(host.strip("[]"), int(port)))
    try:
        transport.sendto(wire)
        return await back.answer
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def relay(behind: str, *, hold: Hold = Hold.NOTHING) -> AsyncIterator[Relay]:
    """Relay to the name server `behind` (host:port) until the block ends; what is held then is lost."""
    middle = Relay(behind, hold)
    tasks: set[asyncio.Task[None]] = set()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Front(middle, tasks), local_addr=("127.0.0.1", 0)
    )
    middle.server = "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    try:
        yield middle
    finally:
        transport.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
