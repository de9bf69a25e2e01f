"""What one OPTIONS probe costs, beside the barest thing that could send and receive the same datagrams.

    python -m bench.probing

In one process and one run each: a bare uvloop protocol that sends a request and waits for its answer (ping-pong), the engine with
probes on top, and sipp as a client. All of them ask the same answering process, which does nothing but echo a ready answer.
CPU seconds are this process's own.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import uvloop

from bench.echo import Echo, echoing
from bench.sipp_client import sipp_client
from probes import clock
from probes.sample import Outcome, ProbeResult
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, Transport
from probes.sip.options import OptionsProbe, Trunk

S = 1_000_000_000
ROUNDS, ROUND = 40, 1_000
RUNS, SIPP_COUNT = 5, 20_000
AIM_RATIO, AIM_SIPP = 4.0, 2.0

Exchanges = Callable[[Echo, int, int], Awaitable[None]]


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
        engine,
        Trunk("127.0.0.1", echo.port),
        target,
        timeout_ns=5 * S,
        accepts=lambda status: status == 200,
        rng=random.Random(1),
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


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for one exchange: on the wall's clock, and of this process's processor time."""

    wall: float
    cpu: float


async def measured(what: Exchanges, echo: Echo, window: int, count: int) -> Cost:
    began, cpu = clock.mono_ns(), time.process_time_ns()
    await what(echo, window, count)
    return Cost((clock.mono_ns() - began) / count / 1000, (time.process_time_ns() - cpu) / count / 1000)


async def _cost(echo: Echo, window: int) -> None:
    """In many short rounds, in turn: others use the machine too, and the least of a round's costs is what it takes by itself."""
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(await measured(ping_pong, echo, window, ROUND))
        ours.append(await measured(probing, echo, window, ROUND))
    for name, costs in (("ping-pong", bare), ("probes", ours)):
        cpu = [cost.cpu for cost in costs]
        most = 1e6 / min(cost.wall for cost in costs)
        spent = f"CPU min {min(cpu):5.1f}, median {statistics.median(cpu):5.1f} us"
        print(f"  window {window:<3} {name:<10} {spent}; up to {most:6.0f} a second")
    least = min(cost.cpu for cost in ours) / min(cost.cpu for cost in bare)
    usual = statistics.median(mine.cpu / theirs.cpu for mine, theirs in zip(ours, bare, strict=True))
    print(f"  window {window:<3} a probe costs {least:.2f} ping-pongs, median of rounds {usual:.2f} (aim: at most {AIM_RATIO})")


async def _throughput(echo: Echo) -> None:
    window = 64
    bare, ours, sipp = [], [], []
    for _ in range(RUNS):
        sipp.append(SIPP_COUNT / await sipp_client(echo.port, window=window, count=SIPP_COUNT))
        ours.append(1e6 / (await measured(probing, echo, window, SIPP_COUNT)).wall)
        bare.append(1e6 / (await measured(ping_pong, echo, window, SIPP_COUNT)).wall)
    for name, rates in (("ping-pong", bare), ("probes", ours), ("sipp", sipp)):
        print(f"  window {window}  {name:<10} a second: most {max(rates):6.0f}, median {statistics.median(rates):6.0f}")
    usual = statistics.median(mine / theirs for mine, theirs in zip(ours, sipp, strict=True))
    print(f"  probes against sipp: {max(ours) / max(sipp):.2f}, median of runs {usual:.2f} (aim: at least {AIM_SIPP})")


async def _main() -> None:
    async with echoing() as echo:
        print("what an OPTIONS probe costs")
        for window in (1, 64):
            await _cost(echo, window)
        await _throughput(echo)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
