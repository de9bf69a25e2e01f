"""Nothing that a client sends upsets the listener: bounded in size and time, answered as JSON, no traceback, and it goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import orjson
import pytest

from daemon.web.listener import Limits, Listener
from daemon.web.tally import Tally
from tests.daemon.web.world import DEADLINE_S, OLD, World, exchange, hang_up, status

KEY = f"X-Api-Key: {OLD}\r\n".encode()
POST = b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\n" + KEY
GOOD = b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + KEY + b"\r\n"


@pytest.fixture(autouse=True)
async def still_well(webhook: Listener, world: World, untroubled: None) -> AsyncIterator[None]:
    """Whatever a test did, the next caller is answered."""
    world.is_healthy()
    yield
    assert status(await exchange(webhook.port, GOOD)) == 200


MALFORMED = {
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bad version": b"GET / HTTP/x.y\r\n\r\n",
    "space in target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "obsolete folding": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "endless length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "unbalanced bracket": b"GET http://[::1/v1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "port out of range": b"GET http://[::1]:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "line too long": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "header too long": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_requests_get_400_as_json_and_repeat_nothing(webhook: Listener, request_bytes: bytes) -> None:
    response = await exchange(webhook.port, request_bytes)
    assert status(response) == 400
    assert orjson.loads(response.partition(b"\r\n\r\n")[2]) == {"error": "malformed request"}


STRANGE = {
    "host that is no IDN": b"GET http://xn--\xc2\x80/ HTTP/1.1\r\nHost: x\r\n",
    "empty IDN label": b"GET http://xn--/ HTTP/1.1\r\nHost: x\r\n",
    "undecodable path": b"GET /v1/gates/%ff%00 HTTP/1.1\r\nHost: x\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n",
    "authority": b"CONNECT h:443 HTTP/1.1\r\nHost: x\r\n",
    "websocket": b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
    "key that is not text": b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nX-Api-Key: \xff\xfe\xe9\r\n",
    "unknown expectation": b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 0\r\n",
}


@pytest.mark.parametrize("head", STRANGE.values(), ids=STRANGE)
async def test_strange_but_possible_requests_get_a_client_error(webhook: Listener, head: bytes) -> None:
    assert status(await exchange(webhook.port, head + b"Connection: close\r\n\r\n")) in (400, 401, 404, 405)


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"1.9", b"2.0", b"3.0"])
async def test_another_version_of_http_is_answered_in_ours_or_refused(webhook: Listener, version: bytes) -> None:
    response = await exchange(webhook.port, GOOD.replace(b"HTTP/1.1", b"HTTP/" + version))
    assert status(response) in (200, 400)
    assert response.startswith((b"HTTP/1.1", b"HTTP/1.0"))


async def test_an_absolute_target_finds_the_gate(webhook: Listener) -> None:
    assert status(await exchange(webhook.port, GOOD.replace(b"GET /", b"GET http://cutover.example.net/"))) == 200


async def test_a_body_of_64_kib_is_read_and_ignored(webhook: Listener) -> None:
    body = b"x" * 65536
    assert status(await exchange(webhook.port, POST + b"Connection: close\r\nContent-Length: 65536\r\n\r\n" + body)) == 200


async def test_a_declared_body_over_64_kib_gets_413_before_it_is_sent(webhook: Listener, tally: Tally) -> None:
    assert status(await exchange(webhook.port, POST + b"Content-Length: 65537\r\n\r\n")) == 413
    assert tally.refusals["body"] == 1


async def test_a_chunked_body_over_64_kib_gets_413(webhook: Listener) -> None:
    chunks = (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3
    assert status(await exchange(webhook.port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)) == 413


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"5\r\nhelloworld\r\n", b"ffffffffffffffffff\r\n"])
async def test_a_broken_chunk_gets_400(webhook: Listener, chunk: bytes) -> None:
    assert status(await exchange(webhook.port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)) == 400


async def test_a_chunk_that_breaks_after_the_refusal_is_no_trouble_of_ours(webhook: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    async with asyncio.timeout(DEADLINE_S):
        assert status(await reader.readuntil(b"}")) == 404
        writer.write(b"zz\r\n")
        await reader.read()
    await hang_up(writer)


@pytest.mark.parametrize("coding", ["gzip", "br", "nonsense"])
async def test_a_body_is_not_unpacked(webhook: Listener, coding: str) -> None:
    head = POST + f"Connection: close\r\nContent-Encoding: {coding}\r\nContent-Length: 7\r\n\r\n".encode()
    assert status(await exchange(webhook.port, head + b"garbage")) == 200


async def test_a_body_that_does_not_arrive_gets_408(webhook: Listener) -> None:
    assert status(await exchange(webhook.port, POST + b"Content-Length: 10\r\n\r\nhalf")) == 408


async def test_a_client_that_waits_for_100_continue_is_told_to_go_on(webhook: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
    writer.write(POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    async with asyncio.timeout(DEADLINE_S):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert status(await reader.read()) == 200
    await hang_up(writer)


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_trouble_of_ours(webhook: Listener, tally: Tally) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
    writer.write(POST + b"Content-Length: 10\r\n\r\nhalf")
    await writer.drain()
    writer.transport.abort()
    assert status(await exchange(webhook.port, GOOD)) == 200


async def trickle(port: int, every_s: float) -> int:
    """Send a header without end, byte by byte, until the server hangs up. Returns how many bytes it took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/gates/inbound HTTP/1.1\r\nX: ")
    sent = 0
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                async with asyncio.timeout(every_s):
                    assert await reader.read() == b""
                break
            except TimeoutError:
                writer.write(b"a")
                sent += 1
            except ConnectionResetError:
                break
    await hang_up(writer)
    return sent


async def test_a_header_that_trickles_in_is_cut_off_in_time(webhook: Listener, limits: Limits) -> None:
    began = asyncio.get_running_loop().time()
    sent = await trickle(webhook.port, every_s=0.02)
    took = asyncio.get_running_loop().time() - began
    assert sent > 0
    assert took < limits.idle_s + 2.0


async def test_a_slow_client_does_not_hold_up_another(webhook: Listener) -> None:
    _, slow = await asyncio.open_connection("127.0.0.1", webhook.port)
    slow.write(POST + b"Content-Length: 10\r\n\r\nhalf")
    await slow.drain()
    assert status(await exchange(webhook.port, GOOD)) == 200
    await hang_up(slow)


async def test_more_connections_than_the_limit_are_turned_away(webhook: Listener, limits: Limits) -> None:
    async with contextlib.AsyncExitStack() as held:
        for _ in range(limits.connections):
            reader, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
            held.push_async_callback(hang_up, writer)
            writer.write(GOOD.replace(b"Connection: close\r\n", b""))
            async with asyncio.timeout(DEADLINE_S):
                await reader.readuntil(b"}")
        assert status(await exchange(webhook.port, GOOD)) == 0
    answered = 0
    async with asyncio.timeout(DEADLINE_S):
        while answered == 0:  # the server has yet to notice that they are gone
            answered = status(await exchange(webhook.port, GOOD))
    assert answered == 200


async def test_pipelined_requests_are_each_answered_in_order(webhook: Listener) -> None:
    first = GOOD.replace(b"Connection: close\r\n", b"")
    unknown = first.replace(b"inbound", b"unknown")
    response = await exchange(webhook.port, first + unknown + GOOD)
    assert [part.split()[0] for part in response.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
