"""The whole daemon with a thousand trunks asked once a second, and a gate on GATED of them: what does it take of a core?

    python -m bench.daemon_many [TARGETS [SECONDS [GATED]]]

The installed command as a process of its own: probes, judge, store, metrics and page, as in production.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from bench.echo import echoing
from bench.many import address
from tests.system.guard import Dns, guard, write_settings

TARGETS, SECONDS, GATED, WARM_S = 1_000, 20, 1_000, 5
AIM_PERCENT = 6.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def _settings(folder: Path, port: int, targets: int, gated: int) -> Path:
    def probe(host: str) -> str:
        return f'kind: sip_options, path: new, target: "sip:{host}:{port}", every: 1s, timeout: 900ms'

    more = {f"trunk-{at}": probe(address(at)) for at in range(1, targets)}
    dns = Dns("127.0.0.1:9", b"c2VjcmV0")
    path = write_settings(folder, new=port, dns=dns, every="1s", suspect_every="200ms", timeout="900ms", more=more)
    names = ", ".join(["trunk-new", *more][:gated])
    path.write_text(path.read_text().replace("probes: [trunk-new]", f"probes: [{names}]"))
    return path


async def main(targets: int, seconds: int, gated: int) -> None:
    with tempfile.TemporaryDirectory(prefix="many-") as name:
        async with echoing("everywhere") as echo, guard(_settings(Path(name), echo.port, targets, gated)) as running:
            pid = running.process.pid
            while await running.count("cutoverd_probe_results_total") < targets:
                await asyncio.sleep(0.5)
            await asyncio.sleep(WARM_S)
            results, before = await running.count("cutoverd_probe_results_total"), cpu_s(pid)
            await asyncio.sleep(seconds)
            spent = cpu_s(pid) - before
            results = await running.count("cutoverd_probe_results_total") - results
            print(f"the daemon with {targets} targets once a second, {gated} of them in one gate")
            print(f"  {results:.0f} results in {seconds} s")
            share, each = 100 * spent / seconds, 1e6 * spent / results
            print(f"  CPU: {share:.1f} % of a core (aim: under {AIM_PERCENT}), {each:.0f} us for each")
            print(f"  memory: {rss_mb(pid):.0f} MB")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*given, *(TARGETS, SECONDS, GATED)[len(given) :]))
