"""A peer on a real socket that replies with whatever bytes a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from probes.sip.messages.message import Request, parse, serialise
from tests.probes.sip.samples import Local, ok

Reply = Callable[[Request], list[bytes]]


class Peer(asyncio.DatagramProtocol):
    """Replies to each request with whatever bytes `reply` gives; keeps what arrived."""

    def __init__(self) -> None:
        self.reply: Reply = lambda request: [serialise(ok(request))]
        self.requests: list[tuple[Request, Local]] = []
        self.transport: asyncio.DatagramTransport
        self.arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Local) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        self.requests.append((request, addr))
        self.arrived.set()
        for datagram in self.reply(request):
            self.transport.sendto(datagram, addr)

    @property
    def address(self) -> Local:
        host, port = self.transport.get_extra_info("sockname")[:2]
        return host, port
