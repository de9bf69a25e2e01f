"""What our own registrations say of themselves, whatever their last refresh came to."""

from __future__ import annotations

import asyncio
import random

from daemon.probing import _kept
from probes.sip.registering.conversation import Line
from probes.sip.registering.registration import Registration
from tests.probes.sip.registrar import AOR, CONTACT, TARGET, Free, Wire, answered, asked, holding


async def sent(wire: Wire, count: int) -> None:
    async with asyncio.timeout(5):
        while len(wire.requests) < count:
            await asyncio.sleep(0)


def registration(wire: Wire) -> Registration:
    return Registration(AOR, None, TARGET, Line(wire, Free(), random.Random(1)))


async def test_nothing_is_known_before_the_first_answer() -> None:
    kept = registration(Wire(lambda _: None))
    kept.start()
    view = _kept("sbc", kept)
    kept.stop()
    assert (view.registered, view.expires_ns) == (None, None)


async def test_a_binding_counts_and_runs_on_though_a_refresh_failed() -> None:
    wire = Wire(lambda request: answered(holding(request, f"{CONTACT};expires=600")))
    kept = registration(wire)
    kept.start()
    await sent(wire, 1)
    before = _kept("sbc", kept)
    wire.script = lambda request: answered(asked(request, 500))
    kept.renew()
    await sent(wire, 2)
    standing, after = kept.standing(), _kept("sbc", kept)
    kept.stop()
    assert standing is not None
    assert (standing.code, before.registered, after.registered) == (500, True, True)
    assert before.expires_ns == after.expires_ns
    assert after.expires_ns is not None


async def test_without_a_binding_every_failure_is_one() -> None:
    wire = Wire(lambda request: answered(asked(request, 500)))
    kept = registration(wire)
    kept.start()
    await sent(wire, 1)
    view = _kept("sbc", kept)
    kept.stop()
    assert (view.registered, view.expires_ns) == (False, None)
