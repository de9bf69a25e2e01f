"""Questions to a real name server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from probes.records import Address, Alias, Failed, Fault, Found, Kind, Naptr, Question, Reply, Srv
from probes.resolver import Resolver, Servers
from tests.peers import knot
from tests.peers.knot import Knot

SECOND = 1_000_000_000
MANY = [f"many 300 A 192.0.2.{last}" for last in range(1, 101)]
"""More than 512 octets of answer."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Knot]:
    async with knot.knot(tmp_path, records=[*knot.SIP_RECORDS, *MANY]) as made:
        yield made


@pytest.fixture
def resolver(server: Knot) -> Resolver:
    host, _, port = server.server.rpartition(":")
    return Resolver(Servers(((host, int(port)),), ("sip.example.net.", "example.net.")), hosts=None)


async def ask(resolver: Resolver, name: str, kind: Kind) -> Reply:
    return await resolver.ask(Question(name, kind), timeout_ns=10 * SECOND)


async def test_srv_records_are_told_with_priorities_weights_ports_and_absolute_names(resolver: Resolver) -> None:
    reply = await ask(resolver, "_sip._udp.sip.example.net", Kind.SRV)
    assert isinstance(reply, Found)
    assert set(reply.records) == {
        Srv(10, 70, 5060, "sbc1.example.net."),
        Srv(10, 30, 5070, "sbc2.example.net."),
        Srv(20, 0, 5060, "sbc3.example.net."),
    }
    assert reply.ttl_s == 80


async def test_naptr_records_are_told_with_flags_and_services_in_lower_case(resolver: Resolver) -> None:
    reply = await ask(resolver, "example.net", Kind.NAPTR)
    assert isinstance(reply, Found)
    assert set(reply.records) == {
        Naptr(10, 50, "s", "sips+d2t", "", "_sips._tcp.example.net."),
        Naptr(20, 50, "s", "sip+d2u", "", "_sip._udp.sip.example.net."),
        Naptr(30, 50, "s", "sip+d2s", "", "_sip._sctp.sip.example.net."),
    }


async def test_addresses_of_both_ip_versions_are_told(resolver: Resolver) -> None:
    assert await ask(resolver, "sbc1.example.net", Kind.A) == Found((Address("127.0.0.1"),), 300)
    assert await ask(resolver, "SBC1.Example.NET.", Kind.AAAA) == Found((Address("::1"),), 300)


async def test_an_answer_behind_aliases_has_the_least_time_to_live_of_the_chain(resolver: Resolver) -> None:
    assert await ask(resolver, "sbc2.example.net", Kind.A) == Found((Address("127.0.0.2"),), 40)


async def test_an_alias_that_leads_beyond_what_the_server_knows_is_told_as_it_is(resolver: Resolver) -> None:
    assert await ask(resolver, "away.example.net", Kind.A) == Found((Alias("sbc.example.org."),), 70)


async def test_an_alias_can_be_asked_for_itself(resolver: Resolver) -> None:
    assert await ask(resolver, "sbc2.example.net", Kind.CNAME) == Found((Alias("node2.example.net."),), 40)


async def test_aliases_in_a_circle_end_as_a_loop(resolver: Resolver) -> None:
    reply = await ask(resolver, "round.example.net", Kind.A)
    assert isinstance(reply, Failed)
    assert reply.why in (Fault.LOOP, Fault.SERVFAIL)


async def test_the_target_that_says_not_available_is_the_root(resolver: Resolver) -> None:
    assert await ask(resolver, "_sip._tcp.off.example.net", Kind.SRV) == Found((Srv(0, 0, 0, "."),), 300)


async def test_a_name_that_does_not_exist_is_told_with_the_zones_negative_time_to_live(resolver: Resolver) -> None:
    assert await ask(resolver, "nobody.example.net", Kind.A) == Failed(Fault.NXDOMAIN, 60)


async def test_a_name_without_such_a_record_is_told_from_one_that_does_not_exist(resolver: Resolver) -> None:
    assert await ask(resolver, "sbc3.example.net", Kind.A) == Failed(Fault.NODATA, 60)


async def test_a_question_that_the_server_will_not_answer_is_refused(resolver: Resolver) -> None:
    reply = await ask(resolver, "sbc.example.org", Kind.A)
    assert isinstance(reply, Failed)
    assert reply.why is Fault.REFUSED


async def test_an_answer_too_long_for_udp_comes_whole_over_tcp(resolver: Resolver) -> None:
    reply = await ask(resolver, "many.example.net", Kind.A)
    assert isinstance(reply, Found)
    assert len(reply.records) == 100


@pytest.mark.parametrize(("name", "kind"), [("sbc3", Kind.AAAA), ("SBC3", Kind.AAAA), ("_sip._udp.sip", Kind.SRV)])
async def test_a_single_label_host_is_looked_for_in_the_search_domains(resolver: Resolver, name: str, kind: Kind) -> None:
    assert isinstance(await ask(resolver, name, kind), Found)


@pytest.mark.parametrize("name", ["sbc3.", "sip.sbc3", "nobody"])
async def test_other_names_are_not(resolver: Resolver, name: str) -> None:
    assert isinstance(await ask(resolver, name, Kind.AAAA), Failed)


async def test_a_search_domain_that_has_the_name_ends_the_search_although_it_has_no_such_record(tmp_path: Path) -> None:
    records = ["sbc9.a A 192.0.2.1", "sbc9.b AAAA 2001:db8::1"]
    async with knot.knot(tmp_path, records=records) as server:
        host, _, port = server.server.rpartition(":")
        resolver = Resolver(Servers(((host, int(port)),), ("a.example.net.", "b.example.net.")), hosts=None)
        assert await ask(resolver, "sbc9", Kind.AAAA) == Failed(Fault.NODATA, 60)
