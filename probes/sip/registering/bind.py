"""`sip_register` in mode `bind`: beats that report how a registration of our own stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from probes.clock import mono_ns
from probes.probe import Cancel, Report
from probes.sample import Outcome, ProbeResult
from probes.sip.digest.auth import Credentials
from probes.sip.engine.deadlines import whole_ms
from probes.sip.engine.target import Target
from probes.sip.locating.location import Location
from probes.sip.registering.conversation import Line
from probes.sip.registering.keep import State
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor
from probes.sip.registering.result import deferred, remembered, unasked


class RegisterBindProbe:
    """Each beat reports what stands at that moment; the first ones wait for the first answer, at most the AOR's timeout.

    Each attempt that fails is news once, not at every beat: three beats that tell of one 503 are no three failures, but three
    attempts that failed are. In between a beat says ERROR `pending`; while the binding still stands, the next attempt comes
    when half of what is left of it is over. A binding that is gone is gone at every beat.

    What was rejected for good is told at every beat, with `asked_s`, how long ago that was. Where the name no longer leads to
    the place we are bound at, the next beat moves the binding. The registration begins with the first beat. Close it when done.
    """

    def __init__(self, aor: Aor, credentials: Credentials | None, way: Target | Location, line: Line) -> None:
        self.registration = Registration(aor, credentials, way, line, observer=self._changed)
        self._waiting: dict[_Beat, None] = {}
        self._stopped: asyncio.Event | None = None
        self._told_ns = 0
        """When the attempt ended that was last reported."""

    def begin(self, report: Report) -> Cancel:
        if self.registration.state is State.IDLE:
            self.registration.start()
        self.registration.look()
        beat = _Beat(report, self._waiting)
        standing = self.registration.standing()
        if standing is not None:
            report(self._news(standing))
        else:
            beat.wait(self.registration)
        return beat.cancel

    def _news(self, standing: ProbeResult) -> ProbeResult:
        registration = self.registration
        asked_ns = registration.asked_ns
        is_repeated, self._told_ns = asked_ns == self._told_ns, asked_ns
        if not is_repeated:
            return standing
        if registration.state is State.REJECTED:
            return remembered(standing, mono_ns() - asked_ns)
        if standing.outcome is Outcome.FAIL and not registration.is_gone:
            return replace(unasked("pending", 0), facts=standing.facts)
        return standing

    def again(self) -> None:
        """The operator's word that what was rejected may be right now."""
        self.registration.again()

    async def close(self, *, unregister: bool) -> None:
        """Returns when the binding was taken back, or with `unregister` False at once. The caller bounds the time, and calls
        again without `unregister` if it runs out."""
        self._stopped = asyncio.Event()
        self.registration.stop(unregister=unregister)
        await self._stopped.wait()

    def _changed(self, registration: Registration) -> None:
        if self._stopped is not None and registration.state is State.STOPPED:
            self._stopped.set()
        standing = registration.standing() if self._waiting else None
        if standing is not None:
            for beat in list(self._waiting):
                beat.tell(self._news(standing))


class _Beat:
    """One beat that waits for the first answer."""

    __slots__ = ("_report", "_timer", "_waiting")

    def __init__(self, report: Report, waiting: dict[_Beat, None]) -> None:
        self._report = report
        self._waiting = waiting
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, registration: Registration) -> None:
        timeout_ns = registration.aor.timeout_ns
        self._waiting[self] = None
        self._timer = asyncio.get_running_loop().call_later(whole_ms(timeout_ns), self._give_up, registration)

    def tell(self, result: ProbeResult) -> None:
        self.cancel()
        self._report(result)

    def _give_up(self, registration: Registration) -> None:
        elapsed_ns = registration.aor.timeout_ns
        waits = registration.is_deferred
        self.tell(deferred(elapsed_ns, registration.load()) if waits else unasked("pending", elapsed_ns))

    def cancel(self) -> None:
        self._waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
