"""A request's body, read within limits. What is wrong with it is a response, not an exception."""

from __future__ import annotations

import asyncio

from aiohttp import web

from daemon.web.listener import Limits
from daemon.web.responses import failure

MESSAGES = {400: "malformed body", 408: "the body did not arrive in time", 413: "the body is too large"}


def at_hand(request: web.BaseRequest, limits: Limits) -> bytes | None:
    """The body where all of it has come already, as is usual; None where there is more to do than to take it."""
    content = request.content
    if not content.is_eof() or content.total_bytes > limits.body_bytes or content.exception() or "Expect" in request.headers:
        return None
    return content.read_nowait()


async def read(request: web.BaseRequest, limits: Limits) -> bytes | web.Response:
    """The whole body, empty where there is none; or 400, 408 or 413, after which the connection closes."""
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > limits.body_bytes:
        return _refused(413)
    if (said := at_hand(request, limits)) is not None:
        return said
    try:
        async with asyncio.timeout(limits.body_s):
            await _continue(request)
            return await _gather(request, limits)
    except TimeoutError:
        return _refused(408)
    except (web.RequestPayloadError, OSError):  # OSError: the client went away in the middle
        return _refused(400)


async def _continue(request: web.BaseRequest) -> None:
    """RFC 9110 §10.1.1. Some HTTP clients hold back every POST body until they are told to go on."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _gather(request: web.BaseRequest, limits: Limits) -> bytes | web.Response:
    body = bytearray()
    while part := await request.content.readany():
        body += part
        if len(body) > limits.body_bytes:
            return _refused(413)
    return bytes(body)


def _refused(status: int) -> web.Response:
    response = failure(status, MESSAGES[status])
    response.force_close()
    return response
