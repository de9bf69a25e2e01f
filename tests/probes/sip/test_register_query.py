"""The query: what a registrar holds, what it refuses to tell, and what is our own doing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from probes.clock import mono_ns
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.exchanged import Exchanged, Refused, Silent
from probes.sip.messages.message import Request, Response, parse, serialise
from probes.sip.registering.conversation import Line
from probes.sip.registering.permits import Permits, Word
from probes.sip.registering.query import RegisterQueryProbe
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import (
    AOR,
    CREDENTIALS,
    SECRET,
    TARGET,
    Free,
    Held,
    Registry,
    S,
    Script,
    Wire,
    answered,
    asked,
    authorization_of,
    holding,
)
from tests.probes.sip.samples import ok

HERE, THERE = "sip:sbc@192.0.2.20:5060;expires=300;q=0.7", "sip:sbc@192.0.2.21:5060;expires=100"


def probe(script: Script | Wire, permits: Permits | None = None, contact_host: str | None = None) -> RegisterQueryProbe:
    wire = script if isinstance(script, Wire) else Wire(script)
    line = Line(wire, permits or Free(), random.Random(3))
    return RegisterQueryProbe(AOR, CREDENTIALS, TARGET, line, contact_host=contact_host)


async def result_of(script: Script | Wire, permits: Permits | None = None, contact_host: str | None = None) -> ProbeResult:
    (result,) = await attempt(probe(script, permits, contact_host))
    return result


def holds(*contacts: str) -> Script:
    return lambda request: answered(holding(request, *contacts))


def says(status: int) -> Script:
    return lambda request: answered(asked(request, status))


def told(result: ProbeResult) -> tuple[Outcome, int | None, Origin, str]:
    return result.outcome, result.code, result.origin, result.reason


async def test_a_query_binds_nothing() -> None:
    wire = Wire(Registry(grants=lambda request: holding(request, HERE)))
    await attempt(probe(wire))
    assert [(request.contacts, request.expires) for request in wire.requests] == [((), None)] * 2


async def test_a_binding_passes_with_what_is_known_of_it() -> None:
    result = await result_of(holds(HERE, THERE))
    assert told(result) == (Outcome.PASS, 200, Origin.WIRE, "registered")
    facts = {name: result.facts[name] for name in ("bindings", "expires_s", "flaps", "stable_s", "contacts")}
    assert facts == {
        "bindings": 2,
        "expires_s": 100,
        "flaps": 0,
        "stable_s": 0,
        "contacts": "sip:sbc@192.0.2.20:5060;expires=300;q=0.7, sip:sbc@192.0.2.21:5060;expires=100",
    }


async def test_no_binding_fails_as_a_proxy_would_say_it_to_a_caller() -> None:
    result = await result_of(holds())
    assert told(result) == (Outcome.FAIL, 480, Origin.WIRE, "not-registered")
    assert result.facts["bindings"] == 0


async def test_an_unreadable_contact_is_a_binding_that_cannot_be_read() -> None:
    def script(request: Request) -> Exchanged:
        raw = serialise(ok(request)).replace(b"\r\nTo:", b"\r\nContact: <sip:user name@192.0.2.9>\r\nTo:")
        response = parse(raw)
        assert isinstance(response, Response)
        return answered(response)

    result = await result_of(script)
    assert told(result) == (Outcome.PASS, 200, Origin.WIRE, "registered")
    assert (result.facts["bindings"], result.facts["unreadable"]) == (1, 1)
    assert (await result_of(script, contact_host="192.0.2.9")).reason == "other-contact"


async def test_bindings_elsewhere_are_not_the_one_that_is_meant() -> None:
    assert told(await result_of(holds(THERE), contact_host="192.0.2.20")) == (Outcome.FAIL, 480, Origin.WIRE, "other-contact")
    result = await result_of(holds(HERE, THERE), contact_host="192.0.2.20")
    assert (result.outcome, result.facts["expires_s"]) == (Outcome.PASS, 300)


@pytest.mark.parametrize("status", [400, 403, 405, 420, 501])
async def test_a_registrar_that_will_not_tell_is_told_apart(status: int) -> None:
    assert told(await result_of(says(status))) == (Outcome.FAIL, status, Origin.WIRE, "query-refused")


async def test_a_registrar_that_refuses_queries_is_asked_again_at_the_next_beat() -> None:
    wire = Wire(says(403))
    asking = probe(wire)
    for _ in range(3):
        await attempt(asking)
    assert len(wire.requests) == 3


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "unknown-aor"), (503, "not-accepted"), (408, "not-accepted"), (500, "not-accepted")]
)
async def test_other_statuses_fail_as_they_are(status: int, reason: str) -> None:
    assert told(await result_of(says(status))) == (Outcome.FAIL, status, Origin.WIRE, reason)


async def test_silence_fails_as_408() -> None:
    result = await result_of(lambda _: Silent(2 * S, TARGET.endpoint, 3))
    assert told(result) == (Outcome.FAIL, 408, Origin.TIMEOUT, "silent")


# Over time


async def test_flaps_are_counted_from_beat_to_beat() -> None:
    now: list[tuple[str, ...]] = [(HERE,)]
    asking = probe(lambda request: answered(holding(request, *now[0])))
    seen = []
    for now[0] in [(HERE,), (), (HERE,), (THERE,)]:
        (result,) = await attempt(asking)
        seen.append((result.outcome, result.facts["flaps"]))
    assert seen == [(Outcome.PASS, 0), (Outcome.FAIL, 1), (Outcome.PASS, 1), (Outcome.PASS, 2)]


async def test_an_answer_that_was_overtaken_changes_nothing_any_more() -> None:
    wire = Wire(holds(HERE))
    asking = probe(wire)
    await attempt(asking)
    wire.script = lambda _: None
    results: list[ProbeResult] = []

    def report(result: ProbeResult, *, last: bool = True) -> None:
        assert last
        results.append(result)

    asking.begin(report)
    asking.begin(report)
    older, newer = wire.requests[-2:]
    wire.waiting.reverse()
    wire.answer(answered(holding(newer, THERE)))
    wire.answer(answered(holding(older, HERE)))
    assert [result.facts["flaps"] for result in results] == [1, 1]


# Who we are


async def test_a_wrong_password_costs_two_registers_however_many_beats_follow() -> None:
    wire = Wire(Registry(lets_in=False))
    asking = probe(wire)
    results = [(await attempt(asking))[0] for _ in range(50)]
    assert len(wire.requests) == 2
    assert {told(result) for result in results} == {(Outcome.FAIL, 401, Origin.WIRE, "rejected")}
    assert results[-1].facts["login"] == "credentials-rejected: realm 'example.net'"
    assert results[0].duration_ns > 0
    assert "asked_s" not in results[0].facts
    assert [(result.duration_ns, result.trace, result.facts["asked_s"]) for result in results[1:]] == [(0, None, 0)] * 49


async def test_the_operators_word_asks_again() -> None:
    registry = Registry(lets_in=False, grants=lambda request: holding(request, HERE))
    wire = Wire(registry)
    asking = probe(wire)
    await attempt(asking)
    registry.lets_in = True
    asking.again()
    assert (await attempt(asking))[0].outcome is Outcome.PASS


async def test_beats_that_overlap_do_not_try_a_password_that_was_never_right_twice() -> None:
    wire = Wire(lambda _: None)
    asking = probe(wire)
    results: list[ProbeResult] = []
    for _ in range(3):
        asking.begin(lambda result, *, last=True: results.append(result))
    assert len(wire.requests) == 1
    assert [told(result) for result in results] == [(Outcome.ERROR, None, Origin.SELF, "pending")] * 2


async def test_a_rejection_ends_the_beats_that_overlap_it() -> None:
    registry = Registry(grants=lambda request: holding(request, HERE))
    wire = Wire(registry)
    asking = probe(wire)
    await attempt(asking)
    wire.script = lambda _: None
    results: list[ProbeResult] = []
    for _ in range(2):
        asking.begin(lambda result, *, last=True: results.append(result))
    registry.lets_in = False
    wire.script = registry
    wire.answer(registry(wire.requests[-2]))
    assert [told(result) for result in results] == [(Outcome.FAIL, 401, Origin.WIRE, "rejected")] * 2
    assert wire.waiting == []


async def test_403_to_an_answer_is_a_rejection_and_no_refusal_to_tell() -> None:
    def script(request: Request) -> Exchanged:
        return answered(asked(request, 403)) if authorization_of(request) else Registry()(request)

    result = await result_of(script)
    assert told(result) == (Outcome.FAIL, 403, Origin.WIRE, "rejected")


async def test_what_we_cannot_answer_fails_and_is_asked_again() -> None:
    wire = Wire(lambda request: answered(asked(request, 401, ("WWW-Authenticate", "Basic realm=x"))))
    asking = probe(wire)
    results = [(await attempt(asking))[0] for _ in range(2)]
    assert len(wire.requests) == 2
    assert {(*told(result), result.facts["login"]) for result in results} == {
        (Outcome.FAIL, 401, Origin.WIRE, "login-failed", "unknown-scheme: Basic")
    }


async def test_the_secret_is_in_nothing_that_is_told() -> None:
    wire = Wire(Registry(lets_in=False))
    asking = probe(wire)
    (result,) = await attempt(asking)
    shown = f"{result!r} {asking!r} {vars(asking)!r} {vars(asking.registrar(TARGET))!r} {wire.requests!r}"
    assert SECRET not in shown


# Our own doing


async def test_a_permit_that_does_not_come_is_an_error() -> None:
    permits = Held()
    asking = probe(holds(HERE), permits)
    asking.aor = replace(AOR, timeout_ns=20_000_000)
    (result,) = await attempt(asking)
    assert told(result) == (Outcome.ERROR, None, Origin.SELF, "deferred")
    assert result.facts == {"pace": 7, "waiting": 1}
    assert permits.queue == []


@pytest.mark.parametrize(
    ("exchanged", "code", "origin"),
    [
        (Silent(2 * S, TARGET.endpoint, 3), 408, Origin.TIMEOUT),
        (Refused("ECONNREFUSED", 1, TARGET.endpoint, None), 503, Origin.TRANSPORT),
    ],
)
async def test_a_registrar_that_is_spared_for_its_last_word_is_still_down(
    exchanged: Exchanged, code: int, origin: Origin
) -> None:
    permits = Held()
    permits.last_word = Word(exchanged, mono_ns() - 7 * S)
    asking = probe(holds(HERE), permits)
    asking.aor = replace(AOR, timeout_ns=20_000_000)
    (result,) = await attempt(asking)
    assert told(result) == (Outcome.FAIL, code, origin, "registrar-resting")
    assert (result.duration_ns, result.trace, result.facts["asked_s"]) == (0, None, 7)


async def test_a_beat_that_is_cancelled_reports_nothing() -> None:
    wire = Wire(lambda _: None)
    asking = probe(wire)
    results: list[ProbeResult] = []
    asking.begin(lambda result, *, last=True: results.append(result))()
    assert (wire.waiting, results) == ([], [])
    await attempt(probe(holds(HERE)))
