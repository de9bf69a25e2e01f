"""A TCP socket on the running loop: connects, reads, and keeps what the peer has not yet taken.

The socket is our own and not a transport of the loop's, so that a failure is the kernel's own word on uvloop and asyncio alike.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from asyncio import AbstractEventLoop
from collections.abc import Callable

from probes.sip.engine.route import Route
from probes.sip.engine.target import Endpoint, Target

KERNEL_BUFFER = 1 << 17
"""What the kernel holds for us in either direction: left alone it may grow to megabytes for each connection."""
UNACKNOWLEDGED_MS = 32_000
"""What the peer does not take within 64 × T1, as long as any transaction may last, breaks the connection."""
READ = 1 << 14
READS_PER_WAKEUP = 2

_IP_BIND_ADDRESS_NO_PORT = 24  # ip(7): the port is chosen when the peer is known, so that one may serve many peers
_ABORT = struct.pack("ii", 1, 0)
_FROM_THE_WAY = frozenset(
    (
        *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH),
        *(errno.EPIPE, errno.EPROTO, errno.ENOPROTOOPT),
    )
)


def is_from_the_way(fault: OSError) -> bool:
    """Whether it tells what the network or the peer did, once packets were under way; all else is our own trouble."""
    return fault.errno in _FROM_THE_WAY


class StreamSocket:
    """The constructor raises OSError where connecting cannot even begin. Nothing is called back from within a call.

    `failed` is called once, and last: with the error, or with None where the peer closed in good order. What came before is
    handed over first, also where it was sending that failed.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        route: Route,
        target: Target,
        *,
        connected: Callable[[], None],
        received: Callable[[bytes], None],
        failed: Callable[[OSError | None], None],
    ) -> None:
        self._loop = loop
        self._connected, self._received, self._failed = connected, received, failed
        self._unsent = bytearray()
        self._fault: OSError | None = None
        """Why sending failed."""
        self._is_reading_on = False
        self._has_fixed_port = target.source_port != 0
        self._socket = _connecting(route, target)
        self.is_closed = False
        loop.add_writer(self._socket.fileno(), self._on_connected)

    @property
    def unsent(self) -> int:
        """Bytes."""
        return len(self._unsent)

    @property
    def local(self) -> Endpoint:
        host, port = self._socket.getsockname()[:2]
        return host, port

    def write(self, data: bytes) -> None:
        """Once connected. There is no bound: look at `unsent` first."""
        if not data or self.is_closed or self._fault is not None:
            return
        if self._unsent:
            self._unsent += data
            return
        sent = self._send(data)
        if sent < len(data):
            self._unsent += data[sent:]
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def close(self) -> None:
        """Idempotent. With a reset where bytes are unsent, or where a fixed port is to be had again at once."""
        if self.is_closed:
            return
        self.is_closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        if self._unsent or self._has_fixed_port:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self._socket.close()
        self._unsent.clear()

    def _on_connected(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._failed(OSError(number, os.strerror(number)))
            return
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        self._loop.add_reader(self._socket.fileno(), self._on_readable)
        self._connected()

    def _on_readable(self) -> None:
        """Until nothing is left or it was much: libuv tells only once that a socket has failed."""
        for _ in range(READS_PER_WAKEUP):
            if self.is_closed:
                return
            try:
                data = self._socket.recv(READ)
            except BlockingIOError:
                if self._fault is not None:
                    self._failed(self._fault)
                return
            except OSError as fault:
                self._failed(fault)
                return
            if not data:
                self._failed(self._fault)
                return
            self._received(data)
        if not self._is_reading_on:
            self._is_reading_on = True
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._is_reading_on = False
        self._on_readable()

    def _on_writable(self) -> None:
        del self._unsent[: self._send(self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._socket.fileno())

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as fault:
            # What the peer said before it left may well be the answer, or the alert that says why.
            self._fault = fault
            self._loop.call_soon(self._on_readable)
            return len(data)


def _connecting(route: Route, target: Target) -> socket.socket:
    """Connecting from where `target` says. Raises OSError."""
    made = socket.socket(route.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
        _bind(made, route, target)
        number = made.connect_ex(route.sockaddr)
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, os.strerror(number))
    except OSError:
        made.close()
        raise
    return made


def _bind(made: socket.socket, route: Route, target: Target) -> None:
    if target.source is None and not target.source_port:
        return
    if route.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if not target.source_port:
        made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((route.bind, target.source_port))
