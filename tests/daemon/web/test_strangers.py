"""Clients that hold connections, trickle, or send without end change nothing for a caller with a key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from tests.daemon.web.test_hostile import GOOD, KEY
from tests.daemon.web.world import DEADLINE_S, World, exchange, hang_up, status

KEPT = GOOD.replace(b"Connection: close\r\n", b"")
UNKEYED = b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"


@pytest.fixture
def limits() -> Limits:
    return Limits(
        idle_s=30.0, body_s=5.0, drain_s=0.2, connections=8, strangers=4, stranger_s=0.5, body_bytes=8192, drain_bytes=65536
    )


@pytest.fixture(autouse=True)
def healthy(world: World, untroubled: None) -> None:
    world.is_healthy()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await hang_up(writer)


async def end_of(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await reader.read()
    except ConnectionResetError:
        return b""


async def test_idle_strangers_do_not_keep_a_caller_out(webhook: Listener, tally: Tally) -> None:
    async with contextlib.AsyncExitStack() as held:
        for _ in range(50):
            await held.enter_async_context(connected(webhook.port))
            assert status(await exchange(webhook.port, GOOD)) == 200
    assert tally.refusals["crowded"] > 0


async def test_a_stranger_who_stays_silent_is_sent_away_in_time_and_counted(webhook: Listener, tally: Tally) -> None:
    async with connected(webhook.port) as (reader, _):
        assert await end_of(reader) == b""
    assert dict(tally.refusals) == {"silent": 1}


async def test_a_stranger_who_keeps_asking_without_a_key_is_sent_away_all_the_same(webhook: Listener, tally: Tally) -> None:
    async with connected(webhook.port) as (reader, writer):
        writer.write(b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 401 " in await end_of(reader)
    assert dict(tally.refusals) == {"no-key": 1, "silent": 1}


async def test_a_header_that_never_ends_is_cut_off_as_a_strangers(webhook: Listener, limits: Limits) -> None:
    async with connected(webhook.port) as (reader, writer):
        began = asyncio.get_running_loop().time()
        writer.write(b"GET /v1/gates/inbound HTTP/1.1\r\nX-Api-Key: ")
        await end_of(reader)
        assert asyncio.get_running_loop().time() - began < limits.idle_s / 2


async def test_whoever_showed_a_key_keeps_the_connection(webhook: Listener, tally: Tally, limits: Limits) -> None:
    async with connected(webhook.port) as (reader, writer):
        writer.write(KEPT)
        assert status(await reader.readuntil(b"}")) == 200
        async with connected(webhook.port) as (other, _):
            await end_of(other)  # a stranger's time, from later on, is over
        writer.write(KEPT)
        async with asyncio.timeout(DEADLINE_S):
            assert status(await reader.readuntil(b"}")) == 200


async def test_a_slow_loris_and_a_body_without_end_change_no_answer_and_no_state(
    world: World, webhook: Listener, tally: Tally, limits: Limits
) -> None:
    """While others trickle headers and pour bodies, a caller is answered each time, and with what the gate says; nothing of
    theirs is counted as a caller's."""
    async with contextlib.AsyncExitStack() as held:
        for number in range(2 * limits.connections):
            _, writer = await held.enter_async_context(connected(webhook.port))
            writer.write(b"GET /v1/gates/inbound HTTP/1.1\r\nX: a" if number % 2 else UNKEYED + bytes(1 << 16))
            told = await exchange(webhook.port, GOOD)
            assert (status(told), b'"cutoverStatus":"OK"' in told) == (200, True)
        world.hears(503, 503, 503)
        assert b'"cutoverStatus":"DEGRADED"' in await exchange(webhook.port, GOOD)
    assert dict(tally.answers) == {("inbound", "OK"): 2 * limits.connections, ("inbound", "DEGRADED"): 1}


async def poured(port: int, head: bytes, most: int) -> tuple[int, bytes]:
    """Send `most` bytes after the header, or as many as are taken; returns how many, and what was answered."""
    async with connected(port) as (reader, writer):
        writer.write(head)
        sent, chunk = 0, bytes(1 << 16)
        answer = asyncio.create_task(end_of(reader))
        with contextlib.suppress(ConnectionError):
            while sent < most and not answer.done():
                writer.write(chunk)
                sent += len(chunk)
                await writer.drain()
        return sent, await answer


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (UNKEYED, 401),
        (UNKEYED.replace(b"Host: x\r\n", b"Host: x\r\n" + KEY), 413),
        (UNKEYED.replace(b"/v1/gates/inbound", b"/"), 404),
    ],
    ids=["without a key", "with one", "to nowhere"],
)
async def test_a_body_of_100_mb_is_refused_and_not_read(webhook: Listener, head: bytes, code: int) -> None:
    sent, answer = await poured(webhook.port, head, 100 << 20)
    assert sent < 40 << 20  # what the system's buffers hold, and not the whole
    assert status(answer) in (code, 0)  # 0: the reset overtook the answer
    assert status(await exchange(webhook.port, GOOD)) == 200


async def test_a_refused_body_is_read_no_further_than_the_limit(webhook: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiohttp import web

    read: list[int] = []
    genuine = web.RequestHandler.data_received

    def counting(handler: web.RequestHandler, data: bytes) -> None:
        read.append(len(data))
        genuine(handler, data)

    monkeypatch.setattr(web.RequestHandler, "data_received", counting)
    await poured(webhook.port, UNKEYED, 100 << 20)
    assert sum(read) < 1 << 20


async def test_a_body_of_8_kib_is_read_and_one_more_byte_is_not(webhook: Listener) -> None:
    head = b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + KEY
    told = [await exchange(webhook.port, head + b"Content-Length: %d\r\n\r\n" % size + bytes(size)) for size in (8192, 8193)]
    assert [status(response) for response in told] == [200, 413]
