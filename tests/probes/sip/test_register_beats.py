"""What the beats of a kept registration tell a gate: attempts, not the same attempt again."""

from __future__ import annotations

import asyncio
import random

from probes.sample import Outcome
from probes.sip.message import Request, Response
from probes.sip.register_bind import RegisterBindProbe
from probes.sip.register_conversation import Line
from probes.sip.register_keep import State
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import AOR, CONTACT, TARGET, Free, Wire, answered, asked, holding


class Registrar:
    """Binds while it is well, and says 503 while it is not; `holds` False loses the binding."""

    def __init__(self) -> None:
        self.is_well, self.holds = True, True
        self.wire = Wire(lambda request: answered(self._answer(request)))
        self.probe = RegisterBindProbe(AOR, None, TARGET, Line(self.wire, Free(), random.Random(1)))

    def _answer(self, request: Request) -> Response:
        if not self.is_well:
            return asked(request, 503)
        return holding(request, f"{CONTACT};expires=600") if self.holds else holding(request)

    async def beat(self) -> tuple[Outcome, int | None, str]:
        (result,) = await attempt(self.probe)
        return result.outcome, result.code, result.reason

    async def refresh(self) -> None:
        """Another attempt, now: a binding that stands is renewed, one that is in doubt is made anew."""
        before = len(self.wire.requests)
        if self.probe.registration.state is State.REGISTERED:
            self.probe.registration.ask_for(600)
        else:
            self.probe.registration._keeper.due_ns = 0
            self.probe.registration._go_on()
        async with asyncio.timeout(5):
            while len(self.wire.requests) == before:
                await asyncio.sleep(0)


FAILED = (Outcome.FAIL, 503, "not-accepted")
PENDING = (Outcome.ERROR, None, "pending")
PASSED = (Outcome.PASS, 200, "registered")


async def test_a_failed_refresh_is_told_once_while_the_binding_stands() -> None:
    registrar = Registrar()
    assert await registrar.beat() == PASSED
    registrar.is_well = False
    await registrar.refresh()
    assert [await registrar.beat() for _ in range(4)] == [FAILED, PENDING, PENDING, PENDING]
    await registrar.probe.close(unregister=False)


async def test_a_refresh_that_goes_well_again_passes_and_the_next_failure_is_news() -> None:
    registrar = Registrar()
    await registrar.beat()
    told = []
    for is_well in (False, True, False):
        registrar.is_well = is_well
        await registrar.refresh()
        told.append(await registrar.beat())
    assert told == [FAILED, PASSED, FAILED]


async def test_a_binding_that_is_gone_is_told_at_every_beat() -> None:
    registrar = Registrar()
    assert await registrar.beat() == PASSED
    registrar.holds = False
    await registrar.refresh()
    assert [await registrar.beat() for _ in range(3)] == [(Outcome.FAIL, 480, "lost")] * 3
    await registrar.probe.close(unregister=False)
