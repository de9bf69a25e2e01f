"""Whose mistake it was: a client's is nobody's business, ours is in the log with its traceback."""

from __future__ import annotations

import asyncio
from unittest import mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from daemon.web import body
from daemon.web.listener import Limits, Listener
from tests.daemon.web.world import DEADLINE_S, exchange, hang_up, status

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def answered_by(raised: Exception) -> bytes:
    async def handle(request: web.BaseRequest) -> web.Response:
        raise raised

    listener = Listener(handle, limits=Limits())
    await listener.open_tcp("127.0.0.1", 0)
    try:
        return await exchange(listener.port, ASKED)
    finally:
        await listener.close()


async def test_our_own_mistake_is_logged_with_its_traceback_and_answered_without(caplog: pytest.LogCaptureFixture) -> None:
    response = await answered_by(ZeroDivisionError("internal detail"))
    assert status(response) == 500
    assert response.endswith(b'{"error":"internal error"}')
    assert b"internal detail" not in response
    assert "ZeroDivisionError: internal detail" in caplog.text


@pytest.mark.parametrize("raised", [web.RequestPayloadError("bad chunk"), ConnectionResetError("gone")], ids=["payload", "gone"])
async def test_a_request_broken_off_is_not_logged(caplog: pytest.LogCaptureFixture, raised: Exception) -> None:
    await answered_by(raised)
    assert caplog.records == []


@pytest.mark.parametrize("raised", [web.RequestPayloadError("bad chunk"), ConnectionResetError("gone")], ids=["payload", "gone"])
async def test_a_body_that_breaks_off_is_a_400_and_no_exception(raised: Exception) -> None:
    payload = StreamReader(mock.create_autospec(BaseProtocol), 1024, loop=asyncio.get_running_loop())
    payload.set_exception(raised)
    read = await body.read(make_mocked_request("POST", "/", payload=payload), Limits())
    assert isinstance(read, web.Response)
    assert read.status == 400


async def test_closing_ends_kept_connections_and_frees_the_port() -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        return web.Response()

    listener = Listener(handle, limits=Limits())
    await listener.open_tcp("127.0.0.1", 0)
    port = listener.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert listener.is_open
    await listener.close()
    assert not listener.is_open
    async with asyncio.timeout(DEADLINE_S):
        assert await reader.read() == b""
    await hang_up(writer)
    again = Listener(handle, limits=Limits())
    await again.open_tcp("127.0.0.1", port)
    await again.close()


async def test_an_address_in_use_is_an_error_when_opening() -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        return web.Response()

    first, second = Listener(handle, limits=Limits()), Listener(handle, limits=Limits())
    await first.open_tcp("127.0.0.1", 0)
    with pytest.raises(OSError, match="address already in use"):
        await second.open_tcp("127.0.0.1", first.port)
    await second.close()
    await first.close()
