"""Resolvers that are dead, slow, lying or out of their mind."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from lab.dns import Disturbance, DnsServer, serving
from lab.zone import Zone
from probes import resolver as resolving
from probes.records import Address, Failed, Fault, Found, Kind, Question, Reply
from probes.resolver import LONGEST, MOST_RECORDS, Endpoint, Resolver, Servers, read_response
from tests.peers import knot

SECOND = 1_000_000_000
BLINK = 40_000_000
WHILE = 10 * BLINK
QUESTION = Question("sip.example.net", Kind.A)
TRUE = Found((Address("192.0.2.1"),), 300)


class Liar(asyncio.DatagramProtocol):
    """Answers each query with what `lie` makes of it; `asked` are the queries that came."""

    def __init__(self, lie: Callable[[dns.message.Message], list[bytes]]) -> None:
        self.lie = lie
        self.asked: list[dns.message.Message] = []
        self.arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        self.arrived.set()
        for wire in self.lie(query):
            self.transport.sendto(wire, addr)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def liar(lie: Callable[[dns.message.Message], list[bytes]]) -> AsyncIterator[tuple[Endpoint, Liar]]:
    made = Liar(lie)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname"), made
    finally:
        transport.close()


@pytest.fixture
async def good() -> AsyncIterator[DnsServer]:
    async with serving(DnsServer(Zone.from_text(knot.ZONE, knot.ORIGIN), {})) as server:
        yield server


@pytest.fixture
def closed() -> Endpoint:
    return "127.0.0.1", knot.free_port()


def here(server: DnsServer) -> Endpoint:
    return "127.0.0.1", server.port


def resolver(*servers: Endpoint) -> Resolver:
    return Resolver(Servers(servers), hosts=None)


async def ask(asked: Resolver, question: Question = QUESTION, *, timeout_ns: int = 10 * SECOND) -> Reply:
    async with asyncio.timeout(20):
        return await asked.ask(question, timeout_ns=timeout_ns)


def why(reply: Reply) -> Fault:
    assert isinstance(reply, Failed), reply
    return reply.why


def answer(query: dns.message.Message, address: str = "192.0.2.66") -> dns.message.Message:
    response = dns.message.make_response(query)
    response.answer = [dns.rrset.from_text(query.question[0].name, 300, "IN", "A", address)]
    return response


async def test_a_closed_port_is_known_at_once_and_names_the_resolver(closed: Endpoint) -> None:
    reply = await ask(resolver(closed), timeout_ns=3_600 * SECOND)
    assert why(reply) is Fault.UNREACHABLE
    assert isinstance(reply, Failed)
    assert str(closed[1]) in reply.detail


async def test_a_resolver_that_cannot_be_reached_by_any_route_is_unreachable() -> None:
    assert why(await ask(resolver(("255.255.255.255", 53)))) is Fault.UNREACHABLE


async def test_silence_is_a_timeout_within_the_time_allowed() -> None:
    async with liar(lambda _: []) as (server, silent):
        assert why(await ask(resolver(server), timeout_ns=WHILE)) is Fault.TIMEOUT
        assert len(silent.asked) >= 2


async def test_without_any_time_nothing_is_asked(good: DnsServer) -> None:
    assert why(await ask(resolver(here(good)), timeout_ns=0)) is Fault.TIMEOUT
    assert good.count("query") == 0


async def test_a_lost_datagram_is_sent_again(good: DnsServer) -> None:
    good.disturb("query", Disturbance(drop=True))
    assert await ask(resolver(here(good)), timeout_ns=SECOND) == TRUE


async def test_each_try_has_an_id_of_its_own() -> None:
    async with liar(lambda _: []) as (server, silent):
        asked = resolver(server)
        for _ in range(3):
            await ask(asked, timeout_ns=BLINK)
    assert len({query.id for query in silent.asked}) > 1


async def test_the_next_resolver_is_asked_when_one_is_closed(good: DnsServer, closed: Endpoint) -> None:
    assert await ask(resolver(closed, here(good))) == TRUE


async def test_the_next_resolver_is_asked_when_one_is_silent(good: DnsServer) -> None:
    async with liar(lambda _: []) as (server, silent):
        asked = resolver(server, here(good))
        assert await ask(asked, timeout_ns=SECOND) == TRUE
        assert len(silent.asked) == 1


async def test_the_next_resolver_is_asked_soon_however_much_time_there_is(
    good: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "FIRST_TRY_S", BLINK / SECOND)
    async with liar(lambda _: []) as (server, _):
        assert await ask(resolver(server, here(good)), timeout_ns=3_600 * SECOND) == TRUE


async def test_a_resolver_that_was_silent_is_asked_last_from_then_on(good: DnsServer) -> None:
    async with liar(lambda _: []) as (server, silent):
        asked = resolver(server, here(good))
        await ask(asked, timeout_ns=SECOND)
        assert await ask(asked, timeout_ns=SECOND) == TRUE
        assert len(silent.asked) == 1


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR])
async def test_the_next_resolver_is_asked_when_one_cannot_answer(good: DnsServer, rcode: dns.rcode.Rcode) -> None:
    async with liar(lambda query: [_with_code(query, rcode)]) as (server, _):
        assert await ask(resolver(server, here(good))) == TRUE


@pytest.mark.parametrize(
    ("rcode", "fault"),
    [
        (dns.rcode.SERVFAIL, Fault.SERVFAIL),
        (dns.rcode.NOTIMP, Fault.SERVFAIL),
        (dns.rcode.REFUSED, Fault.REFUSED),
        (dns.rcode.NXDOMAIN, Fault.NXDOMAIN),
    ],
)
async def test_a_response_code_is_told_at_once(rcode: dns.rcode.Rcode, fault: Fault) -> None:
    async with liar(lambda query: [_with_code(query, rcode)]) as (server, made):
        assert why(await ask(resolver(server), timeout_ns=3_600 * SECOND)) is fault
        assert len(made.asked) == 1


async def test_what_a_resolver_said_is_told_although_another_was_silent() -> None:
    async with liar(lambda query: [_with_code(query, dns.rcode.SERVFAIL)]) as (bad, _), liar(lambda _: []) as (silent, _):
        assert why(await ask(resolver(bad, silent), timeout_ns=WHILE)) is Fault.SERVFAIL


async def test_an_answer_with_a_wrong_id_is_passed_over_and_the_right_one_awaited() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        wrong, right = answer(query), answer(query, "192.0.2.1")
        wrong.id = query.id ^ 1
        return [b"", b"\x00", wrong.to_wire(), right.to_wire()]

    async with liar(lie) as (server, _):
        assert await ask(resolver(server)) == TRUE


async def test_an_answer_to_another_question_is_passed_over() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        other = dns.message.make_query("other.example.net", "A", id=query.id)
        return [answer(other).to_wire(), query.to_wire(), answer(query, "192.0.2.1").to_wire()]

    async with liar(lie) as (server, _):
        assert await ask(resolver(server)) == TRUE


async def test_a_stranger_is_not_heard() -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))

    class Betrayed(Liar):
        def datagram_received(self, data: bytes, addr: Endpoint) -> None:
            stranger.sendto(answer(dns.message.from_wire(data)).to_wire(), addr)
            super().datagram_received(data, addr)

    made = Betrayed(lambda query: [answer(query, "192.0.2.1").to_wire()])
    transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    try:
        assert await ask(resolver(transport.get_extra_info("sockname"))) == TRUE
    finally:
        transport.close()
        stranger.close()


async def test_what_cannot_be_read_is_malformed_and_the_next_resolver_is_asked(good: DnsServer) -> None:
    async with liar(lambda query: [answer(query).to_wire()[:-3]]) as (server, _):
        assert why(await ask(resolver(server))) is Fault.MALFORMED
        assert await ask(resolver(server, here(good))) == TRUE


async def test_whatever_bytes_come_back_there_is_a_reply() -> None:
    rng = random.Random(1035)

    def lie(query: dns.message.Message) -> list[bytes]:
        wire = bytearray(answer(query).to_wire())
        for _ in range(rng.randint(1, 6)):
            wire[rng.randrange(2, len(wire))] = rng.choice([0, 1, 0xC0, 0xFF, rng.randrange(256)])
        return [bytes(wire[: rng.randint(2, len(wire))]), answer(query, "192.0.2.1").to_wire()]

    async with liar(lie) as (server, _):
        asked = resolver(server)
        replies = [await ask(asked, timeout_ns=SECOND) for _ in range(500)]
    assert all(isinstance(reply, Found | Failed) for reply in replies)
    assert TRUE in replies


async def test_an_answer_for_a_name_that_does_not_exist_is_malformed() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        response = answer(query)
        response.set_rcode(dns.rcode.NXDOMAIN)
        return [response.to_wire()]

    async with liar(lie) as (server, _):
        assert why(await ask(resolver(server))) is Fault.MALFORMED


async def test_a_referral_is_no_answer() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        response.authority = [dns.rrset.from_text("example.net.", 300, "IN", "NS", "ns.example.net.")]
        return [response.to_wire()]

    async with liar(lie) as (server, _):
        assert why(await ask(resolver(server))) is Fault.SERVFAIL


async def test_too_long_an_answer_from_who_has_no_tcp_is_unreachable() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    async with liar(lie) as (server, _):
        assert why(await ask(resolver(server))) is Fault.UNREACHABLE


async def test_a_connection_that_ends_within_the_answer_is_unreachable() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"\x00\x40half of it")
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]

        def lie(query: dns.message.Message) -> list[bytes]:
            response = dns.message.make_response(query)
            response.flags |= dns.flags.TC
            return [response.to_wire()]

        made = Liar(lie)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", port))
        try:
            assert why(await ask(resolver(("127.0.0.1", port)))) is Fault.UNREACHABLE
        finally:
            transport.close()


async def test_no_more_questions_are_under_way_than_the_limit_and_waiting_counts_as_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolving, "MOST_UNDER_WAY", 1)
    monkeypatch.setattr(resolving, "FIRST_TRY_S", 3_600.0)
    async with liar(lambda _: []) as (server, silent):
        asked = resolver(server)
        first = asyncio.create_task(asked.ask(QUESTION, timeout_ns=3_600 * SECOND))
        await silent.arrived.wait()
        assert why(await ask(asked, timeout_ns=BLINK)) is Fault.TIMEOUT
        assert len(silent.asked) == 1
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await ask(asked, timeout_ns=BLINK)
        assert len(silent.asked) > 1


async def test_a_question_that_is_cancelled_leaves_nothing_behind(good: DnsServer) -> None:
    asked, gate = resolver(here(good)), asyncio.Event()
    good.disturb("query", Disturbance(gate=gate))
    task = asyncio.create_task(asked.ask(QUESTION, timeout_ns=3_600 * SECOND))
    await good.arrived.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    assert await ask(asked) == TRUE


@pytest.mark.parametrize("name", ["a..b", "x" * 64, ".".join(["x" * 50] * 6), ".a"])
async def test_a_name_that_dns_cannot_hold_does_not_exist(name: str, closed: Endpoint) -> None:
    assert why(await ask(resolver(closed), Question(name, Kind.A))) is Fault.NXDOMAIN


def _with_code(query: dns.message.Message, rcode: dns.rcode.Rcode) -> bytes:
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    return response.to_wire()


def test_what_is_no_query_at_all_is_no_answer() -> None:
    assert why(read_response(dns.message.from_wire(bytes([0, 1, 0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 0])), "x")) is Fault.SERVFAIL


async def test_the_hosts_file_and_resolv_conf_may_both_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: Endpoint
) -> None:
    monkeypatch.setattr(resolving, "LOCAL", Servers((closed,)))
    asked = Resolver(resolv_conf=tmp_path / "none", hosts=tmp_path / "neither")
    assert why(await ask(asked)) is Fault.UNREACHABLE


async def test_an_answer_that_announces_more_records_than_anybody_needs_is_not_read() -> None:
    def lie(query: dns.message.Message) -> list[bytes]:
        wire = answer(query).to_wire()
        return [wire[:6] + MOST_RECORDS.to_bytes(2, "big") + b"\0\1" + wire[10:]]

    async with liar(lie) as (server, _):
        reply = await ask(resolver(server))
    assert isinstance(reply, Failed)
    assert reply.why is Fault.EXCESS


async def test_too_long_an_answer_over_tcp_is_not_read() -> None:
    def cut(query: dns.message.Message) -> list[bytes]:
        short = answer(query)
        short.flags |= dns.flags.TC
        return [short.to_wire()]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write((LONGEST + 1).to_bytes(2, "big"))
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    async with liar(cut) as (server, _), asyncio.timeout(10):
        over_tcp = await asyncio.start_server(serve, *server)
        reply = await ask(resolver(server))
        await ended.wait()
        over_tcp.close()
        await over_tcp.wait_closed()
    assert isinstance(reply, Failed)
    assert reply.why is Fault.EXCESS
