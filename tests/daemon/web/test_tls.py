"""HTTPS: who gets as far as HTTP, and clients that do not keep to it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from pathlib import Path

import pytest

from daemon.web import acceptor
from daemon.web.certificates import Certificates, Files
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from tests.daemon.web.secured import LIMITS, PATIENT, asked, is_refused, secured, trusting
from tests.daemon.web.test_hostile import GOOD
from tests.daemon.web.world import DEADLINE_S, World, exchange, hang_up, status
from tests.peers.certificates import Authority, authority


async def test_the_webhook_answers_over_tls(world: World, tally: Tally, files: Files, ca: Authority, untroubled: None) -> None:
    async with secured(world, tally, Certificates(files)) as listener:
        assert await asked(listener, trusting(ca)) == (200, "first")


async def test_a_request_in_the_same_breath_as_the_handshakes_end_is_answered(
    world: World, tally: Tally, files: Files, ca: Authority
) -> None:
    """What a client may say at once with TLS 1.3: nobody listens yet."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(ca).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    async with secured(world, tally, Certificates(files)) as listener, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        tls.write(GOOD)
        writer.write(outgoing.read())
        said = b""
        while b"}" not in said:
            try:
                said += tls.read()
            except ssl.SSLWantReadError:
                incoming.write(await reader.read(65536))
        writer.transport.abort()
        await hang_up(writer)
    assert status(said) == 200


async def test_with_client_ca_only_a_client_with_a_certificate_gets_as_far_as_http(
    world: World, tally: Tally, files: Files, ca: Authority, untroubled: None
) -> None:
    mutual = Files(files.certificate, files.private_key, str(ca.certificate))
    async with secured(world, tally, Certificates(mutual)) as listener:
        assert await asked(listener, trusting(ca, ca.issue("DNS:ivr", common_name="ivr"))) == (200, "first")
        assert await is_refused(listener, trusting(ca))
    assert sum(tally.answers.values()) == 1


async def test_a_certificate_of_another_authority_does_not_do(
    world: World, tally: Tally, files: Files, ca: Authority, tmp_path: Path
) -> None:
    stranger = authority(tmp_path).issue("DNS:ivr")
    mutual = Files(files.certificate, files.private_key, str(ca.certificate))
    async with secured(world, tally, Certificates(mutual)) as listener:
        assert await is_refused(listener, trusting(ca, stranger))
    assert sum(tally.answers.values()) == 0


async def test_versions_before_the_minimum_are_not_spoken(world: World, tally: Tally, files: Files, ca: Authority) -> None:
    newest = Files(files.certificate, files.private_key, minimum_version="1.3")
    old = trusting(ca)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with secured(world, tally, Certificates(newest)) as listener:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asked(listener, old)
        assert (await asked(listener, trusting(ca)))[0] == 200


async def test_clients_silent_before_the_handshake_do_not_keep_a_caller_out(
    world: World, tally: Tally, files: Files, ca: Authority, untroubled: None
) -> None:
    async with secured(world, tally, Certificates(files)) as listener, contextlib.AsyncExitStack() as held:
        for _ in range(30):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            held.push_async_callback(hang_up, writer)
        assert (await asked(listener, trusting(ca)))[0] == 200
    assert tally.refusals["crowded"] > 0


async def test_a_client_silent_before_the_handshake_is_sent_away_in_time(
    world: World, tally: Tally, files: Files, untroubled: None
) -> None:
    async with secured(world, tally, Certificates(files)) as listener:
        assert await exchange(listener.port, b"") == b""
        assert await exchange(listener.port, b"\x16\x03\x01") == b""


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05garbage", bytes(600)])
async def test_what_is_no_tls_is_hung_up_on_and_no_trouble_of_ours(
    world: World, tally: Tally, files: Files, ca: Authority, said: bytes, untroubled: None
) -> None:
    async with secured(world, tally, Certificates(files)) as listener:
        assert status_or_alert(await exchange(listener.port, said))
        assert (await asked(listener, trusting(ca)))[0] == 200


def status_or_alert(said: bytes) -> bool:
    """Nothing, or a TLS alert."""
    return said == b"" or said[0] == 0x15


async def test_a_client_that_leaves_in_the_middle_of_its_handshake_leaves_no_place_taken(
    world: World, tally: Tally, files: Files, ca: Authority, untroubled: None
) -> None:
    async with secured(world, tally, Certificates(files), PATIENT) as listener:
        assert (await asked(listener, trusting(ca)))[0] == 200  # what a loop opens for its first connection stays
        before = len(descriptors())
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"\x16\x03\x01")
            writer.transport.abort()
            await hang_up(writer)
        assert (await asked(listener, trusting(ca)))[0] == 200
        async with asyncio.timeout(DEADLINE_S):
            while listener._server._places.taken or len(descriptors()) > before:
                await asyncio.sleep(0)


def descriptors() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


async def test_an_address_in_use_is_an_error_that_names_it(world: World, tally: Tally, files: Files) -> None:
    certificates = Certificates(files)
    async with secured(world, tally, certificates) as listener:
        second = Listener(lambda request: pytest.fail("nobody asks"), limits=LIMITS, certificates=certificates)
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {listener.port}: Address already in use"):
            await second.open_tcp("127.0.0.1", listener.port)
        await second.close()


async def test_without_a_free_descriptor_accepting_rests_and_goes_on(
    world: World, tally: Tally, files: Files, ca: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "_BREATH_S", 0.01)
    failed: list[int] = []

    class Starved(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if len(failed) < 3:
                failed.append(1)
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr(acceptor.socket, "socket", Starved)
    async with secured(world, tally, Certificates(files)) as listener:
        monkeypatch.undo()
        assert (await asked(listener, trusting(ca)))[0] == 200
    assert len(failed) == 3


async def test_closing_ends_handshakes_too(world: World, tally: Tally, files: Files, untroubled: None) -> None:
    async with secured(world, tally, Certificates(files), PATIENT) as listener, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        while not listener._acceptor.arriving:
            await asyncio.sleep(0)
        await listener.close()
        assert not listener._acceptor.arriving
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    await hang_up(writer)
