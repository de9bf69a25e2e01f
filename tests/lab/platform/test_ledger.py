"""Faults by switch, and the ledger that accounts for every request."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson
import pytest

from lab.platform.furniture import IVR, SCHEDULES
from lab.platform.trouble import EXPIRED, STORM, Drops, Hangs, Tears, Trouble, limited
from tests.lab.platform.desk import Desk

PUT = f"PUT {IVR}"
BODY = {"name": "renamed", "version": 1, "dnis": []}


async def test_what_would_change_something_is_kept_in_order_with_its_body(desk: Desk) -> None:
    await desk.get(IVR)
    await desk.ask("PUT", IVR, BODY)
    await desk.ask("PUT", IVR, BODY)
    await desk.ask("PUT", SCHEDULES, {"version": 1})
    seen = desk.platform.ledger.mutating()
    assert [(entry.number, entry.path, entry.status) for entry in seen] == [(2, IVR, 200), (3, IVR, 409), (4, SCHEDULES, 400)]
    assert orjson.loads(seen[0].body) == BODY
    assert [entry.number for entry in desk.platform.ledger.done()] == [2]
    assert desk.platform.ledger.mutating("PUT */schedulegroups/*") == seen[2:]


async def test_logins_are_not_kept(desk: Desk) -> None:
    await desk.login()
    assert desk.platform.ledger.entries == []


@pytest.mark.parametrize(
    ("trouble", "is_done"), [(Drops(), False), (Drops(done=True), True), (Tears(), True)], ids=["before", "after", "midst"]
)
async def test_a_connection_that_ends_tells_the_client_nothing_and_the_ledger_what_was_done(
    desk: Desk, trouble: Trouble, is_done: bool
) -> None:
    desk.platform.troubles.add("PUT *", trouble, times=1)
    with pytest.raises(aiohttp.ClientError):
        await desk.ask("PUT", IVR, BODY)
    [entry] = desk.platform.ledger.mutating()
    assert (entry.carried_out, entry.status, entry.trouble) == (is_done, None, type(trouble).__name__)
    assert ((await desk.get(IVR)).document["name"] == "renamed") is is_done


@pytest.mark.parametrize("done", [False, True])
async def test_a_hang_is_seen_while_it_lasts(desk: Desk, done: bool) -> None:
    desk.platform.troubles.add(PUT, Hangs(done=done))
    asking = asyncio.create_task(desk.ask("PUT", IVR, BODY))
    async with asyncio.timeout(5):
        await desk.platform.until(lambda ledger: len(ledger.mutating(PUT)) == 1)
        if done:
            await desk.platform.until(lambda ledger: len(ledger.done(PUT)) == 1)
    assert desk.platform.ledger.mutating()[0].carried_out is done
    await desk.platform.close()
    with pytest.raises(aiohttp.ClientError):
        await asking


async def test_a_limit_tells_58_seconds(desk: Desk) -> None:
    desk.platform.troubles.add("* /api/v2/architect/*", limited(), times=1)
    first, second = await desk.get(IVR), await desk.get(IVR)
    assert (first.status, first.headers["Retry-After"], second.status) == (429, "58", 200)
    assert first.document["code"] == "too.many.requests.retry.after"


async def test_a_storm_passes_over_what_is_spared_and_is_counted(desk: Desk) -> None:
    desk.platform.troubles.add("* */ivrs/*", STORM, times=2, spared=1)
    assert [(await desk.get(IVR)).status for _ in range(4)] == [200, 500, 500, 200]
    assert (await desk.get(SCHEDULES)).status == 200
    assert desk.platform.troubles.met("* */ivrs/*") == 2
    assert [entry.number for entry in desk.platform.ledger.troubled("Refuses")] == [2, 3]


async def test_a_token_can_end_for_one_request(desk: Desk) -> None:
    desk.platform.troubles.add(f"GET {IVR}", EXPIRED, times=1)
    assert [(await desk.get(IVR)).status for _ in range(2)] == [401, 200]
