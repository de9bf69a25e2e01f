"""A platform of documents over loopback HTTP that can be told to misbehave, and steps that restore one of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from config.api import Api
from config.steps import Capture, HttpStep, Poll, Send, Verify
from reverters.http import definition
from reverters.http.reverter import HttpReverter
from reverters.http.talking import Pace
from reverters.plan import Document, Step
from tests.probes.exchange.servers import Server, apis_of, serving

S = 1_000_000_000
IVR = "/api/v2/architect/ivrs/{ivrId}"
LIVE = "/api/v2/architect/ivrs/i-1"
BASELINE = {"name": "Main", "dnis": ["+491", "+492"], "openHoursFlow": {"id": "flow-old"}}
CUTOVER = {
    "id": "i-1",
    "name": "Main",
    "dnis": ["+492"],
    "openHoursFlow": {"id": "flow-new", "selfUri": "/flows/new"},
    "closedHoursFlow": {"id": "added"},
    "owner": "somebody",
    "version": 7,
}
KEEP = ("/name", "/dnis", "/openHoursFlow/id", "/closedHoursFlow")

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


def put(**more: Any) -> Send:
    given = {"method": "PUT", "path": IVR, "body": {"$merge": ["current", "baseline"], "version": "{current/version}"}}
    return Send(**(given | more))


def http_step(*revert: Send, poll: Poll | None = None, capture: Capture | None = None, verify: Verify | None = None) -> HttpStep:
    return HttpStep(
        kind="http",
        id="call-route",
        api="genesys",
        vars={"ivrId": "i-1"},
        capture=capture or Capture(path=IVR, keep=KEEP, sets=("/dnis",)),
        revert=revert or (put(),),
        poll=poll,
        verify=verify or Verify(),
        timeout=2 * S,
    )


def step(settings: HttpStep | None = None, wanted: Document = BASELINE) -> Step:
    spec = definition.expand(settings or http_step())
    return Step(f"rollback/routing/{spec.id}/{spec.target}", spec.kind, spec.target, spec.spec, wanted)


class Clock:
    """Time that passes only by waiting; `waits` are the pauses in nanoseconds."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.waits: list[int] = []

    async def sleep(self, ns: int) -> None:
        self.waits.append(ns)
        self.now_ns += ns

    @property
    def pace(self) -> Pace:
        return Pace(lambda: self.now_ns, self.sleep)


@dataclass
class Documents:
    """GET reads, PUT and PATCH write with a version that must match, POST does nothing until a test says what.

    `faults[method]` are played by the next such requests instead; None among them is a request that is served as ever.
    """

    held: dict[str, dict[str, Any]] = field(default_factory=lambda: {LIVE: deepcopy(CUTOVER)})
    faults: dict[str, list[Fault | None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        content = await request.read()
        self.bodies.append(orjson.loads(content) if content else None)
        script = self.faults.get(request.method)
        fault = script.pop(0) if script else None
        return await (fault or self.serve)(request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        held = self.held.get(request.path)
        if held is None:
            return refusal(404, "not.found")
        if request.method in ("PUT", "PATCH"):
            sent = self.bodies[-1]
            if sent.get("version", held["version"]) != held["version"]:
                return refusal(409, "general.conflict")
            kept = {} if request.method == "PUT" else held
            self.held[request.path] = held = {**kept, **sent, "version": held["version"] + 1}
        return web.json_response(held, headers={"ININ-Correlation-Id": f"c-{len(self.asked)}"})

    @property
    def sent(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]


def refusal(status: int, code: str, message: str = "", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"status": status, "code": code, "message": message}, status=status, headers=named)


def answering(status: int, document: Any = None, **headers: str) -> Fault:
    """A fault that answers without doing anything."""

    async def fault(request: web.Request) -> web.StreamResponse:
        return web.json_response(
            document, status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return fault


async def cut(request: web.Request) -> web.StreamResponse:
    """The connection is reset in the middle of the body of the answer, and nothing was done."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"id": ')
    assert request.transport is not None
    request.transport.abort()
    return response


def done_and_cut(documents: Documents) -> Fault:
    """What was asked for is done, and nobody hears of it."""

    async def fault(request: web.Request) -> web.StreamResponse:
        await documents.serve(request)
        return await cut(request)

    return fault


@dataclass
class Bench:
    documents: Documents
    server: Server
    reverter: HttpReverter
    clock: Clock


@contextlib.asynccontextmanager
async def bench(documents: Documents | None = None, apis: Mapping[str, Api] | None = None) -> AsyncIterator[Bench]:
    world, clock = documents or Documents(), Clock()
    async with serving(world.answer) as server, apis_of(apis or {"genesys": Api(base=server.url)}) as found:
        yield Bench(world, server, HttpReverter(found.named, pace=clock.pace), clock)
