"""What one connection can do to the next request on it, and what clients that only take can do to others."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from daemon.web.listener import Limits, Listener
from tests.daemon.web.test_hostile import GOOD
from tests.daemon.web.world import DEADLINE_S, NEW, World, exchange, hang_up, status

KEY = b"X-Api-Key: " + NEW.encode() + b"\r\n"
CHUNKED = b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%b\r\n0\r\n%b\r\n"


@pytest.mark.parametrize(("own", "trailer"), [(b"", KEY), (KEY, KEY), (b"", b"X-Api-Key: bad\r\n"), (KEY, b"X-Api-Key: bad\r\n")])
async def test_a_trailer_is_no_header_of_the_next_request(
    world: World, webhook: Listener, untroubled: None, own: bytes, trailer: bytes
) -> None:
    world.is_healthy()
    without_key = b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for after, wrong in ((without_key, b" 200 OK"), (GOOD, b" 401 ")):
        answers = await exchange(webhook.port, CHUNKED % (own, trailer) + after)
        assert wrong not in b"".join(answers.split(b"HTTP/1.1")[2:])


def _small(port: int) -> socket.socket:
    """A client whose window is full at once, so that the test need not fill megabytes of buffers."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


async def test_clients_that_never_read_do_not_keep_their_connections(
    world: World, webhook: Listener, limits: Limits, untroubled: None
) -> None:
    """They need no key: refusals fill the buffers as well."""
    world.is_healthy()
    many = b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
    async with contextlib.AsyncExitStack() as held:
        writers = []
        for _ in range(limits.connections):
            _reader, writer = await asyncio.open_connection(sock=_small(webhook.port), limit=1)
            held.push_async_callback(hang_up, writer)
            held.callback(writer.transport.abort)
            writers.append(writer)

        async def push(writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(limits.idle_s):
                    while True:
                        writer.write(many)
                        await writer.drain()
            except (TimeoutError, ConnectionError):
                return

        await asyncio.gather(*(push(writer) for writer in writers))
        answered = 0
        async with asyncio.timeout(
            4 * DEADLINE_S
        ):  # what the system's buffers hold is answered first: megabytes, on a busy machine
            while answered == 0:  # the server has yet to lose its patience
                answered = status(await exchange(webhook.port, GOOD))
        assert answered == 200
