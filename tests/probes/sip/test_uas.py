"""The lab's trunk behaves as a user agent server should, or as badly as it is told."""

from __future__ import annotations

import socket

import pytest

from lab.sip import Answer, Silent, Uas, in_turn
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered
from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import Request, Response, parse, serialise
from tests.probes.sip.samples import Local, options, udp

S = 1_000_000_000


async def ask(engine: SipEngine, uas: Uas, method: str = "OPTIONS") -> Response:
    def build(local: Local) -> Request:
        request = options(local)
        return Request(**{**fields(request), "method": method, "cseq": CSeq(1, method)})

    result = await engine.exchange(udp((uas.host, uas.port)), build, timeout_ns=5 * S)
    assert isinstance(result, Answered)
    return result.response


def fields(request: Request) -> dict[str, object]:
    names = ("vias", "from_", "to", "call_id", "uri")
    return {name: getattr(request, name) for name in names}


async def test_an_answer_has_status_phrase_tag_and_retry_after(engine: SipEngine) -> None:
    async with Uas(Answer(503, retry_after=7)) as uas:
        response = await ask(engine, uas)
    assert (response.status, response.reason) == (503, "Service Unavailable")
    assert response.retry_after is not None
    assert response.retry_after.seconds == 7
    assert response.to.tag


async def test_the_topmost_via_says_where_the_request_came_from(engine: SipEngine) -> None:
    async with Uas() as uas:
        via = (await ask(engine, uas)).vias[0]
    assert via.received == "127.0.0.1"
    assert via.rport == via.port


async def test_its_behaviour_can_be_changed_while_it_runs(engine: SipEngine) -> None:
    async with Uas() as uas:
        first = await ask(engine, uas)
        uas.behaviour = Answer(404)
        second = await ask(engine, uas)
    assert [first.status, second.status] == [200, 404]


async def test_answers_in_turn_stay_with_the_last(engine: SipEngine) -> None:
    async with Uas(in_turn(Answer(503), Answer(200))) as uas:
        assert [(await ask(engine, uas)).status for _ in range(3)] == [503, 200, 200]


async def test_other_methods_are_not_allowed_and_not_counted(engine: SipEngine) -> None:
    async with Uas() as uas:
        response = await ask(engine, uas, "INFO")
        assert (response.status, uas.requests, uas.datagrams) == (405, 0, 1)
    assert response.header("Allow") == ["OPTIONS"]


async def test_a_retransmission_gets_the_first_answer_and_is_not_counted_again(engine: SipEngine) -> None:
    async with Uas(in_turn(Silent(), Answer(200))) as uas:
        result = await engine.exchange(udp((uas.host, uas.port)), options, timeout_ns=S)
        assert not isinstance(result, Answered)
        assert (uas.requests, uas.datagrams) == (1, 2)


async def test_it_keeps_its_port_when_reopened(engine: SipEngine) -> None:
    async with Uas() as uas:
        port = uas.port
    async with uas:
        assert uas.port == port
        assert (await ask(engine, uas)).status == 200


@pytest.mark.parametrize("datagram", [b"\r\n\r\n", b"garbage", b"SIP/2.0 200 OK\r\n\r\n"])
async def test_it_outlives_what_is_no_request(engine: SipEngine, datagram: bytes) -> None:
    async with Uas() as uas:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(datagram, ("127.0.0.1", uas.port))
        assert (await ask(engine, uas)).status == 200
        assert (uas.requests, uas.datagrams) == (1, 2)


async def test_without_rport_the_answer_goes_to_sent_by(engine: SipEngine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as named:
        named.bind(("127.0.0.1", 0))
        named.settimeout(5)
        async with Uas() as uas:
            request = Request(
                method="OPTIONS",
                uri="sip:trunk",
                vias=(Via("UDP", "client.invalid", named.getsockname()[1], (("branch", "z9hG4bK1"),)),),
                from_=Address(None, "sip:a@b", (("tag", "1"),)),
                to=Address(None, "sip:trunk"),
                call_id="x",
                cseq=CSeq(1, "OPTIONS"),
            )
            sender.sendto(serialise(request), ("127.0.0.1", uas.port))
            assert (await ask(engine, uas)).status == 200
        response = parse(named.recv(65_535))
    assert response.vias[0].received == "127.0.0.1"
