"""HTTPS: whom we believe, whom we say we are, and what is told where it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from pathlib import Path

import pytest

from config.api import Api
from config.probing import Tls
from probes.exchange.apis import Apis
from probes.exchange.values import HttpRequest, HttpResponse, NoResponse, Phase, Reason
from probes.sample import NS_PER_S, Origin
from tests.peers.certificates import Authority, authority
from tests.probes.exchange.servers import MS, Names, S, answered, apis_of, ok, saying, serving, talking, unanswered


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


async def ask(apis: Apis, url: str, tls: Tls | None, timeout_ns: int = 5 * S) -> HttpResponse | NoResponse:
    return await apis.web(tls).exchange(HttpRequest("GET", url), timeout_ns=timeout_ns, is_fresh=True)


async def test_a_server_whose_authority_is_believed_is_asked_and_its_certificate_told(ca: Authority) -> None:
    pair = ca.issue("DNS:peer.test")
    async with serving(ok, tls=pair.server()) as server, apis_of() as apis:
        response = answered(await ask(apis, f"https://peer.test:{server.port}/", Tls(ca=str(ca.certificate))))
        assert response.certificate_not_after_ns == pair.not_after * NS_PER_S
        assert response.timings.tls_ns
        assert response.timings.connect_ns


async def test_the_certificate_is_told_of_a_kept_connection_too(ca: Authority) -> None:
    pair = ca.issue("IP:127.0.0.1")
    async with serving(ok, tls=pair.server()) as server, apis_of() as apis:
        api = apis.web(Tls(ca=str(ca.certificate)))
        first, second = [answered(await api.exchange(HttpRequest("GET", server.url), timeout_ns=5 * S)) for _ in range(2)]
        assert (second.timings.tls_ns, len(server.connections)) == (None, 1)
        assert second.certificate_not_after_ns == first.certificate_not_after_ns == pair.not_after * NS_PER_S


@pytest.mark.parametrize(
    ("names", "days", "believed", "reason"),
    [
        (("DNS:other.test",), 2, True, Reason.TLS_WRONG_NAME),
        (("DNS:peer.test",), 0, True, Reason.TLS_EXPIRED),
        (("DNS:peer.test",), 2, False, Reason.TLS_UNTRUSTED),
    ],
)
async def test_a_certificate_that_is_not_good_is_told_apart_and_no_request_leaves(
    ca: Authority, names: tuple[str, ...], days: int, believed: bool, reason: Reason
) -> None:
    tls = Tls(ca=str(ca.certificate)) if believed else None
    async with serving(ok, tls=ca.issue(*names, days=days).server()) as server, apis_of() as apis:
        ended = unanswered(await ask(apis, f"https://peer.test:{server.port}/", tls))
        assert (ended.reason, ended.phase, ended.origin) == (reason, Phase.TLS, Origin.TRANSPORT)
        assert not ended.is_sent
        assert server.seen == []


async def test_the_name_that_is_configured_is_the_name_that_must_be_borne(ca: Authority) -> None:
    async with serving(ok, tls=ca.issue("DNS:crm.example.com").server()) as server, apis_of() as apis:
        for name, is_borne in (("crm.example.com", True), ("other.example.com", False)):
            ended = await ask(apis, f"{server.url}/", Tls(ca=str(ca.certificate), server_name=name))
            assert isinstance(ended, HttpResponse) is is_borne


async def test_a_wrong_name_is_told_with_the_right_one(ca: Authority) -> None:
    async with serving(ok, tls=ca.issue("DNS:other.test").server()) as server, apis_of() as apis:
        ended = unanswered(await ask(apis, f"https://peer.test:{server.port}/", Tls(ca=str(ca.certificate))))
        assert ended.detail == "for other.test and not for peer.test"


async def test_a_certificate_of_ours_is_shown_to_a_server_that_wants_one(ca: Authority) -> None:
    ours = ca.issue("DNS:cutoverd.test")
    shown = Tls(ca=str(ca.certificate), certificate=str(ours.certificate), private_key=str(ours.private_key))
    async with serving(ok, tls=ca.issue("IP:127.0.0.1").server(ca=ca.certificate)) as server, apis_of() as apis:
        assert answered(await ask(apis, server.url, shown)).status == 200


async def test_a_server_that_wants_a_certificate_and_gets_none_says_so_after_the_handshake(ca: Authority) -> None:
    """TLS 1.3: for us the handshake is over by then. Not asyncio's server, which hangs up without a word."""
    context = ca.issue("IP:127.0.0.1").server(ca=ca.certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
                with contextlib.suppress(ssl.SSLError):
                    tls.do_handshake()
                # A close with the request unread would be a reset, and might overtake the words.
                tls.shutdown(socket.SHUT_WR)
                while os.read(tls.fileno(), 4096):
                    pass

        async with apis_of() as apis:
            url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
            refused = asyncio.create_task(asyncio.to_thread(refuse))
            ended = unanswered(await ask(apis, url, Tls(ca=str(ca.certificate))))
            assert (ended.reason, ended.origin) == (Reason.TLS_HANDSHAKE, Origin.TRANSPORT)
            assert "certificate required" in ended.detail
            await refused


async def test_a_handshake_that_never_ends_is_a_timeout_in_its_phase(ca: Authority) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with talking(silent) as raw, apis_of() as apis:
        url = f"https://127.0.0.1:{raw.port}/"
        ended = unanswered(await ask(apis, url, Tls(ca=str(ca.certificate)), timeout_ns=200 * MS))
        assert (ended.reason, ended.phase, ended.origin) == (Reason.TIMEOUT, Phase.TLS, Origin.TIMEOUT)
        await raw.until_gone(1)


async def test_a_handshake_that_is_cancelled_leaves_no_connection(ca: Authority) -> None:
    begun = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()

    async with talking(silent) as raw, apis_of() as apis:
        task = asyncio.create_task(ask(apis, f"https://127.0.0.1:{raw.port}/", Tls(ca=str(ca.certificate))))
        async with asyncio.timeout(5):
            await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await raw.until_gone(1)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["speaks plainly", "hangs up"])
async def test_a_server_that_speaks_no_tls_is_told(ca: Authority, said: bytes) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    async with talking(plain) as raw, apis_of() as apis:
        ended = unanswered(await ask(apis, f"https://127.0.0.1:{raw.port}/", Tls(ca=str(ca.certificate))))
        assert (ended.reason, ended.phase) == (Reason.TLS_HANDSHAKE, Phase.TLS)


async def test_a_file_of_ours_that_is_missing_is_our_trouble(tmp_path: Path) -> None:
    async with talking(saying(b"")) as raw, apis_of() as apis:
        ended = unanswered(await ask(apis, f"https://127.0.0.1:{raw.port}/", Tls(ca=str(tmp_path / "none.pem"))))
        assert (ended.reason, ended.is_ours, ended.origin) == ("tls-files", True, Origin.SELF)
        assert ended.detail == f"{tmp_path / 'none.pem'}: No such file or directory"


async def test_a_certificate_that_is_renewed_is_seen_without_a_restart(ca: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(authority(tmp_path).certificate.read_bytes())
    async with serving(ok, tls=ca.issue("IP:127.0.0.1").server()) as server, apis_of() as apis:
        assert unanswered(await ask(apis, server.url, Tls(ca=str(file)))).reason == Reason.TLS_UNTRUSTED
        file.write_bytes(ca.certificate.read_bytes() + b"\n")
        assert answered(await ask(apis, server.url, Tls(ca=str(file)))).status == 200


async def test_an_api_has_its_own_authorities(ca: Authority) -> None:
    async with serving(ok, tls=ca.issue("IP:127.0.0.1").server()) as server:
        settings = {"crm": Api(base=server.url, tls=Tls(ca=str(ca.certificate))), "else": Api(base=server.url)}
        async with apis_of(settings, names=Names()) as apis:
            request = HttpRequest("GET", "/")
            assert answered(await apis.named("crm").exchange(request, timeout_ns=5 * S)).status == 200
            assert unanswered(await apis.named("else").exchange(request, timeout_ns=5 * S)).reason == Reason.TLS_UNTRUSTED
