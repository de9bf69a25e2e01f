"""One attempt of a probe by itself, for a test that waits for it."""

from __future__ import annotations

import asyncio

from probes.probe import Probe
from probes.sample import ProbeResult


async def attempt(probe: Probe) -> list[ProbeResult]:
    results: list[ProbeResult] = []
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def report(result: ProbeResult, *, last: bool = True) -> None:
        results.append(result)
        if last and not over.done():
            over.set_result(None)

    cancel = probe.begin(report)
    try:
        await over
    finally:
        cancel()
    return results
