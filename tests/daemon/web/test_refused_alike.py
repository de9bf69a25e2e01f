"""A wrong key, no key and a foreign source: the same status and bytes, every key compared, and counted apart."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from daemon.web.certificates import Certificates, Files
from daemon.web.guard import STRANGERS_BURST, Guard
from daemon.web.keys import Keys
from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.sources import AllowList
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from tests.daemon.web.secured import LIMITS, trusting
from tests.daemon.web.secured import client as connected
from tests.daemon.web.world import DEADLINE_S, NEW, OLD, World, exchange, status
from tests.peers.certificates import Authority

SECRETS = [("old", OLD.encode()), ("new", NEW.encode())]
HERE, ELSEWHERE = AllowList([ip_network("127.0.0.0/8")]), AllowList([ip_network("192.0.2.0/24")])


@contextlib.asynccontextmanager
async def guarded(world: World, tally: Tally, guard: Guard) -> AsyncIterator[Listener]:
    listener = await Webhook(
        world.board, guard, now_ns=world.mono_ns, observer=tally, limits=Limits(idle_s=5.0, drain_s=0.2, strangers=64)
    ).serve("127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.close()


def asked(headers: bytes = b"", *, method: bytes = b"GET", gate: bytes = b"inbound", body: bytes = b"") -> bytes:
    head = b"%b /v1/gates/%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b" % (method, gate, headers)
    return head + (b"Content-Length: %d\r\n\r\n%b" % (len(body), body) if body else b"\r\n")


def undated(response: bytes) -> bytes:
    return b"\r\n".join(line for line in response.split(b"\r\n") if not line.startswith(b"Date:"))


GOOD = f"X-Api-Key: {OLD}\r\n".encode()
WRONG = b"X-Api-Key: wrong\r\n"


@pytest.mark.parametrize("body", [b"", b'{"region":"emea"}', b"x" * 20_000], ids=["GET", "POST", "POST too long"])
async def test_wrong_key_no_key_and_foreign_source_get_the_same_bytes(world: World, body: bytes) -> None:
    method, tallies, told = b"POST" if body else b"GET", [Tally(), Tally()], []
    async with guarded(world, tallies[0], Guard(Keys(SECRETS), allow=HERE)) as near:
        for headers in (b"", WRONG, b"Authorization: Bearer wrong\r\n", b"Authorization: Basic eDp5\r\n"):
            told += [
                await exchange(near.port, asked(headers, method=method, body=body, gate=gate)) for gate in (b"inbound", b"x")
            ]
    async with guarded(world, tallies[1], Guard(Keys(SECRETS), allow=ELSEWHERE)) as far:
        told += [await exchange(far.port, asked(headers, method=method, body=body)) for headers in (b"", WRONG, GOOD)]
    assert {undated(response) for response in told} == {undated(told[0])}
    assert status(told[0]) == 401
    assert [dict(tally.refusals) for tally in tallies] == [{"no-key": 4, "unauthorized": 4}, {"foreign": 3}]


FORMS = {
    "GET": (b"GET", b"/v1/gates/inbound", b"1.1", b""),
    "GET of an unknown gate": (b"GET", b"/v1/gates/x", b"1.1", b""),
    "GET of nothing": (b"GET", b"/", b"1.1", b""),
    "GET of the document": (b"GET", b"/v1/openapi.json", b"1.1", b""),
    "GET with a query": (b"GET", b"/v1/gates/inbound?answer=late", b"1.1", b""),
    "HEAD": (b"HEAD", b"/v1/gates/inbound", b"1.1", b""),
    "OPTIONS": (b"OPTIONS", b"/v1/gates/inbound", b"1.1", b""),
    "PUT": (b"PUT", b"/v1/gates/inbound", b"1.1", b"{}"),
    "POST": (b"POST", b"/v1/gates/inbound", b"1.1", b'{"region":"emea"}'),
    "POST too long": (b"POST", b"/v1/gates/inbound", b"1.1", b"x" * 20_000),
    "HTTP/1.0": (b"GET", b"/v1/gates/inbound", b"1.0", b""),
    "POST over HTTP/1.0": (b"POST", b"/v1/gates/inbound", b"1.0", b"{}"),
    "alerts": (b"POST", b"/v1/alerts/trunk", b"1.1", b'{"version":"4"}'),
    "alerts by GET": (b"GET", b"/v1/alerts/trunk", b"1.1", b""),
}
REFUSED = {"no key": b"", "wrong key": WRONG, "wrong bearer": b"Authorization: Bearer wrong\r\n", "both wrong": WRONG * 2}


def formed(form: tuple[bytes, bytes, bytes, bytes], headers: bytes) -> bytes:
    method, path, version, body = form
    head = b"%b %b HTTP/%b\r\nHost: x\r\nConnection: close\r\n%b" % (method, path, version, headers)
    return head + (b"Content-Length: %d\r\n\r\n%b" % (len(body), body) if body else b"\r\n")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_whatever_is_asked_all_three_are_refused_with_the_same_bytes(
    world: World, tally: Tally, form: tuple[bytes, bytes, bytes, bytes]
) -> None:
    world.is_healthy()
    async with guarded(world, tally, Guard(Keys(SECRETS), allow=HERE)) as near:
        told = [await exchange(near.port, formed(form, headers)) for headers in REFUSED.values()]
    async with guarded(world, tally, Guard(Keys(SECRETS), allow=ELSEWHERE)) as far:
        told += [await exchange(far.port, formed(form, headers)) for headers in (*REFUSED.values(), GOOD)]
    assert {undated(response) for response in told} == {undated(told[0])}
    assert status(told[0]) in (401, 404, 405)
    assert sum(tally.refusals.values()) == len(told)
    assert not tally.answers
    assert not tally.used_ns


async def test_over_tls_they_are_refused_alike_too(world: World, tally: Tally, ca: Authority, files: Files) -> None:
    told = []
    for allow in (HERE, ELSEWHERE):
        webhook = Webhook(
            world.board,
            Guard(Keys(SECRETS), allow=allow),
            now_ns=world.mono_ns,
            observer=tally,
            limits=LIMITS,
            certificates=Certificates(files),
        )
        listener = await webhook.serve("127.0.0.1", 0)
        for headers in (*REFUSED.values(), *([GOOD] if allow is ELSEWHERE else [])):
            async with connected(listener, trusting(ca)) as (reader, writer), asyncio.timeout(DEADLINE_S):
                writer.write(asked(headers))
                told.append(await reader.read())
        await listener.close()
    assert {undated(response) for response in told} == {undated(told[0])}
    assert status(told[0]) == 401
    assert dict(tally.refusals) == {"no-key": 1, "unauthorized": 3, "foreign": 5}


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "wrong"}, {"X-Api-Key": OLD}])
@pytest.mark.parametrize("allow", [HERE, ELSEWHERE], ids=["here", "elsewhere"])
def test_every_key_is_compared_whoever_asks(headers: dict[str, str], allow: AllowList, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    genuine = hmac.compare_digest

    def counting(known: bytes, shown: bytes) -> bool:
        compared.append(len(shown))
        return genuine(known, shown)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    Guard(Keys(SECRETS), allow=allow).key(headers, "127.0.0.1")
    assert compared == [32, 32]


async def test_an_allowed_source_with_a_good_key_is_answered(world: World, tally: Tally) -> None:
    async with guarded(world, tally, Guard(Keys(SECRETS), allow=HERE)) as listener:
        assert status(await exchange(listener.port, asked(GOOD))) == 200


async def test_one_source_is_refused_with_429_once_it_has_knocked_too_often(world: World, tally: Tally) -> None:
    async with guarded(world, tally, Guard(Keys(SECRETS), strangers=1)) as listener:
        told = [status(await exchange(listener.port, asked(WRONG))) for _ in range(STRANGERS_BURST + 3)]
        assert told == [401] * STRANGERS_BURST + [429] * 3
        response = await exchange(listener.port, asked(WRONG))
    assert b"\r\nRetry-After: 1\r\n" in response
    assert response.endswith(b'{"error":"too many requests"}')
    assert tally.refusals["stranger-rate"] == 4


async def test_with_429_a_strangers_connection_ends(world: World, tally: Tally) -> None:
    kept = asked(WRONG).replace(b"Connection: close\r\n", b"")
    async with guarded(world, tally, Guard(Keys(SECRETS), strangers=1)) as listener:
        answers = await exchange(listener.port, kept * (STRANGERS_BURST + 5))
    assert [part.split()[0] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"401"] * STRANGERS_BURST + [b"429"]


async def test_wrong_key_no_key_and_foreign_source_share_one_allowance_and_one_429(world: World, tally: Tally) -> None:
    async with guarded(world, tally, Guard(Keys(SECRETS), allow=ELSEWHERE, strangers=1)) as listener:
        for _ in range(STRANGERS_BURST):
            await exchange(listener.port, asked())
        told = {undated(await exchange(listener.port, asked(headers))) for headers in (b"", WRONG, GOOD)}
    assert len(told) == 1
    assert status(told.pop()) == 429


async def test_a_good_key_is_answered_however_often_its_source_was_refused(world: World, tally: Tally) -> None:
    """The platform's callers leave by a few addresses, which others use too."""
    async with guarded(world, tally, Guard(Keys(SECRETS), strangers=1)) as listener:
        for _ in range(STRANGERS_BURST + 5):
            await exchange(listener.port, asked(WRONG))
        assert status(await exchange(listener.port, asked(GOOD))) == 200


async def test_after_a_while_a_stranger_is_told_401_again(world: World, tally: Tally) -> None:
    async with guarded(world, tally, Guard(Keys(SECRETS), strangers=1)) as listener:
        for _ in range(STRANGERS_BURST + 1):
            await exchange(listener.port, asked())
        world.later(1_000_000_000)
        assert [status(await exchange(listener.port, asked())) for _ in range(2)] == [401, 429]


async def test_a_key_beyond_its_ceiling_gets_429_and_the_other_key_does_not(world: World, tally: Tally) -> None:
    async with guarded(world, tally, Guard(Keys(SECRETS), per_key=3)) as listener:
        told = [status(await exchange(listener.port, asked(GOOD))) for _ in range(4)]
        assert told == [200, 200, 200, 429]
        assert status(await exchange(listener.port, asked(f"X-Api-Key: {NEW}\r\n".encode()))) == 200
    assert dict(tally.refusals) == {"key-rate": 1}


async def test_replaced_keys_hold_from_the_next_request_on(world: World, tally: Tally) -> None:
    guard = Guard(Keys(SECRETS))
    async with guarded(world, tally, guard) as listener:
        guard.replace_keys(Keys([("newest", b"newest-secret")]))
        assert status(await exchange(listener.port, asked(GOOD))) == 401
        assert status(await exchange(listener.port, asked(b"X-Api-Key: newest-secret\r\n"))) == 200
