"""Servers that do not keep to HTTP, or not to their word: each ends as a value, with its phase, within its time and memory."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from probes.exchange.values import HttpRequest, HttpResponse, Phase, Reason
from probes.sample import Origin
from tests.probes.exchange.servers import MS, S, answered, apis_of, get, saying, talking, unanswered

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("said", "reason", "phase"),
    [
        (b"", Reason.CLOSED, Phase.RESPONSE),
        (b"HTTP/1.1 200", Reason.CLOSED, Phase.RESPONSE),
        (OK + b"Content-Length: 10\r\n\r\nabc", Reason.CLOSED, Phase.BODY),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", Reason.MALFORMED, Phase.BODY),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab", Reason.MALFORMED, Phase.RESPONSE),
        (OK + b"Content-Length: twelve\r\n\r\n", Reason.MALFORMED, Phase.RESPONSE),
        (OK + b"Content-Length: -1\r\n\r\n", Reason.MALFORMED, Phase.RESPONSE),
        (OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", Reason.MALFORMED, Phase.RESPONSE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Reason.MALFORMED, Phase.RESPONSE),
        (b"SIP/2.0 200 OK\r\n\r\n", Reason.MALFORMED, Phase.RESPONSE),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", Reason.MALFORMED, Phase.BODY),
        (OK + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nabcde", Reason.MALFORMED, Phase.BODY),
    ],
)
async def test_what_is_no_whole_answer_is_told_apart(said: bytes, reason: Reason, phase: Phase) -> None:
    async with talking(saying(said, close=True)) as raw, apis_of() as apis:
        ended = unanswered(await get(apis, raw.url))
        assert (ended.reason, ended.phase, ended.origin) == (reason, phase, Origin.TRANSPORT)
        assert ended.is_sent
        assert not ended.is_ours
        await raw.until_gone(1)


async def test_a_server_that_closes_without_a_word_is_not_asked_a_second_time() -> None:
    async with talking(saying(b"", close=True)) as raw, apis_of() as apis:
        for method in ("GET", "PUT", "DELETE"):
            request = HttpRequest(method, raw.url, body=b"" if method == "GET" else b"{}")  # type: ignore[arg-type]
            assert unanswered(await apis.web().exchange(request, timeout_ns=5 * S)).reason == Reason.CLOSED
        await raw.until_gone(3)
        assert raw.connections == 3


async def test_a_reset_is_told_apart_from_an_orderly_end() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with talking(reset) as raw, apis_of() as apis:
        # What was read is acknowledged: an abort is a reset only where the kernel has something left to throw away.
        ended = unanswered(await get(apis, raw.url))
        assert ended.reason in (Reason.RESET, Reason.CLOSED)
        assert ended.origin is Origin.TRANSPORT


async def test_an_answer_that_comes_byte_by_byte_is_an_answer() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in OK + b"Content-Length: 4\r\n\r\ntrue":
            writer.write(bytes((byte,)))
            await writer.drain()

    async with talking(slowly) as raw, apis_of() as apis:
        assert answered(await get(apis, raw.url)).body == b"true"


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        (b"", Phase.RESPONSE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, Phase.RESPONSE),
        (OK + b"X-Never: ", Phase.RESPONSE),
        (OK + b"Content-Length: 10\r\n\r\nabc", Phase.BODY),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", Phase.BODY),
    ],
)
async def test_silence_is_a_timeout_that_says_in_which_phase(said: bytes, phase: Phase) -> None:
    async with talking(saying(said)) as raw, apis_of() as apis:
        ended = unanswered(await get(apis, raw.url, timeout_ns=150 * MS))
        assert (ended.reason, ended.phase, ended.origin) == (Reason.TIMEOUT, phase, Origin.TIMEOUT)
        assert ended.timings.total_ns >= 145 * MS  # uvloop counts in whole milliseconds
        await raw.until_gone(1)


@pytest.mark.parametrize(
    "head",
    [b"".join(b"X-%d: y\r\n" % number for number in range(100_000)), b"X: " + b"y" * 5_000_000],
    ids=["too many", "too long"],
)
async def test_endless_headers_end_the_exchange_long_before_they_end(head: bytes) -> None:
    async with talking(saying(OK + head)) as raw, apis_of() as apis:
        assert unanswered(await get(apis, raw.url)).reason == Reason.HEAD_TOO_LONG
        await raw.until_gone(1)


@pytest.mark.parametrize(
    "said",
    [
        OK + b"Content-Length: 1000000000000\r\n\r\n",
        OK + b"\r\n" + b"y" * 5_000_000,
        OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"ffff\r\n"
        + b"y" * 0xFFFF
        + b"\r\n"
        + b"ffff\r\n"
        + b"y" * 0xFFFF
        + b"\r\n",
    ],
    ids=["announced", "until the end", "in chunks"],
)
async def test_a_body_is_read_to_its_limit_and_no_further(said: bytes) -> None:
    async with talking(saying(said)) as raw, apis_of() as apis:
        ended = unanswered(await get(apis, raw.url, most_body=100_000))
        assert (ended.reason, ended.origin, ended.status) == (Reason.BODY_TOO_LONG, Origin.WIRE, 200)
        await raw.until_gone(1)


async def test_a_body_of_just_the_limit_is_read() -> None:
    async with talking(saying(OK + b"Content-Length: 1000\r\n\r\n" + b"y" * 1000)) as raw, apis_of() as apis:
        assert len(answered(await get(apis, raw.url, most_body=1000)).body) == 1000


def _packed(encoding: str, body: bytes) -> bytes:
    return OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_a_packed_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    async with talking(saying(_packed("gzip", bomb))) as raw, apis_of() as apis:
        assert unanswered(await get(apis, raw.url, most_body=100_000)).reason == Reason.BODY_TOO_LONG


async def test_a_bomb_within_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    async with talking(saying(_packed("gzip, gzip", bomb))) as raw, apis_of() as apis:
        assert unanswered(await get(apis, raw.url, most_body=100_000)).reason == Reason.BODY_TOO_LONG


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"unpacked")),
        ("deflate", zlib.compress(b"unpacked")),
        ("deflate", zlib.compress(b"unpacked", wbits=-15)),
        ("deflate, gzip", gzip.compress(zlib.compress(b"unpacked"))),
        ("identity", b"unpacked"),
    ],
)
async def test_what_is_packed_arrives_unpacked(encoding: str, body: bytes) -> None:
    async with talking(saying(_packed(encoding, body))) as raw, apis_of() as apis:
        assert answered(await get(apis, raw.url)).body == b"unpacked"


async def test_a_packed_body_that_is_cut_short_is_no_body() -> None:
    async with talking(saying(_packed("gzip", gzip.compress(b"unpacked" * 100)[:-4]))) as raw, apis_of() as apis:
        assert unanswered(await get(apis, raw.url)).reason == Reason.MALFORMED


async def test_a_switch_of_protocols_is_an_answer_and_the_end_of_the_connection() -> None:
    said = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    async with talking(saying(said)) as raw, apis_of() as apis:
        assert answered(await get(apis, raw.url)).status == 101
        await raw.until_gone(1)


async def test_a_cancelled_exchange_leaves_no_connection() -> None:
    begun = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()

    async with talking(silent) as raw, apis_of() as apis:
        task = asyncio.create_task(get(apis, raw.url))
        async with asyncio.timeout(5):
            await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await raw.until_gone(1)


async def test_what_is_under_way_when_the_api_closes_ends_without_an_answer() -> None:
    begun = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()

    async with talking(silent) as raw, apis_of() as apis:
        task = asyncio.create_task(get(apis, raw.url))
        async with asyncio.timeout(5):
            await begun.wait()
            await apis.close()
            assert not isinstance(await task, HttpResponse)
        assert unanswered(await get(apis, raw.url)).reason == Reason.CLOSING
