"""UDP: one socket for each local address and port, and the way to each target by one of them."""

from __future__ import annotations

import asyncio

from probes.sip.engine.route import find_route
from probes.sip.engine.target import Endpoint, Target
from probes.sip.engine.udp import DatagramHandler, ErrorHandler, SockAddr, UdpSocket

TRUSTED_NS = 60_000_000_000
"""How long a way is taken without asking the kernel again, as long as it is answered on."""
MOST_REMEMBERED = 50_000
LOSS_CHECKED_NS = 10_000_000
"""Asking the kernel how much it dropped costs as much as sending: for requests that start together once is enough."""


class UdpWay:
    """A `Wire` that loses, doubles and reorders."""

    __slots__ = ("_sockaddr", "_socket", "found_ns", "local", "peer")
    is_reliable = False
    certificate_not_after: int | None = None

    def __init__(self, socket: UdpSocket, local: Endpoint, peer: Endpoint, sockaddr: SockAddr, *, now: int) -> None:
        self._socket = socket
        self._sockaddr = sockaddr
        self.local = local
        self.peer = peer
        self.found_ns = now

    @property
    def lost(self) -> int:
        return self._socket.lost

    def lost_lately(self, *, now: int) -> int:
        """`lost`, or what it was up to LOSS_CHECKED_NS ago: too old is too cautious, never too bold."""
        if now - self._socket.loss_checked >= LOSS_CHECKED_NS:
            self._socket.loss_checked, self._socket.loss_seen = now, self._socket.lost
        return self._socket.loss_seen

    def send(self, data: bytes) -> OSError | None:
        return self._socket.send(data, self._sockaddr)


class UdpWays:
    def __init__(self, *, on_datagram: DatagramHandler, on_error: ErrorHandler) -> None:
        self._on_datagram = on_datagram
        self._on_error = on_error
        self._sockets: dict[tuple[int, str, int], UdpSocket] = {}
        self._ways: dict[Target, UdpWay] = {}

    def find(self, target: Target, *, now: int) -> UdpWay:
        """Raises OSError where there is no way or no such source address, ValueError where an address is not numeric."""
        known = self._ways.get(target)
        if known is not None and now - known.found_ns < TRUSTED_NS:
            return known
        route = find_route(target.endpoint, target.source)
        key = (route.family, route.bind, target.source_port)
        if key not in self._sockets:
            loop = asyncio.get_running_loop()
            self._sockets[key] = UdpSocket(loop, *key, on_datagram=self._on_datagram, on_error=self._on_error)
        if len(self._ways) >= MOST_REMEMBERED:
            self._ways.clear()
        socket = self._sockets[key]
        way = self._ways[target] = UdpWay(socket, (route.source, socket.port), route.peer, route.sockaddr, now=now)
        return way

    def doubt(self, target: Target) -> None:
        """Ask the kernel again next time: routes and local addresses change, and this target did not answer."""
        self._ways.pop(target, None)

    def read(self, limit: int) -> None:
        for socket in list(self._sockets.values()):
            socket.read(limit)

    def close(self) -> None:
        for socket in self._sockets.values():
            socket.close()
        self._sockets.clear()
        self._ways.clear()
