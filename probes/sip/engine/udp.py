"""One unconnected UDP socket that hears refusals: datagrams in and out, and the kernel's error queue beside them.

Why unconnected with IP_RECVERR: a connected socket would hear refusals too, but there would be one for each target; a plain
unconnected one never hears them. The price is that a pending error makes the *next* send fail, whoever that is for:
`send` empties the queue, hands each error to its owner, and sends again.

Why an epoll between the socket and the loop: libuv answers POLLERR by closing the poll handle, so on uvloop the first refusal
would be the last thing heard. An epoll descriptor is merely readable, whatever happened to the socket within.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from asyncio import AbstractEventLoop
from collections.abc import Callable

from probes.sip.engine.icmp import ExtendedError, parse_extended_error
from probes.sip.engine.target import Endpoint

SockAddr = tuple[str, int] | tuple[str, int, int, int]

RECEIVE_BUFFER = 1 << 20
READS_PER_WAKEUP = 64
LOOKS_EVERY = 8
BYTES_PER_READ = 512
"""What a datagram costs goes with its length: the largest takes about 60 ms to parse, and 64 of them would hold the loop for
seconds. So reads are bounded by bytes as well, with this much for each; ordinary answers are about that long."""

_IP_RECVERR, _IPV6_RECVERR = 11, 25
_ERROR_LEVELS = {(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)}
_SEND_TRIES = 3
_SO_MEMINFO, _DROPS = 55, struct.Struct("=32xI")  # socket(7) is silent on it: linux/sock_diag.h, SK_MEMINFO_DROPS

DatagramHandler = Callable[[bytes, Endpoint, "UdpSocket"], None]
ErrorHandler = Callable[[ExtendedError, Endpoint, bytes], None]
"""Told the error, the destination of the datagram it is about, and as much of that datagram as was quoted."""


def bare_socket(family: int) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


class UdpSocket:
    """Bound to `host` (a wildcard or one address) and `port` (0: a free one), read on `loop`. The constructor raises OSError."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        family: int,
        host: str,
        port: int = 0,
        *,
        on_datagram: DatagramHandler,
        on_error: ErrorHandler,
    ) -> None:
        self._loop = loop
        self._on_datagram = on_datagram
        self._on_error = on_error
        self._buffer = memoryview(bytearray(1 << 16))
        with contextlib.ExitStack() as undo:
            self._socket = undo.enter_context(bare_socket(family))
            self._events = undo.enter_context(select.epoll())
            self._set_up(family, host, port)
            self._events.register(self._socket, select.EPOLLIN)
            undo.pop_all()
        self.port: int = self._socket.getsockname()[1]
        self.loss_checked, self.loss_seen = 0, 0
        self._wakeups, self._come_alone = 0, False
        loop.add_reader(self._events.fileno(), self._on_readable)

    def _set_up(self, family: int, host: str, port: int) -> None:
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.bind((host, port))

    def send(self, data: bytes, destination: SockAddr) -> OSError | None:
        """None once sent, else the error that is this datagram's own: it came again with the error queue empty."""
        try:
            self._socket.sendto(data, destination)
        except OSError:
            return self._send_again(data, destination)
        return None

    def _send_again(self, data: bytes, destination: SockAddr) -> OSError | None:
        failure: OSError | None = None
        for _ in range(_SEND_TRIES - 1):
            self._read_errors()
            try:
                self._socket.sendto(data, destination)
            except OSError as fault:
                failure = fault
            else:
                return None
        self._read_errors()
        return failure

    @property
    def lost(self) -> int:
        """How many datagrams the kernel has dropped because they came faster than they were read."""
        (drops,) = _DROPS.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _DROPS.size))
        return int(drops)

    def _on_readable(self) -> None:
        """A look in vain costs as much as a datagram: while they come one by one, most looks for a second are left out.

        Nothing is missed by it: the loop calls again for whatever was left.
        """
        self._wakeups += 1
        if self._come_alone and self._wakeups % LOOKS_EVERY:
            self.read(1)
        else:
            self._come_alone = self.read() == 1

    def read(self, limit: int = READS_PER_WAKEUP) -> int:
        """Hand over what has arrived, at most `limit` datagrams of ordinary length, so that a flood cannot hold the loop.

        How many there were.
        """
        allowed = limit * BYTES_PER_READ
        for number in range(limit):
            try:
                size, peer = self._socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                if number == 0:  # something woke us all the same
                    self._read_errors()
                return number
            except OSError:
                # Only the news that an error is pending; what it is about waits in the error queue.
                self._read_errors()
                continue
            self._on_datagram(bytes(self._buffer[:size]), peer[:2], self)
            allowed -= size
            if allowed <= 0:
                return number + 1
        return limit

    def _read_errors(self) -> None:
        for _ in range(READS_PER_WAKEUP):
            try:
                quoted, control, _, destination = self._socket.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for level, kind, payload in control:
                if (level, kind) in _ERROR_LEVELS and (error := parse_extended_error(payload)) is not None:
                    self._on_error(error, (destination[0], destination[1]), quoted)

    def close(self) -> None:
        """Idempotent."""
        if not self._events.closed:
            self._loop.remove_reader(self._events.fileno())
            self._events.close()
            self._socket.close()
