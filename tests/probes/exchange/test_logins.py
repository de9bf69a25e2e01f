"""Tokens: Genesys-like and CXone-like logins on loopback, with an API that believes only their tokens."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from config.api import AccessKey, Api, Basic, Bearer, ClientCredentials
from config.secrets import Secret
from probes.exchange.apis import Apis, ApiSecrets
from probes.exchange.http_api import HttpApi
from probes.exchange.values import HttpRequest, HttpResponse, NoResponse, Phase, Reason
from probes.sample import Origin
from tests.probes.exchange.servers import MS, S, Server, answered, apis_of, serving, unanswered

PLACE = Secret(env="NAME")
SECRETS = ApiSecrets(b"hunter2", b"s3cret-key")


@dataclass
class Platform:
    """`valid` are the tokens that the API believes; a login makes one more. `login` may be replaced."""

    valid: set[str] = field(default_factory=set)
    logins: list[web.Request] = field(default_factory=list)
    forms: list[Mapping[str, object]] = field(default_factory=list)
    said: dict[str, object] = field(default_factory=lambda: {"token_type": "bearer", "expires_in": 3600})
    status: int = 200
    raw: bytes | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    discoveries: list[str] = field(default_factory=list)
    discovery: dict[str, object] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path in ("/oauth/token", "/auth/token"):
            return await self.login(request)
        if request.path == "/.well-known/cxone-configuration":
            self.discoveries.append(request.query["tenantId"])
            return web.json_response(self.discovery)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.valid:
            return web.json_response({"code": "bad.credentials"}, status=401)
        return web.json_response({"path": request.path})

    async def login(self, request: web.Request) -> web.StreamResponse:
        self.logins.append(request)
        self.forms.append(dict(await request.post()))
        await self.gate.wait()
        if self.raw is not None:
            return web.Response(body=self.raw, status=self.status)
        if self.status != 200:
            return web.json_response(self.said, status=self.status)
        token = f"token-{len(self.logins)}"
        self.valid.add(token)
        return web.json_response({"access_token": token, **self.said})


@asynccontextmanager
async def genesys(**more: object) -> AsyncIterator[tuple[Platform, HttpApi, Server]]:
    platform = Platform()
    platform.gate.set()
    async with serving(platform.handle) as server:
        auth = ClientCredentials(
            kind="oauth2", token_url=f"{server.url}/oauth/token", client_id="us", client_secret=PLACE, **more
        )  # type: ignore[arg-type]
        async with apis_of({"genesys": Api(base=server.url, auth=auth)}, {"genesys": SECRETS}) as apis:
            yield platform, apis.named("genesys"), server


def ask(api: HttpApi, path: str = "/api/v2/tokens/me", *, timeout_ns: int = 5 * S) -> asyncio.Task[HttpResponse | NoResponse]:
    return asyncio.ensure_future(api.exchange(HttpRequest("GET", path), timeout_ns=timeout_ns))


async def test_a_token_is_asked_for_with_the_clients_credentials_and_then_used() -> None:
    async with genesys() as (platform, api, _):
        for _ in range(3):
            assert answered(await ask(api)).status == 200
        (login,) = platform.logins
        assert login.headers["Authorization"] == "Basic " + base64.b64encode(b"us:hunter2").decode()
        assert login.content_type == "application/x-www-form-urlencoded"
        assert platform.forms == [{"grant_type": "client_credentials"}]
        assert api.figures().tokens == 1


async def test_credentials_may_stand_in_the_body_and_a_scope_beside_them() -> None:
    async with genesys(credentials_in="body", scope="routing telephony") as (platform, api, _):
        assert answered(await ask(api)).status == 200
        assert "Authorization" not in platform.logins[0].headers
        wanted = {"grant_type": "client_credentials", "scope": "routing telephony", "client_id": "us", "client_secret": "hunter2"}
        assert platform.forms == [wanted]


async def test_one_login_serves_all_who_wait_and_one_who_gives_up_does_not_end_it() -> None:
    async with genesys() as (platform, api, _):
        platform.gate.clear()
        impatient = ask(api, timeout_ns=100 * MS)
        waiting = [ask(api) for _ in range(20)]
        ended = unanswered(await impatient)
        assert (ended.reason, ended.phase, ended.is_ours) == (Reason.LOGIN_UNAVAILABLE, Phase.AUTHORIZATION, True)
        waiting[0].cancel()
        platform.gate.set()
        assert [answered(each).status for each in await asyncio.gather(*waiting[1:])] == [200] * 19
        assert len(platform.logins) == 1


async def test_a_401_renews_the_token_once_and_repeats_the_request_once() -> None:
    async with genesys() as (platform, api, server):
        assert answered(await ask(api)).status == 200
        platform.valid.clear()
        api._grants._renewal._got_ns -= 60 * S  # type: ignore[attr-defined]  # the token is a minute old
        response = answered(await ask(api))
        assert response.status == 200
        assert len(platform.logins) == 2
        assert [request.path for request in server.seen].count("/api/v2/tokens/me") == 3


async def test_a_401_of_a_young_token_is_the_answer_and_no_reason_for_another() -> None:
    async with genesys() as (platform, api, _):
        assert answered(await ask(api)).status == 200
        platform.valid.clear()
        for _ in range(3):
            assert answered(await ask(api)).status == 401
        assert len(platform.logins) == 1


async def test_a_401_of_a_fixed_token_is_the_answer() -> None:
    platform = Platform()
    async with serving(platform.handle) as server:
        api = Api(base=server.url, auth=Bearer(kind="bearer", token=PLACE))
        async with apis_of({"crm": api}, {"crm": SECRETS}) as apis:
            assert answered(await ask(apis.named("crm"))).status == 401
            assert server.seen[0].headers["Authorization"] == "Bearer hunter2"
            assert len(server.seen) == 1


async def test_basic_authentication_is_in_utf_8() -> None:
    platform = Platform()
    async with serving(platform.handle) as server:
        api = Api(base=server.url, auth=Basic(kind="basic", username="Zoë", password=PLACE))
        async with apis_of({"crm": api}, {"crm": SECRETS}) as apis:
            await ask(apis.named("crm"))
            assert server.seen[0].headers["Authorization"] == "Basic " + base64.b64encode("Zoë:hunter2".encode()).decode()


async def test_an_api_without_credentials_gets_none() -> None:
    platform = Platform()
    async with serving(platform.handle) as server, apis_of({"open": Api(base=server.url)}) as apis:
        await ask(apis.named("open"))
        assert "Authorization" not in server.seen[0].headers


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials_are_final_until_the_operator_says_otherwise(status: int) -> None:
    async with genesys() as (platform, api, _):
        platform.status, platform.said = status, {"error": "invalid_client", "error_description": "hunter2 is wrong"}
        for _ in range(3):
            ended = unanswered(await ask(api))
            assert (ended.reason, ended.origin, ended.is_ours) == (Reason.LOGIN_REJECTED, Origin.SELF, True)
            assert ended.detail == f"the token endpoint answered {status} invalid_client"
        assert len(platform.logins) == 1
        assert api.figures().is_locked_out
        platform.status, platform.said = 200, {}
        api.again()
        assert answered(await ask(api)).status == 200
        assert not api.figures().is_locked_out


async def test_too_many_logins_as_genesys_says_it_are_not_wrong_credentials() -> None:
    async with genesys() as (platform, api, _):
        platform.status = 400
        platform.said = {"error": "invalid_request", "error_description": "rate limit exceeded; try later"}
        for _ in range(3):
            ended = unanswered(await ask(api))
            assert ended.reason == Reason.LOGIN_UNAVAILABLE
            assert ended.detail == "the token endpoint answered 400 invalid_request: too many logins"
        assert len(platform.logins) == 1


@pytest.mark.parametrize(
    ("status", "raw", "detail"),
    [
        (500, b"", "the token endpoint answered 500"),
        (401, b"<html>", "the token endpoint answered 401"),
        (400, b'{"error": "no_luck", "message": %s}' % (b"[" * 1_000 + b"]" * 1_000), "the token endpoint answered 400 no_luck"),
        (403, b'{"error": "access_denied"}', "the token endpoint answered 403 access_denied"),
        (302, b"", "the token endpoint answered 302"),
        (200, b"<html>", "the token endpoint's answer is not JSON"),
        (200, b"{}", "the token endpoint's answer has no access_token that can be sent"),
        (200, b'{"access_token": "a\\r\\nb"}', "the token endpoint's answer has no access_token that can be sent"),
        (200, b'{"access_token": ""}', "the token endpoint's answer has no access_token that can be sent"),
        (200, b'{"access_token": "a", "token_type": "mac"}', "the token endpoint gave a token that is not of type bearer"),
    ],
)
async def test_what_is_no_token_is_told_and_not_final(status: int, raw: bytes, detail: str) -> None:
    async with genesys() as (platform, api, _):
        platform.status, platform.raw = status, raw
        ended = unanswered(await ask(api))
        assert ended.reason == Reason.LOGIN_UNAVAILABLE
        assert ended.detail.startswith(detail)


async def test_a_login_host_that_cannot_be_reached_is_told_with_its_reason() -> None:
    auth = ClientCredentials(kind="oauth2", token_url="http://127.0.0.1:1/", client_id="us", client_secret=PLACE)
    async with apis_of({"genesys": Api(base="http://127.0.0.1:1", auth=auth)}, {"genesys": SECRETS}) as apis:
        ended = unanswered(await ask(apis.named("genesys")))
        assert ended.reason == Reason.LOGIN_UNAVAILABLE
        assert ended.detail == "the token endpoint gave no answer (refused at connect: Connection refused)"


async def test_a_token_without_a_life_span_is_used() -> None:
    async with genesys() as (platform, api, _):
        platform.said = {}
        for _ in range(2):
            assert answered(await ask(api)).status == 200
        assert len(platform.logins) == 1


async def test_a_token_is_renewed_in_the_background_before_it_ends() -> None:
    async with genesys() as (platform, api, _):
        assert answered(await ask(api)).status == 200
        api._grants._renewal._renew_ns = 0  # type: ignore[attr-defined]  # most of its life has passed
        platform.gate.clear()
        assert answered(await ask(api)).status == 200  # and nobody waits for it
        platform.gate.set()
        async with asyncio.timeout(5):
            while api.figures().tokens < 2:
                await asyncio.sleep(0)
        assert len(platform.logins) == 2


async def test_no_secret_and_no_token_stands_in_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with genesys() as (platform, api, _):
            response = answered(await ask(api))
            platform.status, platform.said = 401, {"error": "invalid_client", "error_description": "hunter2"}
            platform.valid.clear()
            api._grants._renewal._got_ns -= 60 * S  # type: ignore[attr-defined]
            ended = unanswered(await ask(api))
            told = caplog.text + repr((response, ended, api, api._grants, response.sent))
        assert "no token" in caplog.text
        for secret in ("hunter2", "token-1", base64.b64encode(b"us:hunter2").decode()):
            assert secret not in told


async def test_a_closed_api_ends_a_login_that_is_under_way() -> None:
    async with genesys() as (platform, api, _):
        platform.gate.clear()
        task = ask(api)
        async with asyncio.timeout(5):
            while not platform.logins:
                await asyncio.sleep(0)
            await api.close()
            assert isinstance(await task, NoResponse)
        assert unanswered(await ask(api)).is_ours
        assert len(platform.logins) == 1
        platform.gate.set()  # aiohttp's server waits for its handlers


def identity(**claims: object) -> str:
    parts: tuple[object, ...] = ({"alg": "none"}, claims, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@asynccontextmanager
async def cxone() -> AsyncIterator[tuple[Platform, Apis, Server]]:
    platform = Platform()
    platform.gate.set()
    platform.said = {"token_type": "Bearer", "expires_in": 3600, "id_token": identity(tenantId="11eb-acme", sub="x")}
    async with serving(platform.handle) as server:
        platform.discovery = {"api_endpoint": f"{server.url}/na1", "auth_endpoint": server.url}
        auth = AccessKey(
            kind="cxone",
            issuer=server.url,
            client_id="us@acme",
            client_secret=PLACE,
            access_key_id="key",
            access_key_secret=PLACE,
        )
        async with apis_of({"nice": Api(auth=auth)}, {"nice": SECRETS}) as apis:
            yield platform, apis, server


async def test_an_access_key_leads_to_a_token_and_the_tenants_own_host() -> None:
    async with cxone() as (platform, apis, _):
        response = answered(await ask(apis.named("nice"), "/inContactAPI/services/v30.0/agents"))
        assert json.loads(response.body) == {"path": "/na1/inContactAPI/services/v30.0/agents"}
        assert platform.logins[0].headers["Authorization"] == "Basic " + base64.b64encode(b"us@acme:hunter2").decode()
        assert platform.forms == [{"grant_type": "password", "username": "key", "password": "s3cret-key"}]
        assert platform.discoveries == ["11eb-acme"]


@pytest.mark.parametrize(
    "endpoint", [None, "", "ftp://host", "https://host", "http://user@host", "http://host?x", "http://", "http://host:99999", 7]
)
async def test_a_discovered_host_must_be_one_that_may_have_the_token(endpoint: object) -> None:
    async with cxone() as (platform, apis, _):
        platform.discovery["api_endpoint"] = endpoint
        ended = unanswered(await ask(apis.named("nice")))
        assert ended.reason == Reason.LOGIN_UNAVAILABLE
        assert ended.detail == "the answer of discovery has no api_endpoint that may be asked"


@pytest.mark.parametrize("more", ["/a b", "/#", "/\u00fc", "/\r\nX-Other: 1"])
async def test_a_discovered_url_that_cannot_be_written_is_asked_nothing(more: str) -> None:
    async with cxone() as (platform, apis, server):
        platform.discovery["api_endpoint"] = f"{server.url}{more}"
        ended = unanswered(await ask(apis.named("nice")))
        assert (ended.reason, ended.is_sent) == (Reason.UNSENDABLE, False)


@pytest.mark.parametrize("token", [None, 7, "", "a.b", "a.!.c", "a.e30.c", identity(tenantId=7), identity(tenantId="a&b=c")])
async def test_a_token_that_names_no_tenant_leads_nowhere(token: object) -> None:
    async with cxone() as (platform, apis, _):
        platform.said["id_token"] = token
        ended = unanswered(await ask(apis.named("nice")))
        assert ended.detail == "the token endpoint's answer has no id_token that names a tenant"
        assert platform.discoveries == []


async def test_a_rejected_access_key_is_final() -> None:
    async with cxone() as (platform, apis, _):
        platform.status, platform.said = 401, {"message": "no"}
        assert unanswered(await ask(apis.named("nice"))).reason == Reason.LOGIN_REJECTED
