"""What answers mean that no sound Kamailio gives: errors, silence, garbage, somebody else's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from reverters.step import Applied, Trouble
from tests.probes.exchange.servers import apis_of, saying, serving, talking
from tests.reverters.trunk.bench import reverter, reverter_of, step, trunk
from tests.reverters.trunk.test_switch import switch

OLD = {"value": "baseline"}
SHORT = 200_000_000


async def asked(answer: Callable[[web.Request], web.Response]) -> Trouble:
    """What comes of a look at a server that answers so."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)

    async with serving(handle) as server, reverter(server.url) as back:
        found = await back.inspect(step(switch(), OLD))
        assert isinstance(found, Trouble), found
        return found


async def asked_raw(data: bytes) -> Trouble:
    async with talking(saying(data)) as raw, reverter(raw.url) as back:
        found = await back.inspect(step({**switch(), "timeout_ns": SHORT}, OLD))
        assert isinstance(found, Trouble), found
        return found


def told(document: object, status: int = 200) -> Callable[[web.Request], web.Response]:
    return lambda _: web.json_response(document, status=status)


async def test_a_command_that_kamailio_does_not_know_is_no_use_asking_again() -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": 500, "message": "Method Not Found"}}
    detail = "sbc has no command htable.get: load its module in kamailio.cfg, and let jsonrpcs run it"
    assert await asked(told(error, 500)) == Trouble(False, "no-command", detail)


async def test_any_other_error_may_pass_and_is_shown() -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": 500, "message": "ongoing reload\n" + "x" * 400}}
    found = await asked(told(error, 500))
    assert (found.retryable, found.reason) == (True, "refused")
    assert found.detail.startswith("sbc refused htable.get cutover inbound: ongoing reload xxx")
    assert len(found.detail) < 300


async def test_a_rejected_login_is_final() -> None:
    found = await asked(lambda _: web.Response(status=401, reason="Unauthorized", body=b"<html>"))
    detail = "sbc answered htable.get cutover inbound with 401 Unauthorized, and not with JSON-RPC"
    assert found == Trouble(False, "http-401", detail)


async def test_a_proxy_that_is_overloaded_is_asked_again_when_it_says() -> None:
    found = await asked(lambda _: web.Response(status=503, headers={"Retry-After": "7"}))
    assert (found.retryable, found.reason, found.retry_after_ns) == (True, "http-503", 7_000_000_000)


async def test_another_path_than_kamailios_is_final() -> None:
    assert (await asked(lambda _: web.Response(status=404))).retryable is False


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"id": 1}', b'{"id": 1, "error": "no"}', b"\xff" * 50])
async def test_a_good_status_without_jsonrpc_is_malformed(body: bytes) -> None:
    found = await asked(lambda _: web.Response(body=body))
    assert (found.retryable, found.reason) == (True, "malformed")


async def test_the_answer_to_another_request_is_not_believed() -> None:
    found = await asked(told({"jsonrpc": "2.0", "id": 99, "result": {"item": {"value": "baseline"}}}))
    detail = "sbc answered htable.get cutover inbound with the answer to another request"
    assert found == Trouble(True, "malformed", detail)


async def test_silence_is_a_timeout_of_which_nobody_knows_what_was_done() -> None:
    found = await asked_raw(b"")
    assert (found.retryable, found.reason) == (True, "timeout")
    assert found.detail.endswith("whether it was done is unknown")


async def test_an_answer_that_is_cut_short_is_unknown_as_well() -> None:
    async with talking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", close=True)) as raw, reverter(raw.url) as back:
        found = await back.inspect(step(switch(), OLD))
    assert isinstance(found, Trouble)
    assert found.retryable
    assert found.detail.endswith("whether it was done is unknown")


async def test_an_answer_that_is_far_too_long_is_not_asked_for_again() -> None:
    found = await asked_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
    assert (found.retryable, found.reason) == (False, "body-too-long")


async def test_nobody_there_is_refused_and_nothing_was_done() -> None:
    async with talking(saying(b"")) as raw:
        url = raw.url
    async with reverter(url) as back:
        found = await back.inspect(step(switch(), OLD))
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (True, "refused")
    assert "unknown" not in found.detail


async def test_an_api_that_the_configuration_lacks_is_named() -> None:
    async with apis_of({}) as apis:
        found = await reverter_of(apis).inspect(step(switch(), OLD))
    detail = "the configuration has no api sbc: switch cutover=>inbound at sbc was not reached"
    assert found == Trouble(False, "no-api", detail)


class Table:
    """A hash table in memory behind JSON-RPC, whose commands can be made to fail once each. `orders` is what changed it."""

    def __init__(self, value: str) -> None:
        self.value, self.orders = value, list[str]()
        self.lost: set[str] = set()
        self.refused: set[str] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = json.loads(await request.read())
        method, reply = asked["method"], {"jsonrpc": "2.0", "id": asked["id"]}
        if method in self.refused:
            self.refused.remove(method)
            return web.json_response(reply | {"error": {"code": 500, "message": "not now"}}, status=500)
        if method != "htable.get":
            self.orders.append(method)
        if method == "htable.sets":
            self.value = asked["params"][2]
        if method in self.lost:
            self.lost.remove(method)
            return web.Response(status=502)
        return web.json_response(reply | {"result": {"item": {"value": self.value}} if method == "htable.get" else "Ok."})


async def test_an_order_whose_answer_was_lost_is_looked_at_and_not_sent_again() -> None:
    table = Table("new")
    table.lost = {"htable.sets"}
    todo = step(switch(store=False), OLD)
    async with serving(table.answer) as server, reverter(server.url) as back:
        outcome = await back.apply(todo, {"value": "new"})
        assert isinstance(outcome, Trouble)
        assert outcome.retryable
        found = await back.inspect(todo)
        assert not isinstance(found, Trouble)
        assert found.at_baseline
    assert table.orders == ["htable.sets"]


async def test_after_a_store_that_failed_only_the_store_is_ordered_again() -> None:
    table = Table("new")
    table.refused = {"htable.store"}
    todo = step(switch(), OLD)
    async with serving(table.answer) as server, reverter(server.url) as back:
        outcome = await back.apply(todo, {"value": "new"})
        assert outcome == Trouble(True, "refused", "sbc refused htable.store cutover: not now")
        found = await back.inspect(todo)
        assert not isinstance(found, Trouble)
        assert not found.at_baseline
        assert isinstance(await back.apply(todo, found.live), Applied)
    assert table.orders == ["htable.sets", "htable.store"]


async def test_each_request_ends_within_the_steps_timeout() -> None:
    async with talking(saying(b"")) as raw, reverter(raw.url) as back, asyncio.timeout(5):
        await back.verify(step(trunk(dispatcher_sets=(1,), timeout=SHORT), {"flags": {}}))
