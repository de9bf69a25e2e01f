"""The admin server: what Prometheus, supervisors and people read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from daemon.observe import LastTransitions
from daemon.reply import Exit, Reply
from daemon.status import Standing
from daemon.web.admin import Admin
from daemon.web.listener import Limits, Listener
from gates import machine
from gates.cutover import Hold
from gates.gate import fresh
from probes.sample import NS_PER_S
from tests.daemon.web.world import SPEC, UTC_NS, World

PLAIN = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def unready() -> list[str]:
    return []


@pytest.fixture
def last() -> LastTransitions:
    return LastTransitions()


def explained(name: str, kind: str) -> Reply:
    """As `daemon.explain.why` does: a document for what is known, and what else is for what is not."""
    assert kind == "probe"
    return Reply(Exit.OK, "", {"kind": "probe", "probe": name}) if name == "trunk-new" else Reply(Exit.USAGE, "no", {"known": {}})


@pytest.fixture
async def admin(world: World, unready: list[str], last: LastTransitions, limits: Limits) -> AsyncIterator[Listener]:
    served = Admin(
        world.board,
        clock=world.clock,
        render=lambda: (b"cutoverd_armed 0.0\n", PLAIN),
        standing=lambda: Standing("acme", UTC_NS, UTC_NS + NS_PER_S, {}),
        unready=lambda: unready,
        transitions=last,
        explain=explained,
        limits=limits,
    )
    listener = await served.serve("127.0.0.1", 0)
    yield listener
    await listener.close()


async def get(client: ClientSession, admin: Listener, path: str) -> tuple[int, dict[str, Any]]:
    async with client.get(f"http://127.0.0.1:{admin.port}{path}") as response:
        return response.status, await response.json()


async def test_metrics_are_given_as_rendered(client: ClientSession, admin: Listener) -> None:
    async with client.get(f"http://127.0.0.1:{admin.port}/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == PLAIN
        assert await response.read() == b"cutoverd_armed 0.0\n"


async def test_a_judge_that_turned_within_a_second_is_healthy(client: ClientSession, admin: Listener, world: World) -> None:
    world.later(NS_PER_S - 1, turns=False)
    assert await get(client, admin, "/healthz") == (200, {"status": "ok", "turned_ms": 999})


async def test_a_judge_that_has_not_turned_for_a_second_is_not(client: ClientSession, admin: Listener, world: World) -> None:
    world.later(NS_PER_S, turns=False)
    assert await get(client, admin, "/healthz") == (503, {"status": "judge-lagging", "turned_ms": 1000})


async def test_what_has_started_is_ready(client: ClientSession, admin: Listener) -> None:
    assert await get(client, admin, "/readyz") == (200, {"status": "ready", "reasons": []})


async def test_what_has_not_started_is_not_ready_and_says_each_reason(
    client: ClientSession, admin: Listener, world: World, unready: list[str]
) -> None:
    unready.append("the store is not open")
    world.later(2 * NS_PER_S, turns=False)
    assert await get(client, admin, "/readyz") == (
        503,
        {"status": "not-ready", "reasons": ["the store is not open", "the judge is not turning"]},
    )


async def test_a_gate_is_told_with_what_the_ivr_is_told(client: ClientSession, admin: Listener, world: World) -> None:
    world.is_healthy().later(412_000_000)
    _, told = await get(client, admin, "/api/v1/gates")
    [gate] = told["gates"]
    assert gate["webhook"] == {
        "cutoverStatus": "OK", "gate": "inbound", "state": "HEALTHY", "phase": "open", "route": "new",
        "generation": 17, "ageMs": 412, "validForMs": 16588, "reason": "",
    }  # fmt: skip
    assert (gate["latched"], gate["hold"], gate["last_transition"]) == (False, None, None)


async def test_a_gate_tells_its_distance_and_its_inputs(client: ClientSession, admin: Listener, world: World) -> None:
    world.is_healthy()
    world.hears(503, 503)
    world.later(NS_PER_S)
    _, told = await get(client, admin, "/api/v1/gates")
    [gate] = told["gates"]
    assert gate["distance"] == "503: 2/3"
    counts = {key: gate["inputs"][0][key] for key in ("probe", "age_ms", "counted", "failing", "passes")}
    assert counts == {"probe": "trunk-new", "age_ms": 1000, "counted": 2, "failing": 2, "passes": 0}
    assert gate["inputs"][1]["probe"] == "trunk-old"


async def test_a_hold_is_told_with_answer_reason_and_end(client: ClientSession, admin: Listener, world: World) -> None:
    world.is_healthy()
    world.cutover.holds[SPEC.name] = Hold(False, "known blip", UTC_NS + 90 * NS_PER_S)  # type: ignore[index]  # a dict
    _, told = await get(client, admin, "/api/v1/gates")
    expected = {"answer": "DEGRADED", "reason": "known blip", "until": "2026-12-05T23:01:30.000Z"}
    assert told["gates"][0]["hold"] == expected


async def test_the_last_transition_carries_its_arithmetic(
    client: ClientSession, admin: Listener, world: World, last: LastTransitions
) -> None:
    gate, transition = machine.advance(fresh(SPEC), world.sample(200), now=world.now)
    assert transition is not None
    last.judged(transition, gate)
    _, told = await get(client, admin, "/api/v1/gates")
    assert told["gates"][0]["last_transition"] == {
        "before": "UNKNOWN",
        "after": "HEALTHY",
        "cause": "sample trunk-new#1",
        "evidence": "trunk-new: 1 consecutive PASS",
        "at": "2026-12-05T23:00:00.000Z",
    }


async def test_status_is_the_document_of_the_command_line(client: ClientSession, admin: Listener) -> None:
    status, told = await get(client, admin, "/api/v1/status")
    assert (status, told["name"], told["phase"]) == (200, "acme", "prepared")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/api/v1/gates", "/nowhere"])
async def test_every_answer_forbids_caching_framing_and_guessing(client: ClientSession, admin: Listener, path: str) -> None:
    async with client.get(f"http://127.0.0.1:{admin.port}{path}") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Server"] == "cutoverd"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405), ("DELETE", "/api/v1/gates", 405)]
)
async def test_nothing_can_be_changed_here(client: ClientSession, admin: Listener, method: str, path: str, status: int) -> None:
    async with client.request(method, f"http://127.0.0.1:{admin.port}{path}") as response:
        assert response.status == status
        assert set(await response.json()) == {"error"}


async def test_head_is_get_without_a_body(client: ClientSession, admin: Listener) -> None:
    async with client.head(f"http://127.0.0.1:{admin.port}/healthz") as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_a_probe_is_explained_with_all_that_is_remembered_of_it(client: ClientSession, admin: Listener) -> None:
    assert await get(client, admin, "/api/v1/probes/trunk-new") == (200, {"kind": "probe", "probe": "trunk-new"})


@pytest.mark.parametrize("name", ["nobody", "", "trunk-new/", "%00"])
async def test_what_is_no_probe_is_not_found(client: ClientSession, admin: Listener, name: str) -> None:
    status, told = await get(client, admin, f"/api/v1/probes/{name}")
    assert (status, told) == (404, {"error": "no such probe"})
