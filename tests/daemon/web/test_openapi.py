"""What is documented is what is answered: live responses of both servers, held against their documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession

from daemon.observe import LastTransitions
from daemon.reply import Exit, Reply
from daemon.status import Standing
from daemon.web import openapi
from daemon.web.admin import Admin
from daemon.web.guard import STRANGERS_BURST, Guard
from daemon.web.keys import Keys
from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from gates import machine
from gates.cutover import Phase
from probes.sample import NS_PER_S
from tests.daemon.web.schema import problems, references, resolved
from tests.daemon.web.world import OLD, SPEC, UTC_NS, World

KEY = {"X-Api-Key": OLD}
LIMITS = Limits(body_s=0.1, drain_s=0.2, body_bytes=8192)


@pytest.fixture
async def webhook(world: World, tally: Tally) -> AsyncIterator[str]:
    guard = Guard(Keys([("ivr", OLD.encode())]), strangers=1)
    served = Webhook(world.board, guard, now_ns=world.mono_ns, observer=tally, limits=LIMITS)
    listener = await served.serve("127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.port}"
    await listener.close()


@pytest.fixture
async def admin(world: World) -> AsyncIterator[str]:
    last = LastTransitions()
    world.is_healthy()
    world.gate, transition = machine.advance(world.gate, world.sample(503), now=world.now)
    assert transition is not None
    last.judged(transition, world.gate)
    world.turn()
    served = Admin(
        world.board,
        clock=world.clock,
        render=lambda: (b"cutoverd_armed 0.0\n", "text/plain"),
        standing=lambda: Standing("acme", UTC_NS, UTC_NS + NS_PER_S, {"plan": "digest"}),
        unready=list,
        transitions=last,
        explain=lambda name, kind: Reply(Exit.OK, "", {"kind": kind} if name == "known" else {}),
    )
    listener: Listener = await served.serve("127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.port}"
    await listener.close()


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    for template, methods in document["paths"].items():
        stem, brace, _ = template.partition("{")
        if path == template or (brace and path.startswith(stem) and path != stem):
            found: dict[str, Any] = methods.get(method.lower()) or next(iter(methods.values()))
            return found
    raise AssertionError(f"{path} is not documented")


async def as_documented(
    client: ClientSession, base: str, document: dict[str, Any], method: str, path: str, **asked: Any
) -> tuple[int, Any]:
    """Ask, and hold what comes against the document. Returns status and content."""
    documented = operation(document, path.partition("?")[0], method)["responses"]
    async with client.request(method, base + path, **asked) as response:
        assert str(response.status) in documented, f"{response.status} is not documented"
        told = documented[str(response.status)]
        kind = response.headers["Content-Type"].partition(";")[0]
        content = await response.read()
        for name in told.get("headers", {}):
            assert name in response.headers
        schema = told["content"][kind]["schema"]
        value = orjson.loads(content) if kind == "application/json" else content.decode()
        assert problems(value, schema, document) == []
        return response.status, value


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("GET", "/v1/gates/inbound", {"headers": KEY}, 200),
        ("GET", "/v1/gates/inbound?region=emea", {"headers": KEY}, 200),
        ("POST", "/v1/gates/inbound", {"headers": KEY, "json": {"dnis": "1"}}, 200),
        ("POST", "/v1/gates/inbound", {"headers": KEY, "data": b"anything"}, 200),
        ("GET", "/v1/openapi.json", {"headers": KEY}, 200),
        ("GET", "/v1/openapi.json", {}, 401),
        ("GET", "/v1/gates/inbound", {}, 401),
        ("GET", "/v1/gates/inbound", {"headers": {"Authorization": "Bearer wrong"}}, 401),
        ("GET", "/v1/gates/unheard-of", {"headers": KEY}, 404),
        ("DELETE", "/v1/gates/inbound", {"headers": KEY}, 405),
        ("POST", "/v1/openapi.json", {"headers": KEY}, 405),
        ("POST", "/v1/gates/inbound", {"headers": KEY, "data": bytes(9000)}, 413),
        ("GET", "/v1/gates/inbound", {"headers": {"X": "a" * 9000}}, 400),
    ],
)
async def test_the_webhook_answers_as_documented(
    client: ClientSession, webhook: str, world: World, method: str, path: str, asked: dict[str, Any], status: int
) -> None:
    world.is_healthy()
    assert (await as_documented(client, webhook, openapi.webhook(), method, path, **asked))[0] == status


async def test_a_body_that_does_not_come_is_refused_as_documented(client: ClientSession, webhook: str) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"half"
        await never.wait()

    never = asyncio.Event()
    told = await as_documented(client, webhook, openapi.webhook(), "POST", "/v1/gates/inbound", headers=KEY, data=slow())
    assert told[0] == 408


async def test_too_many_requests_are_refused_as_documented(client: ClientSession, webhook: str) -> None:
    for _ in range(STRANGERS_BURST):
        await as_documented(client, webhook, openapi.webhook(), "GET", "/v1/gates/inbound")
    assert (await as_documented(client, webhook, openapi.webhook(), "GET", "/v1/gates/inbound"))[0] == 429


@pytest.mark.parametrize("phase", list(Phase))
async def test_an_answer_in_every_phase_is_as_documented(client: ClientSession, webhook: str, world: World, phase: Phase) -> None:
    for codes in ((), (200,), (503, 503, 503)):
        world.hears(*codes)
        world.opens(phase)
        assert (await as_documented(client, webhook, openapi.webhook(), "GET", "/v1/gates/inbound", headers=KEY))[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/api/v1/status", 200),
        ("/api/v1/gates", 200),
        ("/api/v1/probes/known", 200),
        ("/api/v1/probes/unheard-of", 404),
        ("/api/v1/openapi.json", 200),
    ],
)
async def test_the_admin_server_answers_as_documented(client: ClientSession, admin: str, path: str, status: int) -> None:
    told, value = await as_documented(client, admin, openapi.admin(), "GET", path)
    assert told == status
    if path == "/api/v1/gates":
        assert value["gates"][0]["last_transition"]["after"] == "SUSPECT"


async def test_an_ill_daemon_says_so_as_documented(client: ClientSession, admin: str, world: World) -> None:
    world.later(5 * NS_PER_S, turns=False)
    for path in ("/healthz", "/readyz"):
        assert (await as_documented(client, admin, openapi.admin(), "GET", path))[0] == 503


async def test_both_servers_give_their_own_document(client: ClientSession, webhook: str, admin: str) -> None:
    async with client.get(f"{webhook}/v1/openapi.json", headers=KEY) as response:
        assert await response.json() == openapi.webhook()
    async with client.get(f"{admin}/api/v1/openapi.json") as response:
        assert await response.json() == openapi.admin()


@pytest.mark.parametrize("document", [openapi.webhook(), openapi.admin()], ids=["webhook", "admin"])
def test_a_documents_references_lead_somewhere_and_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    for reference in references(document):
        assert resolved(reference, document)
    named = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(named) == len(set(named))
    assert SPEC.name not in openapi.WEBHOOK.decode()  # which gates there are is for the configuration to tell
