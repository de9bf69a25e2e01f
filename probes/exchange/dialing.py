"""A TCP connection to one of several addresses: the next is tried when one is slow or says no (RFC 8305 §5)."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable

STAGGER_S = 0.25
_ROUTE_FAULTS = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_REFUSALS = frozenset({errno.ECONNREFUSED, errno.ECONNRESET})


class NotConnected(Exception):
    """`fault` says the most of what the attempts met; `is_ours`: none of them left this host."""

    def __init__(self, fault: OSError, address: str, *, is_ours: bool) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.address = address
        self.is_ours = is_ours


async def dial(addresses: Iterable[str], port: int) -> socket.socket:
    """A connected socket, the caller's to close. Without a limit of time; a cancellation leaves nothing open.

    Raises NotConnected.
    """
    left = list(addresses)
    under_way: dict[asyncio.Task[socket.socket], str] = {}
    faults: list[tuple[OSError, str]] = []
    try:
        while left or under_way:
            if left:
                address = left.pop(0)
                under_way[asyncio.ensure_future(_connect(address, port))] = address
            patience = STAGGER_S if left else None
            done, _ = await asyncio.wait(under_way, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                fault = task.exception()
                if fault is None:
                    del under_way[task]
                    return task.result()
                if not isinstance(fault, OSError):
                    raise fault
                faults.append((fault, under_way.pop(task)))
        raise _not_connected(faults, port)
    finally:
        await _abandon(list(under_way))


async def _abandon(tasks: list[asyncio.Task[socket.socket]]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()


async def _connect(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


def _not_connected(faults: list[tuple[OSError, str]], port: int) -> NotConnected:
    """A peer's word before a word from the way, and that before our own trouble."""
    told = [NotConnected(fault, address, is_ours=_is_ours(fault, address, port)) for fault, address in faults]
    return min(told, key=lambda each: (each.is_ours, each.fault.errno not in _REFUSALS))


def _is_ours(fault: OSError, address: str, port: int) -> bool:
    if fault.errno in _REFUSALS or fault.errno == errno.ETIMEDOUT:
        return False
    return fault.errno not in _ROUTE_FAULTS or not _has_route(address, port)


def _has_route(address: str, port: int) -> bool:
    """Whether this host knows a way there; if it does, the trouble is further on. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.connect((address, port))
    except OSError:
        return False
    return True
