"""A registrar that is a name: each of its targets is asked by a query, one of them keeps our binding."""

from __future__ import annotations

import asyncio
import random

import pytest

from probes.clock import mono_ns
from probes.records import Fault, Question, Reply
from probes.sample import Origin, Outcome
from probes.sip.engine.exchanged import Silent
from probes.sip.engine.target import Target, Transport
from probes.sip.locating.candidates import Lost
from probes.sip.locating.locate import Place
from probes.sip.locating.location import Cancel, Known, Location
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.conversation import Line
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.registration import Registration
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import AOR, CONTACT, CREDENTIALS, Free, Held, S, Wire, answered, holding

ONE, TWO = (Target(Transport.UDP, (f"192.0.2.{host}", 5060)) for host in (1, 2))


class Unasked:
    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        raise AssertionError(question)


class Leads(Location):
    """A name that leads where the test says."""

    def __init__(self, *answers: tuple[Target, ...] | Lost) -> None:
        super().__init__(Place("example.net"), Unasked(), timeout_ns=S)
        self.answers = list(answers)

    def ask(self, known: Known) -> Cancel:
        known(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        return lambda: None


Where = tuple[Target, ...] | Lost


def line(wire: Wire) -> Line:
    return Line(wire, Free(), random.Random(2))


async def test_each_target_is_asked_and_reported_by_itself() -> None:
    held = {1: (CONTACT,), 2: ()}
    wire = Wire(lambda request: answered(holding(request, *held[len(wire.requests)])))
    results = await attempt(RegisterQueryProbe(AOR, CREDENTIALS, Leads((ONE, TWO)), line(wire)))
    among = ("192.0.2.1:5060/udp", "192.0.2.2:5060/udp")
    assert [(result.target, result.reason, result.among) for result in results] == [
        (among[0], "registered", among),
        (among[1], "not-registered", among),
    ]
    assert wire.targets == [ONE, TWO]


async def test_what_the_name_no_longer_leads_to_is_forgotten() -> None:
    wire = Wire(lambda request: answered(holding(request, CONTACT) if len(wire.requests) == 1 else holding(request)))
    probe = RegisterQueryProbe(AOR, CREDENTIALS, Leads((ONE,), (TWO,), (ONE,)), line(wire))
    flaps = [(await attempt(probe))[0].facts["flaps"] for _ in range(3)]
    assert flaps == [0, 0, 0]


async def test_a_name_that_leads_nowhere_is_an_error_of_dns() -> None:
    (result,) = await attempt(
        RegisterQueryProbe(AOR, CREDENTIALS, Leads(Lost(Fault.NXDOMAIN, 5, "example.net A")), line(Wire(lambda _: None)))
    )
    assert (result.outcome, result.origin, result.reason) == (Outcome.ERROR, Origin.DNS, "dns-nxdomain")
    assert result.facts == {"host": "example.net", "detail": "example.net A"}


async def test_a_kept_registration_goes_to_the_next_target_after_a_failure() -> None:
    wire = Wire(lambda _: Silent(2 * S, ONE.endpoint, 3))
    kept = Registration(AOR, CREDENTIALS, Leads((ONE, TWO)), line(wire))
    kept.start()
    async with asyncio.timeout(5):
        while not wire.targets:
            await asyncio.sleep(0)
    wire.script = lambda request: answered(holding(request, CONTACT))
    kept._on_due()
    kept.stop()
    assert wire.targets == [ONE, TWO]


async def test_the_target_that_took_us_after_a_failover_is_refreshed_and_left() -> None:
    wire = Wire(lambda _: Silent(2 * S, ONE.endpoint, 3))
    kept = Registration(AOR, CREDENTIALS, Leads((ONE, TWO)), line(wire))
    kept.start()
    kept._on_due()
    wire.script = lambda request: answered(holding(request, CONTACT))
    for _ in range(2):
        kept._on_due()
    kept.stop(unregister=True)
    kept._on_due()
    assert wire.targets == [ONE, TWO, TWO, TWO]


async def test_a_stop_ends_what_a_name_known_at_once_has_begun() -> None:
    permits = Held()
    kept = Registration(AOR, CREDENTIALS, Leads((ONE,)), Line(Wire(lambda _: None), permits, random.Random(2)))
    kept.start()
    async with asyncio.timeout(5):
        while not permits.queue:
            await asyncio.sleep(0)
    kept.stop()
    assert permits.queue == []


async def test_a_kept_registration_waits_where_its_name_leads_nowhere() -> None:
    kept = Registration(
        AOR, CREDENTIALS, Leads(Lost(Fault.TIMEOUT, None, "example.net A: no answer")), line(Wire(lambda _: None))
    )
    kept.start()
    async with asyncio.timeout(5):
        while kept.standing() is None:
            await asyncio.sleep(0)
    standing = kept.standing()
    kept.stop()
    assert standing is not None
    assert (standing.outcome, standing.reason) == (Outcome.ERROR, "dns-timeout")
    assert 1 <= int(standing.facts["retry_in_s"]) <= 5
    assert (standing.facts["host"], standing.facts["detail"]) == ("example.net", "example.net A: no answer")


async def moved(first: Where, second: Where, permits: Free | None = None) -> tuple[list[Target], RegisterBindProbe]:
    """Where a kept registration went while its name led there, and then elsewhere, and two beats went by each time."""
    wire, way = Wire(lambda request: answered(holding(request, CONTACT))), Leads(first)
    probe = RegisterBindProbe(AOR, CREDENTIALS, way, Line(wire, permits or Free(), random.Random(2)))
    await attempt(probe)
    way.answers = [second]
    for _ in range(2):
        await attempt(probe)
        await settled(probe)
    return wire.targets, probe


async def settled(probe: RegisterBindProbe) -> None:
    """What is due now has happened."""
    async with asyncio.timeout(5):
        while (due := probe.registration._keeper.due_ns) is not None and due <= mono_ns():
            await asyncio.sleep(0)


async def test_a_binding_moves_at_the_next_beat_when_its_place_is_no_longer_what_the_name_leads_to() -> None:
    targets, probe = await moved((ONE,), (TWO,))
    assert targets == [ONE, TWO]
    assert probe.registration.is_bound
    await probe.close(unregister=False)


@pytest.mark.parametrize("later", [(TWO, ONE), (ONE,), Lost(Fault.TIMEOUT)], ids=["one more", "the same", "no word"])
async def test_a_binding_stays_while_its_place_is_among_the_targets_or_dns_says_nothing(later: Where) -> None:
    targets, probe = await moved((ONE,), later)
    await probe.close(unregister=False)
    assert targets == [ONE]


async def test_a_binding_that_moves_waits_for_a_permit_by_its_end() -> None:
    permits = Free()
    _, probe = await moved((ONE,), (TWO,), permits)
    await probe.close(unregister=False)
    (_, first), (_, second) = permits.asked
    assert first == 0
    assert 500 * S < second - mono_ns() <= 600 * S


async def test_a_look_that_waits_ends_with_the_registration() -> None:
    cancelled: list[bool] = []

    class Slow(Leads):
        def ask(self, known: Known) -> Cancel:
            if len(self.answers) > 1:
                return super().ask(known)
            return lambda: cancelled.append(True)

    wire = Wire(lambda request: answered(holding(request, CONTACT)))
    probe = RegisterBindProbe(AOR, CREDENTIALS, Slow((ONE,), (TWO,)), line(wire))
    await attempt(probe)
    for _ in range(3):
        await attempt(probe)
    await probe.close(unregister=False)
    assert cancelled == [True]
