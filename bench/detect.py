"""From the fault to TRIPPED, and to the record back on knot: the daemon and a minimal prober, in turn, at one cadence.

    python -m bench.detect [RUNS]

Every run begins healthy and breaks the trunk at a random phase of the interval, the same one for both of a pair; all times
are taken on this process's clock. Ratios are of medians within this one run; absolute times are the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lab.sip import Answer, Silent, Uas
from probes import clock
from tests.peers.knot import Knot, knot
from tests.system.guard import Dns, guard, write_settings

PROBER = Path(__file__).with_name("minimal_prober.py")
FAULTS: dict[str, Answer | Silent] = {"503": Answer(503), "silence": Silent()}
AIM = {"503": 1.05, "silence": 1.2}
AIM_REVERT_MS = 50


@dataclass(frozen=True)
class Times:
    """Seconds: from the fault to the trip, and to the record back; and from the trip to the record back."""

    tripped: float
    back: float

    @property
    def revert(self) -> float:
        return self.back - self.tripped


Wait = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def _daemon(folder: Path, new: Uas, old: Uas, server: Knot) -> AsyncIterator[Wait]:
    config = write_settings(
        folder, new=new.port, old=old.port, dns=Dns(server.server, server.secret),
        every="1s", suspect_every="200ms", timeout="400ms", confirm_for="0s",
    )  # fmt: skip
    async with guard(config) as running:
        await running.prepare(lambda: _cut_over(server))

        async def tripped() -> None:
            await running.said("SUSPECT → TRIPPED")

        yield tripped


@contextlib.asynccontextmanager
async def _prober(folder: Path, new: Uas, old: Uas, server: Knot) -> AsyncIterator[Wait]:
    await _cut_over(server)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROBER), str(new.port), server.server.rpartition(":")[2], server.secret.decode(),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    lines = process.stdout
    assert lines is not None
    await lines.readline()

    async def tripped() -> None:
        while (await lines.readline()).strip() != b"tripped":
            pass

    try:
        yield tripped
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


SUBJECTS = {"daemon": _daemon, "minimal prober": _prober}


async def _cut_over(server: Knot) -> None:
    await server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20")


async def _break(trunk: Uas, fault: str, phase_s: float) -> int:
    """Break the trunk `phase_s` after a probe of it, and say when (monotonic ns): chance is shared by both subjects of a pair."""
    probed = asyncio.Event()

    def answered(_: object) -> Answer:
        probed.set()
        return Answer(200)

    trunk.behaviour = answered
    await probed.wait()
    await asyncio.sleep(phase_s)
    trunk.behaviour = FAULTS[fault]
    return clock.read().mono_ns


async def _run(subject: str, fault: str, phase_s: float) -> Times:
    with tempfile.TemporaryDirectory(prefix="detect-") as name:
        folder = Path(name)
        async with knot(folder) as server, Uas() as new, Uas() as old, SUBJECTS[subject](folder, new, old, server) as tripped:
            changes = server.changes()
            began = await _break(new, fault, phase_s)
            await tripped()
            trip = clock.read().mono_ns
            await server.changed(changes + 1)
            end = clock.read().mono_ns
            return Times((trip - began) / 1e9, (end - began) / 1e9)


def _row(name: str, values: list[float], unit: float = 1.0) -> str:
    scaled = sorted(value * unit for value in values)
    return f"  {name:<32} min {scaled[0]:8.3f}   median {statistics.median(scaled):8.3f}   max {scaled[-1]:8.3f}"


async def main(runs: int) -> None:
    rng = random.Random()
    print(f"{runs} runs each, in turn; every 1 s, suspect_every 200 ms, deadline 400 ms, threshold 3, confirm_for 0 s")
    for fault in FAULTS:
        taken: dict[str, list[Times]] = {subject: [] for subject in SUBJECTS}
        for number in range(runs):
            phase_s = rng.random() * 0.95
            for subject in SUBJECTS:
                taken[subject].append(await _run(subject, fault, phase_s))
            print(f"  {fault}: {number + 1}/{runs}", end="\r", flush=True)
        print(f"fault: {fault}, seconds{' ' * 20}")
        for subject, times in taken.items():
            print(_row(f"{subject}: to TRIPPED", [t.tripped for t in times]))
            print(_row(f"{subject}: to the record back", [t.back for t in times]))
        print(_row("daemon: TRIPPED to record back, ms", [t.revert for t in taken["daemon"]], 1000))
        medians = {subject: statistics.median(t.back for t in times) for subject, times in taken.items()}
        ratio = medians["daemon"] / medians["minimal prober"]
        print(f"  ratio of medians to the record back: {ratio:.3f} (aim ≤ {AIM[fault]})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
