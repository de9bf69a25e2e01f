"""The webhook against a bare aiohttp handler that returns the same bytes: requests a second, and p99 while the night goes wrong.

    python -m bench.webhook [ROUNDS]

*Bare* is a `web.Application` with one route and a handler that returns a `web.Response`, on uvloop, without an access log: what
people write. That is what is judged. Beside it stands aiohttp's low-level `web.Server`, the least that aiohttp can do and what
our listener stands on. Ours checks two keys in constant time, an allow-list, a rate and a lease,
and counts region and number; the bare ones do nothing. All are asked in turn within each round, in short bursts on connections
that stay, from another core where there is one. Ratios are medians over rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import webhook_tail
from bench.load import Saturation
from bench.webhook_servers import KEYS, SERVERS

ROUNDS, BURST_S, CONNECTIONS = 40, 0.15, 64
AIM = 0.9
REQUEST = (
    b"GET /v1/gates/inbound?region=emea&dnis=%%2B4930123456&conversation=6f1b1c3e-5a0b-4d1c-8e2f-0123456789ab HTTP/1.1\r\n"
    b"Host: cutoverd.example.net:8443\r\nUser-Agent: bench\r\nAccept: application/json\r\nX-Api-Key: %b\r\n\r\n"
) % KEYS["ivr-new"]


@dataclass
class Subject:
    """A server in a process of its own. `rates` are requests a second, `costs` microseconds of CPU for each, by round."""

    pid: int
    port: int
    load: Saturation
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    async def burst(self) -> None:
        before = _cpu_ns(self.pid)
        answers, seconds = await self.load.burst(BURST_S)
        self.rates.append(answers / seconds)
        self.costs.append((_cpu_ns(self.pid) - before) / answers / 1_000)


def _cpu_ns(pid: int) -> int:
    """Of a process with one thread that works (proc(5), schedstat)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def apart() -> tuple[str, ...]:
    """This process to one core; what to start servers with, so that they have another."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return ()
    os.sched_setaffinity(0, {cores[1]})
    return ("taskset", "-c", str(cores[0]))


@contextlib.asynccontextmanager
async def server(kind: str, within: tuple[str, ...]) -> AsyncIterator[Subject]:
    process = await asyncio.create_subprocess_exec(
        *within, sys.executable, "-m", "bench.webhook_servers", kind, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = int(await process.stdout.readline())
        load = await Saturation.of(port, REQUEST, connections=CONNECTIONS)
        yield Subject(process.pid, port, load)
        load.close()
    finally:
        process.stdin.close()
        await process.wait()


async def speed(rounds: int, within: tuple[str, ...]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        subjects = {kind: await stack.enter_async_context(server(kind, within)) for kind in SERVERS}
        order = list(subjects)
        for number in range(rounds):
            at = number % len(order)
            for kind in order[at:] + order[:at]:
                await subjects[kind].burst()
        print(f"requests a second, {CONNECTIONS} connections, {rounds} rounds of {BURST_S} s each in turn; medians")
        for kind, subject in subjects.items():
            rate, cost = statistics.median(subject.rates), statistics.median(subject.costs)
            print(f"  {kind:<12} {rate:8.0f} a second   CPU {cost:6.1f} us for each")
        ours = subjects["ours"]
        for kind, judged in (("application", f"   (aim ≥ {AIM})"), ("server", "")):
            rates = statistics.median(mine / theirs for mine, theirs in zip(ours.rates, subjects[kind].rates, strict=True))
            costs = statistics.median(theirs / mine for mine, theirs in zip(ours.costs, subjects[kind].costs, strict=True))
            print(f"  ours against {kind:<12} requests {rates:.2f}, by CPU {costs:.2f}{judged}")


async def main(rounds: int) -> None:
    within = apart()
    await speed(rounds, within)
    async with server("server", within) as bare:
        await webhook_tail.main(bare.port, within)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
