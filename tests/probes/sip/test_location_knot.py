"""From a SIP name to its targets by way of a real name server, on both event loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.dns import Disturbance, DnsServer, serving
from lab.zone import Zone
from probes.records import Fault, Kind
from probes.resolver import Resolver, Servers
from probes.sample import NS_PER_S
from probes.sip.engine.target import Target, Transport
from probes.sip.locating.candidates import Located, Lost, Place
from probes.sip.locating.location import Location, locate
from tests.peers import knot
from tests.peers.knot import Knot

BOTH = (Kind.A, Kind.AAAA)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Knot]:
    async with knot.knot(tmp_path, records=knot.SIP_RECORDS) as made:
        yield made


@pytest.fixture
def resolver(server: Knot) -> Resolver:
    host, _, port = server.server.rpartition(":")
    return Resolver(Servers(((host, int(port)),), ("example.net.",)), hosts=None)


async def found(resolver: Resolver, place: Place, kinds: tuple[Kind, ...] = BOTH) -> Located | Lost:
    async with asyncio.timeout(20):
        return await locate(place, resolver, kinds=kinds, timeout_ns=10 * NS_PER_S)


async def test_a_zone_as_the_rfc_has_it_gives_every_server_with_its_rank_priority_and_weight(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("example.net"))
    assert isinstance(outcome, Located)
    assert [
        (str(each.transport), each.name, *each.endpoint, each.rank, each.priority, each.weight, each.ttl_s)
        for each in outcome.candidates
    ] == [
        ("tls", "sbc1.example.net", "127.0.0.1", 5061, (10, 50), 0, 0, 60),
        ("tls", "sbc1.example.net", "::1", 5061, (10, 50), 0, 0, 60),
        ("udp", "sbc1.example.net", "127.0.0.1", 5060, (20, 50), 10, 70, 60),
        ("udp", "sbc1.example.net", "::1", 5060, (20, 50), 10, 70, 60),
        ("udp", "sbc2.example.net", "127.0.0.2", 5070, (20, 50), 10, 30, 40),
    ]
    assert (outcome.ttl_s, outcome.is_complete) == (40, True)


async def test_a_name_without_naptr_is_located_by_its_srv_records(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("sip.example.net"), (Kind.A,))
    assert isinstance(outcome, Located)
    assert [each.endpoint for each in outcome.candidates] == [("127.0.0.1", 5060), ("127.0.0.2", 5070)]


async def test_a_single_label_host_is_located_in_the_search_domain(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("sip"), (Kind.AAAA,))
    assert isinstance(outcome, Located)
    assert [each.name for each in outcome.candidates] == ["sbc1.example.net"]


async def test_a_service_that_is_decidedly_not_there_is_told_so(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("off.example.net", None, Transport.TCP))
    assert isinstance(outcome, Lost)
    assert (outcome.why, outcome.ttl_s) == (Fault.UNAVAILABLE, 300)


async def test_a_name_that_does_not_exist_is_told_so(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("nobody.example.net"))
    assert isinstance(outcome, Lost)
    assert (outcome.why, outcome.ttl_s) == (Fault.NXDOMAIN, 60)


async def test_an_alias_into_a_zone_that_the_server_does_not_have_is_followed_there(resolver: Resolver) -> None:
    outcome = await found(resolver, Place("away.example.net", 5060))
    assert isinstance(outcome, Lost)
    assert outcome.why is Fault.REFUSED


async def test_a_closed_resolver_is_told_from_a_name_that_does_not_exist() -> None:
    outcome = await found(Resolver(Servers((("127.0.0.1", knot.free_port()),)), hosts=None), Place("example.net"))
    assert isinstance(outcome, Lost)
    assert outcome.why is Fault.UNREACHABLE


async def test_a_location_hands_out_the_targets(resolver: Resolver) -> None:
    location = Location(Place("sip.example.net"), resolver, timeout_ns=10 * NS_PER_S, source="127.0.0.1", source_port=5099)
    told: asyncio.Future[tuple[Target, ...] | str] = asyncio.get_running_loop().create_future()
    location.ask(told.set_result)
    try:
        async with asyncio.timeout(20):
            assert await told == (
                Target(Transport.UDP, ("127.0.0.1", 5060), "127.0.0.1", 5099),
                Target(Transport.UDP, ("127.0.0.2", 5070), "127.0.0.1", 5099),
            )
    finally:
        location.close()


async def test_silence_is_a_timeout_within_the_time_allowed() -> None:
    async with serving(DnsServer(Zone.from_text(knot.ZONE, knot.ORIGIN), {})) as server:
        server.disturb("query", Disturbance(drop=True), times=100)
        silent = Resolver(Servers((("127.0.0.1", server.port),)), hosts=None)
        async with asyncio.timeout(10):
            outcome = await locate(Place("sip.example.net"), silent, kinds=BOTH, timeout_ns=NS_PER_S // 20)
    assert isinstance(outcome, Lost)
    assert outcome.why is Fault.TIMEOUT


async def test_a_location_that_is_closed_while_it_asks_leaves_nothing_behind() -> None:
    async with serving(DnsServer(Zone.from_text(knot.ZONE, knot.ORIGIN), {})) as server:
        server.disturb("query", Disturbance(drop=True), times=100)
        silent = Resolver(Servers((("127.0.0.1", server.port),)), hosts=None)
        location = Location(Place("sip.example.net"), silent, timeout_ns=3_600 * NS_PER_S)
        before = asyncio.all_tasks()
        location.ask(lambda _: pytest.fail("told after the end"))
        asking = asyncio.all_tasks() - before
        await server.arrived.get()
        location.close()
        await asyncio.gather(*asking, return_exceptions=True)
        assert all(task.cancelled() for task in asking)
