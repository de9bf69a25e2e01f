"""From a name to a connection: the daemon's own resolvers, several addresses, and whose trouble it is."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from pathlib import Path

import pytest

from probes.exchange.apis import Apis
from probes.exchange.dialing import NotConnected, dial
from probes.exchange.lookup import addresses
from probes.exchange.values import Phase, Reason
from probes.records import Address, Alias, Failed, Fault, Found, Kind, Question, Reply
from probes.resolver import Resolver, Servers
from probes.sample import Origin
from tests.probes.exchange.servers import MS, Names, S, answered, apis_of, get, ok, saying, serving, talking, unanswered


class Told:
    """Answers each question as it is told, or never."""

    def __init__(self, replies: dict[tuple[str, Kind], Reply | None]) -> None:
        self.replies = replies

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
        reply = self.replies[question.name, question.kind]
        if reply is None:
            await asyncio.Event().wait()
        assert reply is not None
        return reply


def found(*hosts: str) -> Found:
    return Found(tuple(Address(host) for host in hosts), 60)


async def test_a_name_is_asked_for_anew_with_each_connection() -> None:
    names = Names()
    async with serving(ok) as server, apis_of(names=names) as apis:
        for _ in range(2):
            answered(await get(apis, f"http://peer.test:{server.port}/"))
        assert names.questions == ["peer.test AAAA", "peer.test A"] * 2


async def test_a_numeric_host_is_not_looked_up() -> None:
    names = Names()
    async with serving(ok) as server, apis_of(names=names) as apis:
        assert answered(await get(apis, server.url)).timings.dns_ns is None
        assert names.questions == []


async def test_a_name_that_does_not_exist_says_nothing_of_the_server() -> None:
    async with apis_of() as apis:
        ended = unanswered(await get(apis, "http://none.test/"))
        assert (ended.reason, ended.phase, ended.origin) == ("dns-nxdomain", Phase.DNS, Origin.DNS)
        assert (ended.is_ours, ended.is_sent) == (True, False)


async def test_the_hosts_file_comes_first_and_a_resolver_that_is_gone_is_our_trouble(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 crm.test\n")
    with socket.socket(type=socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()
    resolver = Resolver(Servers((closed,)), hosts=hosts)
    async with serving(ok) as server:
        apis = Apis({}, {}, resolver=resolver, rng=random.Random(1))
        assert answered(await get(apis, f"http://crm.test:{server.port}/")).peer == f"127.0.0.1:{server.port}"
        ended = unanswered(await get(apis, "http://other.test/"))
        assert (ended.reason, ended.origin, ended.is_ours) == ("dns-unreachable", Origin.DNS, True)
        await apis.close()


async def test_a_resolver_that_is_silent_is_our_trouble_within_the_time() -> None:
    told = Told({("peer.test", Kind.A): None, ("peer.test", Kind.AAAA): None})
    async with apis_of(names=told) as apis:  # type: ignore[arg-type]
        ended = unanswered(await get(apis, "http://peer.test/", timeout_ns=100 * MS))
        assert (ended.reason, ended.phase, ended.is_ours) == ("dns-timeout", Phase.DNS, True)


async def test_a_look_up_that_took_most_of_the_time_excuses_a_silent_server() -> None:
    class Slow(Names):
        async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
            ended = asyncio.Event()
            asyncio.get_running_loop().call_later(0.3, ended.set)
            await ended.wait()
            return await super().ask(question, timeout_ns=timeout_ns)

    async with talking(saying(b"")) as raw, apis_of(names=Slow()) as apis:
        ended = unanswered(await get(apis, f"http://peer.test:{raw.port}/", timeout_ns=550 * MS))
        assert (ended.reason, ended.origin, ended.is_ours) == (Reason.DNS_SLOW, Origin.DNS, True)


async def test_both_kinds_are_tried_in_turn_ipv6_first() -> None:
    told = Told({("h", Kind.AAAA): found("2001:db8::1", "2001:db8::2"), ("h", Kind.A): found("192.0.2.1", "192.0.2.2")})
    assert await addresses("h", told, timeout_ns=S) == ("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2")


@pytest.mark.parametrize("missing", [None, Failed(Fault.SERVFAIL), Failed(Fault.NODATA)])
async def test_one_kind_is_enough_and_the_other_is_not_waited_for(missing: Reply | None) -> None:
    told = Told({("h", Kind.AAAA): missing, ("h", Kind.A): found("192.0.2.1")})
    async with asyncio.timeout(5):
        assert await addresses("h", told, timeout_ns=S) == ("192.0.2.1",)


async def test_an_alias_is_followed_and_a_circle_is_not() -> None:
    told = Told({
        ("h", Kind.A): Found((Alias("g."),), 60),
        ("g.", Kind.A): found("192.0.2.1"),
        ("h", Kind.AAAA): Found((Alias("h"),), 60),
    })  # fmt: skip
    assert await addresses("h", told, timeout_ns=S) == ("192.0.2.1",)
    told.replies["g.", Kind.A] = Failed(Fault.NODATA)
    assert await addresses("h", told, timeout_ns=S) == Failed(Fault.LOOP, None, "too many aliases in a row")


async def test_trouble_is_told_before_a_kind_that_is_not_there() -> None:
    told = Told({("h", Kind.AAAA): Failed(Fault.NODATA), ("h", Kind.A): Failed(Fault.SERVFAIL)})
    assert await addresses("h", told, timeout_ns=S) == Failed(Fault.SERVFAIL)


async def test_an_address_that_refuses_gives_way_to_the_next() -> None:
    async with serving(ok) as server, apis_of(names=Names({"h": ("127.0.0.2", "127.0.0.1")})) as apis:
        response = answered(await get(apis, f"http://h:{server.port}/"))
        assert response.peer == f"127.0.0.1:{server.port}"


async def test_an_address_that_is_silent_gives_way_to_the_next() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.3", 0))
        full.listen(0)
        port = full.getsockname()[1]
        crowd = [socket.socket() for _ in range(3)]
        try:
            for each in crowd:  # the queue is full: what comes now is dropped
                each.setblocking(False)
                each.connect_ex(("127.0.0.3", port))
            server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
            async with server, asyncio.timeout(5):
                reached = await dial(("127.0.0.3", "127.0.0.1"), port)
                assert reached.getpeername()[0] == "127.0.0.1"
                reached.close()
                assert connecting() == []
        finally:
            for each in crowd:
                each.close()


async def test_ipv6_is_spoken() -> None:
    async with talking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), host="::1") as raw, apis_of() as apis:
        assert answered(await get(apis, f"http://[::1]:{raw.port}/")).peer == f"[::1]:{raw.port}"


async def test_a_refusal_is_the_peers_word() -> None:
    async with apis_of() as apis:
        ended = unanswered(await get(apis, "http://127.0.0.1:1/"))
        assert (ended.reason, ended.phase, ended.origin) == (Reason.REFUSED, Phase.CONNECT, Origin.TRANSPORT)
        assert (ended.is_ours, ended.is_sent, ended.peer) == (False, False, "127.0.0.1:1")
        assert ended.detail == os.strerror(errno.ECONNREFUSED)


def fails_with(number: int, monkeypatch: pytest.MonkeyPatch, *, has_route: bool = True) -> None:
    async def refused(made: socket.socket, address: object) -> None:
        raise OSError(number, os.strerror(number))

    def connect(made: socket.socket, address: object) -> None:
        if not has_route:
            raise OSError(errno.ENETUNREACH, "")

    class Loop:
        sock_connect = staticmethod(refused)

    monkeypatch.setattr("probes.exchange.dialing.asyncio.get_running_loop", Loop)
    monkeypatch.setattr("probes.exchange.dialing.socket.socket.connect", connect)


@pytest.mark.parametrize(
    ("number", "has_route", "is_ours"),
    [
        (errno.ECONNREFUSED, True, False),
        (errno.ECONNRESET, True, False),
        (errno.ETIMEDOUT, True, False),
        (errno.EHOSTUNREACH, True, False),
        (errno.ENETUNREACH, True, False),
        (errno.EHOSTUNREACH, False, True),
        (errno.ENETUNREACH, False, True),
        (errno.EADDRNOTAVAIL, True, False),
        (errno.EMFILE, True, True),
        (errno.EPERM, True, True),
    ],
)
async def test_trouble_is_ours_where_it_never_left_this_host(
    number: int, has_route: bool, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(number, monkeypatch, has_route=has_route)
    with pytest.raises(NotConnected) as failed:
        await dial(("192.0.2.1",), 443)
    assert (failed.value.fault.errno, failed.value.is_ours) == (number, is_ours)


async def test_a_host_without_ipv6_is_told_what_its_ipv4_address_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(address: str, port: int) -> socket.socket:
        raise OSError(errno.ENETUNREACH if ":" in address else errno.ECONNREFUSED, "")

    monkeypatch.setattr("probes.exchange.dialing._connect", connect)
    monkeypatch.setattr("probes.exchange.dialing._has_route", lambda address, port: False)
    async with apis_of(names=Names({"h": ("2001:db8::1", "127.0.0.1")})) as apis:
        ended = unanswered(await get(apis, "http://h:1/"))
        assert (ended.reason, ended.peer, ended.is_ours) == (Reason.REFUSED, "127.0.0.1:1", False)


async def test_no_descriptor_left_is_our_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none_left(address: str, port: int) -> socket.socket:
        raise OSError(errno.EMFILE, "")

    monkeypatch.setattr("probes.exchange.dialing._connect", none_left)
    async with apis_of() as apis:
        ended = unanswered(await get(apis, "http://127.0.0.1:1/"))
        assert (ended.reason, ended.origin, ended.is_ours) == ("no-socket", Origin.SELF, True)


async def test_a_dial_that_is_cancelled_leaves_nothing_under_way() -> None:
    task = asyncio.create_task(dial(("192.0.2.1", "192.0.2.2"), 81))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connecting() == []


def connecting() -> list[str]:
    return [name for task in asyncio.all_tasks() if "_connect" in (name := str(task.get_coro()))]
