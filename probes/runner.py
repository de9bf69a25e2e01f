"""Asks every probe on time and pins each answer into a Sample. The one place where an exception becomes ERROR."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from probes import clock, schedule
from probes.agenda import Agenda
from probes.probe import Cancel, Probe
from probes.sample import NS_PER_MS, NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample
from probes.schedule import Cadence

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 64
"""Attempts of one probe that may overlap; beyond it the configuration asks for more than its own timeout lets end."""
IDLE_NS = 3_600 * NS_PER_S
NEVER_NS = 1 << 63
"""When a beat is due that is held back."""
MOST_AT_ONCE = 25
"""Attempts begun before the loop has a turn: after a stall everything is due, and the answers must be read too. Half of a group
of `probes.schedule`: each turn from asking to hearing finds the caches cold, but who was asked first is heard after the last."""


@dataclass(frozen=True, slots=True)
class Job:
    probe: Probe
    cadence: Cadence


class _Beat:
    """One probe's place in time. Mutable and private to the runner."""

    __slots__ = ("due_ns", "in_flight", "job", "last_ns", "name", "sequence", "suspect")

    def __init__(self, name: str, job: Job, due_ns: int) -> None:
        self.name = name
        self.job = job
        self.due_ns = due_ns
        self.last_ns: int | None = None
        self.sequence = 0
        self.in_flight: set[_Attempt] = set()
        self.suspect = False

    def start(self, now: Moment) -> int:
        """Claim the next sequence number and move the due time on."""
        sequence = self.sequence
        self.sequence += 1
        self.last_ns = now.mono_ns
        interval = self.job.cadence.interval(suspect=self.suspect)
        self.due_ns = schedule.next_due(self.due_ns, interval, now_ns=now.mono_ns)
        return sequence

    def cancel(self) -> None:
        for attempt in list(self.in_flight):
            if attempt.cancel is not None:
                attempt.cancel()
        self.in_flight.clear()


class _Attempt:
    """What a probe reports to."""

    __slots__ = ("beat", "cancel", "emit", "sent", "sequence")

    def __init__(self, beat: _Beat, sequence: int, sent: Moment, emit: Callable[[_Attempt, ProbeResult], None]) -> None:
        self.beat = beat
        self.sequence = sequence
        self.sent = sent
        self.emit = emit
        self.cancel: Cancel | None = None

    def __call__(self, result: ProbeResult, *, last: bool = True) -> None:
        if last:
            self.beat.in_flight.discard(self)
            self.cancel = None
        self.emit(self, result)


class ProbeRunner:
    """`publish` takes each sample, in order of arrival, and must not block."""

    def __init__(self, jobs: Mapping[str, Job], publish: Callable[[Sample], None], *, rng: random.Random, vantage: str) -> None:
        now_ns = clock.mono_ns()
        self._rng = rng
        self._beats = {name: _Beat(name, job, self._first_due(job, len(jobs), now_ns)) for name, job in jobs.items()}
        self._agenda: Agenda[_Beat] = Agenda()
        """An entry whose time is not its beat's due time is an old one, and says nothing."""
        self._suspect: frozenset[str] = frozenset()
        self._publish = publish
        self._vantage = vantage
        self._wake: asyncio.Future[None] | None = None

    def _first_due(self, job: Job, of: int, now_ns: int) -> int:
        return schedule.first_due(now_ns, job.cadence.every_ns, of=of, fraction=self._rng.random())

    def change(self, jobs: Mapping[str, Job], *, held: Collection[str] = ()) -> None:
        """From now on these. A job that is the same object goes on as it is, with its attempts; a new one under a name that is
        known begins afresh, but counts its attempts on, so that none of them seems older than those before.

        Attempts of a job that is gone report nothing any more. Those `held` are not asked before they are released.
        """
        now_ns = clock.mono_ns()
        fresh = sum(self._is_new(name, job) for name, job in jobs.items())
        beats: dict[str, _Beat] = {}
        for name, job in jobs.items():
            if not self._is_new(name, job):
                beats[name] = self._beats[name]
                continue
            beat = beats[name] = _Beat(name, job, NEVER_NS if name in held else self._first_due(job, fresh, now_ns))
            beat.suspect = name in self._suspect
            if name in self._beats:
                beat.sequence = self._beats[name].sequence
        before, self._beats = self._beats, beats
        for name, beat in before.items():
            if beats.get(name) is not beat:
                beat.cancel()
        self._schedule()
        self._rouse()

    def _schedule(self) -> None:
        """Afresh: an agenda would go on holding who is gone until their time has come."""
        self._agenda = Agenda()
        for beat in self._beats.values():
            if beat.due_ns != NEVER_NS:
                self._agenda.add(beat.due_ns, beat)

    def release(self, names: Collection[str]) -> None:
        """Those that were held back are asked from now on."""
        now_ns = clock.mono_ns()
        for name in names:
            beat = self._beats.get(name)
            if beat is not None and beat.due_ns == NEVER_NS:
                beat.due_ns = self._first_due(beat.job, len(names), now_ns)
                self._agenda.add(beat.due_ns, beat)
        self._rouse()

    def _is_new(self, name: str, job: Job) -> bool:
        return name not in self._beats or self._beats[name].job is not job

    def pace(self, suspect: frozenset[str], *, at_once: frozenset[str] = frozenset()) -> None:
        """From now on `suspect` are asked at `suspect_every`, all others at `every`; `at_once` are asked right now too."""
        now_ns = clock.mono_ns()
        for name in (suspect ^ self._suspect) | at_once:
            beat = self._beats.get(name)
            if beat is None:
                continue
            was, beat.suspect = beat.suspect, name in suspect
            if name in at_once:
                self._move(beat, now_ns)
            elif beat.suspect and not was:
                interval = beat.job.cadence.suspect_every_ns
                self._move(beat, schedule.hastened(beat.due_ns, last_ns=beat.last_ns, interval_ns=interval, now_ns=now_ns))
        self._suspect = suspect
        self._rouse()

    async def run(self) -> None:
        """Until cancelled. Attempts that are under way are cancelled with it."""
        self._schedule()
        try:
            while True:
                self._launch_due(clock.read())
                await self._until(self._agenda.next)
        finally:
            for beat in self._beats.values():
                beat.cancel()

    def _launch_due(self, now: Moment) -> None:
        for _ in range(MOST_AT_ONCE):
            taken = self._agenda.take(now=now.mono_ns)
            if taken is None:
                return
            due_ns, beat = taken
            if due_ns == beat.due_ns:
                self._launch(beat, now)
                self._agenda.add(beat.due_ns, beat)

    async def _until(self, due_ns: int | None) -> None:
        left_ns = IDLE_NS if due_ns is None else due_ns - clock.mono_ns()
        if left_ns <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        # Timers have a granularity of 1 ms: a shorter wait would spin instead of sleeping.
        timer = loop.call_later(max(left_ns, NS_PER_MS) / NS_PER_S, self._rouse)
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = None

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _move(self, beat: _Beat, due_ns: int) -> None:
        if due_ns != beat.due_ns and beat.due_ns != NEVER_NS:
            beat.due_ns = due_ns
            self._agenda.add(due_ns, beat)

    def _launch(self, beat: _Beat, now: Moment) -> None:
        attempt = _Attempt(beat, beat.start(now), now, self._emit)
        if len(beat.in_flight) >= MOST_IN_FLIGHT:
            attempt(_own_trouble("overrun", f"{MOST_IN_FLIGHT} attempts under way"))
            return
        beat.in_flight.add(attempt)
        try:
            cancel = beat.job.probe.begin(attempt)
        except Exception as error:
            log.exception("probe %s raised", beat.name, extra={"probe": beat.name})
            attempt(_own_trouble("exception", type(error).__name__))
        else:
            # Only while it is under way: with what it reports to, the attempt would be a circle that nobody frees.
            if attempt in beat.in_flight:
                attempt.cancel = cancel

    def _emit(self, attempt: _Attempt, result: ProbeResult) -> None:
        beat = attempt.beat
        if self._beats.get(beat.name) is beat:
            self._publish(Sample(beat.name, self._vantage, attempt.sequence, attempt.sent, clock.read(), result))


def _own_trouble(reason: str, detail: str) -> ProbeResult:
    return ProbeResult(Outcome.ERROR, None, Origin.SELF, reason, 0, {"detail": detail})
