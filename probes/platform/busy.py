"""A probe whose attempts must not overlap: another one would place a second call, or ask everything twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from probes.sample import Origin, Outcome, ProbeResult

UNDER_WAY = ProbeResult(Outcome.ERROR, None, Origin.SELF, "under-way", 0, {"detail": "the attempt before has not ended"})


class Busy:
    """Whether an attempt is under way. For one event loop."""

    def __init__(self) -> None:
        self._busy = False

    async def alone(self, attempt: Callable[[], Awaitable[ProbeResult]]) -> ProbeResult:
        if self._busy:
            return UNDER_WAY
        self._busy = True
        try:
            return await attempt()
        finally:
            self._busy = False
