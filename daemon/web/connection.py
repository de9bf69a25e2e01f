"""One client's connection: aiohttp's, with a bound on everything that a client can do with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol, cast

from aiohttp import http_exceptions, web

from daemon.web.limits import Limits
from daemon.web.places import Place
from daemon.web.responses import failure

logger = logging.getLogger("cutoverd.web")

_THEIRS = (http_exceptions.HttpProcessingError, web.RequestPayloadError, web.PayloadAccessError, ConnectionError)
"""What only a client can cause: malformed messages, broken bodies, connections that go away."""


class House(Protocol):
    limits: Limits

    def enter(self, host: str, turn_away: Callable[[], None]) -> Place | None: ...


class Connection(web.RequestHandler):
    __slots__ = ("_house", "_left", "_place", "_stuck", "host")

    def __init__(self, server: web.Server, house: House, place: Place | None, **options: Any) -> None:
        """`place` is that of a connection which has one already."""
        super().__init__(server, **options)
        self.host = ""
        """Where it comes from; empty before it is made, and of a local socket."""
        self._house = house
        self._place = place
        self._left: int | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # In this order: aiohttp wants a connection to have begun before it ends.
        super().connection_made(transport)
        abort = cast(asyncio.Transport, transport).abort
        self.host = _host(transport)
        if self._place is None:
            self._place = self._house.enter(self.host, abort)
        if self._place is None or not self._place.is_held:
            abort()
        else:
            self._place.turn_away = abort

    def connection_lost(self, exc: BaseException | None) -> None:
        self._unstick()
        if self._place is not None:
            self._place.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:  # aiohttp reads on for a while, so that the client sees our answer: that long, but not that much
                if self.transport is not None:
                    self.transport.pause_reading()
                return
        super().data_received(data)

    def prove(self) -> None:
        """A good key was shown on this connection."""
        if self._place is not None:
            self._place.prove()

    def stop_listening(self) -> None:
        """What still comes of a refused request's body is thrown away, up to the limit, and the connection ends."""
        if self._left is None:
            self._left = self._house.limits.drain_bytes

    def pause_writing(self) -> None:
        """The client does not read: it has as long as it may be silent, or it would keep its connection for ever."""
        super().pause_writing()
        if self.transport is not None:
            self._stuck = self._loop.call_later(self._house.limits.idle_s, self.transport.abort)

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


def _host(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return peer[0] if isinstance(peer, tuple) else ""
