"""One SIP name and the targets it leads to now: looked up when first asked for, again before its TTL ends, and shared."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from probes.clock import mono_ns
from probes.records import Fault, Kind, Question, Reply
from probes.sip.engine.route import find_route
from probes.sip.engine.target import Target, TlsSettings, Transport
from probes.sip.locating.candidates import Candidate, Located, Lost, Place
from probes.sip.locating.freshness import Held, hold
from probes.sip.locating.locate import Locating

log = logging.getLogger(__name__)

Known = Callable[[tuple[Target, ...] | Lost], None]
"""Takes the targets, never none, or why there are none."""
Cancel = Callable[[], None]


class Resolves(Protocol):
    """`probes.resolver.Resolver`."""

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply: ...


async def locate(place: Place, resolver: Resolves, *, kinds: tuple[Kind, ...], timeout_ns: int) -> Located | Lost:
    """All that `place` leads to, within `timeout_ns` as a whole."""
    locating = Locating(place, kinds=kinds)
    deadline = mono_ns() + timeout_ns
    while locating.outcome is None:
        left = max(deadline - mono_ns(), 0)
        async with asyncio.TaskGroup() as group:
            asked = [(each, group.create_task(resolver.ask(each, timeout_ns=left))) for each in locating.questions()]
        for question, reply in asked:
            locating.receive(question, reply.result())
    return locating.outcome


class Location:
    """`place` is as the URI has it, `timeout_ns` bounds one look-up as a whole. Targets leave from `source` and
    `source_port`; only addresses of the source's IP version count. `tls` is for targets over TLS: without it their
    certificate must name the URI's host as written, before any look-up (RFC 5922 §4). Close it when done."""

    def __init__(
        self,
        place: Place,
        resolver: Resolves,
        *,
        timeout_ns: int,
        source: str | None = None,
        source_port: int = 0,
        tls: TlsSettings | None = None,
    ) -> None:
        self._place = place
        self._resolver = resolver
        self._timeout_ns = timeout_ns
        self._source = source
        self._source_port = source_port
        self._tls = tls or TlsSettings(server_name=place.name)
        self._kinds = (Kind.A, Kind.AAAA) if source is None else (Kind.AAAA,) if ":" in source else (Kind.A,)
        self._held: Held | None = None
        self._targets: tuple[Target, ...] = ()
        self._waiting: dict[object, Known] = {}
        self._looking: asyncio.Task[Located | Lost] | None = None
        if (outcome := Locating(place, kinds=self._kinds).outcome) is not None:
            self._learn(outcome)

    @property
    def name(self) -> str:
        """What is looked up."""
        return self._place.name

    def ask(self, known: Known) -> Cancel:
        """`known` is called once: before this returns if there is a fresh answer, else when the look-up has ended."""
        now_ns = mono_ns()
        if self._held is None or not self._held.is_fresh(now_ns=now_ns):
            ticket = object()
            self._waiting[ticket] = known
            self._look_up()
            return lambda: self._cancel(ticket)
        if self._held.is_due(now_ns=now_ns):
            self._look_up()
        known(self._answer(self._held.outcome))
        return _nothing_to_cancel

    def close(self) -> None:
        """Idempotent. Who still waits is not called any more."""
        self._waiting.clear()
        if self._looking is not None:
            self._looking.cancel()

    def _cancel(self, ticket: object) -> None:
        self._waiting.pop(ticket, None)

    # Looking up

    def _look_up(self) -> None:
        if self._looking is None:
            looking = locate(self._place, self._resolver, kinds=self._kinds, timeout_ns=self._timeout_ns)
            self._looking = asyncio.get_running_loop().create_task(looking, name=f"locate {self._place.name}")
            self._looking.add_done_callback(self._on_looked_up)

    def _on_looked_up(self, looking: asyncio.Task[Located | Lost]) -> None:
        self._looking = None
        if looking.cancelled():
            return
        if (error := looking.exception()) is not None:
            log.error("looking up %s raised", self._place.name, exc_info=error)
            outcome = self._learn(Lost(Fault.EXCEPTION, None, type(error).__name__))
        else:
            outcome = self._learn(looking.result())
        answer = self._answer(outcome)
        for ticket in self._waiting:
            # One by one, so that whatever one of them does the others are told.
            asyncio.get_running_loop().call_soon(self._tell, ticket, answer)

    def _tell(self, ticket: object, answer: tuple[Target, ...] | Lost) -> None:
        known = self._waiting.pop(ticket, None)
        if known is not None:
            known(answer)

    # What was found

    def _learn(self, outcome: Located | Lost) -> Located | Lost:
        """What is held from now on, which need not be the last outcome."""
        now_ns = mono_ns()
        held = hold(outcome, now_ns=now_ns) if self._held is None else self._held.after(outcome, now_ns=now_ns)
        if self._held is None or held.outcome is not self._held.outcome:
            self._targets = self._made(held.outcome.candidates) if isinstance(held.outcome, Located) else ()
        self._held = held
        return held.outcome

    def _answer(self, outcome: Located | Lost) -> tuple[Target, ...] | Lost:
        return outcome if isinstance(outcome, Lost) else self._targets

    def _made(self, candidates: tuple[Candidate, ...]) -> tuple[Target, ...]:
        if len({":" in each.address for each in candidates}) > 1:
            # Many a host has no IPv6 to speak of: that says nothing about the trunk. With no way to any, all are kept,
            # and each attempt says that there is none.
            candidates = tuple(each for each in candidates if self._has_route(each)) or candidates
        return tuple(self._target(each) for each in candidates)

    def _has_route(self, candidate: Candidate) -> bool:
        try:
            find_route(candidate.endpoint, self._source)
        except OSError:
            return False
        return True

    def _target(self, candidate: Candidate) -> Target:
        tls = self._tls if candidate.transport is Transport.TLS else None
        return Target(candidate.transport, candidate.endpoint, self._source, self._source_port, tls)


def _nothing_to_cancel() -> None:
    """The answer was there at once."""
