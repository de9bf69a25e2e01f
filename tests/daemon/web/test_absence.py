"""The reserved key gets the failure that it asks for, never OK, and is no caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from daemon.web.absence import GARBAGE, KEY, MAX_HELD, Absence, Absences, refusal, wanted
from daemon.web.keys import Keys
from daemon.web.listener import Limits, Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from tests.daemon.web.world import DEADLINE_S, OLD, World, exchange

RESERVED = "reserved-secret-1337"
AFTER_S = 0.05
SHOWN = {"X-Api-Key": RESERVED}


async def served(world: World, tally: Tally, limits: Limits, after_s: float) -> Listener:
    keys = Keys([("ivr", OLD.encode()), (KEY, RESERVED.encode())])
    absences = Absences(after_s=after_s, played=tally.absent)
    made = Webhook(world.board, keys, now_ns=world.mono_ns, observer=tally, limits=limits, absences=absences)
    return await made.serve("127.0.0.1", 0)


@pytest.fixture
async def failing(world: World, tally: Tally) -> AsyncIterator[Listener]:
    """Open and healthy: a caller would be told OK."""
    world.is_healthy()
    listener = await served(world, tally, Limits(connections=2 * MAX_HELD), AFTER_S)
    yield listener
    await listener.close()


def url(listener: Listener, answer: str, gate: str = "inbound") -> str:
    return f"http://127.0.0.1:{listener.port}/v1/gates/{gate}{answer}"


async def test_late_is_a_degraded_that_comes_after_the_bound(client: ClientSession, failing: Listener) -> None:
    began = perf_counter()
    async with client.get(url(failing, "?answer=late"), headers=SHOWN) as response:
        assert perf_counter() - began >= AFTER_S
        assert response.status == 200
        assert (await response.json())["cutoverStatus"] == "DEGRADED"


async def test_500_is_at_once(client: ClientSession, failing: Listener) -> None:
    async with client.get(url(failing, "?answer=500"), headers=SHOWN) as response:
        assert (response.status, await response.json()) == (500, {"error": "absence proof"})
        assert response.headers["Connection"] == "close"


async def test_garbage_is_a_200_that_is_neither_json_nor_text(client: ClientSession, failing: Listener) -> None:
    async with client.get(url(failing, "?answer=garbage"), headers=SHOWN) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert await response.read() == GARBAGE
    with pytest.raises(UnicodeDecodeError):
        GARBAGE.decode()


async def test_silence_is_an_end_without_a_byte_after_the_bound(failing: Listener, untroubled: None) -> None:
    began = perf_counter()
    request = f"GET /v1/gates/inbound?answer=silence HTTP/1.1\r\nHost: x\r\nX-Api-Key: {RESERVED}\r\n\r\n"
    assert await exchange(failing.port, request.encode()) == b""
    assert perf_counter() - began >= AFTER_S


async def test_silence_is_what_a_real_client_calls_a_disconnection(client: ClientSession, failing: Listener) -> None:
    with pytest.raises(ServerDisconnectedError):
        await client.post(url(failing, "?answer=silence"), headers=SHOWN, json={"id": "4711"})


@pytest.mark.parametrize(
    ("asked", "gate", "status", "error"),
    [
        ("", "inbound", 400, "answer must be one of late, 500, garbage, silence"),
        ("?answer=OK", "inbound", 400, "answer must be one of late, 500, garbage, silence"),
        ("?answer=LATE", "inbound", 400, "answer must be one of late, 500, garbage, silence"),
        ("?answer=500", "unheard-of", 404, "no such gate"),
    ],
)
async def test_the_reserved_key_is_never_answered_like_a_caller(
    client: ClientSession, failing: Listener, tally: Tally, asked: str, gate: str, status: int, error: str
) -> None:
    async with client.get(url(failing, asked, gate), headers=SHOWN) as response:
        assert (response.status, await response.json()) == (status, {"error": error})
    assert not tally.absences


@pytest.mark.parametrize("answer", list(Absence))
async def test_a_callers_key_cannot_ask_for_a_failure(
    client: ClientSession, failing: Listener, tally: Tally, answer: str
) -> None:
    async with client.get(url(failing, f"?answer={answer}"), headers={"X-Api-Key": OLD}) as response:
        assert (await response.json())["cutoverStatus"] == "OK"
    assert not tally.absences


async def test_without_a_key_a_failure_is_a_401(client: ClientSession, failing: Listener) -> None:
    async with client.get(url(failing, "?answer=500")) as response:
        assert response.status == 401


async def test_failures_are_counted_apart_from_callers(client: ClientSession, failing: Listener, tally: Tally) -> None:
    for answer in ("late", "500", "garbage", "500"):
        async with client.get(url(failing, f"?answer={answer}"), headers=SHOWN):
            pass
    assert dict(tally.absences) == {("inbound", "late"): 1, ("inbound", "500"): 2, ("inbound", "garbage"): 1}
    assert not tally.answers
    assert not tally.used_ns
    assert not tally.last_ns
    assert sum(tally.buckets) == 0


async def test_callers_are_answered_while_answers_are_held_back(client: ClientSession, world: World, tally: Tally) -> None:
    world.is_healthy()
    listener = await served(world, tally, Limits(), DEADLINE_S)
    held = [asyncio.ensure_future(client.get(url(listener, "?answer=late"), headers=SHOWN)) for _ in range(3)]
    async with asyncio.timeout(DEADLINE_S):
        while tally.absences["inbound", "late"] < len(held):
            async with client.get(url(listener, ""), headers={"X-Api-Key": OLD}) as response:
                assert (await response.json())["cutoverStatus"] == "OK"
        assert not any(each.done() for each in held)
        await listener.close()
    for outcome in await asyncio.gather(*held, return_exceptions=True):
        assert isinstance(outcome, ServerDisconnectedError | OSError)


async def test_a_stop_does_not_wait_for_what_is_held_back(client: ClientSession, world: World, tally: Tally) -> None:
    listener = await served(world, tally, Limits(), 100 * DEADLINE_S)
    held = asyncio.ensure_future(client.get(url(listener, "?answer=silence"), headers=SHOWN))
    async with asyncio.timeout(DEADLINE_S):
        while not tally.absences:
            async with client.get(url(listener, ""), headers={"X-Api-Key": OLD}):
                pass
        await listener.close()
    with pytest.raises((ServerDisconnectedError, OSError)):
        await held


@pytest.mark.parametrize("absence", list(Absence))
def test_only_what_is_held_back_is_limited_in_number(absence: Absence) -> None:
    held_back = absence in (Absence.LATE, Absence.SILENCE)
    refused = (503, "too many answers are held back already")
    assert refusal(absence, known=True, held=MAX_HELD - 1) is None
    assert refusal(absence, known=True, held=MAX_HELD) == (refused if held_back else None)


async def test_the_one_too_many_is_refused_at_once(client: ClientSession, world: World, tally: Tally) -> None:
    listener = await served(world, tally, Limits(connections=4 * MAX_HELD), DEADLINE_S)
    held = [asyncio.ensure_future(client.get(url(listener, "?answer=late"), headers=SHOWN)) for _ in range(MAX_HELD)]
    async with asyncio.timeout(DEADLINE_S):
        while tally.absences["inbound", "late"] < MAX_HELD:
            async with client.get(url(listener, ""), headers={"X-Api-Key": OLD}):
                pass
        async with client.get(url(listener, "?answer=silence"), headers=SHOWN) as response:
            assert response.status == 503
        await listener.close()
    await asyncio.gather(*held, return_exceptions=True)


async def test_what_was_held_back_and_is_over_counts_no_more(client: ClientSession, world: World, tally: Tally) -> None:
    listener = await served(world, tally, Limits(), 0.0)
    for _ in range(MAX_HELD + 1):
        async with client.get(url(listener, "?answer=late"), headers=SHOWN) as response:
            assert response.status == 200
    await listener.close()


def test_what_is_wanted_is_read_exactly() -> None:
    assert [wanted({"answer": each}) for each in ("late", "500", "garbage", "silence", "Late", "", "OK")] == [
        *Absence,
        None,
        None,
        None,
    ]
    assert wanted({}) is None


async def test_a_webhook_that_was_given_nothing_else_still_never_says_ok_to_the_reserved_key(
    client: ClientSession, world: World, tally: Tally
) -> None:
    world.is_healthy()
    keys = Keys([(KEY, RESERVED.encode())])
    listener = await Webhook(world.board, keys, now_ns=world.mono_ns, observer=tally).serve("127.0.0.1", 0)
    async with client.get(url(listener, ""), headers=SHOWN) as response:
        assert response.status == 400
    await listener.close()
