"""Listening for TLS connections that hold a place from the moment they are accepted.

The loop's own way to listen with TLS tells nobody of a connection before its handshake is done, so whoever connects and stays
silent would hold a file descriptor that nothing counts, until there are none left for the probes. And each connection gets the
certificate that is newest when it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Protocol

from daemon.web.places import Place

_BACKLOG = 1024
_AT_ONCE = 64
_BREATH_S = 1.0
"""How long nothing is accepted after the system had no descriptor left for it."""


class Door(Protocol):
    """Who lets in: the server. `close_s` is how long a client may take to agree that a connection ends."""

    handshake_s: float
    close_s: float

    def enter(self, host: str, turn_away: Callable[[], None]) -> Place | None: ...

    def context(self) -> ssl.SSLContext: ...

    def seat(self, place: Place) -> asyncio.Protocol: ...


class Acceptor:
    def __init__(self, door: Door) -> None:
        """Within a running loop."""
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._listening: list[socket.socket] = []
        self._resting: set[asyncio.TimerHandle] = set()
        self.arriving: set[asyncio.Task[None]] = set()
        """Handshakes in progress."""

    @property
    def port(self) -> int:
        return int(self._listening[0].getsockname()[1]) if self._listening else 0

    async def open(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had; nothing is left open then."""
        places = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with contextlib.ExitStack() as stack:
            for family, kind, protocol, _, address in dict.fromkeys(places):
                self._listening.append(stack.enter_context(socket.socket(family, kind, protocol)))
                _listen(self._listening[-1], address)
            stack.pop_all()
        for listening in self._listening:
            self._resume(listening)

    async def close(self) -> None:
        for timer in self._resting:
            timer.cancel()
        for listening in self._listening:
            self._loop.remove_reader(listening)
            listening.close()
        self._listening.clear()
        arriving = list(self.arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)

    def _resume(self, listening: socket.socket) -> None:
        self._resting = {timer for timer in self._resting if timer.when() > self._loop.time()}
        self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor or memory is left: asking again at once would only spin
                self._loop.remove_reader(listening)
                self._resting.add(self._loop.call_later(_BREATH_S, self._resume, listening))
                return
            self._admit(accepted, peer[0])

    def _admit(self, accepted: socket.socket, host: str) -> None:
        accepted.setblocking(False)
        place = self._door.enter(host, partial(_hang_up, accepted))
        if place is None:
            accepted.close()
            return
        task = self._loop.create_task(self._greet(accepted, place))
        self.arriving.add(task)
        task.add_done_callback(self.arriving.discard)

    async def _greet(self, accepted: socket.socket, place: Place) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._door.seat(place),
                accepted,
                ssl=self._door.context(),
                ssl_handshake_timeout=self._door.handshake_s,
                ssl_shutdown_timeout=self._door.close_s,
            )
        except OSError:  # theirs: no TLS, no certificate, no time, or gone
            place.leave()
        except BaseException:
            place.leave()
            raise


def _listen(listening: socket.socket, address: tuple[object, ...]) -> None:
    listening.setblocking(False)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listening.bind(address)
    except OSError as fault:
        raise OSError(fault.errno, f"cannot listen on {address[0]} port {address[1]}: {fault.strerror}") from None
    listening.listen(_BACKLOG)


def _hang_up(accepted: socket.socket) -> None:
    """In the middle of its handshake. The descriptor is the loop's, which learns of the end as if it were the client's."""
    with contextlib.suppress(OSError):
        accepted.shutdown(socket.SHUT_RDWR)
