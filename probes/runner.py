"""Asks every probe on time and pins each answer into a Sample. The one place where an exception becomes ERROR."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probes import clock, schedule
from probes.probe import Probe
from probes.sample import NS_PER_MS, NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample
from probes.schedule import Cadence

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 64
"""Attempts of one probe that may overlap; beyond it the configuration asks for more than its own timeout lets end."""


@dataclass(frozen=True, slots=True)
class Job:
    probe: Probe
    cadence: Cadence


class _Beat:
    """One probe's place in time. Mutable and private to the runner."""

    def __init__(self, name: str, job: Job, due_ns: int) -> None:
        self.name = name
        self.job = job
        self.due_ns = due_ns
        self.last_ns: int | None = None
        self.sequence = 0
        self.in_flight = 0
        self.suspect = False

    def start(self, now: Moment) -> int:
        """Claim the next sequence number and move the due time on."""
        sequence = self.sequence
        self.sequence += 1
        self.last_ns = now.mono_ns
        interval = self.job.cadence.interval(suspect=self.suspect)
        self.due_ns = schedule.next_due(self.due_ns, interval, now_ns=now.mono_ns)
        return sequence


class ProbeRunner:
    """`publish` takes each sample, in order of arrival, and must not block."""

    def __init__(self, jobs: Mapping[str, Job], publish: Callable[[Sample], None], *, rng: random.Random, vantage: str) -> None:
        now_ns = clock.read().mono_ns
        self._beats = {
            name: _Beat(name, job, schedule.first_due(now_ns, job.cadence.every_ns, fraction=rng.random()))
            for name, job in jobs.items()
        }
        self._publish = publish
        self._vantage = vantage
        self._wake = asyncio.Event()
        self._attempts: set[asyncio.Task[None]] = set()

    def pace(self, suspect: frozenset[str], *, at_once: frozenset[str] = frozenset()) -> None:
        """From now on `suspect` are asked at `suspect_every`, all others at `every`; `at_once` are asked right now too."""
        now_ns = clock.read().mono_ns
        for beat in self._beats.values():
            was, beat.suspect = beat.suspect, beat.name in suspect
            if beat.name in at_once:
                beat.due_ns = now_ns
            elif beat.suspect and not was:
                interval = beat.job.cadence.suspect_every_ns
                beat.due_ns = schedule.hastened(beat.due_ns, last_ns=beat.last_ns, interval_ns=interval, now_ns=now_ns)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Attempts that are under way are cancelled with it."""
        try:
            while True:
                now = clock.read()
                for beat in self._beats.values():
                    if beat.due_ns <= now.mono_ns:
                        self._launch(beat, now)
                await self._until(min(beat.due_ns for beat in self._beats.values()))
        finally:
            for attempt in self._attempts:
                attempt.cancel()
            await asyncio.gather(*self._attempts, return_exceptions=True)

    async def _until(self, due_ns: int) -> None:
        self._wake.clear()
        # Timers have a granularity of 1 ms: a shorter wait would spin instead of sleeping.
        left_ns = max(due_ns - clock.read().mono_ns, NS_PER_MS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_ns / NS_PER_S):
                await self._wake.wait()

    def _launch(self, beat: _Beat, now: Moment) -> None:
        sequence = beat.start(now)
        if beat.in_flight >= MOST_IN_FLIGHT:
            self._emit(beat, sequence, now, _own_trouble("overrun", f"{MOST_IN_FLIGHT} attempts under way"))
            return
        beat.in_flight += 1
        attempt = asyncio.create_task(self._attempt(beat, sequence), name=f"probe {beat.name}#{sequence}")
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _attempt(self, beat: _Beat, sequence: int) -> None:
        sent = clock.read()
        try:
            result = await beat.job.probe.attempt()
        except Exception as error:
            log.exception("probe %s raised", beat.name, extra={"probe": beat.name})
            result = _own_trouble("exception", type(error).__name__)
        finally:
            beat.in_flight -= 1
        self._emit(beat, sequence, sent, result)

    def _emit(self, beat: _Beat, sequence: int, sent: Moment, result: ProbeResult) -> None:
        self._publish(Sample(beat.name, self._vantage, sequence, sent, clock.read(), result))


def _own_trouble(reason: str, detail: str) -> ProbeResult:
    return ProbeResult(Outcome.ERROR, None, Origin.SELF, reason, 0, {"detail": detail})
