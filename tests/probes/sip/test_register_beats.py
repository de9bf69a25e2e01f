"""What the beats of a kept registration tell a gate: attempts, not the same attempt again."""

from __future__ import annotations

import asyncio
import random

from probes.sample import Outcome, ProbeResult
from probes.sip.messages.message import Request, Response
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.conversation import Line
from probes.sip.registering.keep import State
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import AOR, CONTACT, CREDENTIALS, TARGET, Free, Registry, Wire, answered, asked, holding


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
            self.probe.registration.renew()
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


async def test_one_refused_register_at_the_start_is_one_failure_however_many_beats_follow() -> None:
    registrar = Registrar()
    registrar.is_well = False
    registrar.wire.script = lambda request: answered(asked(request, 500))
    told = [await registrar.beat() for _ in range(10)]
    await registrar.probe.close(unregister=False)
    assert told == [(Outcome.FAIL, 500, "not-accepted"), *[PENDING] * 9]
    assert len(registrar.wire.requests) == 1


async def test_a_rejection_that_is_told_again_is_no_fresh_attempt() -> None:
    wire = Wire(Registry(lets_in=False))
    probe = RegisterBindProbe(AOR, CREDENTIALS, TARGET, Line(wire, Free(), random.Random(1)))
    (fresh,), (again,) = await attempt(probe), await attempt(probe)
    await probe.close(unregister=False)
    assert len(wire.requests) == 2
    assert (fresh.duration_ns > 0, "asked_s" in fresh.facts) == (True, False)
    assert (again.reason, again.origin, again.duration_ns, again.trace, again.facts["asked_s"]) == (
        "rejected",
        fresh.origin,
        0,
        None,
        0,
    )


async def test_beats_that_waited_for_one_rejection_share_one_attempt() -> None:
    wire = Wire(lambda _: None)
    probe = RegisterBindProbe(AOR, CREDENTIALS, TARGET, Line(wire, Free(), random.Random(1)))
    results: list[ProbeResult] = []
    for _ in range(2):
        probe.begin(lambda result, *, last=True: results.append(result))
    async with asyncio.timeout(5):
        while not wire.waiting:
            await asyncio.sleep(0)
    wire.script = Registry(lets_in=False)
    wire.answer(wire.script(wire.requests[0]))
    await probe.close(unregister=False)
    assert [("asked_s" in result.facts) for result in results] == [False, True]
