"""What a wrong password may cost a query, whatever the registrars behind its name make of it."""

from __future__ import annotations

import random

import pytest

from probes.sample import Outcome, ProbeResult
from probes.sip.engine.exchanged import Exchanged, Silent
from probes.sip.engine.target import Target, Transport
from probes.sip.messages.message import Request
from probes.sip.registering.conversation import Line
from probes.sip.registering.query import RegisterQueryProbe
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import (
    AOR,
    CONTACT,
    CREDENTIALS,
    TARGET,
    Free,
    Registry,
    S,
    Script,
    Wire,
    answered,
    asked,
    authorization_of,
    challenge,
    holding,
    unauthorized,
)
from tests.probes.sip.test_register_located import Leads

EIGHT = tuple(Target(Transport.UDP, (f"192.0.2.{host}", 5060)) for host in range(1, 9))
SILENT = Silent(2 * S, TARGET.endpoint, 3)


def probe(wire: Wire, way: Target | Leads = TARGET) -> RegisterQueryProbe:
    return RegisterQueryProbe(AOR, CREDENTIALS, way, Line(wire, Free(), random.Random(3)))


def with_credentials(wire: Wire) -> int:
    return sum(bool(request.header("Authorization") or request.header("Proxy-Authorization")) for request in wire.requests)


def always_stale(request: Request) -> Exchanged:
    return answered(unauthorized(request, challenge(more="stale=TRUE")))


def ever_new_realm() -> Script:
    realms = iter(range(10_000))
    return lambda request: answered(
        asked(request, 407, ("Proxy-Authenticate", challenge(realm=f"r{next(realms)}", more="algorithm=MD5")))
    )


def drops_credentials(request: Request) -> Exchanged:
    return SILENT if authorization_of(request) else Registry()(request)


@pytest.mark.parametrize(
    ("script", "most"), [(always_stale, 2), (ever_new_realm(), 5), (drops_credentials, 3)], ids=["stale", "realms", "silence"]
)
async def test_a_wrong_password_is_not_shown_again_and_again(script: Script, most: int) -> None:
    wire = Wire(script)
    asking = probe(wire)
    results = [(await attempt(asking))[0] for _ in range(20)]
    assert with_credentials(wire) == most
    assert (results[-1].outcome, results[-1].reason) == (Outcome.FAIL, "rejected")


async def test_beats_that_are_cancelled_after_the_password_was_shown_count_as_unanswered() -> None:
    wire = Wire(lambda request: None if authorization_of(request) else Registry()(request))
    asking = probe(wire)
    for _ in range(3):
        asking.begin(lambda result, *, last=True: None)()
    wire.script = lambda _: SILENT
    (result,) = await attempt(asking)
    assert (with_credentials(wire), result.reason) == (3, "rejected")


async def test_silence_after_a_password_that_was_right_once_is_never_final() -> None:
    wire = Wire(Registry(grants=lambda request: holding(request, CONTACT)))
    asking = probe(wire)
    await attempt(asking)
    wire.script = lambda _: SILENT
    assert [(await attempt(asking))[0].reason for _ in range(5)] == ["silent"] * 5


async def test_a_wrong_password_is_shown_to_one_of_many_targets_and_then_to_none() -> None:
    wire = Wire(Registry(lets_in=False))
    asking = probe(wire, Leads(EIGHT))
    results = [result for _ in range(5) for result in await attempt(asking)]
    assert (len(wire.requests), {result.reason for result in results}) == (2, {"rejected"})


async def test_while_one_target_is_asked_for_the_first_time_the_others_wait() -> None:
    wire = Wire(lambda _: None)
    results: list[ProbeResult] = []
    probe(wire, Leads(EIGHT)).begin(lambda result, *, last=True: results.append(result))
    assert wire.targets == [EIGHT[0]]
    assert [(result.outcome, result.reason) for result in results] == [(Outcome.ERROR, "pending")] * 7


async def test_a_target_that_is_silent_does_not_keep_the_next_from_its_turn() -> None:
    wire = Wire(lambda _: None)
    asking = probe(wire, Leads(EIGHT[:2]))
    for _ in range(3):
        asking.begin(lambda result, *, last=True: None)
        wire.answer(SILENT)
    assert wire.targets == [EIGHT[0], EIGHT[1], EIGHT[0]]


async def test_once_it_was_let_in_a_query_asks_all_targets_at_once() -> None:
    wire = Wire(Registry(grants=lambda request: holding(request, CONTACT)))
    asking = probe(wire, Leads(EIGHT))
    await attempt(asking)
    wire.script = lambda _: None
    wire.targets.clear()
    asking.begin(lambda result, *, last=True: None)()
    assert wire.targets == list(EIGHT)


async def test_a_rejection_outlives_the_address_that_said_it() -> None:
    wire = Wire(Registry(lets_in=False))
    asking = probe(wire, Leads(*((target,) for target in EIGHT)))
    reasons = {(await attempt(asking))[0].reason for _ in EIGHT}
    assert (with_credentials(wire), reasons) == (1, {"rejected"})
