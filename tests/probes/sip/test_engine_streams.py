"""The engine over TCP: which connection a request takes, and whose fault it is when one breaks."""

from __future__ import annotations

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from probes.sip.engine import streams
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Break, Broken, Refused, SelfTrouble, Silent
from probes.sip.engine.target import TlsSettings, Transport
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import Request, Response, serialise
from tests.probes.sip.samples import ok, options
from tests.probes.sip.tcp_peer import Connection, tcp_peer

MS = 1_000_000
S = 1_000 * MS
SHORT = 60 * MS

pytestmark = pytest.mark.usefixtures("untroubled")


def status(result: object) -> int:
    assert isinstance(result, Answered), result
    return result.response.status


async def test_an_answer_over_tcp_is_paired_with_its_request(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        result = await engine.exchange(peer.target, options, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    assert (result.response.status, result.peer, result.copies) == (200, peer.target.endpoint, 1)
    assert result.connect_ns > 0


async def test_exchanges_with_one_target_share_a_connection(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        for _ in range(3):
            assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        assert [len(connection.received) for connection in peer.connections] == [3]


async def test_many_at_once_wait_for_one_connection_and_each_gets_its_answer(engine: SipEngine) -> None:
    held: list[Request] = []

    def reply(connection: Connection, request: Request) -> None:
        held.append(request)
        if len(held) == 50:
            connection.say(b"".join(serialise(ok(each, 200 + int(each.uri[4:]))) for each in reversed(held)))

    async with tcp_peer() as peer:
        peer.reply = reply
        builds = [lambda local, n=n: options(local, f"sip:{n}") for n in range(50)]
        results = await asyncio.gather(*(engine.exchange(peer.target, build, timeout_ns=5 * S) for build in builds))
        assert [status(result) for result in results] == [200 + n for n in range(50)]
        assert len(peer.connections) == 1


async def test_an_answer_that_comes_byte_by_byte_is_heard(engine: SipEngine) -> None:
    def reply(connection: Connection, request: Request) -> None:
        for byte in serialise(ok(request)):
            connection.say(bytes([byte]))

    async with tcp_peer() as peer:
        peer.reply = reply
        assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200


async def test_a_refused_connection_is_a_refusal(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        pass
    result = await engine.exchange(peer.target, options, timeout_ns=5 * S)
    assert isinstance(result, Refused)
    assert result.errno == "ECONNREFUSED"


async def test_no_such_source_address_is_our_own_trouble(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        result = await engine.exchange(replace(peer.target, source="192.0.2.77"), options, timeout_ns=5 * S)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.NO_SOURCE


async def test_a_chosen_source_address_is_what_the_peer_sees(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        await engine.exchange(replace(peer.target, source="127.0.0.2"), options, timeout_ns=5 * S)
        assert peer.connections[0].transport.get_extra_info("peername")[0] == "127.0.0.2"


async def test_a_connection_closed_in_the_middle_of_an_answer_is_broken(engine: SipEngine) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.say(serialise(ok(request))[:-5])
        connection.transport.close()

    async with tcp_peer() as peer:
        peer.reply = reply
        result = await engine.exchange(peer.target, options, timeout_ns=5 * S)
    assert isinstance(result, Broken)
    assert result.how is Break.MID_MESSAGE


async def test_garbage_breaks_the_connection_for_all_who_wait_on_it(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: connection.say(b"\xff" * 200 + b"\r\n\r\n")
        asking = [engine.exchange(peer.target, options, timeout_ns=5 * S) for _ in range(2)]
        results = await asyncio.gather(*asking)
    assert [result.how for result in results if isinstance(result, Broken)] == [Break.GARBAGE] * 2


async def test_the_first_connection_closed_unanswered_is_the_targets_fault(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: connection.transport.close()
        result = await engine.exchange(peer.target, options, timeout_ns=5 * S)
        assert isinstance(result, Broken)
        assert result.how is Break.CLOSED
        assert len(peer.connections) == 1


async def test_a_connection_closed_while_idle_is_nobodys_fault(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        peer.connections[0].transport.close()
        await peer.connections[0].lost
        assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        assert len(peer.connections) == 2


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_what_breaks_an_old_connection_is_asked_again_over_a_new_one(engine: SipEngine, how: str) -> None:
    def reply(connection: Connection, request: Request) -> None:
        if len(connection.received) == 1:
            connection.answer(request)
        else:
            getattr(connection.transport, how)()

    async with tcp_peer() as peer:
        peer.reply = reply
        for _ in range(2):
            assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        assert [len(connection.received) for connection in peer.connections] == [2, 1]


async def test_it_is_asked_again_once_and_no_more(engine: SipEngine) -> None:
    def reply(connection: Connection, request: Request) -> None:
        if connection.number == 0 and len(connection.received) == 1:
            connection.answer(request)
        else:
            connection.transport.close()

    async with tcp_peer() as peer:
        peer.reply = reply
        await engine.exchange(peer.target, options, timeout_ns=5 * S)
        result = await engine.exchange(peer.target, options, timeout_ns=5 * S)
        assert isinstance(result, Broken)
        assert [len(connection.received) for connection in peer.connections] == [2, 1]


async def test_connections_that_their_peer_is_about_to_close_are_met_several_times_and_cost_nothing(engine: SipEngine) -> None:
    def reply(connection: Connection, request: Request) -> None:
        connection.answer(request)
        connection.transport.close()

    async with tcp_peer() as peer:
        peer.reply = reply
        asking = [engine.exchange(peer.target, options, timeout_ns=5 * S) for _ in range(3)]
        assert [status(result) for result in await asyncio.gather(*asking)] == [200] * 3


async def test_a_connection_that_ended_leaves_nothing_behind(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        await engine.exchange(peer.target, options, timeout_ns=5 * S)
        (flow,) = map(weakref.ref, engine._streams._lines)
        peer.connections[0].transport.close()
        await peer.connections[0].lost
        async with asyncio.timeout(5):
            while engine._streams._lines:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()
        assert flow() is None


async def test_beyond_the_most_the_connection_that_was_not_used_for_longest_is_closed(
    engine: SipEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_LINES", 2)
    async with tcp_peer() as first, tcp_peer() as second, tcp_peer() as third:
        for peer in (first, second, first, third):
            await engine.exchange(peer.target, options, timeout_ns=5 * S)
        await second.connections[0].lost
        assert not first.connections[0].lost.done()
        assert not third.connections[0].lost.done()


async def test_silence_is_not_asked_again_over_the_same_connection(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: connection.answer(request) if connection.number else None
        result = await engine.exchange(peer.target, options, timeout_ns=SHORT)
        assert isinstance(result, Silent)
        assert result.copies == 1
        assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        assert len(peer.connections) == 2
        await peer.connections[0].lost


async def test_a_connection_on_which_somebody_waits_too_long_is_not_used_by_others(
    engine: SipEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "DOUBTED_NS", 0)
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: connection.answer(request) if connection.number else None
        waiting = asyncio.ensure_future(engine.exchange(peer.target, options, timeout_ns=5 * S))
        await peer.until(lambda: bool(peer.connections and peer.connections[0].received))
        assert status(await engine.exchange(peer.target, options, timeout_ns=5 * S)) == 200
        assert [len(connection.received) for connection in peer.connections] == [1, 1]
        (asked,) = peer.connections[0].received
        assert isinstance(asked, Request)
        peer.connections[0].answer(asked, 404)
        assert status(await waiting) == 404
        await peer.connections[0].lost


async def test_a_handshake_that_never_ends_is_silence_and_its_connection_is_given_up(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.is_deaf = True
        target = replace(peer.target, transport=Transport.TLS, tls=TlsSettings("sbc01"))
        result = await engine.exchange(target, options, timeout_ns=SHORT)
        assert isinstance(result, Silent)
        assert result.copies == 0
        await peer.until(lambda: bool(peer.connections))
        await peer.connections[0].lost


async def test_a_cancelled_exchange_gives_up_the_connection_it_waited_on(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: None
        asking = asyncio.ensure_future(engine.exchange(peer.target, options, timeout_ns=5 * S))
        await peer.until(lambda: bool(peer.connections and peer.connections[0].received))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await peer.connections[0].lost


async def test_closing_the_engine_ends_who_waits_for_a_connection_and_who_waits_on_one(engine: SipEngine) -> None:
    async with tcp_peer() as peer:
        peer.reply = lambda connection, request: None
        waiting = [asyncio.ensure_future(engine.exchange(peer.target, options, timeout_ns=5 * S))]
        await peer.until(lambda: bool(peer.connections and peer.connections[0].received))
        other = replace(peer.target, source="127.0.0.2")
        waiting.append(asyncio.ensure_future(engine.exchange(other, options, timeout_ns=5 * S)))
        await asyncio.sleep(0)
        engine.close()
        results = await asyncio.gather(*waiting)
        assert [result.reason for result in results if isinstance(result, SelfTrouble)] == [Trouble.CLOSED] * 2
        await peer.connections[0].lost


ASKED_OF_US = {"OPTIONS": 200, "INVITE": 480, "BYE": 481, "SUBSCRIBE": 405}


@pytest.mark.parametrize("method", ASKED_OF_US)
async def test_what_the_peer_asks_over_the_connection_is_answered(engine: SipEngine, method: str) -> None:
    asked = replace(options(("127.0.0.1", 5060)), method=method, cseq=CSeq(7, method))
    async with tcp_peer() as peer:
        await engine.exchange(peer.target, options, timeout_ns=5 * S)
        connection = peer.connections[0]
        for request in (replace(asked, method="ACK", cseq=CSeq(7, "ACK")), asked):
            connection.say(serialise(request))
        await peer.until(lambda: len(connection.received) == 2)
    response = connection.received[1]
    assert isinstance(response, Response)
    assert (response.status, response.cseq, response.call_id) == (ASKED_OF_US[method], asked.cseq, asked.call_id)
    assert response.to.tag
    assert response.header("Allow") == ["OPTIONS"]
