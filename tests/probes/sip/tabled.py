"""A name server without a network: what it holds as a table, and what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from probes.records import Address, Alias, Failed, Fault, Found, Kind, Naptr, Question, Record, Reply, Srv
from probes.sip.locating.candidates import Located, Lost, Place
from probes.sip.locating.locate import Locating
from probes.sip.messages.uri import host_text

HOUR = 3_600
Table = Mapping[str, Reply]
"""`example.net NAPTR` → reply; what is not in it does not exist."""


def found(*records: Record, ttl: int = HOUR) -> Found:
    return Found(records, ttl)


def a(*hosts: str, ttl: int = HOUR) -> Found:
    return found(*map(Address, hosts), ttl=ttl)


def alias(name: str, ttl: int = HOUR) -> Found:
    return found(Alias(name), ttl=ttl)


def srv(target: str, priority: int = 0, weight: int = 0, port: int = 5060) -> Srv:
    return Srv(priority, weight, port, target)


def naptr(service: str, replacement: str, order: int = 0, preference: int = 0, flags: str = "s", regexp: str = "") -> Naptr:
    return Naptr(order, preference, flags, service, regexp, replacement)


NXDOMAIN, NODATA = Failed(Fault.NXDOMAIN, 60), Failed(Fault.NODATA, 60)
TIMEOUT, SERVFAIL = Failed(Fault.TIMEOUT), Failed(Fault.SERVFAIL)


class Tabled:
    """Answers from a table. `gate` holds answers back while it is closed, `asked` is what was asked, in order."""

    def __init__(self, table: Table) -> None:
        self.table = dict(table)
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        self.asked.append(str(question))
        await self.gate.wait()
        return self.reply(question)

    def reply(self, question: Question) -> Reply:
        return self.table.get(str(question), NXDOMAIN)


def run(place: Place, table: Table, *, kinds: tuple[Kind, ...] = (Kind.A, Kind.AAAA)) -> tuple[Located | Lost, list[str]]:
    """The outcome, and what was asked on the way."""
    server, locating = Tabled(table), Locating(place, kinds=kinds)
    while locating.outcome is None:
        questions = locating.questions()
        assert questions, "nothing to ask and no outcome"
        for question in questions:
            server.asked.append(str(question))
            locating.receive(question, server.reply(question))
    assert locating.questions() == ()
    return locating.outcome, server.asked


def located(place: Place, table: Table, *, kinds: tuple[Kind, ...] = (Kind.A, Kind.AAAA)) -> Located:
    outcome, _ = run(place, table, kinds=kinds)
    assert isinstance(outcome, Located), outcome
    return outcome


def lost(place: Place, table: Table, *, kinds: tuple[Kind, ...] = (Kind.A, Kind.AAAA)) -> Lost:
    outcome, _ = run(place, table, kinds=kinds)
    assert isinstance(outcome, Lost), outcome
    return outcome


def shown(outcome: Located) -> list[str]:
    return [f"{host_text(*each.endpoint)}/{each.transport}" for each in outcome.candidates]
