"""Refusals are heard at once, and charged to the one they are about."""

from __future__ import annotations

import asyncio

from lab.sip import Answer, Uas
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Refused, Silent
from probes.sip.messages.message import Request
from tests.peers.sipp import free_udp_port
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import Local, options, udp

MS = 1_000_000
S = 1_000 * MS


async def test_a_closed_port_is_a_refusal(engine: SipEngine) -> None:
    port = free_udp_port()
    result = await engine.exchange(udp(("127.0.0.1", port)), options, timeout_ns=5 * S)
    assert isinstance(result, Refused)
    assert (result.errno, result.peer, result.offender, result.elapsed_ns < 500 * MS) == (
        "ECONNREFUSED",
        ("127.0.0.1", port),
        "127.0.0.1",
        True,
    )


async def test_every_refusal_in_a_row_is_heard_at_once(engine: SipEngine) -> None:
    port = free_udp_port()
    results = [await engine.exchange(udp(("127.0.0.1", port)), options, timeout_ns=400 * MS) for _ in range(20)]
    assert {type(result) for result in results} == {Refused}


async def test_answers_are_still_heard_after_a_refusal(engine: SipEngine, peer: Peer) -> None:
    assert isinstance(await engine.exchange(udp(("127.0.0.1", free_udp_port())), options, timeout_ns=5 * S), Refused)
    result = await engine.exchange(udp(peer.address), options, timeout_ns=400 * MS)
    assert isinstance(result, Answered)


async def test_a_pending_refusal_does_not_fail_the_next_send_to_another(engine: SipEngine, peer: Peer) -> None:
    closed = ("127.0.0.1", free_udp_port())
    targets = [closed, peer.address] * 200
    results = await asyncio.gather(*(engine.exchange(udp(target), options, timeout_ns=5 * S) for target in targets))
    assert {type(result) for result in results[0::2]} == {Refused}
    assert {type(result) for result in results[1::2]} == {Answered}


async def test_a_refusal_that_quotes_too_little_is_charged_to_that_address_only(engine: SipEngine, peer: Peer) -> None:
    # Linux quotes 576 octets at most: with a URI that long the branch is not among them.
    def build(local: Local) -> Request:
        return options(local, "sip:" + "a" * 700)

    closed, port = ("127.0.0.1", free_udp_port()), peer.address[1]
    peer.reply = lambda request: []
    results = await asyncio.gather(
        engine.exchange(udp(closed), build, timeout_ns=300 * MS),
        engine.exchange(udp(("127.0.0.1", port)), build, timeout_ns=300 * MS),
    )
    assert [type(result) for result in results] == [Refused, Silent]


async def test_a_refusal_nobody_waits_for_is_counted_and_charged_to_nobody(engine: SipEngine, peer: Peer) -> None:
    asking = engine.exchange(udp(("127.0.0.1", free_udp_port())), options, timeout_ns=5 * S)
    asking.send(None)  # as far as the request being sent, and given up before the loop can look at the socket
    asking.close()
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=5 * S), Answered)
    assert engine.ignored == {"icmp:late": 1}


async def test_a_target_that_comes_back_is_seen_to(engine: SipEngine) -> None:
    uas = Uas(Answer(503, retry_after=5))
    uas.open()
    target = ("127.0.0.1", uas.port)
    seen = [await engine.exchange(udp(target), options, timeout_ns=5 * S)]
    uas.close()
    seen.append(await engine.exchange(udp(target), options, timeout_ns=5 * S))
    uas.open()
    seen.append(await engine.exchange(udp(target), options, timeout_ns=5 * S))
    uas.close()
    assert [type(result) for result in seen] == [Answered, Refused, Answered]
