"""HTTP servers on loopback: aiohttp's own, that knows its manners, and one that writes whatever a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from config.api import Api
from probes.exchange.apis import Apis, ApiSecrets
from probes.exchange.values import HttpRequest, HttpResponse, NoResponse
from probes.records import Address, Failed, Fault, Found, Kind, Question, Reply

S = 1_000_000_000
MS = 1_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names:
    """A resolver that knows some names. `questions` are those that were asked."""

    def __init__(self, known: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.known = dict(known or {"peer.test": ("127.0.0.1",)})
        self.questions: list[str] = []

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        self.questions.append(str(question))
        addresses = self.known.get(question.name)
        if addresses is None:
            return Failed(Fault.NXDOMAIN, 1)
        found = tuple(Address(each) for each in addresses if (":" in each) is (question.kind is Kind.AAAA))
        return Found(found, 0) if found else Failed(Fault.NODATA, 1)


@dataclass
class Server:
    """`seen` are the requests with their headers and bodies; `answer` may be replaced in the middle of a test."""

    answer: Handler
    port: int = 0
    scheme: str = "http"
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.connections.add(request.transport)
        self.bodies.append(await request.read())
        return await self.answer(request)


@contextlib.asynccontextmanager
async def serving(answer: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(answer, scheme="https" if tls else "http")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        server.port = runner.addresses[0][1]
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Raw:
    port: int = 0
    connections: int = 0
    gone: int = 0
    """Connections that the other side has closed."""
    change: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def until_gone(self, count: int) -> None:
        async with asyncio.timeout(5), self.change:
            await self.change.wait_for(lambda: self.gone >= count)


@contextlib.asynccontextmanager
async def talking(talk: Talk, *, host: str = "127.0.0.1") -> AsyncIterator[Raw]:
    """`talk` has the whole connection; when it is done the connection stays open until the other side closes it."""
    raw = Raw()
    writers: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        raw.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
            while not writer.is_closing() and await reader.read(65_536):
                pass
        async with raw.change:
            raw.gone += 1
            raw.change.notify_all()
        writers.discard(writer)
        writer.close()

    server = await asyncio.start_server(accept, host, 0)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()
        with contextlib.suppress(TimeoutError):
            await raw.until_gone(raw.connections)


def saying(data: bytes, *, close: bool = False) -> Talk:
    """Reads a request's head and writes `data`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return talk


@contextlib.asynccontextmanager
async def apis_of(
    settings: Mapping[str, Api] | None = None, secrets: Mapping[str, ApiSecrets] | None = None, *, names: Names | None = None
) -> AsyncIterator[Apis]:
    apis = Apis(settings or {}, secrets or {}, resolver=names or Names(), rng=random.Random(1))
    try:
        yield apis
    finally:
        await apis.close()


async def get(
    apis: Apis, url: str, *, timeout_ns: int = 5 * S, is_fresh: bool = True, most_body: int = 1_000_000
) -> HttpResponse | NoResponse:
    return await apis.web().exchange(HttpRequest("GET", url, most_body=most_body), timeout_ns=timeout_ns, is_fresh=is_fresh)


def answered(ended: HttpResponse | NoResponse) -> HttpResponse:
    assert isinstance(ended, HttpResponse), ended
    return ended


def unanswered(ended: HttpResponse | NoResponse) -> NoResponse:
    assert isinstance(ended, NoResponse), ended
    return ended


async def ok(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "UP"})
