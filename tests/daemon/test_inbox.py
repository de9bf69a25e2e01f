"""Samples may be dropped; commands and entries never are."""

from __future__ import annotations

import asyncio

from daemon.inbox import Committed, Inbox
from daemon.reply import Exit, Reply
from tests.daemon.desk import Desk
from tests.gates.bench import PASS


async def take(inbox: Inbox, within_s: float = 5) -> list[object]:
    return list(await inbox.take(within_s=within_s))


async def test_what_waits_is_taken_in_order_of_arrival() -> None:
    inbox, desk = Inbox(), Desk()
    sample, ordered = desk.sample(PASS), desk.ordered("halt")
    inbox.put_sample(sample)
    inbox.put(ordered)
    inbox.put(Committed(""))
    assert await take(inbox) == [sample, ordered, Committed("")]


async def test_nothing_is_taken_twice() -> None:
    inbox = Inbox()
    inbox.put(Committed(""))
    await take(inbox)
    assert await take(inbox, within_s=0) == []


async def test_an_arrival_ends_the_wait() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(take(inbox, within_s=3_600))
    asyncio.get_running_loop().call_soon(inbox.put, Committed("x"))
    async with asyncio.timeout(5):
        assert await taking == [Committed("x")]


async def test_a_sample_ends_the_wait() -> None:
    inbox, desk = Inbox(), Desk()
    taking = asyncio.create_task(take(inbox, within_s=3_600))
    asyncio.get_running_loop().call_soon(inbox.put_sample, desk.sample(PASS))
    async with asyncio.timeout(5):
        assert len(await taking) == 1


async def test_without_an_arrival_the_wait_ends_by_itself() -> None:
    async with asyncio.timeout(5):
        assert await take(Inbox(), within_s=0.001) == []


async def test_samples_beyond_the_limit_are_dropped_and_counted() -> None:
    inbox, desk = Inbox(limit=2), Desk()
    for _ in range(5):
        inbox.put_sample(desk.sample(PASS))
    assert inbox.dropped == 3
    assert len(await take(inbox)) == 2


async def test_commands_and_entries_are_never_dropped() -> None:
    inbox, desk = Inbox(limit=1), Desk()
    for _ in range(3):
        inbox.put_sample(desk.sample(PASS))
        inbox.put(desk.ordered("halt"))
        inbox.put(Committed(""))
    assert len(await take(inbox)) == 1 + 6


async def test_commands_take_no_room_from_samples() -> None:
    inbox, desk = Inbox(limit=2), Desk()
    for _ in range(10):
        inbox.put(desk.ordered("halt"))
    inbox.put_sample(desk.sample(PASS))
    inbox.put_sample(desk.sample(PASS))
    assert inbox.dropped == 0


async def test_after_a_take_there_is_room_again() -> None:
    inbox, desk = Inbox(limit=1), Desk()
    for _ in range(3):
        inbox.put_sample(desk.sample(PASS))
        await take(inbox)
    assert inbox.dropped == 0


async def test_a_take_that_is_cancelled_loses_nothing() -> None:
    inbox = Inbox()
    taking = asyncio.create_task(take(inbox, within_s=3_600))
    await asyncio.wait([taking], timeout=0)
    inbox.put(Committed("x"))
    taking.cancel()
    await asyncio.wait([taking])
    assert taking.cancelled()
    assert await take(inbox) == [Committed("x")]


def test_a_reply_knows_whether_it_did_what_was_asked() -> None:
    assert Reply(Exit.OK, "done").ok
    assert not Reply(Exit.REFUSED, "no").ok
