"""A share of the callers: who is let in depends on the conversation alone, and on nothing that another request said."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession

from daemon.web.agent import Agent
from daemon.web.conversation import LONGEST, ticket
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from gates import admit
from tests.daemon.web.world import OLD, World

BEARER = {"Authorization": f"Bearer {OLD}"}
FIELD = "conversationId"
NAMES = [f"conversation-{number}" for number in range(40)]
LET_IN = [name for name in NAMES if admit.ticket(name) < 3_000]


async def ask(client: ClientSession, webhook: Listener, query: str = "", body: Any = None) -> dict[str, Any]:
    url = f"http://127.0.0.1:{webhook.port}/v1/gates/inbound{query}"
    method = "GET" if body is None else "POST"
    async with client.request(method, url, headers=BEARER, json=body) as response:
        assert response.status == 200
        told: dict[str, Any] = await response.json()
        return told


async def test_a_share_of_the_conversations_is_let_in_and_always_the_same(
    client: ClientSession, webhook: Listener, world: World
) -> None:
    world.is_healthy().admits(3_000)
    assert 5 < len(LET_IN) < 20
    for _ in range(2):
        told = {name: await ask(client, webhook, f"?conversationId={name}") for name in NAMES}
        assert [name for name, each in told.items() if each["cutoverStatus"] == "OK"] == LET_IN
    turned_back = next(each for name, each in told.items() if name not in LET_IN)
    assert (turned_back["route"], turned_back["reason"], turned_back["validForMs"]) == ("baseline", "not-admitted", 0)
    assert turned_back["state"] == "HEALTHY"


async def test_the_body_may_say_whose_call_it_is(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy().admits(3_000)
    assert (await ask(client, webhook, body={FIELD: LET_IN[0]}))["cutoverStatus"] == "OK"
    out = next(name for name in NAMES if name not in LET_IN)
    assert (await ask(client, webhook, body={FIELD: out}))["reason"] == "not-admitted"


@pytest.mark.parametrize("query", ["", "?conversationId=", "?conversation=x", "?conversationid=x"])
async def test_who_does_not_say_whose_call_it_is_is_not_let_in(
    client: ClientSession, webhook: Listener, world: World, query: str
) -> None:
    world.is_healthy().admits(9_999)
    assert (await ask(client, webhook, query))["reason"] == "no-conversation"
    world.admits(admit.ALL)
    assert (await ask(client, webhook, query))["cutoverStatus"] == "OK"


async def test_nobody_is_let_in_by_a_gate_that_is_degraded(client: ClientSession, webhook: Listener, world: World) -> None:
    world.is_healthy().admits(3_000).hears(503, 503, 503)
    told = await ask(client, webhook, f"?conversationId={LET_IN[0]}")
    assert (told["cutoverStatus"], told["reason"] != "not-admitted") == ("DEGRADED", True)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b""),
        ("x=1", b""),
        (f"{FIELD}=", b""),
        (f"{FIELD}=" + "x" * (LONGEST + 1), b""),
        (f"{FIELD}=a&{FIELD}=b", b""),
        (f"c%6fnversationId=a&{FIELD}=b", b""),
        (f"{FIELD}=&{FIELD}=a", b'{"conversationId": "a"}'),
        ("", b'{"conversationId": null}'),
        ("", b'{"conversationId": true}'),
        ("", b'{"conversationId": ["a"]}'),
        ("", b"not json"),
    ],
)
def test_what_names_no_conversation_has_no_ticket(query: str, body: bytes) -> None:
    assert ticket(FIELD, query, body) is None


def test_a_conversation_that_is_named_twice_alike_has_its_ticket() -> None:
    assert ticket(FIELD, f"{FIELD}=a%20b&{FIELD}=a+b", b"") == admit.ticket("a b")


def test_a_conversation_has_one_ticket_however_it_is_told() -> None:
    name = "7f3c1f0e 5a9b/ä"
    said = {
        ticket(FIELD, f"a=b&{FIELD}={quote(name)}", b""),
        ticket(FIELD, "", f'{{"conversationId": "{name}"}}'.encode()),
        ticket("id", f"id={quote(name)}", b""),
    }
    assert said == {admit.ticket(name)}
    assert ticket(FIELD, "", b'{"conversationId": 42}') == admit.ticket("42")


def test_the_agent_tells_haproxy_the_share_as_a_weight(world: World, tally: Tally) -> None:
    agent = Agent(world.board, "inbound", now_ns=world.mono_ns, checked=tally.checked)
    world.is_healthy()
    assert agent.line() == b"up\n"
    assert (world.admits(2_550), agent.line())[1] == b"up 25%\n"
    assert (world.admits(admit.ALL), agent.line())[1] == b"up 100%\n"
    assert (world.admits(0), agent.line())[1] == b"down #not-admitted\n"
