"""One task writes the journal; everybody hears of what is durable, and of what is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from daemon import writer as writing
from daemon.store import StoreCorrupt
from daemon.writer import JournalUnavailable, Writer
from reverters.entries import Body, Interrupted, Operated
from reverters.journal import JournalEntry, verify
from tests.daemon.shelf import FULL, Shelf


def said(word: str) -> Body:
    return Operated("halt", {"reason": word})


class Office:
    """A writer at work, and what it says."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.recorded: list[JournalEntry] = []
        self.troubles: list[str] = []
        self.heard: list[str] = []
        self.changed = asyncio.Condition()
        self.writer = Writer(shelf, recorded=self._record, troubled=self._trouble)  # type: ignore[arg-type]
        self.running: asyncio.Task[None] | None = None

    def _record(self, entry: JournalEntry, seconds: float) -> None:
        assert seconds >= 0
        self.recorded.append(entry)
        self.heard.append(entry.kind)

    def _trouble(self, reason: str) -> None:
        self.troubles.append(reason)
        self.heard.append(f"trouble: {reason}")

    def start(self) -> None:
        self.running = asyncio.create_task(self.writer.run())

    async def stop(self) -> None:
        if self.running:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreCorrupt):
                await self.running

    async def until(self, what: str) -> None:
        async with asyncio.timeout(5):
            while what not in self.heard:
                await asyncio.sleep(0)


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(writing, "RETRY_S", 0.001)
    made = Office(Shelf())
    yield made
    await made.stop()


async def test_what_is_appended_is_durable_when_it_returns(office: Office) -> None:
    office.start()
    (entry,) = await office.writer.append(said("a"), actor="op", run="rollback@1")
    assert office.shelf.journal == [entry]
    assert (entry.actor, entry.run, entry.body) == ("op", "rollback@1", said("a"))


async def test_several_bodies_are_one_transaction(office: Office) -> None:
    office.start()
    entries = await office.writer.append(said("a"), said("b"), actor="op")
    assert [entry.seq for entry in entries] == [1, 2]
    assert office.shelf.asked == 1
    assert verify(office.shelf.journal)[2] is None


async def test_entries_are_written_in_the_order_in_which_they_were_submitted(office: Office) -> None:
    futures = [office.writer.submit(said(str(number)), actor="op") for number in range(5)]
    office.start()
    await asyncio.gather(*futures)
    assert [entry.body for entry in office.recorded] == [said(str(number)) for number in range(5)]


async def test_an_entry_is_told_of_before_its_answer(office: Office) -> None:
    office.start()
    done = office.writer.submit(said("a"), actor="op")
    done.add_done_callback(lambda _: office.heard.append("answered"))
    await done
    await office.until("answered")
    assert office.heard == ["operated", "answered"]


async def test_who_stops_waiting_does_not_stop_the_writing(office: Office) -> None:
    done = office.writer.submit(said("a"), actor="op")
    done.cancel()
    office.start()
    await office.writer.append(said("b"), actor="op")
    assert len(office.shelf.journal) == 2


# trouble


async def test_what_cannot_be_written_is_refused_and_the_trouble_told(office: Office) -> None:
    office.start()
    office.shelf.trouble = FULL
    with pytest.raises(JournalUnavailable, match="the disk is full"):
        await office.writer.append(said("a"), actor="op")
    assert office.troubles == ["the disk is full"]
    assert office.shelf.journal == office.recorded == []


async def test_who_stops_waiting_for_what_cannot_be_written_does_no_harm(office: Office) -> None:
    office.shelf.trouble = FULL
    office.writer.submit(said("a"), actor="op").cancel()
    office.start()
    await office.until("trouble: the disk is full")
    assert office.shelf.journal == office.recorded == []


async def test_the_same_trouble_is_told_once(office: Office) -> None:
    office.start()
    office.shelf.trouble = FULL
    for word in "abc":
        with pytest.raises(JournalUnavailable):
            await office.writer.append(said(word), actor="op")
    assert office.troubles == ["the disk is full"]


async def test_the_writer_notices_by_itself_that_the_disk_is_well_and_puts_the_outage_on_record(office: Office) -> None:
    office.start()
    office.shelf.trouble = FULL
    with pytest.raises(JournalUnavailable):
        await office.writer.append(said("a"), actor="op")
    office.shelf.trouble = None
    await office.until("trouble: ")
    assert office.troubles == ["the disk is full", ""]
    (entry,) = office.shelf.journal
    assert (entry.actor, entry.body) == ("journal", Operated("journal-outage", {"reason": "the disk is full"}))


async def test_an_entry_that_can_be_written_ends_the_trouble_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_S", 3_600)
    office.start()
    office.shelf.trouble = FULL
    with pytest.raises(JournalUnavailable):
        await office.writer.append(said("a"), actor="op")
    office.shelf.trouble = None
    await office.writer.append(said("b"), actor="op")
    assert office.troubles == ["the disk is full", ""]
    assert [entry.body for entry in office.shelf.journal] == [said("b")]


async def test_an_outage_that_lasts_is_tried_again_and_again(office: Office) -> None:
    office.start()
    office.shelf.trouble = FULL
    with pytest.raises(JournalUnavailable):
        await office.writer.append(said("a"), actor="op")
    async with asyncio.timeout(5):
        while office.shelf.asked < 4:
            await asyncio.sleep(0)
    assert office.troubles == ["the disk is full"]


async def test_a_write_that_hangs_is_trouble_until_it_is_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PATIENCE_S", 0.01)
    office.shelf.stall = asyncio.Event()
    office.start()
    done = office.writer.submit(said("a"), actor="op")
    await office.until("trouble: the disk has not answered for 0.01 s")
    office.shelf.stall.set()
    await done
    await office.until("trouble: ")
    assert not done.exception()


async def test_a_full_queue_is_trouble_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "QUEUE", 2)
    small = Office(office.shelf)
    waiting = [small.writer.submit(said(word), actor="op") for word in "ab"]
    with pytest.raises(JournalUnavailable, match="queue is full"):
        await small.writer.append(said("c"), actor="op")
    small.start()
    await asyncio.gather(*waiting)
    await small.stop()


# the end


async def test_what_is_queued_at_the_end_is_refused(office: Office) -> None:
    office.shelf.stall = asyncio.Event()
    waiting = [office.writer.submit(said(word), actor="op") for word in "abc"]
    office.start()
    async with asyncio.timeout(5):
        while not office.shelf.asked:
            await asyncio.sleep(0)
        await office.stop()
        for done in waiting:
            with pytest.raises(JournalUnavailable, match="the daemon is stopping"):
                await done


async def test_a_damaged_store_is_trouble_that_nobody_waits_for_and_does_not_end_us(office: Office) -> None:
    """Ending would leave callers without an answer: DEGRADED, with the reason said, is what we can still do for them."""
    office.shelf.trouble = StoreCorrupt("somebody else wrote to it")
    office.start()
    waiting = [office.writer.submit(said("a"), actor="op"), office.writer.submit(Interrupted("x"), actor="op")]
    async with asyncio.timeout(5):
        for done in waiting:
            with pytest.raises(JournalUnavailable, match="somebody else wrote to it"):
                await done
    assert office.running is not None
    assert not office.running.done()
    assert office.troubles == ["somebody else wrote to it"]


async def test_what_is_submitted_after_the_end_is_refused(office: Office) -> None:
    office.start()
    await office.writer.append(said("a"), actor="op")
    await office.stop()
    with pytest.raises(JournalUnavailable, match="the daemon is stopping"):
        await office.writer.append(said("b"), actor="op")
