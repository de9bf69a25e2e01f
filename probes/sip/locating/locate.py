"""RFC 3263 as a machine without I/O: a SIP URI's host in, questions for DNS out, answers in, and all its servers out.

Where the RFC has a client choose one server, every server is kept here: each is probed and reported by itself.

A question that failed for a reason which may be ours (a timeout, SERVFAIL) is never taken for "there is no such record":
going on as if there were none would charge a trunk with what happens at an address that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar

from probes.records import Address, Failed, Fault, Found, Kind, Naptr, Question, Reply, Srv
from probes.sip.engine.target import Transport
from probes.sip.locating.candidates import Candidate, Flaw, Located, Lost, Place
from probes.sip.locating.inquiry import Inquiry

MOST_TARGETS = 32
MOST_RECORDS = 16
"""Records of one name that are followed."""
NOWHERE = "."

_T = TypeVar("_T")

_NAPTR_SERVICES = {"sip+d2u": Transport.UDP, "sip+d2t": Transport.TCP, "sips+d2t": Transport.TLS}
_SRV_LABELS = {Transport.UDP: "_sip._udp", Transport.TCP: "_sip._tcp", Transport.TLS: "_sips._tcp"}


@dataclass(frozen=True, slots=True)
class _Service:
    """An SRV name to ask for."""

    question: Question
    transport: Transport
    rank: tuple[int, int] = (0, 0)
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class _Server:
    """A host whose addresses are wanted."""

    host: str
    port: int
    transport: Transport
    rank: tuple[int, int] = (0, 0)
    priority: int = 0
    weight: int = 0
    ttl_s: int | None = None


class Locating:
    """Ask what `questions` gives, in any order, and hand each reply to `receive`, until `outcome` is there.

    `kinds` are the address records of the IP versions that may be used.
    """

    def __init__(self, place: Place, *, kinds: tuple[Kind, ...] = (Kind.A, Kind.AAAA)) -> None:
        self.outcome: Located | Lost | None = None
        self._place = place
        self._host = place.host.lower()
        self._kinds = kinds
        self._transports = (Transport.TLS,) if place.sips else tuple(Transport)
        self._inquiry = Inquiry()
        self._next: Callable[[], None] = self._begin
        self._services: list[_Service] = []
        self._servers: list[_Server] = []
        self._flaws: list[Flaw] = []
        self._begin()

    def questions(self) -> tuple[Question, ...]:
        """What is to be asked now; each is given once."""
        return self._inquiry.unsent()

    def receive(self, question: Question, reply: Reply) -> None:
        """A reply to a question that is not open is ignored."""
        self._inquiry.receive(question, reply)
        self._go_on()

    def _ask(self, questions: Iterable[Question], then: Callable[[], None]) -> None:
        self._inquiry.want(questions)
        self._next = then
        self._go_on()

    def _go_on(self) -> None:
        if self._inquiry.is_settled and self.outcome is None:
            self._next()

    # Which transport (RFC 3263 §4.1)

    def _begin(self) -> None:
        place = self._place
        port = place.default.default_port if place.port is None else place.port
        if place.is_numeric:
            self._take(port)
        elif place.port is not None:
            self._find_addresses([_Server(self._host, port, place.default)])
        elif place.demanded is not None:
            self._find_services([self._guess(place.demanded)])
        else:
            self._ask([Question(self._host, Kind.NAPTR)], self._judge_naptr)

    def _take(self, port: int) -> None:
        address = str(ip_address(self._place.host))
        if (Kind.AAAA if ":" in address else Kind.A) in self._kinds:
            self.outcome = Located((Candidate(self._place.default, self._place.name, address, port),), None)
        else:
            self.outcome = Lost(Fault.NO_TARGETS, None, f"{address} is of the IP version that may not be used")

    def _guess(self, transport: Transport, preference: int = 0) -> _Service:
        return _Service(Question(f"{_SRV_LABELS[transport]}.{self._host}", Kind.SRV), transport, (0, preference))

    def _judge_naptr(self) -> None:
        question = Question(self._host, Kind.NAPTR)
        reply = self._inquiry.settled[question]
        if isinstance(reply, Failed) and not reply.is_negative:
            self.outcome = Lost(reply.why, reply.ttl_s, _told(question, reply))
            return
        named = self._named(question, reply) if isinstance(reply, Found) else []
        # Records for other uses than SIP, and ways that are not spoken here, leave the matter as it was without them.
        self._find_services(named or [self._guess(each, liking) for liking, each in enumerate(self._transports)])

    def _named(self, question: Question, reply: Found) -> list[_Service]:
        """The services that NAPTR records name, the preferred ones first."""
        usable: list[tuple[Naptr, Transport]] = []
        for record in reply.records:
            if isinstance(record, Naptr) and record.flags == "s" and not record.regexp and record.replacement != NOWHERE:
                transport = _NAPTR_SERVICES.get(record.service)
                if transport in self._transports:
                    usable.append((record, transport))
        usable.sort(key=lambda each: (each[0].order, each[0].preference, each[0].replacement))
        return [
            _Service(Question(record.replacement, Kind.SRV), transport, (record.order, record.preference), reply.ttl_s)
            for record, transport in self._bounded(question, usable)
        ]

    # Which servers (§4.2)

    def _find_services(self, services: list[_Service]) -> None:
        self._services = services
        self._ask([service.question for service in services], self._judge_services)

    def _judge_services(self) -> None:
        servers = [server for service in self._services for server in self._offered(service)]
        replies = {service.question: self._inquiry.settled[service.question] for service in self._services}
        failures = {question: reply for question, reply in replies.items() if isinstance(reply, Failed)}
        serious = {question: reply for question, reply in failures.items() if not reply.is_negative}
        if servers:
            self._flaws += [Flaw(str(question), reply.why, reply.detail) for question, reply in serious.items()]
            self._find_addresses(servers)
        elif serious:
            question, failure = next(iter(serious.items()))
            self.outcome = Lost(failure.why, failure.ttl_s, _told(question, failure))
        elif len(failures) < len(replies):
            ttl = min(reply.ttl_s for reply in replies.values() if isinstance(reply, Found))
            self.outcome = Lost(Fault.UNAVAILABLE, ttl, "; ".join(flaw.subject for flaw in self._flaws))
        else:
            # No SRV record anywhere: the host itself, by the transport that was chosen or comes first.
            transport = self._services[0].transport
            self._find_addresses([_Server(self._host, transport.default_port, transport)])

    def _offered(self, service: _Service) -> list[_Server]:
        reply = self._inquiry.settled[service.question]
        if isinstance(reply, Failed):
            return []
        records = [record for record in reply.records if isinstance(record, Srv) and record.target != NOWHERE and record.port]
        if not records:
            self._flaws.append(Flaw(str(service.question), Fault.UNAVAILABLE))
        records.sort(key=lambda each: (each.priority, -each.weight, each.target, each.port))
        ttl = reply.ttl_s if service.ttl_s is None else min(service.ttl_s, reply.ttl_s)
        return [
            _Server(each.target, each.port, service.transport, service.rank, each.priority, each.weight, ttl)
            for each in self._bounded(service.question, records)
        ]

    # Which addresses

    def _find_addresses(self, servers: list[_Server]) -> None:
        servers.sort(key=lambda each: (each.rank, each.priority, -each.weight))
        self._servers = self._bounded(self._place.name, servers, MOST_TARGETS)
        self._ask([question for server in self._servers for question in self._addresses_of(server)], self._judge_addresses)

    def _addresses_of(self, server: _Server) -> list[Question]:
        return [Question(server.host, kind) for kind in self._kinds]

    def _judge_addresses(self) -> None:
        found: dict[tuple[Transport, str, int], Candidate] = {}
        lost: list[Lost] = []
        for server in self._servers:
            reached = [each for question in self._addresses_of(server) for each in self._reached(server, question)]
            lost += self._failures(server, is_reached=bool(reached))
            for candidate in reached:
                found.setdefault((candidate.transport, candidate.address, candidate.port), candidate)
        candidates = self._bounded(self._place.name, list(found.values()), MOST_TARGETS)
        if candidates:
            ttl = min(candidate.ttl_s or 0 for candidate in candidates)
            self.outcome = Located(tuple(candidates), ttl, tuple(dict.fromkeys(self._flaws)))
        else:
            self.outcome = self._worst(lost)

    def _reached(self, server: _Server, question: Question) -> list[Candidate]:
        reply = self._inquiry.settled[question]
        if isinstance(reply, Failed):
            return []
        ttl = reply.ttl_s if server.ttl_s is None else min(server.ttl_s, reply.ttl_s)
        addresses = sorted({ip_address(record.host) for record in reply.records if isinstance(record, Address)}, key=int)
        name, of_server = server.host.removesuffix("."), (server.rank, server.priority, server.weight)
        return [
            Candidate(server.transport, name, str(address), server.port, *of_server, ttl)
            for address in self._bounded(question, addresses)
        ]

    def _failures(self, server: _Server, *, is_reached: bool) -> list[Lost]:
        """Why addresses are missing. That a host has none of one IP version is nothing to speak of if it has the other."""
        lost = []
        for question in self._addresses_of(server):
            reply = self._inquiry.settled[question]
            if isinstance(reply, Failed):
                lost.append(Lost(reply.why, reply.ttl_s, _told(question, reply)))
                if not (reply.is_negative and is_reached):
                    self._flaws.append(Flaw(str(question), reply.why, reply.detail))
        return lost

    def _worst(self, lost: list[Lost]) -> Lost:
        """What may be our own trouble comes first: then nothing is known about the name. NODATA comes last, as it is also
        what a host of the other IP version gives."""
        serious = [each for each in lost if each.why.is_transient]
        nothing = Lost(Fault.NO_TARGETS)
        worst = min(serious or lost or [nothing], key=lambda each: each.why is Fault.NODATA)
        if serious or len(self._servers) == 1:
            return worst
        ttl = min((each.ttl_s for each in lost if each.ttl_s is not None), default=None)
        return Lost(Fault.NO_TARGETS, ttl, f"none of {len(self._servers)} servers has an address; {worst.detail}")

    def _bounded(self, subject: object, items: list[_T], most: int = MOST_RECORDS) -> list[_T]:
        if len(items) > most:
            self._flaws.append(Flaw(str(subject), Fault.EXCESS, f"{len(items)}, of which {most} are followed"))
        return items[:most]


def _told(question: Question, failure: Failed) -> str:
    return f"{question}: {failure.detail}" if failure.detail else str(question)
