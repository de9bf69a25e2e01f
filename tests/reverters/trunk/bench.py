"""Gateways behind a real Kamailio, somebody who calls, and the step as the runner uses it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from config.api import Api
from config.trunk_steps import TrunkStep
from probes.exchange.apis import Apis
from reverters.plan import Document, Step
from reverters.step import Inspection, Reverter, Trouble, Verification
from reverters.trunk.expand import expand
from reverters.trunk.kamailio import KamailioReverter
from tests.peers.kamailio_trunk import Proxy
from tests.probes.exchange.servers import apis_of

S = 1_000_000_000
WITHIN_S = 6
Found = TypeVar("Found")
_CALLS = itertools.count(1)


@dataclass
class Gateway(asyncio.DatagramProtocol):
    """Answers every request with 200 and its name. `pings` are Kamailio's own OPTIONS."""

    name: str
    port: int = 0
    pings: int = 0
    transport: asyncio.DatagramTransport | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport, self.port = transport, transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(_answer(data.decode(), self.name), addr)
        if data.startswith(b"OPTIONS "):
            self.pings += 1
            self._news.set()

    async def pinged(self, more: int) -> None:
        """Until that many more pings have been answered."""
        wanted = self.pings + more
        async with asyncio.timeout(WITHIN_S):
            while self.pings < wanted:
                self._news.clear()
                await self._news.wait()

    @property
    def uri(self) -> str:
        return f"sip:127.0.0.1:{self.port}"


def _answer(request: str, name: str) -> bytes:
    lines = request.partition("\r\n\r\n")[0].split("\r\n")[1:]
    kept = [line for line in lines if line.partition(":")[0].lower() in ("via", "from", "to", "call-id", "cseq", "record-route")]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, f"Server: {name}", "Content-Length: 0", "", ""]).encode()


@contextlib.asynccontextmanager
async def gateway(name: str) -> AsyncIterator[Gateway]:
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(lambda: Gateway(name), local_addr=("127.0.0.1", 0))
    try:
        yield made
    finally:
        transport.close()


class _Caller(asyncio.DatagramProtocol):
    def __init__(self, expected: int) -> None:
        self.answers: list[str] = []
        self.done = asyncio.Event()
        self._expected = expected

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.append(data.decode())
        if len(self.answers) >= self._expected:
            self.done.set()


async def ask(proxy: Proxy, method: str, *, times: int = 1) -> list[str]:
    """The answers to so many new requests, all sent at once."""
    loop = asyncio.get_running_loop()
    transport, caller = await loop.create_datagram_endpoint(
        lambda: _Caller(times), local_addr=("127.0.0.1", 0), remote_addr=("127.0.0.1", proxy.port)
    )
    try:
        port = transport.get_extra_info("sockname")[1]
        for _ in range(times):
            transport.sendto(_request(method, port, next(_CALLS)))
        async with asyncio.timeout(WITHIN_S):
            await caller.done.wait()
        return caller.answers
    finally:
        transport.close()


async def leads_to(proxy: Proxy) -> str:
    """The gateway that a new request is led to, or the answer that says that there is none."""
    (answer,) = await ask(proxy, "MESSAGE")
    _, _, server = answer.partition("Server: ")
    return server.partition("\r\n")[0] if answer.startswith("SIP/2.0 200") else answer.partition("\r\n")[0]


def _request(method: str, port: int, number: int) -> bytes:
    return "\r\n".join(
        [
            f"{method} sip:service@example.net SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{port}-{number}",
            f"From: <sip:caller@example.net>;tag={number}",
            "To: <sip:service@example.net>",
            f"Call-ID: {port}-{number}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 10",
            "Content-Length: 0",
            "",
            "",
        ]
    ).encode()


@contextlib.asynccontextmanager
async def reverter(url: str) -> AsyncIterator[KamailioReverter]:
    """As a run has it, with the API `sbc` at that address."""
    async with apis_of({"sbc": Api(base=url)}) as apis:
        yield reverter_of(apis)


def reverter_of(apis: Apis) -> KamailioReverter:
    return KamailioReverter(apis.named)


def trunk(**parts: object) -> Document:
    """The `spec` of a step of the file with these switches, sets or pipes: the first that it becomes."""
    return expand(TrunkStep(kind="trunk", api="sbc", **parts))[0].spec  # type: ignore[arg-type]


def step(spec: Document, wanted: Document, key: str = "rollback/trunk/trunk/it") -> Step:
    return Step(key, "trunk", "it", spec, wanted)


async def captured(back: Reverter, spec: Document) -> Document:
    return sound(await back.capture(spec))


async def inspected(back: Reverter, todo: Step) -> Inspection:
    return sound(await back.inspect(todo))


async def verified(back: Reverter, todo: Step) -> Verification:
    return sound(await back.verify(todo))


async def put_back(back: Reverter, todo: Step) -> None:
    """As the runner does it: inspect, apply, verify."""
    found = await inspected(back, todo)
    assert not found.at_baseline, found
    applied = await back.apply(todo, found.live)
    assert not isinstance(applied, Trouble), applied
    assert (await verified(back, todo)).holds


def sound(found: Found | Trouble) -> Found:
    assert not isinstance(found, Trouble), found
    return found
