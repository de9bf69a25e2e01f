"""The lab's CXone-like part, found and used by the real client."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import aiohttp
import pytest

from config.api import AccessKey, Api
from config.secrets import Secret
from lab.platform.server import Platform
from probes.exchange.apis import Apis, ApiSecrets
from probes.exchange.document import at, decode
from probes.exchange.headers import Headers
from probes.exchange.http_api import HttpApi
from probes.exchange.values import HttpRequest, HttpResponse
from probes.resolver import Resolver

POINT = "/inContactAPI/services/v30.0/points-of-contact/1"
TIMEOUT_NS = 5_000_000_000


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform() as opened:
        yield opened


@pytest.fixture
async def api(platform: Platform) -> AsyncIterator[HttpApi]:
    where = Secret(env="X")
    who, secret = platform.client.id, platform.client.secret.encode()
    auth = AccessKey(
        kind="cxone", issuer=platform.base, client_id=who, client_secret=where, access_key_id=who, access_key_secret=where
    )
    apis = Apis({"cxone": Api(auth=auth)}, {"cxone": ApiSecrets(secret, secret)}, resolver=Resolver(), rng=random.Random(1))
    yield apis.named("cxone")
    await apis.close()


async def answer(api: HttpApi, request: HttpRequest) -> HttpResponse:
    ended = await api.exchange(request, timeout_ns=TIMEOUT_NS)
    assert isinstance(ended, HttpResponse), ended
    return ended


async def test_the_api_is_found_by_discovery_and_a_contact_is_re_pointed(api: HttpApi) -> None:
    before = decode((await answer(api, HttpRequest("GET", POINT))).body)
    assert at(before, "/pointsOfContact/0/scriptName") == "baseline"
    body = b'{"pointOfContactName": "inbound", "skillId": 200, "scriptName": "new"}'
    headers = Headers.of({"Content-Type": "application/json"})
    assert (await answer(api, HttpRequest("PUT", POINT, headers, body))).status == 204
    after = decode((await answer(api, HttpRequest("GET", POINT))).body)
    assert (at(after, "/pointsOfContact/0/scriptName"), at(after, "/pointsOfContact/0/defaultSkillId")) == ("new", 200)


@pytest.mark.parametrize(("path", "status"), [(POINT[:-1] + "9", 404), ("/inContactAPI/services/v30.0/nothing", 404)])
async def test_what_is_not_there_is_404(api: HttpApi, path: str, status: int) -> None:
    assert (await answer(api, HttpRequest("GET", path))).status == status


async def test_a_point_without_all_that_the_vendor_wants_is_400(api: HttpApi) -> None:
    headers = Headers.of({"Content-Type": "application/json"})
    assert (await answer(api, HttpRequest("PUT", POINT, headers, b'{"scriptName": "new"}'))).status == 400


async def post(platform: Platform, path: str, **sent: object) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.post(platform.base + path, **sent) as response:
        return response.status, await response.json()


async def test_an_access_key_is_given_for_a_token(platform: Platform) -> None:
    key = {"accessKeyId": platform.client.id, "accessKeySecret": platform.client.secret}
    status, document = await post(platform, "/authentication/v1/token/access-key", json=key)
    assert (status, document["token_type"]) == (200, "Bearer")
    status, _ = await post(platform, "/authentication/v1/token/access-key", json={**key, "accessKeySecret": "wrong"})
    assert status == 400


@pytest.mark.parametrize("spoilt", ["grant_type", "client_secret", "password"])
async def test_a_login_with_something_wrong_is_refused(platform: Platform, spoilt: str) -> None:
    who, secret = platform.client.id, platform.client.secret
    form = {"grant_type": "password", "client_id": who, "client_secret": secret, "username": who, "password": secret}
    assert (await post(platform, "/auth/token", data=form))[0] == 200
    assert (await post(platform, "/auth/token", data={**form, spoilt: "wrong"}))[0] in (400, 401)


async def test_discovery_tells_where_logins_go_and_knows_one_tenant(platform: Platform) -> None:
    async with aiohttp.ClientSession(platform.base) as session:
        async with session.get("/.well-known/openid-configuration") as response:
            assert (await response.json())["token_endpoint"] == f"{platform.base}/auth/token"
        async with session.get("/.well-known/cxone-configuration?tenantId=other") as response:
            assert response.status == 404


async def test_without_a_token_the_api_is_401(platform: Platform) -> None:
    async with aiohttp.ClientSession(platform.base) as session, session.get(POINT) as response:
        assert response.status == 401
