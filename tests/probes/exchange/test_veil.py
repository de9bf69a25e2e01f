"""What a server gives back of our credentials, and other secrets, is shown to nobody."""

from __future__ import annotations

import base64

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from config.api import Api, Basic, Bearer, Header
from config.probing import Expectation, JsonCondition
from config.secrets import Secret
from probes.exchange import veil, verdict, writing
from probes.exchange.apis import ApiSecrets
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest, HttpResponse
from probes.http.judging import Judge
from probes.platform import telling
from tests.probes.exchange.servers import S, answered, apis_of, serving

TOKEN = b"s3cr3t-token-0815"


async def echo(request: web.Request) -> web.StreamResponse:
    """A debug page."""
    shown = "\n".join(f"{name} = {value}" for name, value in request.headers.items())
    return web.Response(status=400, reason=f"no {request.headers.get('Authorization', '')}", text=shown)


@pytest.mark.parametrize(
    ("auth", "hidden"),
    [
        (Bearer(kind="bearer", token=Secret(env="X")), [TOKEN]),
        (Header(kind="header", name="X-Odd", value=Secret(env="X")), [TOKEN]),
        (Basic(kind="basic", username="ann", password=Secret(env="X")), [TOKEN, base64.b64encode(b"ann:" + TOKEN)]),
    ],
)
async def test_credentials_that_a_server_echoes_are_not_shown(auth: Bearer | Header | Basic, hidden: list[bytes]) -> None:
    async with serving(echo) as server, apis_of({"crm": Api(base=server.url, auth=auth)}, {"crm": ApiSecrets(TOKEN)}) as apis:
        response = answered(await apis.named("crm").exchange(HttpRequest("GET", "/"), timeout_ns=5 * S))
        assert any(each in response.body for each in hidden)
        result = Judge(Expectation(status=("400",)))(response)
        rejected = verdict.rejected(response)
        for each in (result, rejected):
            assert each.trace is not None
            told = each.trace.sent + each.trace.received + repr(each.facts).encode()
            assert not any(secret in told for secret in hidden)


def response(body: bytes, *secrets: bytes, **headers: str) -> HttpResponse:
    named = Headers.of({name.replace("_", "-"): value for name, value in headers.items()})
    return HttpResponse(status=200, body=body, headers=named, secrets=secrets)


def received(answer: HttpResponse) -> bytes:
    return verdict.trace(answer).received


def test_a_secret_across_the_end_of_what_is_shown_is_not_shown_by_half() -> None:
    for before in range(verdict.MAX_TRACED - 60, verdict.MAX_TRACED):
        assert b"s3cr" not in received(response(b"x" * before + TOKEN + b"y" * 100, TOKEN))


def test_nor_where_many_of_them_make_room_for_what_follows() -> None:
    assert TOKEN[:4] not in received(response(TOKEN * 5_000, TOKEN))


def test_a_condition_that_is_not_met_does_not_quote_the_credentials() -> None:
    judge = Judge(Expectation(json=(JsonCondition(pointer="/error", equals="none"),)))
    result = judge(response(b'{"error": "bad s3cr3t-token-0815"}', TOKEN))
    assert result.facts["detail"] == '/error is "bad …", not "none"'


@pytest.mark.parametrize("name", ["Set-Cookie", "X-Auth-Token", "Authorization", "X-Amz-Security-Token", "Authentication-Info"])
def test_headers_of_an_answer_that_hold_secrets_are_not_shown(name: str) -> None:
    assert b"hunter2" not in received(response(b"", **{name: "hunter2"}))


@pytest.mark.parametrize(
    "text",
    [
        b'{"access_token": "hunter2", "expires_in": 3600}',
        b'{"a": {"clientSecret" :"hunter2"}}',
        b'{"password":"hunter2\\"hunter2',
        b"Location: https://a.example/cb?x=1&access_token=hunter2&y=2\r\n",
        b"api_key=hunter2&x=1",
    ],
)
def test_values_whose_names_say_that_they_are_secret_are_not_shown(text: bytes) -> None:
    told = veil.veiled(text, most=2_000)
    assert b"hunter2" not in told
    assert veil.VEIL.encode() in told


def test_what_is_no_secret_is_shown_as_it_is() -> None:
    body = b'{"status": "OK", "tokens_left": 3, "code": "queue-full", "url": "/a?page=2&sort=name"}'
    assert veil.veiled(body, most=2_000) == body


def test_a_request_is_shown_without_the_secrets_of_its_query_and_headers() -> None:
    headers = Headers((("X-Session-Token", "hunter2"), ("Accept", "*/*"), ("Cookie", "hunter2")))
    told = writing.shown("GET", "https://a.example/x?api_key=hunter2&page=1", headers, b"", None)
    assert b"hunter2" not in told
    assert b"page=1" in told
    assert b"Accept: */*" in told


def test_a_platforms_words_do_not_repeat_our_token() -> None:
    body = b'{"code": "bad.credentials", "message": "token s3cr3t-token-0815 is not known"}'
    told = telling.told(HttpResponse(status=403, body=body, secrets=(TOKEN,)))
    assert "s3cr3t" not in repr(told)


@given(st.binary(min_size=4, max_size=20), st.lists(st.binary(max_size=8), max_size=6))
@settings(max_examples=50)
def test_a_known_secret_is_never_in_what_is_left(secret: bytes, between: list[bytes]) -> None:
    mark = veil.VEIL.encode()
    told = veil.veiled(secret.join(between), (secret,), most=100)
    # What is left on both sides of a removal may spell it by chance only with the mark between, which is no part of it.
    assert secret not in told or any(byte in mark for byte in secret)
