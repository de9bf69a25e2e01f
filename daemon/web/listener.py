"""An HTTP/1.1 listener that a client cannot upset: what the three servers (webhook, admin, control) stand on.

This is aiohttp's low-level server without its application layer: one handler, no routing by patterns, and JSON for the
protocol's own errors. A client's mistakes are not ours: they are answered and leave no traceback in the log. Our own do,
and answer 500.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import http_exceptions, web
from aiohttp.http_parser import RawRequestMessage
from yarl import URL

from daemon.web.responses import failure

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

logger = logging.getLogger("cutoverd.web")

_THEIRS = (http_exceptions.HttpProcessingError, web.RequestPayloadError, web.PayloadAccessError, ConnectionError)
"""What only a client can cause: malformed messages, broken bodies, connections that go away."""

_STOP_S = 1.0
_NOWHERE = URL("/")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of us one client can take.

    `idle_s` is how long a connection may stay silent and also how long a request's header may take: it counts from the
    connection's start or the last answer, and bytes that trickle in do not extend it. `body_s` bounds the body likewise.
    """

    idle_s: float = 75.0
    body_s: float = 5.0
    drain_s: float = 1.0
    body_bytes: int = 64 * 1024
    line_bytes: int = 8190
    fields: int = 100
    connections: int = 1024


class _Connection(web.RequestHandler):
    __slots__ = ("_server", "_stuck")

    def __init__(self, server: _Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # In this order: aiohttp wants a connection to have begun before it ends.
        super().connection_made(transport)
        if self._server.is_crowded:
            cast(asyncio.Transport, transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._unstick()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read: it has as long as it may be silent, or it would keep its connection for ever."""
        super().pause_writing()
        if self.transport is not None:
            self._stuck = self._loop.call_later(self._server.limits.idle_s, self.transport.abort)

    def resume_writing(self) -> None:
        self._unstick()
        super().resume_writing()

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if status < 500:
            response = failure(status, "malformed request")
        else:
            self.log_exception("a request could not be answered", exc_info=exc)
            response = failure(500, "internal error")
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        if not isinstance(kw.get("exc_info"), _THEIRS):
            logger.error(*args, **kw)


def _request(message: RawRequestMessage, *rest: Any) -> web.BaseRequest:
    """aiohttp decodes the host of an absolute target when it makes a request, outside of all that catches errors."""
    try:
        return web.BaseRequest(message, *rest)
    except ValueError:
        return web.BaseRequest(message._replace(url=_NOWHERE), *rest)


class _Server(web.Server):
    def __init__(self, handle: Handler, limits: Limits) -> None:
        super().__init__(self._handle, request_factory=self._make)
        self._answer = handle
        self.limits = limits
        self._loop = asyncio.get_running_loop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """aiohttp's parser puts the trailers of a chunked body before the next request's headers: there is no next one."""
        response = await self._answer(request)
        if "Transfer-Encoding" in request.headers:
            response.force_close()
        return response

    def _make(self, *parts: Any) -> web.BaseRequest:
        return _request(*parts, self._loop)

    def __call__(self) -> web.RequestHandler:
        limits = self.limits
        return _Connection(
            self,
            loop=self._loop,
            keepalive_timeout=limits.idle_s,
            lingering_time=limits.drain_s,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            max_headers=limits.fields,
            auto_decompress=False,
            access_log=None,
        )

    @property
    def is_crowded(self) -> bool:
        return len(self.connections) > self.limits.connections


class Listener:
    """One listening address. Opened once, closed once."""

    def __init__(self, handle: Handler, *, limits: Limits) -> None:
        """Within a running loop."""
        self._server = _Server(handle, limits)
        self._listening: asyncio.Server | None = None

    async def open_tcp(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._server, host, port, backlog=1024)

    async def open_unix(self, bound: socket.socket) -> None:
        """Listens on a socket that is bound already."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_unix_server(self._server, sock=bound)

    @property
    def is_open(self) -> bool:
        return self._listening is not None and self._listening.is_serving()

    @property
    def port(self) -> int:
        """The port in use, which is the kernel's choice where 0 was asked for."""
        sockets = self._listening.sockets if self._listening else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def close(self) -> None:
        """Stop listening, let requests in progress end for a second, close every connection."""
        if self._listening is None:
            return
        self._listening.close()
        self._listening = None
        self._server.pre_shutdown()
        await self._server.shutdown(_STOP_S)
