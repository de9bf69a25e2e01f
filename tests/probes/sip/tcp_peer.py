"""A peer on TCP that says to each message what a test wants, and tells what came over which connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

from probes.sip.engine.framing import Framer, KeepAlive
from probes.sip.engine.target import Target, Transport
from probes.sip.messages.message import Request, Response, parse, serialise
from tests.probes.sip.samples import ok

Reply = Callable[["Connection", Request], None]


class Connection(asyncio.Protocol):
    def __init__(self, peer: TcpPeer) -> None:
        self.peer = peer
        self.number = len(peer.connections)
        self.received: list[Request | Response] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer.connections.append(self)
        self.peer.heard.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self.peer.is_deaf:
            return
        self._framer.add(data)
        while (frame := self._framer.next_frame()) is not None:
            if isinstance(frame, KeepAlive):
                continue
            parsed = parse(frame)
            self.received.append(parsed)
            if isinstance(parsed, Request):
                self.peer.reply(self, parsed)
            self.peer.heard.set()

    def say(self, data: bytes) -> None:
        self.transport.write(data)

    def answer(self, request: Request, status: int = 200) -> None:
        self.say(serialise(ok(request, status)))


class TcpPeer:
    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.reply: Reply = lambda connection, request: connection.answer(request)
        self.heard = asyncio.Event()
        self.is_deaf = False
        self.target: Target

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.heard.clear()
                await self.heard.wait()


@contextlib.asynccontextmanager
async def tcp_peer(host: str = "127.0.0.1") -> AsyncIterator[TcpPeer]:
    peer = TcpPeer()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(peer), host, 0)
    address = server.sockets[0].getsockname()
    peer.target = Target(Transport.TCP, (address[0], address[1]))
    try:
        yield peer
    finally:
        server.close()
        for connection in peer.connections:
            connection.transport.abort()
        for connection in peer.connections:
            await connection.lost
        await server.wait_closed()
