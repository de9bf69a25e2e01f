"""From `server.webhook` of a configuration to what answers."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest

from config.addresses import Address
from config.secrets import Secret
from config.server import AgentCheck, Key, LedgerField, WebhookServer, WebhookTls
from daemon import webhook_front
from daemon.web.certificates import UnusableCertificate
from daemon.web.guard import STRANGERS_BURST
from daemon.web.keys import Keys
from daemon.web.tally import Tally
from tests.daemon.web.world import World, exchange, status

LISTEN = Address("127.0.0.1", 0)
KEYS = (Key(name="ivr", secret=Secret(env="X")),)
GET = b"GET /v1/gates/inbound%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n"
KEY = b"X-Api-Key: k\r\n"


async def told(server: WebhookServer, *requests: bytes) -> tuple[list[bytes], Tally]:
    world, tally = World(), Tally()
    front = webhook_front.built(server, keys=Keys([("ivr", b"k")]), board=world.board, tally=tally)
    opened = await front.serve(server.listen.host, server.listen.port)
    try:
        return [await exchange(opened.port, request) for request in requests], tally
    finally:
        await opened.close()


async def test_without_anything_more_a_good_key_is_answered() -> None:
    answers, tally = await told(WebhookServer(listen=LISTEN, keys=KEYS), GET % (b"", KEY))
    assert orjson.loads(answers[0].partition(b"\r\n\r\n")[2])["gate"] == "inbound"
    assert tally.certificate is None
    assert not tally.regions


async def test_region_and_number_are_counted_as_configured() -> None:
    server = WebhookServer(
        listen=LISTEN,
        keys=KEYS,
        regions=LedgerField(field="region", values=("emea",)),
        numbers=LedgerField(field="dnis", values=("+4930123",)),
    )
    body = b'{"region":"EMEA","dnis":"tel:+4930123"}'
    post = GET.replace(b"GET", b"POST") % (b"", KEY + b"Content-Length: %d\r\n" % len(body)) + body
    _, tally = await told(server, post, GET % (b"?region=mars&dnis=%2B4930123", KEY), GET % (b"?dnis=+4930123", KEY))
    assert dict(tally.regions) == {("inbound", "DEGRADED", label): 1 for label in ("emea", "other", "none")}
    assert dict(tally.numbers) == {("inbound", "DEGRADED", "+4930123"): 3}


async def test_the_allow_list_and_both_rates_are_as_configured() -> None:
    foreign = WebhookServer(listen=LISTEN, keys=KEYS, allow=(ip_network("192.0.2.0/24"),))
    assert [status(answer) for answer in (await told(foreign, GET % (b"", KEY)))[0]] == [401]
    slow = WebhookServer(listen=LISTEN, keys=KEYS, unauthenticated_per_second=1, per_key_per_second=1)
    answers = (await told(slow, *[GET % (b"", b"")] * (STRANGERS_BURST + 1), *[GET % (b"", KEY)] * 2))[0]
    assert [status(answer) for answer in answers[STRANGERS_BURST - 1 :]] == [401, 429, 200, 429]


async def test_a_body_over_8_kib_is_too_large() -> None:
    post = GET.replace(b"GET", b"POST") % (b"", KEY + b"Content-Length: 8193\r\n")
    assert status((await told(WebhookServer(listen=LISTEN, keys=KEYS), post))[0][0]) == 413


async def test_agent_checks_listen_beside_and_close_with_it() -> None:
    world, tally = World().is_healthy(), Tally()
    server = WebhookServer(listen=LISTEN, keys=KEYS, agent_check=(AgentCheck(listen=LISTEN, gate="inbound", degraded="drain"),))
    front = webhook_front.built(server, keys=Keys([("ivr", b"k")]), board=world.board, tally=tally)
    opened = await front.serve("127.0.0.1", 0)
    port = front._agents[0].agent.port
    try:
        assert (await exchange(port, b"")) in (b"drain\n", b"up ready\n")
    finally:
        await opened.close()
    with pytest.raises(ConnectionRefusedError):
        await exchange(port, b"")


async def test_an_agent_check_that_cannot_listen_leaves_nothing_open() -> None:
    world = World()
    server = WebhookServer(listen=LISTEN, keys=KEYS)
    first = webhook_front.built(server, keys=Keys([("ivr", b"k")]), board=world.board, tally=Tally())
    opened = await first.serve("127.0.0.1", 0)
    taken = AgentCheck(listen=Address("127.0.0.1", opened.port), gate="inbound")
    second = webhook_front.built(
        WebhookServer(listen=LISTEN, keys=KEYS, agent_check=(taken,)),
        keys=Keys([("ivr", b"k")]),
        board=world.board,
        tally=Tally(),
    )
    with pytest.raises(OSError, match="address already in use"):
        await second.serve("127.0.0.1", 0)
    await opened.close()


def test_a_certificate_that_cannot_be_read_is_refused_before_anything_listens(tmp_path: Path) -> None:
    tls = WebhookTls(certificate=str(tmp_path / "none.pem"), private_key=str(tmp_path / "none.key"))
    with pytest.raises(UnusableCertificate, match=r"none\.pem: No such file"):
        webhook_front.built(WebhookServer(listen=LISTEN, keys=KEYS, tls=tls), keys=Keys([]), board=World().board, tally=Tally())
