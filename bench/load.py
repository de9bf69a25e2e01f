"""Clients that load a webhook: one that asks as fast as answers come, and one that asks at a constant rate, come what may.

The second is an open loop: a request's time runs from the moment at which it was due, not from the moment at which it could be
sent, so that a server which stalls is charged for everybody whom it kept waiting.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import cast

from probes import clock

NS_PER_S = 1_000_000_000


class Asker(asyncio.Protocol, ABC):
    """One connection. Every answer is flat JSON, so each holds one closing brace: that is where it ends."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self.answers = 0
        self.not_ok = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def ask(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        ended = data.count(b"}")
        self.answers += ended
        self.not_ok += ended - data.count(b"HTTP/1.1 200 ")
        for _ in range(ended):
            self.answered()

    @abstractmethod
    def answered(self) -> None:
        """One answer is there."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Hasty(Asker):
    """Asks again as soon as it is answered, while `going`."""

    def __init__(self, request: bytes) -> None:
        super().__init__()
        self._request = request
        self._going = False
        self._quiet: asyncio.Future[None] | None = None

    def start(self) -> None:
        self._going = True
        self.ask(self._request)

    async def stop(self) -> None:
        """Until the last answer is there."""
        self._going = False
        self._quiet = asyncio.get_running_loop().create_future()
        await self._quiet

    def answered(self) -> None:
        if self._going:
            self.ask(self._request)
        elif self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)


class Punctual(Asker):
    """Remembers when each of its requests was due."""

    def __init__(self) -> None:
        super().__init__()
        self._due: deque[int] = deque()
        self.took_ns: list[int] = []

    def due(self, request: bytes, at_ns: int) -> None:
        self._due.append(at_ns)
        self.ask(request)

    def answered(self) -> None:
        self.took_ns.append(clock.mono_ns() - self._due.popleft())


class Saturation:
    """Connections to one server that are kept between bursts."""

    def __init__(self, askers: Sequence[Hasty]) -> None:
        self._askers = askers

    @classmethod
    async def of(cls, port: int, request: bytes, *, connections: int) -> Saturation:
        loop = asyncio.get_running_loop()
        return cls([(await loop.create_connection(lambda: Hasty(request), "127.0.0.1", port))[1] for _ in range(connections)])

    async def burst(self, seconds: float) -> tuple[int, float]:
        """(answers, seconds that they took)."""
        before, began = sum(asker.answers for asker in self._askers), clock.mono_ns()
        for asker in self._askers:
            asker.start()
        await asyncio.sleep(seconds)
        await asyncio.gather(*(asker.stop() for asker in self._askers))
        return sum(asker.answers for asker in self._askers) - before, (clock.mono_ns() - began) / NS_PER_S

    def close(self) -> None:
        _close(self._askers)


async def constant_rate(port: int, request: bytes, *, connections: int, per_second: int, seconds: float) -> list[int]:
    """Nanoseconds from due to answered, of every request.

    Between two requests the loop turns without sleeping: its timers are a millisecond apart, longer than an answer takes. So this
    wants a core of its own.
    """
    loop = asyncio.get_running_loop()
    askers = [(await loop.create_connection(Punctual, "127.0.0.1", port))[1] for _ in range(connections)]
    gap_ns, began, sent, total = NS_PER_S // per_second, clock.mono_ns(), 0, int(per_second * seconds)
    while sent < total:
        now = clock.mono_ns()
        while sent < total and (at := began + sent * gap_ns) <= now:
            askers[sent % connections].due(request, at)
            sent += 1
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while sum(len(asker.took_ns) for asker in askers) < total:
            await asyncio.sleep(0.01)
    _close(askers)
    return [ns for asker in askers for ns in asker.took_ns]


def _close(askers: Sequence[Asker]) -> None:
    not_ok, lost = sum(asker.not_ok for asker in askers), sum(asker.lost for asker in askers)
    if not_ok or lost:
        raise RuntimeError(f"{not_ok} answers were not 200, {lost} connections were lost")
    for asker in askers:
        asker.close()
