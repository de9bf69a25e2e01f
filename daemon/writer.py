"""The one task that writes the journal. Everybody else hands it bodies and hears of the durable entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from daemon.store import Draft, Store, StoreError
from probes import clock
from probes.sample import NS_PER_S
from reverters.entries import Body, Operated
from reverters.journal import JournalEntry

QUEUE = 1_000
RETRY_S = 1.0
PATIENCE_S = 5.0
"""How long one write may take before the journal counts as not writable: a disk that hangs raises nothing."""


class JournalUnavailable(Exception):
    """The entry is not durable: nothing that depends on it may happen."""


@dataclass(frozen=True, slots=True)
class _Batch:
    bodies: tuple[Body, ...]
    actor: str
    run: str
    done: asyncio.Future[list[JournalEntry]]


class Writer:
    """`recorded` hears each entry in order, with the seconds its commit took.

    `troubled` hears the reason when writing fails, and "" when it works again.
    """

    def __init__(
        self,
        store: Store,
        *,
        recorded: Callable[[JournalEntry, float], None],
        troubled: Callable[[str], None],
    ) -> None:
        self._store = store
        self._recorded = recorded
        self._troubled = troubled
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue(QUEUE)
        self._outage = ""
        self._closed = False

    def submit(self, *bodies: Body, actor: str, run: str = "") -> asyncio.Future[list[JournalEntry]]:
        """The entries once they are durable, all in one transaction, in order of submission; JournalUnavailable otherwise."""
        batch = _Batch(bodies, actor, run, asyncio.get_running_loop().create_future())
        if self._closed:
            self._refuse(batch, "the daemon is stopping")
        elif self._queue.full():
            self._refuse(batch, "the journal's queue is full")
        else:
            self._queue.put_nowait(batch)
        return batch.done

    async def append(self, *bodies: Body, actor: str, run: str = "") -> list[JournalEntry]:
        """`submit` for those who wait."""
        return await self.submit(*bodies, actor=actor, run=run)

    async def run(self) -> None:
        """Until cancelled; what is queued then is refused."""
        try:
            while True:
                await self._write(await self._next())
        finally:
            self._closed = True
            while not self._queue.empty():
                self._refuse(self._queue.get_nowait(), "the daemon is stopping")

    async def _next(self) -> _Batch:
        """The next batch; during an outage an entry of our own every second, so that we notice its end and it is on record."""
        if not self._outage:
            return await self._queue.get()
        try:
            async with asyncio.timeout(RETRY_S):
                return await self._queue.get()
        except TimeoutError:
            note = Operated("journal-outage", {"reason": self._outage})
            return _Batch((note,), "journal", "", asyncio.get_running_loop().create_future())

    async def _write(self, batch: _Batch) -> None:
        before = clock.read()
        drafts = [Draft(body, before.utc_ns, batch.actor, batch.run) for body in batch.bodies]
        slow = f"the disk has not answered for {PATIENCE_S:g} s"
        alarm = asyncio.get_running_loop().call_later(PATIENCE_S, self._note_outage, slow)
        try:
            entries = await self._store.append_many(drafts)
        except StoreError as error:
            self._refuse(batch, str(error))
            self._note_outage(str(error))
            return
        except BaseException as error:
            self._refuse(batch, str(error) or "the daemon is stopping")  # whoever waits for this must not wait for ever
            raise
        finally:
            alarm.cancel()
        seconds = (clock.read().mono_ns - before.mono_ns) / NS_PER_S
        for entry in entries:
            self._recorded(entry, seconds)
        self._note_outage("")
        if not batch.done.cancelled():
            batch.done.set_result(entries)

    def _refuse(self, batch: _Batch, reason: str) -> None:
        if not batch.done.cancelled():
            batch.done.set_exception(JournalUnavailable(reason))
            batch.done.exception()  # who only notes something does not come back for the answer

    def _note_outage(self, reason: str) -> None:
        if reason != self._outage:
            self._outage = reason
            self._troubled(reason)
