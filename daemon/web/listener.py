"""An HTTP/1.1 listener that a client cannot upset: what the three servers (webhook, admin, control) stand on.

This is aiohttp's low-level server without its application layer: one handler, no routing by patterns, and JSON for the
protocol's own errors. A client's mistakes are not ours: they are answered and leave no traceback in the log. Our own do,
and answer 500.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from yarl import URL

from daemon.web.acceptor import Acceptor
from daemon.web.certificates import Certificates
from daemon.web.connection import Connection
from daemon.web.limits import Limits as Limits
from daemon.web.places import Place, Places
from daemon.web.sources import origin

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_STOP_S = 1.0
_NOWHERE = URL("/")


class _Server(web.Server):
    """Makes connections and gives them places: a `House` to them, and a `Door` to arrivals where there is TLS."""

    def __init__(
        self, handle: Handler, limits: Limits, certificates: Certificates | None, turned_away: Callable[[str], None]
    ) -> None:
        super().__init__(self._handle, request_factory=self._make)
        self._answer = handle
        self.limits = limits
        self.handshake_s = limits.stranger_s
        self.close_s = limits.drain_s
        self._certificates = certificates
        self._turned_away = turned_away
        self._places = Places(limits.connections, limits.strangers)
        self._loop = asyncio.get_running_loop()

    def _handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        return self._with_body(request) if request.body_exists else self._answer(request)

    async def _with_body(self, request: web.BaseRequest) -> web.StreamResponse:
        """aiohttp's parser puts the trailers of a chunked body before the next request's headers: there is no next one."""
        response = await self._answer(request)
        if "Transfer-Encoding" in request.headers:
            response.force_close()
        if response.status >= 400 and not request.content.is_eof():
            response.force_close()
            cast(Connection, request.protocol).stop_listening()
        return response

    def _make(self, message: RawRequestMessage, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        """aiohttp decodes the host of an absolute target when it makes a request, outside of all that catches errors."""
        try:
            return web.BaseRequest(message, payload, protocol, writer, task, self._loop)
        except ValueError:
            return web.BaseRequest(message._replace(url=_NOWHERE), payload, protocol, writer, task, self._loop)

    def __call__(self) -> web.RequestHandler:
        return self.seat(None)

    def context(self) -> ssl.SSLContext:
        assert self._certificates is not None
        return self._certificates.context

    def seat(self, place: Place | None) -> Connection:
        limits = self.limits
        return Connection(
            self,
            self,
            place,
            loop=self._loop,
            keepalive_timeout=limits.idle_s,
            lingering_time=limits.drain_s,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            max_headers=limits.fields,
            auto_decompress=False,
            access_log=None,
        )

    def enter(self, host: str, turn_away: Callable[[], None]) -> Place | None:
        before = self._places.turned_away
        place = self._places.enter(origin(host), turn_away)
        if self._places.turned_away > before:
            self._turned_away("crowded")
        if place is not None and self.limits.strangers is not None:
            place.settled = self._loop.call_later(self.limits.stranger_s, self._too_late, place).cancel
        return place

    def _too_late(self, place: Place) -> None:
        self._turned_away("silent")
        place.leave()
        place.turn_away()


class Listener:
    """One listening address. Opened once, closed once."""

    def __init__(
        self,
        handle: Handler,
        *,
        limits: Limits,
        certificates: Certificates | None = None,
        turned_away: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """Within a running loop. `turned_away` is told `crowded` or `silent` for each stranger that we sent away."""
        self._server = _Server(handle, limits, certificates, turned_away)
        self._acceptor = Acceptor(self._server) if certificates is not None else None
        self._listening: asyncio.Server | None = None
        self.is_open = False

    async def open_tcp(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had."""
        if self._acceptor is not None:
            await self._acceptor.open(host, port)
        else:
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(self._server, host, port, backlog=1024)
        self.is_open = True

    async def open_unix(self, bound: socket.socket) -> None:
        """Listens on a socket that is bound already."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_unix_server(self._server, sock=bound)
        self.is_open = True

    @property
    def port(self) -> int:
        """The port in use, which is the kernel's choice where 0 was asked for."""
        if self._acceptor is not None:
            return self._acceptor.port
        sockets = self._listening.sockets if self._listening else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def close(self) -> None:
        """Stop listening, let requests in progress end for a second, close every connection."""
        if not self.is_open:
            return
        self.is_open = False
        if self._acceptor is not None:
            await self._acceptor.close()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._server.pre_shutdown()
        await self._server.shutdown(_STOP_S)
