"""Ten thousand real registrations over one engine, and how a storm of them goes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

from lab.registrar import Limits, Log, Registrar, busiest
from probes.clock import mono_ns
from probes.sip.digest.auth import Credentials
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, Transport
from probes.sip.registering.conversation import Line
from probes.sip.registering.keep import State
from probes.sip.registering.pacing import Pacer
from probes.sip.registering.permits import Figures, PacedPermits
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor

MESSAGES = 2
UNPACED = 100_000.0


@dataclass(frozen=True)
class Storm:
    """`capacity` in messages a second, `sent` all messages that the registrar counted, `refused` those above its limit."""

    capacity: int
    aors: int
    seconds: float
    sent: int
    busiest: int
    refused: int
    figures: Figures

    @property
    def ratio(self) -> float:
        """The time that it took to messages/R."""
        return self.seconds / (MESSAGES * self.aors / self.capacity)

    @property
    def overshoot(self) -> float:
        """Messages above R in the busiest second, as a share of R."""
        return max(0, self.busiest - self.capacity) / self.capacity

    def __str__(self) -> str:
        return (
            f"{self.aors} AORs at R = {self.capacity}/s: all back in {self.seconds:.2f} s = {self.ratio:.3f} × messages/R; "
            f"{self.sent} messages, busiest second {self.busiest} (overshoot {self.overshoot:.1%}), {self.refused} refused; "
            f"{self.figures.deferred} deferred, at the end {self.figures.rate:.0f}/s"
        )


@dataclass
class Mass:
    registrar: Registrar
    registrations: list[Registration]
    permits: PacedPermits

    async def register(self, *, within: float) -> None:
        """Everybody, for the first time: as fast as this machine can."""
        for registration in self.registrations:
            registration.start()
        async with asyncio.timeout(within):
            await self.registrar.until_bound(len(self.registrations))
            for registration in self.registrations:
                while registration.state is not State.REGISTERED:  # its last answer is still under way
                    await asyncio.sleep(0)

    async def storm(self, capacity: int, pacer: Pacer, *, within: float, retry_after: int | None = None) -> Storm:
        """The registrar starts anew and takes so many messages a second from now on, and all hear of it."""
        registrar, aors = self.registrar, len(self.registrations)
        assert registrar.lose_everybody() == aors
        registrar.limits, registrar.log = Limits(capacity=capacity, retry_after=retry_after), Log()
        self.permits.pacer, self.permits.deferred_total = pacer, 0
        # What registering left behind is collected now, and not while we measure.
        gc.collect()
        began = mono_ns()
        for registration in self.registrations:
            registration.renew()
        async with asyncio.timeout(within):
            await registrar.until_bound(aors)
        seconds, log = (mono_ns() - began) / 1e9, registrar.log
        sent, most, refused = len(log.arrived), busiest(log.arrived), len(log.refused)
        return Storm(capacity, aors, seconds, sent, most, refused, self.permits.figures())


@contextlib.asynccontextmanager
async def mass(aors: int, *, rng: random.Random) -> AsyncIterator[Mass]:
    """Registrations that are not started yet, at a registrar of the lab; all is closed when the block is left."""
    engine, permits = SipEngine(), PacedPermits(Pacer(rate=UNPACED, rng=rng))
    async with Registrar(rng=rng) as registrar:
        line = Line(engine, permits, rng)
        target = Target(Transport.UDP, ("127.0.0.1", registrar.port))
        registrations = [_registration(f"u{number}", target, line) for number in range(aors)]
        try:
            yield Mass(registrar, registrations, permits)
        finally:
            for registration in registrations:
                registration.stop()
            permits.close()
            engine.close()


def _registration(user: str, target: Target, line: Line) -> Registration:
    aor = Aor(f"sip:{user}@lab.test", "sip:lab.test", timeout_ns=4_000_000_000, expires_s=600)
    return Registration(aor, Credentials(user, b"secret"), target, line)
