"""The judge's one inbox. Samples may be dropped when it is full; commands and journal entries never are."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.orders import Order, Refused
from daemon.reply import Reply
from daemon.terms import Terms
from gates.cutover import Command, Cutover
from probes.sample import Sample
from reverters.journal import JournalEntry
from reverters.plan import Document

SAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Ordered:
    """A command on its way: `answer` is resolved after the durable write."""

    command: Command
    arguments: Document
    actor: str
    answer: asyncio.Future[Reply]


@dataclass(frozen=True, slots=True)
class Reload:
    """A new configuration on its way. `decide` is asked once nothing else is on its way to the journal; when what it says is
    durable, `take` puts the new parts in the place of the old, and says what the judge goes by from then on.
    """

    decide: Callable[[Cutover], Order | Refused]
    take: Callable[[], Terms]
    answer: asyncio.Future[Reply]
    command: str = "reload"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry became durable."""

    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Committed:
    """What the judge asked to be journaled is durable, or could not be (`trouble`)."""

    trouble: str


Message = Sample | Ordered | Reload | Recorded | Committed


@dataclass(slots=True)
class Inbox:
    limit: int = SAMPLES
    dropped: int = 0
    _messages: deque[Message] = field(default_factory=deque)
    _samples: int = 0
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put_sample(self, sample: Sample) -> None:
        if self._samples >= self.limit:
            self.dropped += 1
        else:
            self._samples += 1
            self._messages.append(sample)
        self._arrived.set()

    def put(self, message: Ordered | Reload | Recorded | Committed) -> None:
        self._messages.append(message)
        self._arrived.set()

    async def take(self, *, within_s: float) -> list[Message]:
        """Everything that waits, at the latest after `within_s`; may be nothing."""
        if not self._messages:
            # Not wait_for: on Python 3.11 it swallows a cancellation that meets an arrival, and we would never stop.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._arrived.wait()
        taken = list(self._messages)
        self._messages.clear()
        self._samples = 0
        self._arrived.clear()
        return taken
