"""What the configuration says of a probe, as the probe that comes of it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from config.addresses import Address, SipTarget, Source
from config.probing import Credentials, SipOptionsProbe, SipRegisterProbe, Tls
from config.secrets import Secret
from probes.exchange.apis import Apis
from probes.records import Failed, Fault, Question, Reply
from probes.registry import Means, build
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, TlsSettings, TlsVersion, Transport
from probes.sip.locating.location import Location
from probes.sip.options import OptionsProbe
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.query import RegisterQueryProbe


class Nowhere:
    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        return Failed(Fault.NXDOMAIN, 1)


@pytest.fixture
async def means() -> AsyncIterator[Means]:
    engine = SipEngine()
    apis = Apis({}, {}, resolver=Nowhere(), rng=random.Random(1))
    made = Means(engine, Nowhere(), random.Random(1), apis, {"reg": b"hunter2"})
    yield made
    made.close()
    await apis.close()
    engine.close()


def options(target: str, **more: object) -> SipOptionsProbe:
    return SipOptionsProbe(kind="sip_options", path="new", target=SipTarget.parse(target), **more)  # type: ignore[arg-type]


def register(target: str = "sip:192.0.2.7", **more: object) -> SipRegisterProbe:
    aor = "sip:trunk@example.net"
    return SipRegisterProbe(kind="sip_register", path="new", target=SipTarget.parse(target), aor=aor, **more)  # type: ignore[arg-type]


def way(settings: SipOptionsProbe, means: Means) -> Target | Location:
    probe = build("trunk", settings, means)
    assert isinstance(probe, OptionsProbe)
    return probe.way


UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS
CA = Tls(ca="/ca.pem", server_name="sbc01", minimum_version="1.3")


@pytest.mark.parametrize(
    ("settings", "target"),
    [
        (options("sip:192.0.2.7"), Target(UDP, ("192.0.2.7", 5060))),
        (options("sip:[2001:db8::7]:5070;transport=tcp"), Target(TCP, ("2001:db8::7", 5070))),
        (options("sips:192.0.2.7"), Target(TLS, ("192.0.2.7", 5061), tls=TlsSettings("192.0.2.7"))),
        (
            options("sip:192.0.2.7;transport=tls", tls=CA),
            Target(TLS, ("192.0.2.7", 5061), tls=TlsSettings("sbc01", "/ca.pem", minimum_version=TlsVersion.V1_3)),
        ),
        (options("sip:192.0.2.7", source=Source("192.0.2.9", 5062)), Target(UDP, ("192.0.2.7", 5060), "192.0.2.9", 5062)),
        (options("sip:sbc01", address=Address("192.0.2.7", 5080)), Target(UDP, ("192.0.2.7", 5080))),
        (
            options("sips:sbc01", address=Address("192.0.2.7", 5080)),
            Target(TLS, ("192.0.2.7", 5080), tls=TlsSettings("sbc01")),
        ),
    ],
    ids=str,
)
async def test_where_nothing_is_looked_up_the_target_is_fixed(settings: SipOptionsProbe, target: Target, means: Means) -> None:
    assert way(settings, means) == target


async def test_a_name_is_located_and_probes_that_ask_alike_share_the_answer(means: Means) -> None:
    first, second, other = (way(options(text), means) for text in ("sip:sbc01", "sip:sbc01", "sip:sbc01;transport=tcp"))
    assert isinstance(first, Location)
    assert first is second
    assert first is not other


async def test_registrations_at_one_registrar_share_its_pace(means: Means) -> None:
    build("a", register(rate=20), means)
    build("b", register("sip:192.0.2.7:5060;transport=tcp", rate=20), means)
    build("c", register("sip:192.0.2.8"), means)
    build("d", register("sips:Registrar.example.net."), means)
    assert means.registrars["192.0.2.7:5060"].figures().rate == 20
    assert set(means.registrars) == {"192.0.2.7:5060", "192.0.2.8:5060", "registrar.example.net:5061"}


async def test_the_mode_says_whether_anything_is_bound(means: Means) -> None:
    query = build("reg", register(), means)
    assert isinstance(query, RegisterQueryProbe)
    bind = build("reg", register(mode="bind", dedicated=True, expires=60_000_000_000), means)
    assert isinstance(bind, RegisterBindProbe)
    assert (bind.registration.aor.expires_s, bind.registration.aor.registrar) == (60, "sip:example.net")


async def test_a_password_stays_out_of_sight(means: Means) -> None:
    credentials = Credentials(username="trunk", password=Secret(env="PASSWORD"))
    probe = build("reg", register(credentials=credentials), means)
    assert isinstance(probe, RegisterQueryProbe)
    assert "hunter2" not in repr(vars(probe))
