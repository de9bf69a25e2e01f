"""HAProxy's agent-check: one line, and the webhook's own answer in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Literal

import pytest

from daemon.web import agent as agents
from daemon.web.agent import Agent
from daemon.web.sources import AllowList
from daemon.web.tally import Tally
from tests.daemon.web.world import DEADLINE_S, MAX_AGE_S, World, exchange, hang_up

S = 1_000_000_000


@contextlib.asynccontextmanager
async def serving(
    world: World,
    tally: Tally,
    *,
    gate: str = "inbound",
    degraded: Literal["down", "drain"] = "down",
    allow: AllowList | None = None,
) -> AsyncIterator[Agent]:
    agent = Agent(world.board, gate, degraded=degraded, now_ns=world.mono_ns, checked=tally.checked, allow=allow)
    await agent.serve("127.0.0.1", 0)
    try:
        yield agent
    finally:
        await agent.close()


async def line(agent: Agent, sent: bytes = b"") -> bytes:
    """What HAProxy reads; it hangs up when it has a line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
    writer.write(sent)
    async with asyncio.timeout(DEADLINE_S):
        said = await reader.read()
    await hang_up(writer)
    return said


async def test_a_healthy_gate_is_up_and_a_tripped_one_is_down_with_its_reason(world: World, tally: Tally) -> None:
    async with serving(world, tally) as agent:
        assert await line(agent) == b"down #not-open\n"
        world.is_healthy()
        assert await line(agent) == b"up\n"
        world.later(S)
        world.hears(503, 503, 503)
        assert (await line(agent)).startswith(b"down #")
    assert dict(tally.agents) == {("inbound", "down"): 2, ("inbound", "up"): 1}


async def test_an_ok_that_ran_out_is_not_up(world: World, tally: Tally) -> None:
    world.is_healthy().later(MAX_AGE_S * S)
    async with serving(world, tally) as agent:
        assert await line(agent) == b"down #stale\n"


async def test_a_drained_server_comes_back_by_ready(world: World, tally: Tally) -> None:
    async with serving(world, tally, degraded="drain") as agent:
        assert await line(agent) == b"drain\n"
        world.is_healthy()
        assert await line(agent) == b"up ready\n"


async def test_a_gate_that_is_not_on_the_board_yet_is_down(world: World, tally: Tally) -> None:
    async with serving(world, tally, gate="other") as agent:
        assert await line(agent) == b"down #unknown\n"


async def test_what_the_other_side_sends_is_ignored_and_costs_it_no_answer(world: World, tally: Tally) -> None:
    world.is_healthy()
    async with serving(world, tally) as agent:
        assert await line(agent, b"agent-send string\r\n" * 1000) == b"up\n"


async def test_a_foreign_source_is_told_nothing(world: World, tally: Tally) -> None:
    world.is_healthy()
    async with serving(world, tally, allow=AllowList([ip_network("192.0.2.0/24")])) as agent:
        assert await exchange(agent.port, b"") == b""
    assert not tally.agents


async def test_whoever_does_not_hang_up_is_hung_up_on(world: World, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "PATIENCE_S", 0.05)
    async with serving(world, tally) as agent:
        _, writer = await asyncio.open_connection("127.0.0.1", agent.port)
        async with asyncio.timeout(DEADLINE_S):
            while not agent._open:
                await asyncio.sleep(0)
        async with asyncio.timeout(DEADLINE_S):
            while agent._open:
                await asyncio.sleep(0)
        await hang_up(writer)


async def test_more_than_a_few_at_a_time_are_turned_away(world: World, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "MOST", 1)
    async with serving(world, tally) as agent:
        _, writer = await asyncio.open_connection("127.0.0.1", agent.port)
        async with asyncio.timeout(DEADLINE_S):
            while not agent._open:
                await asyncio.sleep(0)
        assert await exchange(agent.port, b"") == b""
        await hang_up(writer)
