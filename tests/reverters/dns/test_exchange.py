"""The exchange over real sockets, against servers that behave badly in one way each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.tsig
import pytest
import uvloop

from lab.dns import Disturbance, serving
from reverters.dns.answer import Failure
from reverters.dns.exchange import LARGEST_DATAGRAM, Sockets
from reverters.step import Applied, Inspection, Trouble, Verification
from tests.peers import knot
from tests.peers.knot import free_port
from tests.peers.relay import Hold, relay
from tests.reverters.dns.conftest import SECOND, lab_server, reverter, spec, step

OLD, NEW = "192.0.2.1", "198.51.100.7"
LIVE = {"values": [NEW], "ttl": 60}
SHORT = 3 * SECOND // 10
FORTY = [f"198.51.100.{host}" for host in range(1, 41)]

Answers = Callable[[bytes], Iterable[bytes]]


class Responder(asyncio.DatagramProtocol):
    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self.answers(data):
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def responding(answers: Answers) -> AsyncIterator[str]:
    """A UDP server that sends what `answers` makes of each request, in order."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Responder(answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def query() -> dns.message.Message:
    return dns.message.make_query("sip.example.net.", "A", id=77)


def answer(wire: bytes, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(wire, keyring=False))
    response.set_rcode(rcode)
    return response.to_wire()


def signed_answer(wire: bytes, key: dns.tsig.Key) -> bytes:
    request = dns.message.from_wire(wire, keyring={key.name: key})
    return dns.message.make_response(request).to_wire()


async def test_an_answer_with_another_id_is_passed_over_and_the_right_one_taken() -> None:
    def forged_then_right(wire: bytes) -> list[bytes]:
        return [bytes([wire[0] ^ 1]) + answer(wire, dns.rcode.REFUSED)[1:], b"\0", answer(wire)]

    async with responding(forged_then_right) as server:
        reply = await Sockets().ask(query(), server, timeout_ns=2 * SECOND)
    assert isinstance(reply, dns.message.Message)
    assert reply.rcode() == dns.rcode.NOERROR


async def test_an_answer_from_another_source_is_ignored() -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))

    class Betrayed(Responder):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            stranger.sendto(answer(data, dns.rcode.REFUSED), addr)
            self.transport.sendto(answer(data), addr)

    front, _ = await loop.create_datagram_endpoint(lambda: Betrayed(lambda _: ()), local_addr=("127.0.0.1", 0))
    server = "127.0.0.1:{}".format(front.get_extra_info("sockname")[1])
    reply = await Sockets().ask(query(), server, timeout_ns=2 * SECOND)
    stranger.close()
    front.close()
    assert isinstance(reply, dns.message.Message)
    assert reply.rcode() == dns.rcode.NOERROR


async def test_only_an_answer_from_another_source_is_silence() -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))

    class Replaced(Responder):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            stranger.sendto(answer(data), addr)

    front, _ = await loop.create_datagram_endpoint(lambda: Replaced(lambda _: ()), local_addr=("127.0.0.1", 0))
    server = "127.0.0.1:{}".format(front.get_extra_info("sockname")[1])
    reply = await Sockets().ask(query(), server, timeout_ns=SHORT)
    stranger.close()
    front.close()
    assert reply == Failure("timeout")


async def test_a_forged_success_does_not_settle_an_update_that_the_server_answers_afterwards() -> None:
    key = dns.tsig.Key(knot.KEY, knot.SECRET, knot.ALGORITHM)
    async with responding(lambda wire: [answer(wire), signed_answer(wire, key)]) as server:
        outcome = await reverter().apply(step(spec(server), [OLD]), LIVE)
    assert isinstance(outcome, Applied)


async def test_a_success_that_is_never_signed_is_final() -> None:
    async with responding(lambda wire: [answer(wire)]) as server:
        outcome = await reverter().apply(step(spec(server, timeout_ns=SHORT), [OLD]), LIVE)
    assert isinstance(outcome, Trouble)
    assert (outcome.retryable, outcome.reason) == (False, "unverified")


async def test_a_silent_server_is_a_timeout_that_may_be_tried_again() -> None:
    async with responding(lambda _: []) as server:
        todo = step(spec(server, timeout_ns=SHORT), [OLD])
        read, written = await reverter().inspect(todo), await reverter().apply(todo, LIVE)
    assert read == Trouble(True, "timeout", f"{server} did not answer the question for sip.example.net. A within 0.3 s")
    detail = f"{server} did not answer the update of sip.example.net. A within 0.3 s; whether it was made is unknown"
    assert written == Trouble(True, "timeout", detail)


async def test_a_closed_port_is_reported_long_before_the_deadline() -> None:
    server = f"127.0.0.1:{free_port()}"
    async with asyncio.timeout(5):
        trouble = await reverter().inspect(step(spec(server, timeout_ns=3600 * SECOND), [OLD]))
    detail = f"{server} cannot be reached for the question for sip.example.net. A: Connection refused"
    assert trouble == Trouble(True, "unreachable", detail)


async def test_an_answer_too_long_for_udp_is_fetched_over_tcp() -> None:
    lab = lab_server(*(f"big A {value}" for value in FORTY))
    async with serving(lab):
        found = await reverter().capture(spec(lab.address, name="big.example.net."))
    assert found == {"values": sorted(FORTY), "ttl": 300}
    assert lab.count("query") == 2


async def test_knot_too_is_asked_over_tcp_when_udp_does_not_suffice(tmp_path: Path) -> None:
    async with knot.knot(tmp_path, records=[f"big A {value}" for value in FORTY]) as real:
        found = await reverter().capture(spec(real.server, name="big.example.net."))
    assert found == {"values": sorted(FORTY), "ttl": 300}


async def test_an_update_too_long_for_udp_goes_over_tcp(tmp_path: Path) -> None:
    wanted = [f"192.0.2.{host}" for host in range(1, 60)]
    async with knot.knot(tmp_path, records=[f"big A {value}" for value in FORTY]) as real:
        todo = step(spec(real.server, name="big.example.net."), wanted)
        outcome = await reverter().apply(todo, {"values": FORTY, "ttl": 300})
        assert isinstance(outcome, Applied)
        assert await real.kdig("big.example.net.", "A", "+tcp") == sorted(wanted)
    assert len(FORTY + wanted) * 16 > LARGEST_DATAGRAM


@asynccontextmanager
async def hanging_up(answers: Answers) -> AsyncIterator[str]:
    """A server that answers over UDP, and on the same port takes TCP connections only to close them."""

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    loop = asyncio.get_running_loop()
    while True:
        listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        where = listener.sockets[0].getsockname()
        try:
            datagrams, _ = await loop.create_datagram_endpoint(lambda: Responder(answers), local_addr=where)
            break
        except OSError:
            listener.close()  # somebody else has this number for UDP
    async with listener:
        yield f"127.0.0.1:{where[1]}"
        datagrams.close()


async def test_a_server_that_closes_its_tcp_connection_is_unreachable() -> None:
    def cut_off(wire: bytes) -> list[bytes]:
        response = dns.message.from_wire(answer(wire))
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    async with hanging_up(cut_off) as server:
        reply = await Sockets().ask(query(), server, timeout_ns=20 * SECOND)
    assert isinstance(reply, Failure)
    assert reply.reason == "unreachable"


async def test_an_update_too_long_for_udp_is_never_put_into_a_datagram() -> None:
    datagrams: list[bytes] = []

    def keep(wire: bytes) -> list[bytes]:
        datagrams.append(wire)
        return []

    async with hanging_up(keep) as server:
        todo = step(spec(server, timeout_ns=20 * SECOND), [f"192.0.2.{host}" for host in range(1, 60)])
        outcome = await reverter().apply(todo, {"values": FORTY, "ttl": 300})
    assert isinstance(outcome, Trouble)
    assert (outcome.retryable, outcome.reason, datagrams) == (True, "unreachable", [])


async def test_ipv6_servers_are_asked_too(tmp_path: Path) -> None:
    async with knot.knot(tmp_path, host="::1") as real:
        assert real.server.startswith("[::1]:")
        assert await reverter().capture(spec(real.server)) == {"values": [OLD], "ttl": 300}


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
async def test_after_a_lost_answer_an_inspection_tells_whether_the_update_was_made(tmp_path: Path, applied: bool) -> None:
    async with knot.knot(tmp_path) as real, relay(real.server, hold=Hold.RESPONSE if applied else Hold.REQUEST) as middle:
        await real.knsupdate("update delete sip A", f"update add sip 60 A {NEW}")
        hasty, todo = (step(spec(middle.server, timeout_ns=timeout), [OLD]) for timeout in (SHORT, 10 * SECOND))
        applying = asyncio.create_task(reverter().apply(hasty, LIVE))
        held = await middle.next_held()
        outcome = await applying
        held.drop()
        assert isinstance(outcome, Trouble)
        assert (outcome.retryable, outcome.reason) == (True, "timeout")

        found = await reverter().inspect(todo)
        assert isinstance(found, Inspection)
        assert found.at_baseline is applied
        assert await real.kdig("sip.example.net.", "A") == [OLD if applied else NEW]


async def test_an_update_that_was_only_slow_is_applied_once(tmp_path: Path) -> None:
    async with knot.knot(tmp_path) as real, relay(real.server, hold=Hold.REQUEST) as middle:
        await real.knsupdate("update delete sip A", f"update add sip 60 A {NEW}")
        applying = asyncio.create_task(reverter().apply(step(spec(middle.server, timeout_ns=20 * SECOND), [OLD]), LIVE))
        held = await middle.next_held()
        assert await real.kdig("sip.example.net.", "A") == [NEW]
        held.forward()
        assert isinstance(await applying, Applied)
        assert await real.kdig("sip.example.net.", "A") == [OLD]
        assert (middle.updates, real.changes()) == (1, 2)


async def test_a_server_that_fails_inside_may_be_asked_again() -> None:
    lab = lab_server()
    lab.disturb("update", Disturbance(rcode=dns.rcode.SERVFAIL))
    async with serving(lab):
        todo, live = step(spec(lab.address), [NEW]), {"values": [OLD], "ttl": 300}
        trouble = await reverter().apply(todo, live)
        assert isinstance(trouble, Trouble)
        assert (trouble.retryable, trouble.reason) == (True, "servfail")
        assert isinstance(await reverter().apply(todo, live), Applied)


# Several authoritative servers.


async def test_verified_only_when_every_authoritative_server_answers_the_baseline() -> None:
    first, second = lab_server(), lab_server()
    async with serving(first), serving(second):
        servers = [first.address, second.address]
        todo = step(spec(first.address, authoritative=servers), [OLD])
        await knot.knsupdate(second.address, "update delete sip A", f"update add sip 60 A {NEW}")
        behind = await reverter().verify(todo)
        detail = f"{second.address} answers {NEW} for sip.example.net. A, baseline {OLD}"
        assert behind == Verification(False, {"values": [NEW], "ttl": 60}, detail)
        await knot.knsupdate(second.address, "update delete sip A", f"update add sip 60 A {OLD}")
        agreed = await reverter().verify(todo)
        detail = f"sip.example.net. A is {OLD} at {first.address}, {second.address}"
        assert agreed == Verification(True, {"values": [OLD], "ttl": 300}, detail)


async def test_a_secondary_that_lags_keeps_the_step_open_without_a_second_update() -> None:
    first, second = lab_server(), lab_server()
    async with serving(first), serving(second):
        todo = step(spec(first.address, authoritative=[first.address, second.address]), [OLD])
        await knot.knsupdate(second.address, "update delete sip A", f"update add sip 60 A {NEW}")
        found = await reverter().inspect(todo)
        assert isinstance(found, Inspection)
        assert not found.at_baseline
        assert found.detail.endswith(f"; not yet so at {second.address}")
        assert isinstance(await reverter().apply(todo, found.live), Applied)
        assert first.count("update") == 0


async def test_a_dead_secondary_does_not_stop_the_update_but_is_named_by_verify() -> None:
    dead, lab = f"127.0.0.1:{free_port()}", lab_server()
    async with serving(lab):
        todo = step(spec(lab.address, authoritative=[lab.address, dead]), [NEW])
        found = await reverter().inspect(todo)
        assert isinstance(found, Inspection)
        assert isinstance(await reverter().apply(todo, found.live), Applied)
        trouble = await reverter().verify(todo)
    detail = f"{dead} cannot be reached for the question for sip.example.net. A: Connection refused"
    assert trouble == Trouble(True, "unreachable", detail)


async def test_a_dead_primary_stops_the_step() -> None:
    dead, lab = f"127.0.0.1:{free_port()}", lab_server()
    async with serving(lab):
        trouble = await reverter().inspect(step(spec(dead, authoritative=[lab.address]), [NEW]))
    assert isinstance(trouble, Trouble)
    assert dead in trouble.detail


async def test_the_trouble_that_no_retry_can_mend_is_the_one_reported() -> None:
    dead, lab = f"127.0.0.1:{free_port()}", lab_server()
    lab.disturb("query", Disturbance(rcode=dns.rcode.REFUSED))
    async with serving(lab):
        trouble = await reverter().verify(step(spec(lab.address, authoritative=[dead, lab.address]), [NEW]))
    assert isinstance(trouble, Trouble)
    assert (trouble.retryable, trouble.reason) == (False, "refused")


def test_the_whole_step_runs_on_uvloop_as_the_daemon_does() -> None:
    async def restore() -> tuple[object, ...]:
        lab = lab_server(*(f"big A {value}" for value in FORTY))
        async with serving(lab):
            big = await reverter().capture(spec(lab.address, name="big.example.net."))
            todo = step(spec(lab.address), [NEW])
            done = await reverter().apply(todo, {"values": [OLD], "ttl": 300}), await reverter().verify(todo)
        closed = await reverter().inspect(todo)
        return big, *done, closed

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        big, applied, verified, closed = runner.run(restore())
    assert big == {"values": sorted(FORTY), "ttl": 300}
    assert isinstance(applied, Applied)
    assert isinstance(verified, Verification)
    assert verified.holds
    assert isinstance(closed, Trouble)
    assert closed.reason == "unreachable"
