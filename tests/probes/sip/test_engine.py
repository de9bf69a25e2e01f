"""The engine on real sockets: which answer belongs to which request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.sip import Uas
from probes.clock import read
from probes.sip.engine.answering import Answering
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Refused, SelfTrouble, Silent
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.headers import CSeq, Via
from probes.sip.messages.message import Request, Response, parse, serialise
from tests.probes.sip.attacker import ask
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import Local, ok, options, udp

MS = 1_000_000
S = 1_000 * MS
SHORT = 60 * MS


async def test_an_answer_is_paired_with_its_request(engine: SipEngine, peer: Peer) -> None:
    result = await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
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
    results = await asyncio.gather(*(engine.exchange(udp(peer.address), build, timeout_ns=5 * S) for build in builds))
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
    result = await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
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
        result = await engine.exchange(udp(peer.address), options, timeout_ns=SHORT)
        assert isinstance(result, Silent)
        assert result.elsewhere == impostor.getsockname()
    assert engine.ignored == {"wrong-source": 1}


async def test_an_answer_after_the_deadline_is_counted_as_late(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: []
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=SHORT), Silent)
    late = serialise(ok(peer.requests[0][0]))
    peer.reply = lambda request: [late, serialise(ok(request))]
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"late": 1}


async def test_a_repeated_answer_is_absorbed(engine: SipEngine, peer: Peer) -> None:
    answered: list[bytes] = []

    def reply(request: Request) -> list[bytes]:
        answered.append(serialise(ok(request)))
        return answered

    peer.reply = reply
    for _ in range(2):
        assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"retransmission": 1}


async def test_a_lost_request_is_sent_again_after_t1(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: [serialise(ok(request))] if len(peer.requests) == 2 else []
    result = await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    assert result.copies == 2
    assert result.rtt_ns >= 500 * MS
    assert peer.requests[0] == peer.requests[1]


async def test_silence_after_a_provisional_says_which(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: [serialise(ok(request, 100))]
    result = await engine.exchange(udp(peer.address), options, timeout_ns=SHORT)
    assert isinstance(result, Silent)
    assert result.provisional == 100
    assert result.elapsed_ns >= SHORT


async def test_our_own_stall_is_not_taken_for_silence(engine: SipEngine) -> None:
    many, timeout_ns = 150, 150 * MS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quick:
        quick.bind(("127.0.0.1", 0))
        target = quick.getsockname()
        asking = [asyncio.ensure_future(engine.exchange(udp(target), options, timeout_ns=timeout_ns)) for _ in range(many)]
        await asyncio.sleep(0)
        for _ in range(many):
            data, source = quick.recvfrom(65_535)
            request = parse(data)
            assert isinstance(request, Request)
            quick.sendto(serialise(ok(request)), source)
        held_until = read().mono_ns + timeout_ns
        while read().mono_ns < held_until:
            """Hold the loop until every deadline has passed; the answers have long arrived."""
        assert {type(result) for result in await asyncio.gather(*asking)} == {Answered}


async def test_targets_share_one_socket(engine: SipEngine, peer: Peer) -> None:
    async with Uas() as other:
        seen: list[Local] = []

        def build(local: Local) -> Request:
            seen.append(local)
            return options(local)

        for target in (peer.address, ("127.0.0.1", other.port)):
            await engine.exchange(udp(target), build, timeout_ns=5 * S)
    assert seen[0] == seen[1] == peer.requests[0][1]


async def test_a_chosen_source_address_is_what_the_peer_sees(engine: SipEngine, peer: Peer) -> None:
    result = await engine.exchange(udp(peer.address, "127.0.0.2"), options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    request, source = peer.requests[0]
    assert source[0] == "127.0.0.2"
    assert (request.vias[0].host, request.vias[0].port) == source


async def test_ipv6_is_answered_and_refused_alike(engine: SipEngine) -> None:
    async with Uas(host="::1") as uas:
        assert isinstance(await engine.exchange(udp(("::1", uas.port)), options, timeout_ns=5 * S), Answered)
    refused = await engine.exchange(udp(("::1", uas.port)), options, timeout_ns=5 * S)
    assert isinstance(refused, Refused)
    assert (refused.errno, refused.offender) == ("ECONNREFUSED", "::1")


async def test_an_answer_matches_however_the_address_was_written(engine: SipEngine) -> None:
    async with Uas(host="::1") as uas:
        assert isinstance(await engine.exchange(udp(("0:0:0::0:1", uas.port)), options, timeout_ns=5 * S), Answered)


async def test_a_cancelled_exchange_leaves_only_a_late_answer(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: []
    asking = asyncio.ensure_future(engine.exchange(udp(peer.address), options, timeout_ns=5 * S))
    await peer.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    orphan = serialise(ok(peer.requests[0][0]))
    peer.reply = lambda request: [orphan, serialise(ok(request))]
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"late": 1}


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("INVITE", 480), ("REGISTER", 405)])
async def test_a_neighbour_that_asks_us_is_answered(engine: SipEngine, trunk: socket.socket, method: str, status: int) -> None:
    asked = await ask(engine, trunk)
    theirs = replace(options(trunk.getsockname()), method=method, cseq=CSeq(9, method))
    trunk.sendto(serialise(replace(theirs, method="ACK", cseq=CSeq(9, "ACK"))), asked.local)
    trunk.sendto(serialise(theirs), asked.local)
    trunk.recvfrom(65_535)  # our own request
    await asked.heard(trunk)
    response = parse(trunk.recvfrom(65_535)[0])
    assert isinstance(response, Response)
    assert (response.status, response.cseq, response.vias[0].rport) == (status, theirs.cseq, trunk.getsockname()[1])
    assert asked.ignored() == {"request": 2}
    with pytest.raises(BlockingIOError):
        trunk.recvfrom(65_535)


async def test_nobody_is_answered_beyond_the_limit(trunk: socket.socket) -> None:
    engine = SipEngine(Answering(per_second=0))
    asked = await ask(engine, trunk)
    trunk.recvfrom(65_535)
    await asked.heard(trunk, serialise(options(trunk.getsockname())))
    with pytest.raises(BlockingIOError):
        trunk.recvfrom(65_535)
    engine.close()


async def test_an_answer_of_our_own_says_nothing_of_any_trunk(engine: SipEngine, peer: Peer) -> None:
    await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
    ours = ("127.0.0.1", peer.requests[0][1][1])
    result = await engine.exchange(udp(ours), options, timeout_ns=5 * S)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.OURSELVES


async def test_a_peer_that_sends_our_own_request_back_is_no_answer_of_ours(engine: SipEngine, peer: Peer) -> None:
    peer.reply = lambda request: [serialise(request)]
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=SHORT), Silent)
