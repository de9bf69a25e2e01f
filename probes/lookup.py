"""Names to addresses by the system's resolver, off the loop, in threads that nobody joins.

An executor's threads are joined at the process's end: a resolver that is down would then hold up our stop for as long as it
likes to wait, and a handful of hung look-ups would fill the pool for everybody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

MOST = 64
"""Look-ups under way at once, hung ones included."""

_under_way = threading.Semaphore(MOST)


class LookUpFailed(Exception):
    """The name leads nowhere, or too many look-ups hang already. The message is a token: `dns-failure`, `dns-busy`."""


async def look_up(host: str, port: int, *, family: int) -> tuple[str, int]:
    """The first UDP address of `host`. Raises LookUpFailed; the caller bounds the time."""
    if not _under_way.acquire(blocking=False):
        raise LookUpFailed("dns-busy")
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, int] | None] = loop.create_future()

    def settle(address: tuple[str, int] | None) -> None:
        if not found.done():
            found.set_result(address)

    def ask() -> None:
        try:
            address = _first(socket.getaddrinfo(host, port, family, socket.SOCK_DGRAM))
        except (OSError, UnicodeError):  # UnicodeError: a label too long for IDNA
            address = None
        finally:
            _under_way.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, address)

    threading.Thread(target=ask, name=f"look-up {host}", daemon=True).start()
    address = await found
    if address is None:
        raise LookUpFailed("dns-failure")
    return address


def _first(answers: list[Any]) -> tuple[str, int] | None:
    return (answers[0][4][0], answers[0][4][1]) if answers else None
