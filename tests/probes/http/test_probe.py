"""The `http` probe from its configuration, against servers on loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from config.api import Api, Bearer
from config.probing import Expectation, Extract, HttpProbe, JsonCondition
from config.secrets import Secret
from probes.exchange.apis import Apis, ApiSecrets
from probes.registry import Means, build
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.engine import SipEngine
from tests.probes.exchange.servers import MS, Names, ok, saying, serving, talking


class Waiting:
    def __init__(self) -> None:
        self.result: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()

    def __call__(self, result: ProbeResult, *, last: bool = True) -> None:
        assert last
        self.result.set_result(result)


class World:
    def __init__(self, means: Means) -> None:
        self.means = means

    async def ask(self, **settings: object) -> ProbeResult:
        waiting = Waiting()
        probe = build("platform", HttpProbe(kind="http", path="new", **settings), self.means)  # type: ignore[arg-type]
        probe.begin(waiting)
        async with asyncio.timeout(5):
            return await waiting.result


@pytest.fixture
async def world() -> AsyncIterator[World]:
    engine = SipEngine()
    apis = Apis({}, {}, resolver=Names(), rng=random.Random(1))
    yield World(Means(engine, Names(), random.Random(1), apis))
    await apis.close()
    engine.close()


async def test_what_is_configured_is_what_is_asked_and_judged(world: World) -> None:
    async with serving(ok) as server:
        result = await world.ask(
            url=f"http://peer.test:{server.port}/health?deep=1",
            method="POST",
            headers={"X-Region": "emea"},
            body='{"a": 1}',
            expect=Expectation(status=(200,), json=(JsonCondition(pointer="/status", equals="UP"),)),
            extract={"age": Extract(pointer="/age")},
        )
        assert (result.outcome, result.code, result.reason) == (Outcome.PASS, 200, "accepted")
        (seen,) = server.seen
        assert (seen.method, seen.raw_path, seen.headers["X-Region"], server.bodies) == (
            "POST",
            "/health?deep=1",
            "emea",
            [b'{"a": 1}'],
        )
        assert result.facts["peer"] == f"127.0.0.1:{server.port}"
        assert {"dns_ms", "connect_ms"} <= result.facts.keys()


async def test_each_attempt_has_a_connection_of_its_own(world: World) -> None:
    async with serving(ok) as server:
        for _ in range(2):
            await world.ask(url=server.url)
        assert len(server.connections) == 2


async def test_the_trace_shows_both_sides_without_the_token(world: World) -> None:
    async with serving(ok) as server:
        api = Api(base=server.url, auth=Bearer(kind="bearer", token=Secret(env="TOKEN")))
        apis = Apis({"crm": api}, {"crm": ApiSecrets(b"hunter2")}, resolver=Names(), rng=random.Random(1))
        world.means.apis = apis
        result = await world.ask(url="/health", api="crm")
        await apis.close()
        assert server.seen[0].headers["Authorization"] == "Bearer hunter2"
        assert result.trace is not None
        assert result.trace.sent.startswith(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode())
        assert "Authorization: …\r\n".encode() in result.trace.sent
        assert result.trace.received.endswith(b'{"status": "UP"}')
        assert b"hunter2" not in result.trace.sent + result.trace.received


async def test_silence_is_408_and_a_refusal_503_each_with_its_origin(world: World) -> None:
    async with talking(saying(b"")) as raw:
        silent = await world.ask(url=raw.url, timeout=100 * MS)
    refused = await world.ask(url="http://127.0.0.1:1/")
    assert (silent.outcome, silent.code, silent.origin, silent.reason) == (Outcome.FAIL, 408, Origin.TIMEOUT, "timeout")
    assert (refused.outcome, refused.code, refused.origin, refused.reason) == (Outcome.FAIL, 503, Origin.TRANSPORT, "refused")


async def test_a_name_that_leads_nowhere_is_an_error_of_dns(world: World) -> None:
    result = await world.ask(url="http://none.test/")
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.ERROR, None, Origin.DNS, "dns-nxdomain")


async def test_a_longer_answer_than_most_body_fails(world: World) -> None:
    async def long(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 2000)

    async with serving(long) as server:
        assert (await world.ask(url=server.url, most_body=1000)).reason == "body-too-long"
        assert (await world.ask(url=server.url, most_body=2000)).outcome is Outcome.PASS


async def test_attempts_may_overlap_and_each_reports_once(world: World) -> None:
    gate = asyncio.Event()
    under_way = asyncio.Semaphore(0)

    async def held(request: web.Request) -> web.StreamResponse:
        under_way.release()
        await gate.wait()
        return web.Response()

    async with serving(held) as server:
        asked = [asyncio.create_task(world.ask(url=server.url)) for _ in range(3)]
        async with asyncio.timeout(5):
            for _ in asked:
                await under_way.acquire()
        gate.set()
        assert [each.outcome for each in await asyncio.gather(*asked)] == [Outcome.PASS] * 3


async def test_a_cancelled_attempt_reports_nothing_and_leaves_nothing_open(world: World) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()

    async with talking(silent) as raw:
        waiting = Waiting()
        cancel = build("p", HttpProbe(kind="http", path="new", url=raw.url), world.means).begin(waiting)
        async with asyncio.timeout(5):
            await asked.wait()
        cancel()
        await raw.until_gone(1)
        assert not waiting.result.done()
