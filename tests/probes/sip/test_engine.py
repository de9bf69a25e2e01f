"""The engine on real sockets: pairing, refusals, our own trouble, and the end of it all."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from lab.sip import Answer, Uas
from lab.sip import Silent as Says
from probes.clock import read
from probes.sip.headers import Address, CSeq, Via
from probes.sip.message import Request, Response, parse, serialise
from probes.sip.route import Trouble
from probes.sip.transport import Answered, Refused, SelfTrouble, Silent, SipEngine
from tests.peers.sipp import free_udp_port

MS = 1_000_000
S = 1_000 * MS
SHORT = 60 * MS
SERIAL = count()

Local = tuple[str, int]
Reply = Callable[[Request], list[bytes]]


def options(local: Local, uri: str = "sip:trunk") -> Request:
    serial = next(SERIAL)
    host = f"[{local[0]}]" if ":" in local[0] else local[0]
    return Request(
        method="OPTIONS",
        uri=uri,
        vias=(Via("UDP", *local, (("branch", f"z9hG4bK{serial}"), ("rport", None))),),
        from_=Address(None, f"sip:cutoverd@{host}", (("tag", "a"),)),
        to=Address(None, uri),
        call_id=f"call{serial}",
        cseq=CSeq(1, "OPTIONS"),
    )


def ok(request: Request, status: int = 200) -> Response:
    return Response(
        status=status, vias=request.vias, from_=request.from_, to=request.to, call_id=request.call_id, cseq=request.cseq
    )


class Peer(asyncio.DatagramProtocol):
    """Replies to each request with whatever bytes `reply` gives; keeps what arrived."""

    def __init__(self) -> None:
        self.reply: Reply = lambda request: [serialise(ok(request))]
        self.requests: list[tuple[Request, Local]] = []
        self.transport: asyncio.DatagramTransport
        self.arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Local) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        self.requests.append((request, addr))
        self.arrived.set()
        for datagram in self.reply(request):
            self.transport.sendto(datagram, addr)

    @property
    def address(self) -> Local:
        host, port = self.transport.get_extra_info("sockname")[:2]
        return host, port


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


async def test_an_answer_is_paired_with_its_request(engine: SipEngine, peer: Peer) -> None:
    result = await engine.exchange(peer.address, options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    assert (result.response.status, result.peer, result.copies) == (200, peer.address, 1)
    assert 0 < result.rtt_ns < 5 * S


async def test_each_of_many_at_once_gets_its_own_answer(engine: SipEngine, peer: Peer) -> None:
    held: list[Request] = []

    def reply(request: Request) -> list[bytes]:
        held.append(request)
        return [serialise(ok(each, 200 + int(each.uri[4:]))) for each in reversed(held)] if len(held) == 50 else []

    peer.reply = reply
    builds = [lambda local, n=n: options(local, f"sip:{n}") for n in range(50)]
    results = await asyncio.gather(*(engine.exchange(peer.address, build, timeout_ns=5 * S) for build in builds))
    assert [result.response.status for result in results if isinstance(result, Answered)] == [200 + n for n in range(50)]


STRAYS: dict[str, Callable[[Request], bytes]] = {
    "foreign-branch": lambda asked: serialise(replace(ok(asked), vias=(Via("UDP", "a", 1, (("branch", "z9hG4bKx"),)),))),
    "foreign-call-id": lambda asked: serialise(replace(ok(asked), call_id="another")),
    "foreign-cseq": lambda asked: serialise(replace(ok(asked), cseq=CSeq(2, "OPTIONS"))),
    "several-vias": lambda asked: serialise(replace(ok(asked), vias=(*asked.vias, Via("UDP", "a", 1)))),
    "request": serialise,
    "keep-alive": lambda asked: b"\r\n\r\n",
    "malformed:start-line": lambda asked: b"\x00\x01\x02\x03\r\n\r\n",
    "malformed:no-end-of-headers": lambda asked: b"\xff" * 1000,
    "malformed:body-short": lambda asked: serialise(replace(ok(asked), body=b"abc"))[:-1],
}


@pytest.mark.parametrize("reason", STRAYS)
async def test_what_is_no_answer_is_counted_by_reason_and_does_no_harm(engine: SipEngine, peer: Peer, reason: str) -> None:
    peer.reply = lambda request: [STRAYS[reason](request), serialise(ok(request, 404))]
    result = await engine.exchange(peer.address, options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    assert result.response.status == 404
    assert engine.ignored == {reason: 1}


async def test_an_answer_from_elsewhere_is_not_the_targets(engine: SipEngine, peer: Peer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as impostor:
        impostor.bind(("127.0.0.1", 0))

        def reply(request: Request) -> list[bytes]:
            impostor.sendto(serialise(ok(request)), peer.requests[-1][1])
            return []

        peer.reply = reply
        assert isinstance(await engine.exchange(peer.address, options, timeout_ns=SHORT), Silent)
    assert engine.ignored == {"wrong-source": 1}


async def test_an_answer_after_the_deadline_is_counted_as_late(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: []
    assert isinstance(await engine.exchange(peer.address, options, timeout_ns=SHORT), Silent)
    late = serialise(ok(peer.requests[0][0]))
    peer.reply = lambda request: [late, serialise(ok(request))]
    assert isinstance(await engine.exchange(peer.address, options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"late": 1}


async def test_a_repeated_answer_is_absorbed(engine: SipEngine, peer: Peer) -> None:
    answered: list[bytes] = []

    def reply(request: Request) -> list[bytes]:
        answered.append(serialise(ok(request)))
        return answered

    peer.reply = reply
    for _ in range(2):
        assert isinstance(await engine.exchange(peer.address, options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"retransmission": 1}


async def test_a_lost_request_is_sent_again_after_t1(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: [serialise(ok(request))] if len(peer.requests) == 2 else []
    result = await engine.exchange(peer.address, options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    assert result.copies == 2
    assert result.rtt_ns >= 500 * MS
    assert peer.requests[0] == peer.requests[1]


async def test_silence_after_a_provisional_says_which(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: [serialise(ok(request, 100))]
    result = await engine.exchange(peer.address, options, timeout_ns=SHORT)
    assert isinstance(result, Silent)
    assert result.provisional == 100
    assert result.elapsed_ns >= SHORT


async def test_our_own_stall_is_not_taken_for_silence(engine: SipEngine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quick:
        quick.bind(("127.0.0.1", 0))
        asking = asyncio.ensure_future(engine.exchange(quick.getsockname(), options, timeout_ns=2 * MS))
        while not engine_has_sent(quick):
            await asyncio.sleep(0)
        data, source = quick.recvfrom(65_535)
        request = parse(data)
        assert isinstance(request, Request)
        quick.sendto(serialise(ok(request)), source)
        deadline = read().mono_ns + 3 * MS
        while read().mono_ns < deadline:
            """The loop is held while answer and deadline both arrive."""
        assert isinstance(await asking, Answered)


def engine_has_sent(receiver: socket.socket) -> bool:
    try:
        return bool(receiver.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False


async def test_a_closed_port_is_a_refusal(engine: SipEngine) -> None:
    port = free_udp_port()
    result = await engine.exchange(("127.0.0.1", port), options, timeout_ns=5 * S)
    assert isinstance(result, Refused)
    assert (result.errno, result.peer, result.offender, result.elapsed_ns < 500 * MS) == (
        "ECONNREFUSED",
        ("127.0.0.1", port),
        "127.0.0.1",
        True,
    )


async def test_every_refusal_in_a_row_is_heard_at_once(engine: SipEngine) -> None:
    port = free_udp_port()
    results = [await engine.exchange(("127.0.0.1", port), options, timeout_ns=400 * MS) for _ in range(20)]
    assert {type(result) for result in results} == {Refused}


async def test_answers_are_still_heard_after_a_refusal(engine: SipEngine, peer: Peer) -> None:
    assert isinstance(await engine.exchange(("127.0.0.1", free_udp_port()), options, timeout_ns=5 * S), Refused)
    result = await engine.exchange(peer.address, options, timeout_ns=400 * MS)
    assert isinstance(result, Answered)


async def test_a_pending_refusal_does_not_fail_the_next_send_to_another(engine: SipEngine, peer: Peer) -> None:
    closed = ("127.0.0.1", free_udp_port())
    targets = [closed, peer.address] * 200
    results = await asyncio.gather(*(engine.exchange(target, options, timeout_ns=5 * S) for target in targets))
    assert {type(result) for result in results[0::2]} == {Refused}
    assert {type(result) for result in results[1::2]} == {Answered}


async def test_a_refusal_that_quotes_too_little_is_charged_to_that_address_only(engine: SipEngine, peer: Peer) -> None:
    # Linux quotes 576 octets at most: with a URI that long the branch is not among them.
    def build(local: Local) -> Request:
        return options(local, "sip:" + "a" * 700)

    closed, port = ("127.0.0.1", free_udp_port()), peer.address[1]
    peer.reply = lambda request: []
    results = await asyncio.gather(
        engine.exchange(closed, build, timeout_ns=300 * MS), engine.exchange(("127.0.0.1", port), build, timeout_ns=300 * MS)
    )
    assert [type(result) for result in results] == [Refused, Silent]


async def test_a_refusal_nobody_waits_for_is_counted_and_charged_to_nobody(engine: SipEngine, peer: Peer) -> None:
    asking = engine.exchange(("127.0.0.1", free_udp_port()), options, timeout_ns=5 * S)
    asking.send(None)  # as far as the request being sent, and given up before the loop can look at the socket
    asking.close()
    assert isinstance(await engine.exchange(peer.address, options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"icmp:late": 1}


async def test_targets_share_one_socket(engine: SipEngine, peer: Peer) -> None:
    async with Uas() as other:
        seen: list[Local] = []

        def build(local: Local) -> Request:
            seen.append(local)
            return options(local)

        for target in (peer.address, ("127.0.0.1", other.port)):
            await engine.exchange(target, build, timeout_ns=5 * S)
    assert seen[0] == seen[1] == peer.requests[0][1]


async def test_a_chosen_source_address_is_what_the_peer_sees(engine: SipEngine, peer: Peer) -> None:
    result = await engine.exchange(peer.address, options, timeout_ns=5 * S, source="127.0.0.2")
    assert isinstance(result, Answered)
    request, source = peer.requests[0]
    assert source[0] == "127.0.0.2"
    assert (request.vias[0].host, request.vias[0].port) == source


async def test_ipv6_is_answered_and_refused_alike(engine: SipEngine) -> None:
    async with Uas(host="::1") as uas:
        assert isinstance(await engine.exchange(("::1", uas.port), options, timeout_ns=5 * S), Answered)
    refused = await engine.exchange(("::1", uas.port), options, timeout_ns=5 * S)
    assert isinstance(refused, Refused)
    assert (refused.errno, refused.offender) == ("ECONNREFUSED", "::1")


async def test_an_answer_matches_however_the_address_was_written(engine: SipEngine) -> None:
    async with Uas(host="::1") as uas:
        assert isinstance(await engine.exchange(("0:0:0::0:1", uas.port), options, timeout_ns=5 * S), Answered)


@pytest.mark.parametrize(
    ("destination", "source", "reason"),
    [
        ("192.0.2.1", "127.0.0.1", Trouble.NO_ROUTE),
        ("127.0.0.1", "192.0.2.77", Trouble.NO_SOURCE),
        ("127.0.0.1", "::1", Trouble.NO_SOURCE),
        ("255.255.255.255", None, Trouble.FORBIDDEN),
    ],
)
async def test_what_we_cannot_ask_is_our_own_trouble(
    engine: SipEngine, destination: str, source: str | None, reason: Trouble
) -> None:
    result = await engine.exchange((destination, 5060), options, timeout_ns=5 * S, source=source)
    assert isinstance(result, SelfTrouble)
    assert result.reason is reason


async def test_a_request_too_long_for_a_datagram_is_our_own_trouble(engine: SipEngine, peer: Peer) -> None:
    def build(local: Local) -> Request:
        return replace(options(local), body=b"x" * 70_000)

    result = await engine.exchange(peer.address, build, timeout_ns=5 * S)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.TOO_LONG


async def test_running_out_of_descriptors_is_our_own_trouble(engine: SipEngine, peer: Peer) -> None:
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        result = await engine.exchange(peer.address, options, timeout_ns=5 * S)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.NO_SOCKET
    assert isinstance(await engine.exchange(peer.address, options, timeout_ns=5 * S), Answered)


async def test_a_name_instead_of_an_address_is_illegal_use(engine: SipEngine) -> None:
    with pytest.raises(ValueError, match="not a numeric address"):
        await engine.exchange(("localhost", 5060), options, timeout_ns=5 * S)


async def test_a_branch_in_use_is_illegal_use(engine: SipEngine, peer: Peer) -> None:
    await engine.exchange(peer.address, options, timeout_ns=5 * S)
    again = peer.requests[0][0]
    with pytest.raises(ValueError, match="branch of its own"):
        await engine.exchange(peer.address, lambda _: again, timeout_ns=5 * S)


async def test_closing_ends_those_who_wait_and_may_be_repeated(engine: SipEngine) -> None:
    async with Uas(Says()) as uas:
        waiting = asyncio.ensure_future(engine.exchange(("127.0.0.1", uas.port), options, timeout_ns=5 * S))
        await asyncio.sleep(0)
        engine.close()
        engine.close()
        result = await waiting
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.CLOSED


async def test_a_closed_engine_asks_nobody(engine: SipEngine, peer: Peer) -> None:
    engine.close()
    assert await engine.exchange(peer.address, options, timeout_ns=5 * S) == SelfTrouble(Trouble.CLOSED, 0)


async def test_closing_gives_every_descriptor_back(peer: Peer) -> None:
    before = descriptors()
    engine = SipEngine()
    await engine.exchange(peer.address, options, timeout_ns=5 * S)
    engine.close()
    assert descriptors() == before


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_a_cancelled_exchange_leaves_only_a_late_answer(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: []
    asking = asyncio.ensure_future(engine.exchange(peer.address, options, timeout_ns=5 * S))
    await peer.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    orphan = serialise(ok(peer.requests[0][0]))
    peer.reply = lambda request: [orphan, serialise(ok(request))]
    assert isinstance(await engine.exchange(peer.address, options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"late": 1}


async def test_a_target_that_comes_back_is_seen_to(engine: SipEngine) -> None:
    uas = Uas(Answer(503, retry_after=5))
    uas.open()
    target = ("127.0.0.1", uas.port)
    seen = [await engine.exchange(target, options, timeout_ns=5 * S)]
    uas.close()
    seen.append(await engine.exchange(target, options, timeout_ns=5 * S))
    uas.open()
    seen.append(await engine.exchange(target, options, timeout_ns=5 * S))
    uas.close()
    assert [type(result) for result in seen] == [Answered, Refused, Answered]
