"""The engine over connections: what each way of failing costs the exchange that waited."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Break, Broken, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.target import Target, TlsSettings
from probes.sip.messages.message import Request, parse, serialise
from tests.peers.certificates import Authority, authority
from tests.probes.sip.samples import ok, options
from tests.probes.sip.stream_peers import over_tls, peer, reply, response, says, tcp, tls, until_closed
from tests.probes.sip.stream_programs import sipp_over_tcp

pytestmark = pytest.mark.usefixtures("untroubled")

NAME = "sbc.example.com"
LONG_NS = 20_000_000_000


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


async def exchange(target: Target, timeout_ns: int = LONG_NS) -> Exchanged:
    engine = SipEngine()
    try:
        return await engine.exchange(target, options, timeout_ns=timeout_ns)
    finally:
        engine.close()


async def test_sipp_answers_options_over_tcp() -> None:
    async with sipp_over_tcp(200) as address:
        result = await exchange(tcp(address))
    assert isinstance(result, Answered)
    assert result.response.status == 200


async def test_tls_answers_and_says_until_when_its_certificate_is_good(ca: Authority) -> None:
    sbc = ca.issue(f"DNS:{NAME}")
    with peer(over_tls(sbc.server(), lambda connection: (reply(connection), until_closed(connection)))) as address:
        result = await exchange(tls(address, TlsSettings(NAME, ca=str(ca.certificate))))
    assert isinstance(result, Answered)
    assert result.certificate_not_after == sbc.not_after


async def test_a_handshake_that_is_never_finished_ends_with_the_deadline_and_the_connection_with_it(ca: Authority) -> None:
    heard: list[bytes] = []
    with peer(lambda connection: heard.append(until_closed(connection))) as address:
        result = await exchange(tls(address, TlsSettings(NAME, ca=str(ca.certificate))), timeout_ns=200_000_000)
    assert isinstance(result, Silent)
    assert 200_000_000 <= result.elapsed_ns < 5_000_000_000
    assert heard[0].startswith(b"\x16\x03")


async def test_two_responses_in_one_segment_answer_two_requests() -> None:
    def both(connection: socket.socket) -> None:
        heard = b""
        while heard.count(b"\r\n\r\n") < 2:
            heard += connection.recv(65_536)
        asked = [parse(one + b"\r\n\r\n") for one in heard.split(b"\r\n\r\n") if one]
        connection.sendall(b"".join(serialise(ok(one)) for one in reversed(asked) if isinstance(one, Request)))
        until_closed(connection)

    engine = SipEngine()
    try:
        with peer(both) as address:
            results = await asyncio.gather(*(engine.exchange(tcp(address), options, timeout_ns=LONG_NS) for _ in range(2)))
            engine.close()
    finally:
        engine.close()
    assert [type(result) for result in results] == [Answered, Answered]


async def test_a_peer_that_hangs_up_within_its_answer_broke_the_exchange() -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(response()[:-1])

    with peer(script) as address:
        result = await exchange(tcp(address))
    assert isinstance(result, Broken)
    assert result.how is Break.MID_MESSAGE


async def test_garbage_for_an_answer_broke_the_exchange() -> None:
    with peer(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as address:
        result = await exchange(tcp(address))
    assert isinstance(result, Broken)
    assert (result.how, result.detail) == (Break.GARBAGE, "start-line: not SIP")


async def test_a_certificate_for_another_name_is_held_against_the_peer(ca: Authority) -> None:
    with peer(over_tls(ca.issue("DNS:other").server(), until_closed)) as address:
        result = await exchange(tls(address, TlsSettings(NAME, ca=str(ca.certificate))))
    assert isinstance(result, Broken)
    assert result.how is Break.CERTIFICATE


async def test_a_closed_port_is_a_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = holder.getsockname()[:2]
    result = await exchange(tcp(address))
    assert isinstance(result, Refused)
    assert result.errno == "ECONNREFUSED"


async def test_a_missing_file_of_ours_is_not_held_against_the_peer(tmp_path: Path) -> None:
    result = await exchange(tls(("127.0.0.1", 9), TlsSettings(NAME, ca=str(tmp_path / "missing.pem"))))
    assert isinstance(result, SelfTrouble)
    assert result.detail == f"{tmp_path}/missing.pem: No such file or directory"
