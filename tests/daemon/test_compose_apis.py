"""The APIs of a configuration: where their secrets stand, what can be sent of them, and what the daemon tells of them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from config.api import AccessKey, Api, Basic, Bearer, ClientCredentials, Header
from config.model import AdminServer, Server, Settings, Store, Window
from config.places import secret_places, unreadable_secrets
from config.probing import HttpProbe, SipOptionsProbe
from config.secrets import Secret, SecretUnavailable
from config.server import WebhookServer
from config.units import SipTarget
from daemon.compose.apis import api_secrets
from daemon.probing import Probing
from probes.exchange.apis import Apis, ApiSecrets
from probes.exchange.grants import NoGrant
from probes.records import Failed, Fault, Question, Reply
from probes.registry import Means
from probes.sip.engine.engine import SipEngine

A, B = Secret(env="A"), Secret(env="B")
APIS = {
    "open": Api(base="https://open.test"),
    "bearer": Api(base="https://b.test", auth=Bearer(kind="bearer", token=A)),
    "basic": Api(base="https://b.test", auth=Basic(kind="basic", username="us", password=A)),
    "header": Api(base="https://h.test", auth=Header(kind="header", name="X-Key", value=A)),
    "genesys": Api(
        base="https://g.test",
        auth=ClientCredentials(kind="oauth2", token_url="https://l.test/t", client_id="us", client_secret=A),
    ),
    "nice": Api(
        auth=AccessKey(
            kind="cxone",
            issuer="https://n.test",
            client_id="us",
            client_secret=A,
            access_key_id="key",
            access_key_secret=B,
        )
    ),
}


class Nowhere:
    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        return Failed(Fault.NXDOMAIN, 1)


def settings(apis: dict[str, Api]) -> Settings:
    webhook = WebhookServer(listen=None, keys=())  # type: ignore[arg-type]
    return Settings(
        name="night",
        cutover=Window(opens=datetime(2026, 12, 5, tzinfo=UTC), closes=datetime(2026, 12, 6, tzinfo=UTC)),
        server=Server(webhook=webhook, admin=AdminServer(listen=None)),  # type: ignore[arg-type]
        store=Store(url="sqlite:///night.db"),
        probes={},
        gates={},
        apis=apis,
    )


def test_every_secret_of_an_api_has_its_place() -> None:
    places = {".".join(map(str, path)): str(secret) for path, secret in secret_places(settings(APIS))}
    assert places == {
        "apis.bearer.auth.token": "env A",
        "apis.basic.auth.password": "env A",
        "apis.header.auth.value": "env A",
        "apis.genesys.auth.client_secret": "env A",
        "apis.nice.auth.client_secret": "env A",
        "apis.nice.auth.access_key_secret": "env B",
    }


def test_a_secret_that_cannot_be_read_is_told_at_its_place() -> None:
    told = dict(unreadable_secrets(settings({"nice": APIS["nice"]}), {"A": "x"}))
    assert told == {("apis", "nice", "auth", "access_key_secret"): "secret cannot be read: env B: not set"}


def test_each_api_gets_its_own_secrets() -> None:
    found = api_secrets(settings(APIS), {"A": "one", "B": "two"})
    assert {name: (each.main, each.key) for name, each in found.items()} == {
        "open": (b"", b""),
        "bearer": (b"one", b""),
        "basic": (b"one", b""),
        "header": (b"one", b""),
        "genesys": (b"one", b""),
        "nice": (b"one", b"two"),
    }
    assert "one" not in repr(found)


@pytest.mark.parametrize("content", ["a\nb", "a\r\nX: y", " a", "a ", "ä", "a\tb"])
@pytest.mark.parametrize("name", ["bearer", "header"])
def test_a_secret_that_no_header_can_hold_is_known_at_the_start(name: str, content: str) -> None:
    with pytest.raises(SecretUnavailable) as unavailable:
        api_secrets(settings({name: APIS[name]}), {"A": content})
    assert str(unavailable.value) == "env A: a header can hold visible ASCII only, and nothing around it"


PROBES = {
    "platform": HttpProbe(kind="http", path="new", api="genesys", url="/health"),
    "page": HttpProbe(kind="http", path="new", url="http://192.0.2.1/"),
    "trunk": SipOptionsProbe(kind="sip_options", path="new", target=SipTarget.parse("sip:192.0.2.7")),
}


@pytest.fixture
async def means() -> AsyncIterator[Means]:
    engine = SipEngine()
    apis = Apis({"genesys": APIS["genesys"]}, {"genesys": ApiSecrets(b"x")}, resolver=Nowhere(), rng=random.Random(1))
    made = Means(engine, Nowhere(), random.Random(1), apis)
    yield made
    made.close()
    await apis.close()
    engine.close()


async def test_the_operators_word_has_the_api_of_a_probe_log_in_again(means: Means) -> None:
    probing = Probing(PROBES, means)
    api = means.apis.named("genesys")
    api._grants._renewal.failed(NoGrant("wrong", is_final=True), now_ns=0)  # type: ignore[attr-defined]
    assert probing.again("platform")
    assert api._grants._renewal.is_due(now_ns=0)  # type: ignore[attr-defined]
    assert not probing.again("page")
    assert not probing.again("trunk")


async def test_apis_and_the_probes_over_http_are_told_to_metrics(means: Means) -> None:
    probing = Probing(PROBES, means)
    assert [figures.name for figures in probing.apis()] == ["genesys"]
    assert probing.over_http() == ["platform", "page"]
