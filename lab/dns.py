"""An authoritative name server on loopback for the demo, drills and tests: queries, updates with TSIG, trouble on request.

It answers over UDP and TCP on one port, keeps what happened in `log`, and can be told to refuse, lose or hold requests.
Whatever bytes arrive, it goes on serving.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.tsig
import dns.update

from lab.zone import Refused, Zone
from probes import clock

What = Literal["query", "update"]
UDP_LIMIT = 512
"""Octets of an answer when the asker offers no EDNS (RFC 1035 §4.2.1)."""

TSIG_FAULTS: dict[type[Exception], dns.rcode.Rcode] = {
    dns.message.UnknownTSIGKey: dns.rcode.BADKEY,
    dns.tsig.BadKey: dns.rcode.BADKEY,
    dns.tsig.BadAlgorithm: dns.rcode.BADKEY,
    dns.tsig.BadSignature: dns.rcode.BADSIG,
    dns.tsig.BadTime: dns.rcode.BADTIME,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One request as it was answered: `subject` is "sip.example.net. A" or the zone; `rcode` is empty when no answer went out."""

    what: What
    subject: str
    rcode: str


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What befalls one request: another code, silence, or a wait for `gate`. `applied`: only after the zone was changed."""

    rcode: dns.rcode.Rcode | None = None
    drop: bool = False
    gate: asyncio.Event | None = None
    applied: bool = False


class DnsServer:
    """`zone` is what it serves now. `may_update` names the keys allowed to change it (default: all of `keys`, base64 secrets)."""

    def __init__(self, zone: Zone, keys: Mapping[str, str], *, may_update: frozenset[str] | None = None) -> None:
        self.zone = zone
        self.log: list[Event] = []
        self.arrived: asyncio.Queue[What] = asyncio.Queue()
        """Each request as it arrives, before anything is done with it: for tests and scenarios to wait on."""
        self.port = 0
        self._keys = {dns.name.from_text(name): dns.tsig.Key(name, secret) for name, secret in keys.items()}
        allowed = keys if may_update is None else may_update
        self._may_update = {dns.name.from_text(name) for name in allowed}
        self._disturbances: dict[What, deque[Disturbance]] = {"query": deque(), "update": deque()}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def count(self, what: What) -> int:
        return sum(event.what == what for event in self.log)

    def values(self, name: str, rdtype: str) -> list[str]:
        return self.zone.values(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))

    def disturb(self, what: What, disturbance: Disturbance, *, times: int = 1) -> None:
        """Let the next requests of this kind meet trouble, in the order in which it was asked for."""
        self._disturbances[what].extend([disturbance] * times)

    async def respond(self, wire: bytes, *, limit: int | None) -> bytes | None:
        """The answer to one request, cut to `limit` octets (None: no limit), or None when there is none."""
        try:
            request = dns.message.from_wire(wire, keyring=self._keys)
        except tuple(TSIG_FAULTS) as fault:
            return self._bad_signature(wire, TSIG_FAULTS[type(fault)])
        except (dns.exception.DNSException, ValueError):
            return _unreadable(wire)
        if request.flags & dns.flags.QR:
            return None
        if request.opcode() not in (dns.opcode.QUERY, dns.opcode.UPDATE):
            return _rendered(_response(request, dns.rcode.NOTIMP), limit)
        what: What = "update" if isinstance(request, dns.update.UpdateMessage) else "query"
        response = await self._disturbed(what, request)
        subject = _subject(request)
        self.log.append(Event(what, subject, dns.rcode.to_text(response.rcode()) if response else ""))
        return _rendered(response, limit) if response else None

    async def _disturbed(self, what: What, request: dns.message.Message) -> dns.message.Message | None:
        waiting = self._disturbances[what]
        trouble = waiting.popleft() if waiting else Disturbance()
        self.arrived.put_nowait(what)
        response = self._judge(request) if trouble.applied else None
        if trouble.gate is not None:
            await trouble.gate.wait()
        if trouble.drop:
            return None
        if trouble.rcode is not None:
            return _response(request, trouble.rcode)
        return response or self._judge(request)

    def _judge(self, request: dns.message.Message) -> dns.message.Message:
        if isinstance(request, dns.update.UpdateMessage):
            return self._update(request)
        if len(request.question) != 1:
            return _response(request, dns.rcode.FORMERR)
        found = self.zone.find(request.question[0].name, request.question[0].rdtype)
        response = _response(request, found.rcode)
        if found.rcode != dns.rcode.REFUSED:
            response.flags |= dns.flags.AA
        response.answer, response.authority = list(found.answer), list(found.authority)
        return response

    def _update(self, request: dns.update.UpdateMessage) -> dns.message.Message:
        if not request.had_tsig or request.keyname not in self._may_update:
            return _response(request, dns.rcode.REFUSED)
        try:
            self.zone = self.zone.updated(request)
        except Refused as refused:
            return _response(request, refused.rcode)
        return _response(request, dns.rcode.NOERROR)

    def _bad_signature(self, wire: bytes, error: dns.rcode.Rcode) -> bytes | None:
        """NOTAUTH with the TSIG error (RFC 8945 §5.2): unsigned, except that BADTIME is signed and tells our time."""
        try:
            request = dns.message.from_wire(wire, keyring=False)
        except (dns.exception.DNSException, ValueError):
            return _unreadable(wire)
        asked = request.tsig[0] if request.tsig else None
        if not isinstance(asked, dns.rdtypes.ANY.TSIG.TSIG) or request.flags & dns.flags.QR:
            return None
        what: What = "update" if isinstance(request, dns.update.UpdateMessage) else "query"
        self.log.append(Event(what, _subject(request), dns.rcode.to_text(error, tsig=True)))
        response = dns.message.make_response(request)
        response.set_rcode(dns.rcode.NOTAUTH)
        name, key = request.keyname, self._keys.get(request.keyname or dns.name.root)
        if error == dns.rcode.BADTIME and key is not None:
            now = clock.read().utc_ns // 1_000_000_000
            response.use_tsig(key, name, tsig_error=error, other_data=now.to_bytes(6, "big"))
            response.request_mac = asked.mac
        elif name is not None:
            empty = asked.replace(mac=b"", error=error, other=b"", original_id=request.id)
            response.tsig = dns.rrset.from_rdata(name, 0, empty)
        return response.to_wire()


def _subject(request: dns.message.Message) -> str:
    asked = request.question[0] if request.question else None
    if asked is None:
        return ""
    update = isinstance(request, dns.update.UpdateMessage)
    return asked.name.to_text() if update else f"{asked.name} {dns.rdatatype.to_text(asked.rdtype)}"


def _response(request: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    response = dns.message.make_response(request)
    response.set_rcode(rcode)
    return response


def _rendered(response: dns.message.Message, limit: int | None) -> bytes:
    try:
        return response.to_wire(max_size=65535 if limit is None else max(limit, response.request_payload))
    except dns.exception.TooBig:
        response.flags |= dns.flags.TC
        response.answer, response.authority, response.additional = [], [], []
        return response.to_wire()


def _unreadable(wire: bytes) -> bytes | None:
    """FORMERR to what at least has the header of a request, silence to the rest."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + bytes([0x80 | (wire[2] & 0x78), int(dns.rcode.FORMERR)]) + bytes(8)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer, tasks: set[asyncio.Task[None]]) -> None:
        self._server, self._tasks = server, tasks
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # Python 3.11's own is not an instance of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        response = await self._server.respond(data, limit=UDP_LIMIT)
        if response is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(response, addr)


async def _connection(server: DnsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            response = await server.respond(await reader.readexactly(size), limit=None)
            if response is not None:
                writer.write(len(response).to_bytes(2, "big") + response)
                await writer.drain()
    except (EOFError, OSError):
        return  # the asker has hung up
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def serving(server: DnsServer, *, port: int = 0) -> AsyncIterator[DnsServer]:
    """Serve on 127.0.0.1, by default on a port that is free for UDP and TCP alike, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()
    listener, datagrams = await _bound(server, tasks, port)
    try:
        yield server
    finally:
        listener.close()
        datagrams.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _bound(
    server: DnsServer, tasks: set[asyncio.Task[None]], port: int
) -> tuple[asyncio.Server, asyncio.DatagramTransport]:
    loop = asyncio.get_running_loop()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(_connection(server, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    while True:
        listener = await asyncio.start_server(connected, "127.0.0.1", port)
        server.port = listener.sockets[0].getsockname()[1]
        try:
            datagrams, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(server, tasks), local_addr=("127.0.0.1", server.port)
            )
        except OSError:
            listener.close()
            if port:
                raise
        else:
            return listener, datagrams
