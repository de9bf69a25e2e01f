"""Queries and kept registrations against Kamailio, over each transport and with each digest it offers."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Callable

import pytest

from probes.sample import Outcome, ProbeResult
from probes.sip.digest.auth import Credentials
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, TlsSettings, Transport
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.conversation import Line
from probes.sip.registering.keep import State
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor
from tests.peers.certificates import Authority, authority
from tests.peers.kamailio import DOMAIN, PASSWORD, USER, Kamailio, kamailio
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import Free

S = 1_000_000_000
AOR = Aor(f"sip:{USER}@{DOMAIN}", f"sip:{DOMAIN}", 5 * S, expires_s=60)
RIGHT, WRONG = Credentials(USER, PASSWORD.encode()), Credentials(USER, b"swordfish")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def line(engine: SipEngine, rng: random.Random) -> Line:
    return Line(engine, Free(), rng)


@pytest.fixture
async def registrar(ca: Authority, algorithm: str) -> AsyncIterator[Kamailio]:
    pair = ca.issue("DNS:registrar.example.net", "URI:sip:registrar.example.net")
    async with kamailio(algorithm=algorithm, certificate=(pair.certificate, pair.private_key)) as peer:
        yield peer


@pytest.fixture
def target(registrar: Kamailio, transport: Transport, ca: Authority) -> Target:
    if transport is Transport.TLS:
        settings = TlsSettings("registrar.example.net", ca=str(ca.certificate))
        return Target(transport, ("127.0.0.1", registrar.tls_port), tls=settings)
    return Target(transport, ("127.0.0.1", registrar.port))


everywhere = pytest.mark.parametrize("transport", list(Transport))
each_digest = pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])


async def result_of(probe: RegisterQueryProbe | RegisterBindProbe) -> ProbeResult:
    (result,) = await attempt(probe)
    return result


async def until(met: Callable[[], bool], peer: Kamailio) -> None:
    """Looked at whenever the peer has said something, which it does once for each REGISTER and once for each answer."""
    await peer.until(met)


@everywhere
@each_digest
async def test_a_binding_is_made_seen_by_a_query_and_taken_back(registrar: Kamailio, target: Target, line: Line) -> None:
    query, bind = RegisterQueryProbe(AOR, RIGHT, target, line), RegisterBindProbe(AOR, RIGHT, target, line)
    assert (await result_of(query)).reason == "not-registered"
    made = await result_of(bind)
    assert (made.outcome, made.facts["granted_s"]) == (Outcome.PASS, 60)
    seen = await result_of(query)
    assert (seen.outcome, seen.facts["bindings"]) == (Outcome.PASS, 1)
    assert 0 < int(seen.facts["expires_s"]) <= 60
    await bind.close(unregister=True)
    gone = await result_of(query)
    assert (gone.code, gone.reason, gone.facts["flaps"]) == (480, "not-registered", 1)


@everywhere
@each_digest
async def test_the_digest_is_the_one_that_was_offered_and_a_nonce_serves_many(
    registrar: Kamailio, target: Target, line: Line, algorithm: str, transport: Transport
) -> None:
    query = RegisterQueryProbe(AOR, RIGHT, target, line)
    for _ in range(5):
        await result_of(query)
    await until(lambda: len(registrar.said("SAVED")) == 5, registrar)
    arrived = [line.split()[0:5] for line in registrar.said("ARRIVED")]
    assert {words[0] for words in arrived} == {str(transport)}
    assert [words[3:5] for words in arrived] == [["<null>", "<null>"], *[[USER, algorithm]] * 5]


@everywhere
@each_digest
async def test_a_wrong_password_is_two_registers_and_then_none(registrar: Kamailio, target: Target, line: Line) -> None:
    query, bind = RegisterQueryProbe(AOR, WRONG, target, line), RegisterBindProbe(AOR, WRONG, target, line)
    for probe in (query, bind):
        results = [await result_of(probe) for _ in range(20)]
        assert {(result.outcome, result.code, result.reason) for result in results} == {(Outcome.FAIL, 401, "rejected")}
    assert bind.registration.state is State.REJECTED
    # The proof that nothing else is on its way: what is asked after it is answered, in order.
    other = Aor(f"sip:bob@{DOMAIN}", f"sip:{DOMAIN}", 5 * S)
    await result_of(RegisterQueryProbe(other, Credentials("bob", PASSWORD.encode()), target, line))
    await until(lambda: len(registrar.said("SAVED")) == 1, registrar)
    assert [line.split()[3] for line in registrar.said("ARRIVED")] == ["<null>", USER, "<null>", USER, "<null>", "bob"]
    bind.again()
    await result_of(bind)
    await until(lambda: len(registrar.said("CHALLENGED")) == 7, registrar)


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_short_bindings_are_refreshed_over_many_cycles_without_a_gap(
    transport: Transport, engine: SipEngine, rng: random.Random
) -> None:
    async with kamailio(max_expires=2) as registrar:
        target = Target(transport, ("127.0.0.1", registrar.port))
        bind = RegisterBindProbe(AOR, RIGHT, target, Line(engine, Free(), rng))
        assert (await result_of(bind)).facts["granted_s"] == 2
        await registrar.until(lambda: len(registrar.said("SAVED")) == 5)
        result = await result_of(bind)
        assert (result.outcome, result.facts["flaps"]) == (Outcome.PASS, 0)
        assert int(result.facts["stable_s"]) >= 4
        await bind.close(unregister=True)
        numbers = [int(line.split()[2]) for line in registrar.said("ARRIVED")]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len({line.split()[1] for line in registrar.said("ARRIVED")}) == 1
        assert len({re.findall(r"<sip:[^>]+>", line)[0] for line in registrar.said("ARRIVED")}) == 1


async def test_a_nonce_that_grew_stale_is_replaced_without_ado(engine: SipEngine, rng: random.Random) -> None:
    async with kamailio(max_expires=3, nonce_expire=1) as registrar:
        target = Target(Transport.UDP, ("127.0.0.1", registrar.port))
        bind = RegisterBindProbe(AOR, RIGHT, target, Line(engine, Free(), rng))
        await result_of(bind)
        await registrar.until(lambda: len(registrar.said("SAVED")) == 4)
        assert (await result_of(bind)).outcome is Outcome.PASS
        assert len(registrar.said("CHALLENGED")) >= 3
        await bind.close(unregister=False)


async def test_a_registrar_that_lost_us_is_seen_by_the_query_and_mended_by_an_order(
    engine: SipEngine, rng: random.Random
) -> None:
    async with kamailio() as registrar:
        target, line = Target(Transport.UDP, ("127.0.0.1", registrar.port)), Line(engine, Free(), rng)
        query = RegisterQueryProbe(AOR, RIGHT, target, line)
        kept = Registration(AOR, RIGHT, target, line)
        kept.start()
        await registrar.until(lambda: len(registrar.said("SAVED")) == 1)
        assert (await result_of(query)).outcome is Outcome.PASS
        registrar.forget()
        lost = await result_of(query)
        assert (lost.code, lost.reason, lost.facts["flaps"]) == (480, "not-registered", 1)
        kept.renew()
        await registrar.until(lambda: len(registrar.said("SAVED")) == 4)
        assert (await result_of(query)).outcome is Outcome.PASS
        kept.stop()


async def test_a_registrar_of_another_realm_is_not_told_who_we_are(engine: SipEngine, rng: random.Random) -> None:
    async with kamailio() as registrar:
        target = Target(Transport.UDP, ("127.0.0.1", registrar.port))
        pinned = Credentials(USER, PASSWORD.encode(), realm="elsewhere.example.net")
        query = RegisterQueryProbe(AOR, pinned, target, Line(engine, Free(), rng))
        results = [await result_of(query) for _ in range(2)]
        assert {(result.reason, result.code) for result in results} == {("login-failed", 401)}
        assert "configured is 'elsewhere.example.net'" in str(results[0].facts["login"])
        await registrar.until(lambda: len(registrar.said("CHALLENGED")) == 2)
        assert [line.split()[3] for line in registrar.said("ARRIVED")] == ["<null>", "<null>"]
