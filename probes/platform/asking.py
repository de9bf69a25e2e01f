"""Requests of one attempt to a platform's API: within one deadline, and not too many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from probes.clock import mono_ns
from probes.exchange.api import Api
from probes.exchange.document import Json
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest, HttpResponse, NoResponse
from probes.platform.telling import Told, Untold, told

AT_ONCE = 8
"""Requests of one attempt that are under way together: a sample of fifty is read in seconds, and others find room too."""

MOST_READ = 8_000_000
"""Bytes of one answer: a page of a hundred members holds a hundred users as well, each with what their profile holds."""

_ACCEPT = Headers.of({"Accept": "application/json"})

K = TypeVar("K")
V = TypeVar("V")


class Asking:
    """The API for one attempt that ends `timeout_ns` from now."""

    def __init__(self, api: Api, *, timeout_ns: int) -> None:
        self._api = api
        self._began_ns = mono_ns()
        self._deadline_ns = self._began_ns + timeout_ns

    @property
    def elapsed_ns(self) -> int:
        return mono_ns() - self._began_ns

    @property
    def left_ns(self) -> int:
        return max(self._deadline_ns - mono_ns(), 0)

    async def exchange(self, request: HttpRequest, *, most_ns: int | None = None) -> HttpResponse | NoResponse:
        """Within what is left of the attempt's time, and `most_ns`."""
        left_ns = self.left_ns if most_ns is None else min(self.left_ns, most_ns)
        return await self._api.exchange(request, timeout_ns=max(left_ns, 1))

    async def read(self, url: str) -> Json | Untold:
        answer = told(await self.exchange(HttpRequest("GET", url, _ACCEPT, most_body=MOST_READ)))
        return answer.document if isinstance(answer, Told) else answer


async def each(of: Iterable[K], read: Callable[[K], Awaitable[V]]) -> dict[K, V]:
    """`read` of each, AT_ONCE at a time."""
    found: dict[K, V] = {}
    waiting = iter(list(of))

    async def worker() -> None:
        for key in waiting:
            found[key] = await read(key)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    return found
