"""One question to one name server over real sockets: UDP, and TCP where UDP cannot carry it. All judging is in `answer`."""

from __future__ import annotations

import asyncio
from typing import Protocol

import dns.flags
import dns.message
import dns.opcode

from reverters.dns.answer import Failure, Rejected, Reply, accept
from reverters.dns.record import endpoint

LARGEST_DATAGRAM = 1232
"""Octets that pass any path unfragmented (DNS flag day 2020); a larger request goes over TCP at once."""


class Transport(Protocol):
    async def ask(self, query: dns.message.Message, server: str, *, timeout_ns: int) -> Reply:
        """Send `query` once to `server` (`host:port`) and return the answer that belongs to it, or the failure. Never raises."""
        ...


class Sockets:
    """The real network. Each request has a socket, a source port and a deadline of its own."""

    async def ask(self, query: dns.message.Message, server: str, *, timeout_ns: int) -> Reply:
        conversation = _Conversation(query)
        try:
            async with asyncio.timeout(timeout_ns / 1e9):
                return await conversation.hold(*endpoint(server))
        except TimeoutError:
            return Failure("unverified") if conversation.untrusted else Failure("timeout")
        except (OSError, EOFError) as error:
            return _unreachable(error)


def _unreachable(error: Exception) -> Failure:
    return Failure("unreachable", (error.strerror if isinstance(error, OSError) else None) or "connection closed")


class _Conversation(asyncio.DatagramProtocol):
    def __init__(self, query: dns.message.Message) -> None:
        self.query = query
        self.untrusted = False
        self._reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    async def hold(self, host: str, port: int) -> Reply:
        wire = self.query.to_wire()
        if len(wire) > LARGEST_DATAGRAM:
            return await self._over_tcp(wire, host, port)
        reply = await self._over_udp(wire, host, port)
        # An update is never sent twice: its verdict is in the header, whatever was cut off behind it.
        if isinstance(reply, Failure) or not reply.flags & dns.flags.TC or reply.opcode() == dns.opcode.UPDATE:
            return reply
        return await self._over_tcp(wire, host, port)

    async def _over_udp(self, wire: bytes, host: str, port: int) -> Reply:
        # Connected: the kernel drops what comes from elsewhere and reports a closed port at once.
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=(host, port))
        try:
            transport.sendto(wire)
            return await self._reply
        finally:
            transport.close()

    async def _over_tcp(self, wire: bytes, host: str, port: int) -> Reply:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                verdict = self._accept(await reader.readexactly(size))
                if not isinstance(verdict, Rejected):
                    return verdict
        finally:
            writer.close()

    def _accept(self, wire: bytes) -> Reply | Rejected:
        verdict = accept(wire, self.query)
        self.untrusted = self.untrusted or (isinstance(verdict, Rejected) and verdict.untrusted)
        return verdict

    def datagram_received(self, data: bytes, addr: object) -> None:
        verdict = self._accept(data)
        if not isinstance(verdict, Rejected) and not self._reply.done():
            self._reply.set_result(verdict)

    def error_received(self, exc: Exception) -> None:
        if not self._reply.done():
            self._reply.set_result(_unreachable(exc))
