"""What one OPTIONS probe costs, beside the barest thing that could send and receive the same datagrams.

    python -m bench.probing [COUNT]

In one process and one run each: a bare uvloop protocol that sends a request and waits for its answer (ping-pong), the engine with
probes on top, and sipp as a client. All of them ask the same answering process, which does nothing but echo a ready answer.
CPU seconds are this process's own.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

from bench.echo import Echo, echoing
from probes import clock
from probes.sample import Outcome, ProbeResult
from probes.sip.options import OptionsProbe, Trunk
from probes.sip.target import Target, Transport
from probes.sip.transport import SipEngine

S = 1_000_000_000
ROUNDS = 5
AIM_RATIO = 4.0


class PingPong(asyncio.DatagramProtocol):
    """Keeps `window` of the given datagram on their way until `count` have come back."""

    def __init__(self, datagram: bytes, window: int, count: int) -> None:
        self._datagram, self._window, self._left, self._sent = datagram, window, count, 0
        self._count = count
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        for _ in range(self._window):
            self._send()

    def _send(self) -> None:
        if self._sent < self._count:
            self._sent += 1
            self._transport.sendto(self._datagram)  # type: ignore[attr-defined]

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._left -= 1
        if self._left == 0:
            self.over.set_result(None)
        else:
            self._send()


async def ping_pong(echo: Echo, window: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: PingPong(echo.request, window, count), remote_addr=("127.0.0.1", echo.port)
    )
    await protocol.over
    transport.close()


async def probing(echo: Echo, window: int, count: int) -> None:
    engine = SipEngine()
    target = Target(Transport.UDP, ("127.0.0.1", echo.port))
    probe = OptionsProbe(
        engine, Trunk("127.0.0.1", echo.port), target, timeout_ns=5 * S, accepts=lambda status: status == 200, rng=random.Random(1)
    )
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left, sent = count, 0

    def report(result: ProbeResult, *, last: bool = True) -> None:
        nonlocal left
        assert result.outcome is Outcome.PASS, result
        left -= 1
        if left == 0:
            over.set_result(None)
        else:
            ask()

    def ask() -> None:
        nonlocal sent
        if sent < count:
            sent += 1
            probe.begin(report)

    for _ in range(window):
        ask()
    await over
    engine.close()


async def _measured(what: Callable[[Echo, int, int], Awaitable[None]], echo: Echo, window: int, count: int) -> tuple[float, float]:
    """(wall, CPU) microseconds for each."""
    began, cpu = clock.mono_ns(), time.process_time_ns()
    await what(echo, window, count)
    return (clock.mono_ns() - began) / count / 1000, (time.process_time_ns() - cpu) / count / 1000


async def _main(count: int) -> None:
    async with echoing() as echo:
        for window in (1, 64):
            bare, ours = [], []
            for _ in range(ROUNDS + 1):
                bare.append(await _measured(ping_pong, echo, window, count))
                ours.append(await _measured(probing, echo, window, count))
            told = {
                name: (statistics.median(wall for wall, _ in taken[1:]), statistics.median(cpu for _, cpu in taken[1:]))
                for name, taken in (("ping-pong", bare), ("probes", ours))
            }
            for name, (wall, cpu) in told.items():
                print(f"  window {window:<3} {name:<10} {cpu:6.1f} us CPU each, {1e6 / wall:8.0f} a second")
            ratio = told["probes"][1] / told["ping-pong"][1]
            print(f"  window {window:<3} one probe costs {ratio:.2f} ping-pongs (aim: at most {AIM_RATIO})")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
