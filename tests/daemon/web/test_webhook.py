"""The webhook over real HTTP: only a fresh, positive OK selects the new path."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request

from daemon.web.keys import Keys
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from gates.cutover import Hold, Phase
from probes.sample import NS_PER_MS, NS_PER_S
from tests.daemon.web.world import MAX_AGE_S, NEW, OLD, SPEC, World

BEARER = {"Authorization": f"Bearer {OLD}"}


async def ask(client: ClientSession, webhook: Listener, gate: str = "inbound") -> dict[str, Any]:
    async with client.get(f"http://127.0.0.1:{webhook.port}/v1/gates/{gate}", headers=BEARER) as response:
        assert response.status == 200
        told: dict[str, Any] = await response.json()
        return told


async def test_an_open_and_healthy_gate_answers_ok(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy()
    told = await ask(client, webhook)
    assert (told["cutoverStatus"], told["route"], told["ageMs"], told["validForMs"]) == ("OK", "new", 0, MAX_AGE_S * 1000)


async def test_before_open_a_healthy_gate_is_not_ok(client: ClientSession, webhook: Listener, world: World) -> None:
    world.hears(200, probe="trunk-old")
    world.hears(200)
    told = await ask(client, webhook)
    assert (told["state"], told["cutoverStatus"], told["reason"]) == ("HEALTHY", "DEGRADED", "not-open")


async def test_at_start_nothing_known_is_not_ok(client: ClientSession, webhook: Listener, world: World) -> None:
    world.opens()
    told = await ask(client, webhook)
    assert (told["cutoverStatus"], told["reason"], told["ageMs"]) == ("DEGRADED", "unknown", -1)


async def test_the_last_nanosecond_before_max_age_is_still_ok(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy().later(MAX_AGE_S * NS_PER_S - 1)
    assert (await ask(client, webhook))["cutoverStatus"] == "OK"


async def test_at_exactly_max_age_it_is_stale_without_the_judges_help(
    client: ClientSession, webhook: Listener, world: World
) -> None:
    world.is_healthy().later(MAX_AGE_S * NS_PER_S)
    told = await ask(client, webhook)
    assert (told["cutoverStatus"], told["reason"], told["validForMs"]) == ("DEGRADED", "stale", 0)


@pytest.mark.parametrize(("lag_ns", "answer"), [(NS_PER_S, "OK"), (NS_PER_S + 1, "DEGRADED")])
async def test_a_judge_that_has_not_turned_for_more_than_a_second_takes_ok_away(
    client: ClientSession, webhook: Listener, world: World, lag_ns: int, answer: str
) -> None:
    world.is_healthy().later(lag_ns, turns=False)
    assert (await ask(client, webhook))["cutoverStatus"] == answer


async def test_three_failures_answer_degraded_at_once(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy().later(NS_PER_MS)
    world.hears(503, 503, 503)
    told = await ask(client, webhook)
    assert (told["cutoverStatus"], told["route"]) == ("DEGRADED", "baseline")


async def test_a_held_ok_still_goes_stale(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy()
    hold = Hold(ok=True, reason="known blip", until_utc_ns=world.now.utc_ns + 3600 * NS_PER_S)
    world.cutover = replace(world.cutover, holds={SPEC.name: hold})
    world.hears(503, 503, 503)
    assert (await ask(client, webhook))["cutoverStatus"] == "OK"
    world.later(MAX_AGE_S * NS_PER_S)
    assert (await ask(client, webhook))["reason"] == "stale"


async def test_a_held_degraded_wins_over_a_healthy_gate(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy()
    hold = Hold(ok=False, reason="not yet", until_utc_ns=world.now.utc_ns + NS_PER_S)
    world.cutover = replace(world.cutover, holds={SPEC.name: hold})
    world.turn()
    assert (await ask(client, webhook))["reason"] == "held"


async def test_trouble_of_our_own_answers_degraded(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy().turn(impaired="journal")
    assert (await ask(client, webhook))["reason"] == "journal"


async def test_a_committed_cutover_is_ok_without_fresh_inputs(client: ClientSession, webhook: Listener, world: World) -> None:
    world.opens(Phase.COMMITTED)
    world.later(3600 * NS_PER_S, turns=False)
    told = await ask(client, webhook)
    assert (told["cutoverStatus"], told["route"], told["validForMs"]) == ("OK", "new", 0)


async def test_get_and_post_answer_alike_and_are_not_cached(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy()
    url = f"http://127.0.0.1:{webhook.port}/v1/gates/inbound"
    async with client.get(url, headers=BEARER) as got, client.post(url, headers=BEARER, json={"id": "4711"}) as posted:
        assert await got.read() == await posted.read()
        for response in (got, posted):
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Content-Type"] == "application/json"
            assert response.headers["Server"] == "cutoverd"


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/v1/gates/unheard-of", 404, "no such gate"),
        ("GET", "/v1/gates/", 404, "no such gate"),
        ("GET", "/v1/gates/inbound/", 404, "no such gate"),
        ("GET", "/", 404, "not found"),
        ("GET", "/v1/gates", 404, "not found"),
        ("GET", "/metrics", 404, "not found"),
        ("PUT", "/v1/gates/inbound", 405, "method not allowed"),
        ("DELETE", "/v1/gates/inbound", 405, "method not allowed"),
        ("PATCH", "/v1/gates/inbound", 405, "method not allowed"),
    ],
)
async def test_what_is_not_asked_right_gets_a_json_error(
    client: ClientSession, webhook: Listener, method: str, path: str, status: int, error: str
) -> None:
    async with client.request(method, f"http://127.0.0.1:{webhook.port}{path}", headers=BEARER) as response:
        assert response.status == status
        assert await response.json() == {"error": error}


async def test_head_is_not_allowed_and_says_what_is(client: ClientSession, webhook: Listener) -> None:
    async with client.head(f"http://127.0.0.1:{webhook.port}/v1/gates/inbound", headers=BEARER) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {OLD}"}, {"Authorization": f"Bearer {NEW}"}, {"X-Api-Key": NEW}])
async def test_while_keys_rotate_both_are_let_in(
    client: ClientSession, webhook: Listener, world: World, headers: dict[str, str]
) -> None:
    async with client.get(f"http://127.0.0.1:{webhook.port}/v1/gates/inbound", headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"X-Api-Key": "wrong"}, {"Authorization": f"Basic {OLD}"}, {"X-Api-Key": ""}],
)
async def test_a_wrong_key_is_told_401_and_how_to_do_it_right(
    client: ClientSession, webhook: Listener, headers: dict[str, str]
) -> None:
    async with client.get(f"http://127.0.0.1:{webhook.port}/v1/gates/inbound", headers=headers) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="cutoverd"'
        assert await response.json() == {"error": "unauthorized"}


async def test_without_a_key_nobody_learns_which_gates_exist(client: ClientSession, webhook: Listener) -> None:
    for gate in ("inbound", "unheard-of"):
        async with client.get(f"http://127.0.0.1:{webhook.port}/v1/gates/{gate}") as response:
            assert response.status == 401


async def test_secrets_appear_in_no_log_line_and_no_answer(
    client: ClientSession, webhook: Listener, world: World, everything: pytest.LogCaptureFixture
) -> None:
    for secret in (OLD, NEW, "guessed-4242"):
        async with client.get(f"http://127.0.0.1:{webhook.port}/v1/gates/inbound", headers={"X-Api-Key": secret}) as response:
            told = await response.text() + str(response.headers)
        for hidden in (OLD, NEW, "guessed-4242"):
            assert hidden not in told
            assert hidden not in everything.text


async def test_answers_are_counted_by_gate_and_answer_and_key(
    client: ClientSession, webhook: Listener, world: World, tally: Tally
) -> None:
    await ask(client, webhook)
    world.is_healthy()
    await ask(client, webhook)
    await ask(client, webhook)
    assert dict(tally.answers) == {("inbound", "DEGRADED"): 1, ("inbound", "OK"): 2}
    assert set(tally.used_ns) == {"old"}


async def test_what_a_client_makes_up_is_counted_by_reason_and_never_by_name(
    client: ClientSession, webhook: Listener, tally: Tally
) -> None:
    base = f"http://127.0.0.1:{webhook.port}"
    for path, headers in (("/v1/gates/x-4711", BEARER), ("/x-4712", BEARER), ("/v1/gates/inbound", {"X-Api-Key": "x-4713"})):
        async with client.get(base + path, headers=headers):
            pass
    assert dict(tally.refusals) == {"unknown-gate": 1, "not-found": 1, "unauthorized": 1}
    assert not tally.answers
    assert not tally.used_ns


def test_an_answer_is_given_without_waiting_for_anything(world: World, tally: Tally) -> None:
    world.is_healthy()
    webhook = Webhook(world.board, Keys([("ivr", b"k")]), now_ns=world.mono_ns, observer=tally)
    loop = asyncio.new_event_loop()
    try:
        coroutine = webhook.handle(make_mocked_request("GET", "/v1/gates/inbound", headers={"X-Api-Key": "k"}, loop=loop))
        with pytest.raises(StopIteration) as ended:
            coroutine.send(None)
    finally:
        loop.close()
    assert ended.value.value.status == 200
