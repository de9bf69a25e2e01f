"""How long `check` and `status` take to start, and how much memory the daemon holds with ten probes.

    python -m bench.start [RUNS]

Both stand beside a process that only imports the packages the product is built on: the floor. Where that took 0.186 s, a start
under 0.15 s was asked for: a ratio of 0.81 in CPU time, which a busy machine distorts less than wall time.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.sip import Uas
from probes import clock
from tests.system.guard import CUTOVERD, Dns, Guard, guard, write_settings

FLOOR = "import aiohttp.web, aiosqlite, dns.asyncquery, orjson, prometheus_client, pyVoIP, uvloop"
AIM_START_S, AIM_START, AIM_RSS = 0.15, 0.81, 1.3
PROBES = 10


def _seconds(*command: str) -> tuple[float, float]:
    """(wall, CPU) seconds of one whole process."""
    began, before = clock.read().mono_ns, resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (clock.read().mono_ns - began) / 1e9, cpu


def _starts(commands: dict[str, tuple[str, ...]], runs: int) -> None:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            taken[name].append(_seconds(*command))
    floor = statistics.median(cpu for _, cpu in taken["import floor"][1:])
    for name, times in taken.items():
        walls, cpu = [wall for wall, _ in times[1:]], statistics.median(cpu for _, cpu in times[1:])
        told = f"wall min {min(walls):.3f}   median {statistics.median(walls):.3f}   max {max(walls):.3f} s"
        print(f"  {name:<18} {told}   CPU median {cpu:.3f} s, {cpu / floor:.2f} of the floor")
    print(f"  aim for status and check: under {AIM_START_S} s where the floor takes 0.186 s, so ≤ {AIM_START} of it")


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def _floor_mb() -> float:
    script = f"{FLOOR}; print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS:')))"
    return int(subprocess.run((sys.executable, "-c", script), capture_output=True, check=True).stdout) / 1024


def _ten_probes(config: Path) -> None:
    """The same trunk nine times more, each a probe of its own."""
    text = config.read_text()
    line = next(line for line in text.splitlines() if line.startswith("  trunk-new:"))
    more = "\n".join(line.replace("trunk-new", f"trunk-{number}") for number in range(2, PROBES + 1))
    config.write_text(text.replace(line, f"{line}\n{more}"))


async def _judged(running: Guard, results: int) -> None:
    while await running.count("cutoverd_probe_results_total") < results:
        await asyncio.sleep(0.2)


async def main(runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        folder = Path(name)
        async with Uas() as trunk:
            config = write_settings(folder, new=trunk.port, dns=Dns("127.0.0.1:9", b"c2VjcmV0"))
            _ten_probes(config)
            async with guard(config) as running:
                await _judged(running, 200)
                print("start of a command, whole process, in turn")
                bare = (sys.executable, "-c", "pass")
                status = (CUTOVERD, "status", "-c", str(config))
                check = (CUTOVERD, "check", str(config))
                floor_start = (sys.executable, "-c", FLOOR)
                commands = {"bare interpreter": bare, "import floor": floor_start, "status": status, "check": check}
                await asyncio.to_thread(_starts, commands, runs)
                rss, floor = _rss_mb(running.process.pid), _floor_mb()
                print(f"memory with {PROBES} probes: {rss:.1f} MB; import floor {floor:.1f} MB")
                print(f"  ratio {rss / floor:.2f} (aim ≤ {AIM_RSS})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
