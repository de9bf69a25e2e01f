"""What is sent, and what comes back, with a server that knows its manners."""

from __future__ import annotations

import asyncio
import gc

import pytest
from aiohttp import web

from config.api import Api, Budget, Header
from config.secrets import Secret
from probes.exchange.apis import ApiSecrets
from probes.exchange.client import Client
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest, Phase, Reason
from probes.sample import Origin
from tests.probes.exchange.servers import MS, S, answered, apis_of, get, ok, serving, talking, unanswered

KEY = {"crm": ApiSecrets(b"hunter2")}


def with_key(base: str, **more: object) -> dict[str, Api]:
    auth = Header(kind="header", name="X-Token", value=Secret(env="KEY"))
    return {"crm": Api(base=base, auth=auth, **more)}  # type: ignore[arg-type]


async def test_an_answer_is_a_value_whatever_its_status() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, reason="Out of order", headers={"Retry-After": "5"}, body=b"\xff")

    async with serving(broken) as server, apis_of() as apis:
        response = answered(await get(apis, server.url))
        assert (response.status, response.reason, response.body) == (503, "Out of order", b"\xff")
        assert response.headers.get("retry-AFTER") == "5"
        assert response.peer == f"127.0.0.1:{server.port}"


async def test_a_request_says_who_asks_and_what_it_takes() -> None:
    async with serving(ok) as server, apis_of() as apis:
        await get(apis, server.url)
        headers = server.seen[0].headers
        assert headers["User-Agent"] == "cutoverd"
        assert headers["Accept"] == "application/json"
        assert headers["Accept-Encoding"] == "gzip, deflate"
        assert "Content-Type" not in headers


async def test_what_the_request_says_goes_before_what_every_request_says() -> None:
    async with serving(ok) as server, apis_of() as apis:
        headers = Headers((("accept", "text/plain"), ("Content-Type", "text/xml"), ("X-Twice", "a"), ("X-Twice", "b")))
        await apis.web().exchange(HttpRequest("POST", server.url, headers, b"<a/>"), timeout_ns=5 * S)
        seen = server.seen[0].headers
        assert seen.getall("Accept") == ["text/plain"]
        assert seen.getall("Content-Type") == ["text/xml"]
        assert seen.getall("X-Twice") == ["a", "b"]
        assert server.bodies == [b"<a/>"]


async def test_a_url_is_sent_as_it_is_written() -> None:
    async with serving(ok) as server, apis_of() as apis:
        await get(apis, f"{server.url}/a%2Fb/../c?x=%20+y&&z")
        assert server.seen[0].raw_path == "/a%2Fb/../c?x=%20+y&&z"


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving(ok) as other:

        async def away(request: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": other.url})

        async with serving(away) as server, apis_of(with_key(server.url), KEY) as apis:
            response = answered(await apis.named("crm").exchange(HttpRequest("GET", "/"), timeout_ns=5 * S))
            assert response.status == 307
            assert other.seen == []


async def test_a_cookie_is_not_kept() -> None:
    async def cookie(request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Set-Cookie": "session=1"})

    async with serving(cookie) as server, apis_of() as apis:
        for _ in range(2):
            await get(apis, server.url)
        assert "Cookie" not in server.seen[1].headers


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(ok) as server, apis_of() as apis:
        assert answered(await get(apis, server.url)).status == 200


async def test_a_get_uses_a_kept_connection_and_says_that_it_needed_none() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        first, second = [answered(await apis.named("crm").exchange(HttpRequest("GET", "/"), timeout_ns=5 * S)) for _ in range(2)]
        assert len(server.connections) == 1
        assert first.timings.connect_ns is not None
        assert second.timings.connect_ns is None
        assert second.peer == first.peer != ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_may_change_something_has_a_connection_of_its_own(method: str) -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        api = apis.named("crm")
        await api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S)
        await api.exchange(HttpRequest(method, "/", body=b"{}"), timeout_ns=5 * S)  # type: ignore[arg-type]
        assert len(server.connections) == 2


async def test_a_fresh_connection_is_made_where_it_is_wanted() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        for _ in range(2):
            await apis.named("crm").exchange(HttpRequest("GET", "/"), timeout_ns=5 * S, is_fresh=True)
        assert len(server.connections) == 2


async def test_a_kept_connection_that_the_server_has_closed_is_no_failure() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers, and closes the moment that a second request comes."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with talking(once) as raw, apis_of() as apis:
        for _ in range(2):
            assert answered(await get(apis, raw.url, is_fresh=False)).status == 200
        assert raw.connections == 2


async def test_the_head_of_an_answer_to_head_ends_it() -> None:
    async def long(request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Content-Length": "5000000"})

    async with serving(long) as server, apis_of() as apis:
        response = answered(await apis.web().exchange(HttpRequest("HEAD", server.url), timeout_ns=5 * S))
        assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize(
    ("base", "path"),
    [("/v2", "/agents?a=1"), ("/v2/", "/agents?a=1")],
)
async def test_a_path_is_joined_to_the_base(base: str, path: str) -> None:
    async with serving(ok) as server, apis_of(with_key(server.url + base), KEY) as apis:
        answered(await apis.named("crm").exchange(HttpRequest("GET", path), timeout_ns=5 * S))
        assert server.seen[0].raw_path == "/v2/agents?a=1"


@pytest.mark.parametrize("url", ["//evil.test/", "http://evil.test/", "@evil.test/", "https://127.0.0.1/", "http://127.0.0.1:1/"])
async def test_no_url_takes_the_credentials_to_another_host(url: str) -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        ended = unanswered(await apis.named("crm").exchange(HttpRequest("GET", url), timeout_ns=5 * S))
        assert (ended.reason, ended.is_ours, ended.is_sent) == (Reason.OUTSIDE, True, False)
        assert server.seen == []


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "/a b"),
        HttpRequest("GET", "/a\r\nX: y"),
        HttpRequest("GET", "/ü"),
        HttpRequest("GET", "/a#b"),
        HttpRequest("GET", "/", Headers((("X", "a\r\nY: b"),))),
        HttpRequest("GET", "/", Headers((("X Y", "a"),))),
        HttpRequest("GET", "/", Headers((("Transfer-Encoding", "chunked"),))),
        HttpRequest("GET", "/", Headers((("Host", "evil.test"),))),
    ],
)
async def test_what_cannot_be_written_is_not_sent(request_: HttpRequest) -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        ended = unanswered(await apis.named("crm").exchange(request_, timeout_ns=5 * S))
        assert (ended.reason, ended.is_ours) == (Reason.UNSENDABLE, True)
        assert server.seen == []


async def test_a_secret_is_sent_and_shown_nowhere() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        api = apis.named("crm")
        response = answered(await api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S))
        assert server.seen[0].headers["X-Token"] == "hunter2"
        assert b"X-Token: \xe2\x80\xa6\r\n" in response.sent
        assert b"hunter2" not in response.sent
        assert "hunter2" not in repr((response, apis, api, KEY))


async def test_the_parts_of_the_time_add_up() -> None:
    async with serving(ok) as server, apis_of() as apis:
        response = answered(await get(apis, f"http://peer.test:{server.port}/"))
        timings = response.timings
        parts = (timings.dns_ns, timings.connect_ns, timings.first_byte_ns)
        assert all(part is not None and part > 0 for part in parts)
        assert timings.tls_ns is None
        assert sum(part or 0 for part in parts) + timings.waited_ns <= timings.total_ns < 5 * S
        assert timings.own_ns == timings.total_ns - timings.waited_ns


async def _limited(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "30"})


async def test_a_429_is_an_answer_and_the_next_request_is_not_made_before_its_time() -> None:
    async with serving(_limited) as server, apis_of(with_key(server.url), KEY) as apis:
        api = apis.named("crm")
        assert answered(await api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S)).status == 429
        ended = unanswered(await api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S))
        assert (ended.reason, ended.phase, ended.origin, ended.is_ours) == (Reason.BUDGET, Phase.BUDGET, Origin.SELF, True)
        assert ended.timings.total_ns < S
        assert len(server.seen) == 1


async def test_a_request_waits_for_its_turn_within_its_time() -> None:
    budget = Budget(requests=1, per=200 * MS)
    async with serving(ok) as server, apis_of(with_key(server.url, budget=budget), KEY) as apis:
        api = apis.named("crm")
        ended = await asyncio.gather(*(api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S) for _ in range(3)))
        waits = sorted(answered(each).timings.waited_ns // MS for each in ended)
        assert waits[1] >= 150
        assert waits[2] >= 350
        figures = api.figures()
        assert figures.budget is not None
        assert (figures.budget.granted, figures.budget.waited, figures.requests) == (3, 2, {"2xx": 3})
        assert figures.waited_ns > 500 * MS


async def test_the_time_that_was_waited_is_not_charged_to_the_server() -> None:
    budget = Budget(requests=1, per=400 * MS)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with talking(silent) as raw, apis_of(with_key(raw.url, budget=budget), KEY) as apis:
        first, second = await asyncio.gather(
            *(apis.named("crm").exchange(HttpRequest("GET", "/"), timeout_ns=700 * MS) for _ in range(2))
        )
        assert unanswered(first).reason == Reason.TIMEOUT
        assert (unanswered(second).reason, unanswered(second).is_ours) == (Reason.LATE, True)


async def test_an_api_has_only_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client.__init__, "__kwdefaults__", {"most": 2})

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with talking(silent) as raw, apis_of() as apis:
        first = [asyncio.create_task(get(apis, raw.url)) for _ in range(2)]
        await asyncio.sleep(0)
        assert unanswered(await get(apis, raw.url, timeout_ns=200 * MS)).reason == Reason.BUSY
        for each in first:
            each.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        assert raw.connections == 2


async def test_apis_of_the_same_name_share_everything() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        assert apis.named("crm") is apis.named("crm")
        assert apis.web() is apis.web()


async def test_a_successor_keeps_what_did_not_change_and_the_rest_is_closed() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url) | {"other": Api(base=server.url)}, KEY) as apis:
        kept, changed, web_ = apis.named("crm"), apis.named("other"), apis.web()
        settings = with_key(server.url) | {"other": Api(base=server.url + "/new")}
        after = apis.successor(settings, KEY, afresh={"other"}, resolver=apis.resolver)
        assert after.named("crm") is kept
        assert after.web() is web_
        assert after.named("other") is not changed
        await apis.retire(after)
        assert unanswered(await changed.exchange(HttpRequest("GET", "/"), timeout_ns=S)).reason == Reason.CLOSING
        for api in (kept, after.named("other")):
            assert answered(await api.exchange(HttpRequest("GET", "/"), timeout_ns=5 * S)).status == 200
        await apis.close()
        assert unanswered(await kept.exchange(HttpRequest("GET", "/"), timeout_ns=S)).reason == Reason.CLOSING


async def test_a_successor_that_never_comes_leaves_nothing_to_close() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        after = apis.successor(with_key(server.url), KEY, afresh={"crm"}, resolver=apis.resolver)
        after.named("crm")
        del after
        gc.collect()  # aiohttp complains of a session that nobody closed, and a warning is an error here


async def test_another_resolver_makes_everything_anew() -> None:
    async with serving(ok) as server, apis_of(with_key(server.url), KEY) as apis:
        kept = apis.named("crm")
        after = apis.successor(with_key(server.url), KEY, afresh=(), resolver=object())  # type: ignore[arg-type]
        assert after.named("crm") is not kept
        await apis.retire(after)
