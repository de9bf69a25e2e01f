"""The tail at a constant rate: the real daemon while a gate trips, a run reverts DNS and /metrics is scraped; and under siege.

Both p99s are of one client at one rate, in turn, and count from the moment at which each request was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from bench.load import constant_rate
from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.system.guard import IVR_KEY, Dns, guard, write_settings

PER_SECOND, SECONDS, TIMES, CONNECTIONS = 2_000, 4.0, 3, 16
AIM = 2.0
LORISES, EACH_BYTE_S, BETWEEN_BODIES_S = 200, 0.5, 0.25
ELSEWHERE = ("127.0.0.2", 0)
"""Where the lorises come from: of one source's own connections those that have not shown a key make room for one another."""
ASKED = b"GET /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nX-Api-Key: %b\r\n\r\n" % IVR_KEY.encode()
HUGE = b"POST /v1/gates/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\nX-Api-Key: %b\r\n\r\n" % IVR_KEY.encode()


async def _rated(port: int) -> list[int]:
    return await constant_rate(port, ASKED, connections=CONNECTIONS, per_second=PER_SECOND, seconds=SECONDS)


def _p99_ms(took: Sequence[int]) -> float:
    return statistics.quantiles(took, n=100)[98] / 1e6


def _row(name: str, rounds: Sequence[Sequence[int]]) -> float:
    """The median of the p99s."""
    halves, tails = [statistics.median(took) / 1e6 for took in rounds], [_p99_ms(took) for took in rounds]
    each = " ".join(f"{tail:.2f}" for tail in tails)
    print(f"  {name:<34} p50 {statistics.median(halves):6.2f} ms   p99 {statistics.median(tails):6.2f} ms   (each: {each})")
    return statistics.median(tails)


async def _scraped(port: int) -> None:
    """As Prometheus asks, and without reading it: that would take time from the client beside."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if b" 200 OK" not in await reader.read():
            raise RuntimeError("/metrics was not answered")
        writer.close()
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def _beside(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each


async def _night(bare: int, within: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """(bare, ours) of one night: healthy, broken a second into the measurement, tripped and reverted within it."""
    with tempfile.TemporaryDirectory(prefix="tail-") as name:
        folder = Path(name)
        async with knot(folder) as server, Uas() as new, Uas() as old:
            dns = Dns(server.server, server.secret)
            config = write_settings(folder, new=new.port, old=old.port, dns=dns, every="200ms", timeout="150ms")
            async with guard(config, within=within) as running:
                await running.prepare(lambda: server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20"))
                idle = await _rated(bare)

                async def breaks() -> None:
                    await asyncio.sleep(1.0)
                    new.behaviour = Answer(503)

                async with _beside(breaks, lambda: _scraped(running.admin_port)):
                    took = await _rated(running.webhook_port)
                await running.said("SUSPECT → TRIPPED")
                assert "DEGRADED" in str(await running.webhook())
                return idle, took


async def _loris(port: int) -> None:
    """A header that never ends; sent away, it comes again."""
    while True:
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=ELSEWHERE)
            writer.write(b"GET /v1/gates/inbound HTTP/1.1\r\nX: ")
            while not writer.is_closing():
                writer.write(b"a")
                await asyncio.sleep(EACH_BYTE_S)


async def _pours(port: int) -> None:
    """100 MB with a good key, as much of it as is taken, again and again."""
    while True:
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HUGE)
            while not writer.is_closing():
                writer.write(bytes(1 << 16))
                await writer.drain()
        await asyncio.sleep(BETWEEN_BODIES_S)


async def _besieged(within: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """(in peace, under siege)."""
    with tempfile.TemporaryDirectory(prefix="siege-") as name:
        async with Uas() as new:
            config = write_settings(Path(name), new=new.port, dns=Dns("127.0.0.1:9", b"c2VjcmV0"))
            async with guard(config, within=within) as running:
                port = running.webhook_port
                await running.webhook()
                peace = await _rated(port)
                lorises: list[Callable[[], Awaitable[None]]] = [lambda: _loris(port)] * LORISES
                async with _beside(*lorises, lambda: _pours(port)):
                    return peace, await _rated(port)


async def main(bare: int, within: tuple[str, ...]) -> None:
    print(f"{PER_SECOND} requests a second, {SECONDS:.0f} s, {TIMES} times in turn, from when each was due")
    nights = [await _night(bare, within) for _ in range(TIMES)]
    idle = _row("bare", [each for each, _ in nights])
    ours = _row("ours: trip, run and scrape", [each for _, each in nights])
    print(f"  ratio of p99: {ours / idle:.2f} (aim ≤ {AIM})")
    sieges = [await _besieged(within) for _ in range(TIMES)]
    peace = _row("ours, in peace", [each for each, _ in sieges])
    war = _row(f"ours: {LORISES} lorises, 100 MB bodies", [each for _, each in sieges])
    print(f"  ratio of p99: {war / peace:.2f}")
