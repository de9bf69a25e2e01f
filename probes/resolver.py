"""Questions to the system's resolvers, or to others that are named. The one place in probes that knows dnspython.

dnspython makes and reads the messages; the sockets are ours. They are connected, so that the kernel reports a closed port
at once and drops what others send, and their deadlines do not move when somebody sets the clock.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.inet
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from probes.hosts import Hosts, parse_hosts
from probes.records import Address, Alias, Failed, Fault, Found, Kind, Naptr, Question, Record, Reply, Srv
from probes.watched import WatchedFile

Endpoint = tuple[str, int]
"""Numeric host and port."""
PORT = 53
MOST_SERVERS = 8
FIRST_TRY_S = 1.0
"""How long one server is waited for at first; twice as long in each further round."""
ROUNDS = 2
"""How many turns each server is sure to get, however short the deadline is."""
MOST_UNDER_WAY = 128
HOSTS_TTL_S = 30
LARGEST_DATAGRAM = 65_535


LONGEST, MOST_RECORDS = 16_384, 200
"""Of one answer, bytes and records. Names may be long and compressed to nothing: without a bound one answer holds the loop for
seconds, and with it everything that is judged there."""


class TooMuch(Exception):
    """More records or bytes than any trunk's name needs."""


@dataclass(frozen=True, slots=True)
class Servers:
    """`search` are the domains, absolute, in which a single-label host is looked for."""

    endpoints: tuple[Endpoint, ...]
    search: tuple[str, ...] = ()


LOCAL = Servers((("127.0.0.1", PORT),))
"""Who is asked where the system names nobody (resolv.conf(5))."""


class Resolver:
    """`servers` instead of those in the file `resolv_conf`. A name that stands in the file `hosts` is answered from there, and
    only from there, as getaddrinfo does; None for a resolver that knows only DNS. Nothing is remembered: that is the
    caller's part, by the TTL. For one event loop."""

    def __init__(
        self,
        servers: Servers | None = None,
        *,
        resolv_conf: Path = Path("/etc/resolv.conf"),
        hosts: Path | None = Path("/etc/hosts"),
    ) -> None:
        self._resolv_conf = resolv_conf
        self._servers: Servers | WatchedFile[Servers] = servers or WatchedFile(resolv_conf, parse_resolv_conf)
        self._hosts: WatchedFile[Hosts] | None = None if hosts is None else WatchedFile(hosts, parse_hosts)
        self._known: Servers | None = None
        self._order: list[Endpoint] = []
        self._under_way = asyncio.Semaphore(MOST_UNDER_WAY)

    def use(self, servers: Servers | None) -> None:
        """These from now on, as when it was made. Questions under way end where they began."""
        self._servers = servers or WatchedFile(self._resolv_conf, parse_resolv_conf)

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        """All records, or why there are none. Ends within `timeout_ns`; raises nothing but cancellation."""
        listed = self._listed(question)
        if listed is not None:
            return listed
        deadline = asyncio.get_running_loop().time() + timeout_ns / 1e9
        negative = []
        for name in full_names(question.name, self._current().search):
            reply = await self._ask_in_turn(name, question.kind, deadline)
            # A name that exists ends the search, even without such a record: under the next domain it is another host.
            if isinstance(reply, Found) or reply.why is not Fault.NXDOMAIN:
                return reply
            negative.append(reply)
        return negative[0] if negative else Failed(Fault.NXDOMAIN, None, "not a name that DNS can hold")

    def _current(self) -> Servers:
        servers = self._servers if isinstance(self._servers, Servers) else self._servers.value
        if servers is not self._known:
            self._known, self._order = servers, list(servers.endpoints)
        return servers

    def _listed(self, question: Question) -> Reply | None:
        name, host = question.name.lower().removesuffix("."), host_of(question.name)
        addresses = None if self._hosts is None else self._hosts.value.get(host)
        if addresses is None:
            return None
        version = {Kind.A: False, Kind.AAAA: True}.get(question.kind)
        found = tuple(Address(each) for each in addresses if (":" in each) is version and name == host)
        return Found(found, HOSTS_TTL_S) if found else Failed(Fault.NODATA, HOSTS_TTL_S, "the hosts file has the name")

    async def _ask_in_turn(self, name: dns.name.Name, kind: Kind, deadline: float) -> Reply:
        """One server after the other, and again those that were silent, with more patience."""
        loop = asyncio.get_running_loop()
        waiting, said, turn = list(self._order), Failed(Fault.TIMEOUT), 0
        while waiting:
            for place, server in enumerate(tuple(waiting)):
                remaining = deadline - loop.time()
                if remaining <= 0:
                    return said
                tries = len(waiting) * max(ROUNDS - turn, 1) - (place if turn < ROUNDS else 0)
                patience = min(remaining / max(tries, 1), FIRST_TRY_S * 2**turn)
                reply = await self._ask_server(name, kind, server, loop.time() + patience)
                if isinstance(reply, Found) or reply.is_negative:
                    return reply
                self._demote(server)
                if reply.why is not Fault.TIMEOUT:
                    waiting.remove(server)
                    said = reply
            turn += 1
        return said

    def _demote(self, server: Endpoint) -> None:
        """Who is of no use is asked last from now on, and does not cost each question its patience."""
        if server in self._order:
            self._order.remove(server)
            self._order.append(server)

    async def _ask_server(self, name: dns.name.Name, kind: Kind, server: Endpoint, until: float) -> Reply:
        query = dns.message.make_query(name, dns.rdatatype.from_text(kind))
        where = f"resolver {server[0]} port {server[1]}"
        try:
            async with asyncio.timeout_at(until), self._under_way:
                response = await _over_udp(query, server) or await _over_tcp(query, server)
        except TimeoutError:
            return Failed(Fault.TIMEOUT, None, where)
        except (OSError, EOFError) as error:
            told = (error.strerror if isinstance(error, OSError) else None) or "connection closed"
            return Failed(Fault.UNREACHABLE, None, f"{where}: {told}")
        except TooMuch:
            return Failed(Fault.EXCESS, None, f"{where}: more than {MOST_RECORDS} records or {LONGEST} bytes")
        except (dns.exception.DNSException, ValueError) as error:
            return Failed(Fault.MALFORMED, None, f"{where}: {type(error).__name__}")
        return read_response(response, where)


async def _over_udp(query: dns.message.QueryMessage, server: Endpoint) -> dns.message.Message | None:
    """None where the answer is too long for UDP. What is not the answer to this query is passed over."""
    loop = asyncio.get_running_loop()
    family, sockaddr = _numeric(server)
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.connect(sockaddr)
        udp.send(query.to_wire())
        while True:
            wire = await loop.sock_recv(udp, LARGEST_DATAGRAM)
            if wire[:2] != query.id.to_bytes(2, "big"):
                continue
            _check_size(wire)
            try:
                response = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=True)
            except dns.message.Truncated:
                return None
            if query.is_response(response):
                return response


async def _over_tcp(query: dns.message.QueryMessage, server: Endpoint) -> dns.message.Message:
    asked = query.to_wire()
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(asked).to_bytes(2, "big") + asked)
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            if size > LONGEST:
                raise TooMuch
            wire = await reader.readexactly(size)
            _check_size(wire)
            response = dns.message.from_wire(wire, ignore_trailing=True)
            if query.is_response(response):
                return response
    finally:
        writer.close()


def _check_size(wire: bytes) -> None:
    """Reading is not interrupted by any timeout: the records that are announced bound it before it begins."""
    if sum(int.from_bytes(wire[at : at + 2], "big") for at in range(6, 12, 2)) > MOST_RECORDS:
        raise TooMuch


def _numeric(server: Endpoint) -> tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]:
    family, _, _, _, sockaddr = socket.getaddrinfo(*server, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
    return family, sockaddr


def read_response(response: dns.message.Message, where: str) -> Reply:
    """What a response says. `where` tells people who said it."""
    rcode = response.rcode()
    if rcode == dns.rcode.REFUSED:
        return Failed(Fault.REFUSED, None, where)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) or not isinstance(response, dns.message.QueryMessage):
        return Failed(Fault.SERVFAIL, None, f"{where}: {dns.rcode.to_text(rcode)}")
    try:
        chain = response.resolve_chaining()
    except dns.message.ChainTooLong:
        return Failed(Fault.LOOP, None, f"{where}: too many aliases in a row")
    except (dns.exception.DNSException, ValueError) as error:
        return Failed(Fault.MALFORMED, None, f"{where}: {type(error).__name__}")
    if chain.answer is not None:
        return Found(tuple(_record(rdata) for rdata in chain.answer), chain.minimum_ttl)
    return _without_answer(rcode, chain, {rrset.rdtype for rrset in response.authority}, where)


def _without_answer(
    rcode: dns.rcode.Rcode, chain: dns.message.ChainingResult, authority: set[dns.rdatatype.RdataType], where: str
) -> Reply:
    dated = chain.minimum_ttl if dns.rdatatype.SOA in authority else None
    if rcode == dns.rcode.NXDOMAIN:
        return Failed(Fault.NXDOMAIN, dated)
    if dated is None and chain.cnames:
        return Found((Alias(_text(chain.canonical_name)),), min(rrset.ttl for rrset in chain.cnames))
    if dated is None and dns.rdatatype.NS in authority:
        return Failed(Fault.SERVFAIL, None, f"{where}: it refers to other servers instead of answering")
    return Failed(Fault.NODATA, dated)


def _record(rdata: dns.rdata.Rdata) -> Record:
    match rdata:
        case A() | AAAA():
            return Address(rdata.address)
        case CNAME():
            return Alias(_text(rdata.target))
        case SRV():
            return Srv(rdata.priority, rdata.weight, rdata.port, _text(rdata.target))
        case NAPTR():
            flags, service, regexp = (each.decode("ascii", "replace") for each in (rdata.flags, rdata.service, rdata.regexp))
            return Naptr(rdata.order, rdata.preference, flags.lower(), service.lower(), regexp, _text(rdata.replacement))
    raise TypeError(f"a record of type {rdata.rdtype} was not asked for")


def _text(name: dns.name.Name) -> str:
    return name.canonicalize().to_text()


# Names


def host_of(name: str) -> str:
    """`_sip._udp.SBC01.` → `sbc01`: the host that the name is about."""
    labels = name.lower().removesuffix(".").split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        del labels[0]
    return ".".join(labels)


def full_names(name: str, search: tuple[str, ...]) -> Iterator[dns.name.Name]:
    """The absolute names to ask for, one after the other. Those that DNS cannot hold are left out."""
    is_alone = "." not in host_of(name) and not name.endswith(".")
    for text in (*(f"{name}.{suffix}" for suffix in search if is_alone), name):
        try:
            yield dns.name.from_text(text)
        except (dns.exception.DNSException, ValueError):
            continue


def parse_resolv_conf(text: str) -> Servers:
    """Lines that dnspython would stumble over are left out, as the C library leaves out what it cannot read."""
    lines = [words for line in text.splitlines() if (words := line.split())]
    usable = [" ".join(words) for words in lines if words[0] != "nameserver" or dns.inet.is_address("".join(words[1:2]))]
    for kept in (usable, [line for line in usable if line.startswith("nameserver")]):
        resolver = dns.resolver.Resolver(configure=False)
        try:
            resolver.read_resolv_conf(io.StringIO("\n".join(kept)))
        except (dns.exception.DNSException, ValueError):
            continue
        search = resolver.search or [each for each in (resolver.domain,) if each != dns.name.root]
        endpoints = tuple((str(each), PORT) for each in resolver.nameservers[:MOST_SERVERS])
        return Servers(endpoints, tuple(each.to_text() for each in search))
    return LOCAL
