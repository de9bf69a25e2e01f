"""Thousands of trunks asked once a second by one process on one core: is each asked on time, and what does it cost?

    python -m bench.many [TARGETS [SECONDS [REGISTRATIONS]]]

Each target has an address of its own in 127.0.0.0/8; one process on another core answers for all. No gate, no store, no metrics:
what is measured is the scheduler, the engine and the probes. `REGISTRATIONS` idle ones are held beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import statistics
import sys
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import cast

import uvloop

from bench.echo import Echo, echoing
from daemon import memory
from probes import clock
from probes.runner import Job, ProbeRunner
from probes.sample import NS_PER_MS, NS_PER_S, Sample
from probes.schedule import FIRST_NS, Cadence, first_due
from probes.sip.digest.auth import Credentials
from probes.sip.engine.drawn import Drawn
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, Transport
from probes.sip.options import OptionsProbe, Trunk
from probes.sip.registering.conversation import Line
from probes.sip.registering.pacing import Pacer
from probes.sip.registering.permits import PacedPermits
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor

TARGETS, SECONDS, REGISTRATIONS = 10_000, 60, 10_000
BARE_SECONDS = 5
EVERY = Cadence(NS_PER_S, NS_PER_S)
TIMEOUT_NS = 900 * NS_PER_MS
AIM_LATENESS_MS = 20


class Bare(asyncio.DatagramProtocol):
    """The least that could be: a ready datagram every millisecond, and its answer thrown away."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)


async def _bare(echo: Echo, seconds: int) -> None:
    """What a process costs here that sleeps, sends and hears a thousand times a second: by far the most of it is waking up."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Bare, remote_addr=("127.0.0.1", echo.port))
    cpu_ns, sent, until_ns = time.process_time_ns(), 0, clock.mono_ns() + seconds * NS_PER_S
    while clock.mono_ns() < until_ns:
        transport.sendto(echo.request)
        sent += 1
        await asyncio.sleep(0.001)
    share = (time.process_time_ns() - cpu_ns) / NS_PER_S / seconds
    transport.close()
    each = 1e6 * share * seconds / sent
    print(f"a bare uvloop protocol, a datagram each millisecond: {100 * share:.1f} % of a core, {each:.0f} us each")


class Fractions(random.Random):
    """First offsets that are known: each of so many places of the interval once, in a random order."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.given = [at / count for at in range(count)]
        random.Random(1).shuffle(self.given)
        self._next = iter(self.given)

    def random(self) -> float:
        return next(self._next, 0.0)


class Seen:
    """Every sample, judged as it comes: how late its probe was asked, and what became of it."""

    def __init__(self) -> None:
        self.first_due: dict[str, int] = {}
        self.lateness, self.rtt = array("q"), array("q")
        self.outcomes: Counter[str] = Counter()

    def __call__(self, sample: Sample) -> None:
        due = self.first_due[sample.probe] + sample.sequence * EVERY.every_ns
        self.lateness.append(sample.sent.mono_ns - due)
        self.rtt.append(sample.result.duration_ns)
        self.outcomes[sample.result.reason] += 1

    @property
    def missed(self) -> int:
        """Beats that were skipped because the one before came a whole interval late, and attempts that were not answered."""
        skipped = sum(1 for late in self.lateness if late >= EVERY.every_ns)
        return skipped + self.outcomes.total() - self.outcomes["accepted"]


class Spent:
    """This process's processor time from a mark on."""

    def __init__(self) -> None:
        self.mark(0)

    def mark(self, asked: int) -> None:
        self._asked, self._wall_ns, self._cpu_ns = asked, clock.mono_ns(), time.process_time_ns()

    def until_now(self, asked: int) -> str:
        cpu_ns = time.process_time_ns() - self._cpu_ns
        share = 100 * cpu_ns / (clock.mono_ns() - self._wall_ns)
        return f"{share:.1f} % of a core, {cpu_ns / 1000 / (asked - self._asked):.0f} us each"


class Pauses:
    """What the garbage collector takes, by generation, in nanoseconds."""

    def __init__(self) -> None:
        self.taken: dict[int, list[int]] = {0: [], 1: [], 2: []}
        self._began = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = clock.mono_ns()
        else:
            self.taken[info["generation"]].append(clock.mono_ns() - self._began)


def address(number: int) -> str:
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def rss_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _registrations(engine: SipEngine, permits: PacedPermits, count: int) -> list[Registration]:
    line, rng = Line(engine, permits, random.Random(2)), random.Random(2)
    way = Target(Transport.UDP, ("127.0.0.1", 5060))
    return [
        Registration(
            Aor(f"sip:agent{at}@example.net", "sip:example.net", 5 * NS_PER_S),
            Credentials(f"agent{at}", rng.randbytes(12).hex().encode()),
            way,
            line,
        )
        for at in range(count)
    ]


async def _run(echo: Echo, targets: int, seconds: int, registrations: int) -> None:
    before_kb, engine, permits = rss_kb(), SipEngine(), PacedPermits(Pacer(rate=None, rng=random.Random(3)))
    idle = _registrations(engine, permits, registrations)
    registered_kb = rss_kb()
    rng = Drawn(random.SystemRandom())
    jobs = {
        address(at): Job(
            OptionsProbe(
                engine, Trunk(address(at), echo.port), Target(Transport.UDP, (address(at), echo.port)),
                timeout_ns=TIMEOUT_NS, accepts=lambda status: status == 200, rng=rng,
            ),
            EVERY,
        )
        for at in range(targets)
    }  # fmt: skip
    if not os.environ.get("BENCH_GC_AS_IT_IS"):
        memory.settle()
    fractions = Fractions(targets)
    seen, now_ns = Seen(), clock.mono_ns()
    runner = ProbeRunner(jobs, seen, rng=fractions, vantage="bench")
    for name, part in zip(jobs, fractions.given, strict=True):
        seen.first_due[name] = first_due(now_ns, EVERY.every_ns, of=targets, fraction=part)
    pauses = Pauses()
    gc.callbacks.append(pauses)
    began, warm = Spent(), Spent()
    asyncio.get_running_loop().call_later(max(1, targets * FIRST_NS / NS_PER_S) + 1, lambda: warm.mark(len(seen.lateness)))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await runner.run()
    gc.callbacks.remove(pauses)
    _tell(seen, pauses, seconds)
    print(f"  CPU: {began.until_now(len(seen.lateness))}; once all are known {warm.until_now(len(seen.lateness))}")
    print(f"  memory: {rss_kb() / 1024:.0f} MB, {(rss_kb() - registered_kb) / targets:.1f} kB a target", end="")
    print(f", {(registered_kb - before_kb) / len(idle):.1f} kB for each of {len(idle)} idle registrations" if idle else "")
    permits.close()
    engine.close()


def _tell(seen: Seen, pauses: Pauses, seconds: int) -> None:
    late = [nanoseconds / NS_PER_MS for nanoseconds in seen.lateness]
    places = statistics.quantiles(late, n=1000)
    print(f"  {len(late)} asked in {seconds} s: {dict(seen.outcomes)}; missed {seen.missed} (aim: 0)")
    print(
        f"  lateness ms: median {places[499]:.2f}, p99 {places[989]:.2f} (aim: under {AIM_LATENESS_MS}), "
        f"p99.9 {places[998]:.2f}, most {max(late):.2f}"
    )
    rtt = statistics.quantiles(seen.rtt, n=100)
    print(f"  round trip ms: median {rtt[49] / NS_PER_MS:.2f}, p99 {rtt[98] / NS_PER_MS:.2f}")
    told = ", ".join(
        f"gen{at} {len(taken)} times, longest {max(taken, default=0) / NS_PER_MS:.1f} ms" for at, taken in pauses.taken.items()
    )
    print(f"  garbage collection: {told}")


async def _main(targets: int, seconds: int, registrations: int) -> None:
    async with echoing("everywhere") as echo:
        await _bare(echo, BARE_SECONDS)
        print(f"{targets} targets once a second on one core")
        await _run(echo, targets, seconds, registrations)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop_runner:
        given = [int(argument) for argument in sys.argv[1:]]
        loop_runner.run(_main(*given, *(TARGETS, SECONDS, REGISTRATIONS)[len(given) :]))
