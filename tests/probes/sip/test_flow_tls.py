"""One TLS connection to real peers: whom we believe, who believes us, and what is said where a handshake fails."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from probes.sip.engine.exchanged import Break
from probes.sip.engine.flow import HIGH_WATER, FlowEnd, Stage
from probes.sip.engine.target import Endpoint, Target, TlsSettings, TlsVersion
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import parse
from tests.peers.certificates import Authority, Pair, authority
from tests.probes.sip.stream_peers import (
    DEADLINE_S,
    Watched,
    answers_once,
    flow_to,
    leaves,
    over_tls,
    peer,
    request,
    reset,
    response,
    says,
    tls,
    until_closed,
)
from tests.probes.sip.stream_programs import printed_options, s_server

pytestmark = pytest.mark.usefixtures("untroubled")

NAME = "sbc.example.com"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def sbc(ca: Authority) -> Pair:
    return ca.issue(f"DNS:{NAME}")


@pytest.fixture
def settings(ca: Authority) -> TlsSettings:
    return TlsSettings(NAME, ca=str(ca.certificate))


# What works


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_request_is_answered_over_tls(sbc: Pair, settings: TlsSettings, version: ssl.TLSVersion) -> None:
    context = sbc.server()
    context.maximum_version = version
    with peer(over_tls(context, answers_once)) as address:
        async with flow_to(tls(address, settings)) as watched:
            (await watched.opened()).send(request(via="TLS"))
            (answer,) = await watched.received()
    assert parse(answer).vias[0].transport == "TLS"
    assert watched.calls == ["opened", "received", "ended"]


async def test_openssl_hears_us_and_answers(sbc: Pair, settings: TlsSettings) -> None:
    answer = response()
    second = ("-cert2", str(sbc.certificate), "-key2", str(sbc.private_key))
    with s_server(sbc, "-servername", "another.example.com", *second) as openssl:
        async with flow_to(tls(openssl.address, settings)) as watched:
            (await watched.opened()).send(request(via="TLS"))
            openssl.say(answer)
            assert await watched.received() == [answer]
        told = openssl.printed()
    assert printed_options(told) == 1
    assert 'Hostname in TLS extension: "sbc.example.com"' in told


async def test_the_name_before_any_look_up_is_told_the_peer_and_an_address_is_not(ca: Authority) -> None:
    told: list[str | None] = []
    context = ca.issue(f"DNS:{NAME}", "IP:127.0.0.1").server()
    context.sni_callback = lambda _, name, __: told.append(name)
    for name in (NAME, "127.0.0.1"):
        with peer(over_tls(context, until_closed)) as address:
            async with flow_to(tls(address, TlsSettings(name, ca=str(ca.certificate)))) as watched:
                await watched.opened()
    assert told == [NAME, None]


async def test_the_end_of_the_peers_certificate_is_known_once_open(sbc: Pair, settings: TlsSettings) -> None:
    with peer(over_tls(sbc.server(), until_closed)) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert watched.flow.certificate_not_after is None
            assert (await watched.opened()).certificate_not_after == sbc.not_after


async def test_two_responses_in_one_record_are_two_messages(sbc: Pair, settings: TlsSettings) -> None:
    with peer(over_tls(sbc.server(), says(response() + response()))) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert len(await watched.received(2)) == 2


async def test_a_message_that_comes_a_byte_to_a_record_is_one_message(sbc: Pair, settings: TlsSettings) -> None:
    whole = response()
    with peer(over_tls(sbc.server(), says(*(whole[at : at + 1] for at in range(len(whole)))))) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.received() == [whole]


async def test_much_in_many_records_comes_whole(sbc: Pair, settings: TlsSettings) -> None:
    many = [response(b"x" * 60_000) for _ in range(20)]
    with peer(over_tls(sbc.server(), leaves(*many))) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.CLOSED)
            assert watched.messages == many


async def test_an_intermediate_authority_in_our_file_is_believed_by_itself(ca: Authority) -> None:
    between = ca.intermediate()
    with peer(over_tls(between.issue(f"DNS:{NAME}").server(), until_closed)) as address:
        async with flow_to(tls(address, TlsSettings(NAME, ca=str(between.certificate)))) as watched:
            await watched.opened()


# Whom we do not believe


async def certificate_break(address: Endpoint, settings: TlsSettings) -> str:
    async with flow_to(tls(address, settings)) as watched:
        end = await watched.ended()
        assert end.how is Break.CERTIFICATE
        assert watched.calls == ["ended"]
        return end.detail


async def test_a_certificate_for_another_name_is_not_believed(ca: Authority, settings: TlsSettings) -> None:
    with peer(over_tls(ca.issue("DNS:other.example.com").server(), until_closed)) as address:
        assert await certificate_break(address, settings) == "for other.example.com and not for sbc.example.com"


async def test_an_expired_certificate_is_not_believed(ca: Authority, settings: TlsSettings) -> None:
    with peer(over_tls(ca.issue(f"DNS:{NAME}", days=0).server(), until_closed)) as address:
        assert await certificate_break(address, settings) == "certificate has expired"


async def test_a_certificate_by_an_unknown_authority_is_not_believed(stranger: Authority, settings: TlsSettings) -> None:
    with peer(over_tls(stranger.issue(f"DNS:{NAME}").server(), until_closed)) as address:
        assert await certificate_break(address, settings) == "unable to get local issuer certificate"


async def test_without_a_file_of_ours_the_systems_authorities_are_believed_and_no_others(sbc: Pair) -> None:
    with peer(over_tls(sbc.server(), until_closed)) as address:
        assert await certificate_break(address, TlsSettings(NAME)) == "unable to get local issuer certificate"


async def test_the_peer_is_told_that_its_certificate_is_not_believed(stranger: Authority, settings: TlsSettings) -> None:
    with s_server(stranger.issue(f"DNS:{NAME}")) as openssl:
        await certificate_break(openssl.address, settings)
        assert "alert unknown ca" in openssl.printed()


# Who believes us


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_peer_that_demands_a_certificate_gets_ours(
    ca: Authority, sbc: Pair, settings: TlsSettings, version: ssl.TLSVersion
) -> None:
    ours = ca.issue(common_name="cutoverd")
    seen: list[object] = []

    def script(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        seen.append((connection.getpeercert() or {})["subject"])
        answers_once(connection)

    context = sbc.server(ca=ca.certificate)
    context.maximum_version = version
    given = replace(settings, certificate=str(ours.certificate), private_key=str(ours.private_key))
    with peer(over_tls(context, script)) as address:
        async with flow_to(tls(address, given)) as watched:
            (await watched.opened()).send(request(via="TLS"))
            await watched.received()
    assert seen == [((("commonName", "cutoverd"),),)]


@pytest.mark.parametrize(
    ("version", "alert"),
    [(ssl.TLSVersion.TLSv1_2, "sslv3 alert handshake failure"), (ssl.TLSVersion.TLSv1_3, "tlsv13 alert certificate required")],
)
async def test_a_peer_that_demands_a_certificate_and_gets_none_fails_the_handshake(
    ca: Authority, sbc: Pair, settings: TlsSettings, version: ssl.TLSVersion, alert: str
) -> None:
    context = sbc.server(ca=ca.certificate)
    context.maximum_version = version
    with peer(over_tls(context, until_closed)) as address:
        watched = Watched(tls(address, settings))
        assert await watched.ended() == FlowEnd(Break.HANDSHAKE, alert)


async def test_the_alert_is_heard_where_it_crosses_our_request(ca: Authority, sbc: Pair, settings: TlsSettings) -> None:
    with peer(over_tls(sbc.server(ca=ca.certificate), until_closed)) as address:
        async with flow_to(tls(address, settings)) as watched:
            watched.on_open = lambda flow: flow.send(request(via="TLS"))
            assert await watched.ended() == FlowEnd(Break.HANDSHAKE, "tlsv13 alert certificate required")


async def test_openssl_that_verifies_gets_our_certificate(ca: Authority, sbc: Pair, settings: TlsSettings) -> None:
    ours = ca.issue(common_name="cutoverd")
    given = replace(settings, certificate=str(ours.certificate), private_key=str(ours.private_key))
    with s_server(sbc, "-Verify", "1", "-CAfile", str(ca.certificate), "-verify_return_error") as openssl:
        async with flow_to(tls(openssl.address, given)) as watched:
            (await watched.opened()).send(request(via="TLS"))
            openssl.say(response())
            await watched.received()
        told = openssl.printed()
    assert re.search(r"^depth=0 CN ?= ?cutoverd$", told, re.MULTILINE)
    assert printed_options(told) == 1


# Handshakes that come to nothing


async def test_a_peer_below_the_minimum_version_is_refused(sbc: Pair, settings: TlsSettings) -> None:
    context = sbc.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with peer(over_tls(context, until_closed)) as address:
        async with flow_to(tls(address, replace(settings, minimum_version=TlsVersion.V1_3))) as watched:
            assert await watched.ended() == FlowEnd(Break.HANDSHAKE, "tlsv1 alert protocol version")


async def test_a_peer_that_speaks_no_tls_fails_the_handshake(settings: TlsSettings) -> None:
    with peer(says(response())) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.HANDSHAKE, "wrong version number")


@pytest.mark.parametrize("spoken", [b"", b"\x16\x03\x03\x00\x40\x02"], ids=["at once", "within a record"])
async def test_a_peer_that_hangs_up_in_the_handshake_fails_it(settings: TlsSettings, spoken: bytes) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(spoken)

    with peer(script) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.HANDSHAKE, "closed by the peer")


async def test_a_peer_that_resets_in_the_handshake_fails_it(settings: TlsSettings) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(4_096)
        reset(connection)

    with peer(script) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.HANDSHAKE, "ECONNRESET")


async def test_a_handshake_that_is_never_finished_lasts_until_it_is_closed(settings: TlsSettings) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        heard.append(connection.recv(4_096))
        connection.sendall(b"\x16\x03\x03")
        heard.append(until_closed(connection))

    with peer(script) as address:
        async with flow_to(tls(address, settings)) as watched:
            async with asyncio.timeout(DEADLINE_S):
                while not heard:
                    await asyncio.sleep(0)
            assert watched.flow.stage is Stage.HANDSHAKE
            with pytest.raises(ValueError, match="not open"):
                watched.flow.send(request())
            watched.flow.close()
            assert await watched.ended() == FlowEnd(Trouble.CLOSED)
    assert heard[0].startswith(b"\x16\x03")
    assert heard[1] == b""


# How it ends


async def test_we_take_leave_in_good_order(sbc: Pair, settings: TlsSettings) -> None:
    last: list[bytes] = []

    def script(connection: socket.socket) -> None:
        vars(connection)["suppress_ragged_eofs"] = False
        connection.sendall(response())
        last.append(connection.recv(100))

    with peer(over_tls(sbc.server(), script)) as address:
        async with flow_to(tls(address, settings)) as watched:
            await watched.received()
    assert last == [b""]


async def test_a_peer_that_leaves_without_a_word_of_tls_closed_all_the_same(sbc: Pair, settings: TlsSettings) -> None:
    def script(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        connection.sendall(response())
        raise ConnectionError

    with peer(over_tls(sbc.server(), script)) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.CLOSED, "without a word of TLS")
            assert len(watched.messages) == 1


@pytest.mark.parametrize("orderly", [True, False])
async def test_a_peer_that_leaves_within_a_message_is_told_apart(sbc: Pair, settings: TlsSettings, orderly: bool) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(response()[:-1])
        if not orderly:
            raise ConnectionError

    with peer(over_tls(sbc.server(), script)) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.MID_MESSAGE)


async def test_garbage_beneath_tls_ends_the_connection(sbc: Pair, settings: TlsSettings) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(response())
        socket.socket.sendall(connection, b"\x17\x03\x03\x00\x20" + b"\x00" * 32)
        until_closed(connection)

    with peer(over_tls(sbc.server(), script)) as address:
        async with flow_to(tls(address, settings)) as watched:
            end = await watched.ended()
    assert end.how is Break.GARBAGE
    assert "bad record mac" in end.detail
    assert len(watched.messages) == 1


async def test_garbage_within_tls_ends_the_connection(sbc: Pair, settings: TlsSettings) -> None:
    with peer(over_tls(sbc.server(), says(b"SSH-2.0-x\r\n"))) as address:
        async with flow_to(tls(address, settings)) as watched:
            assert await watched.ended() == FlowEnd(Break.GARBAGE, "start-line: not SIP")


async def test_a_peer_whose_tls_makes_us_talk_and_does_not_read_is_left(
    sbc: Pair, settings: TlsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_speak = threading.Event()

    def script(connection: socket.socket) -> None:
        assert may_speak.wait(20)
        connection.sendall(b"\r\n")
        until_closed(connection)

    with peer(over_tls(sbc.server(), script)) as address:
        async with flow_to(tls(address, settings)) as watched:
            flow = await watched.opened()
            while flow.send(b"x" * 10_000):
                pass
            # As if what is unsent were what TLS had to say by itself.
            monkeypatch.setattr("probes.sip.engine.flow.HIGH_WATER", HIGH_WATER // 4)
            may_speak.set()
            assert (await watched.ended()).how is Break.GARBAGE


# Our own files


async def test_a_file_of_ours_that_is_missing_is_our_own_trouble_and_named(sbc: Pair, tmp_path: Path) -> None:
    missing = tmp_path / "authorities.pem"
    target: Target = tls(("127.0.0.1", 9), TlsSettings(NAME, ca=str(missing)))
    async with flow_to(target) as watched:
        assert await watched.ended() == FlowEnd(Trouble.TLS_FILES, f"{missing}: No such file or directory")
