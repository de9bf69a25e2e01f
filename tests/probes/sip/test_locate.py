"""RFC 3263 step by step: which questions are asked, and what the answers lead to."""

from __future__ import annotations

import pytest

from probes.records import Fault, Kind
from probes.sip.engine.target import Transport
from probes.sip.locating.candidates import Candidate, Flaw, Place
from tests.probes.sip.tabled import NODATA, SERVFAIL, TIMEOUT, a, alias, found, located, lost, naptr, run, shown, srv

NAME = "example.net"
HERE = a("192.0.2.7")


@pytest.mark.parametrize(
    ("place", "server"),
    [
        (Place("192.0.2.7"), "192.0.2.7:5060/udp"),
        (Place("192.0.2.7", 5070), "192.0.2.7:5070/udp"),
        (Place("192.0.2.7", None, Transport.TCP), "192.0.2.7:5060/tcp"),
        (Place("192.0.2.7", None, Transport.TLS), "192.0.2.7:5061/tls"),
        (Place("192.0.2.7", sips=True), "192.0.2.7:5061/tls"),
        (Place("192.0.2.7", None, Transport.TCP, sips=True), "192.0.2.7:5061/tls"),
        (Place("2001:DB8:0::7"), "[2001:db8::7]:5060/udp"),
    ],
)
def test_an_address_needs_no_dns(place: Place, server: str) -> None:
    outcome, asked = run(place, {})
    assert (shown(outcome), outcome.ttl_s, asked) == ([server], None, [])


def test_an_address_of_an_ip_version_that_may_not_be_used_leads_nowhere() -> None:
    assert lost(Place("2001:db8::7"), {}, kinds=(Kind.A,)).why is Fault.NO_TARGETS


@pytest.mark.parametrize(
    ("place", "server"),
    [
        (Place(NAME, 5070), "192.0.2.7:5070/udp"),
        (Place(NAME, 5070, Transport.TCP), "192.0.2.7:5070/tcp"),
        (Place(NAME, 5070, sips=True), "192.0.2.7:5070/tls"),
    ],
)
def test_with_a_port_only_addresses_are_asked_for(place: Place, server: str) -> None:
    outcome, asked = run(place, {"example.net A": HERE})
    assert (shown(outcome), asked) == ([server], ["example.net A", "example.net AAAA"])


@pytest.mark.parametrize(
    ("transport", "question"),
    [
        (Transport.UDP, "_sip._udp.example.net SRV"),
        (Transport.TCP, "_sip._tcp.example.net SRV"),
        (Transport.TLS, "_sips._tcp.example.net SRV"),
    ],
)
def test_with_a_transport_the_srv_records_of_that_transport_are_asked_for(transport: Transport, question: str) -> None:
    table = {question: found(srv("a.example.net.", port=5080)), "a.example.net. A": HERE}
    outcome, asked = run(Place(NAME, None, transport), table)
    assert (shown(outcome), asked[0]) == ([f"192.0.2.7:5080/{transport}"], question)


def test_a_chosen_transport_without_srv_records_means_the_host_at_its_default_port() -> None:
    assert shown(located(Place(NAME, None, Transport.TLS), {"example.net A": HERE})) == ["192.0.2.7:5061/tls"]


def test_naptr_records_name_the_srv_records_to_follow_in_their_order() -> None:
    table = {
        "example.net NAPTR": found(
            naptr("sip+d2u", "udp.example.net.", 20, 1),
            naptr("sips+d2t", "tls.example.net.", 10, 7),
            naptr("sip+d2t", "tcp.example.net.", 10, 5),
        ),
        "udp.example.net. SRV": found(srv("a.example.net.", port=1)),
        "tcp.example.net. SRV": found(srv("a.example.net.", port=2)),
        "tls.example.net. SRV": found(srv("a.example.net.", port=3)),
        "a.example.net. A": HERE,
    }
    outcome, asked = run(Place(NAME), table)
    assert shown(outcome) == ["192.0.2.7:2/tcp", "192.0.2.7:3/tls", "192.0.2.7:1/udp"]
    assert [each.rank for each in outcome.candidates] == [(10, 5), (10, 7), (20, 1)]
    assert asked[1:4] == ["tcp.example.net. SRV", "tls.example.net. SRV", "udp.example.net. SRV"]


@pytest.mark.parametrize(
    "useless",
    [
        naptr("sip+d2s", "sctp.example.net."),
        naptr("e2u+sip", "enum.example.net."),
        naptr("sip+d2u", "udp.example.net.", flags="a"),
        naptr("sip+d2u", "udp.example.net.", regexp="!^.*$!sip:x@example.net!"),
        naptr("sip+d2u", "."),
    ],
)
def test_naptr_records_that_say_nothing_about_our_transports_are_as_none(useless: object) -> None:
    table = {
        "example.net NAPTR": found(useless),
        "_sip._udp.example.net SRV": found(srv("a.example.net.")),
        "a.example.net. A": HERE,
    }
    assert shown(located(Place(NAME), table)) == ["192.0.2.7:5060/udp"]


def test_without_naptr_records_the_srv_records_of_every_transport_are_asked_for() -> None:
    table = {
        "example.net NAPTR": NODATA,
        "_sip._udp.example.net SRV": found(srv("a.example.net.")),
        "_sip._tcp.example.net SRV": found(srv("a.example.net.")),
        "_sips._tcp.example.net SRV": found(srv("a.example.net.", port=5061)),
        "a.example.net. A": HERE,
    }
    outcome, asked = run(Place(NAME), table)
    assert shown(outcome) == ["192.0.2.7:5060/udp", "192.0.2.7:5060/tcp", "192.0.2.7:5061/tls"]
    assert asked[1:4] == ["_sip._udp.example.net SRV", "_sip._tcp.example.net SRV", "_sips._tcp.example.net SRV"]


def test_a_sips_uri_is_located_by_tls_services_alone() -> None:
    table = {
        "example.net NAPTR": found(naptr("sip+d2u", "udp.example.net."), naptr("sips+d2t", "tls.example.net.")),
        "udp.example.net. SRV": found(srv("a.example.net.")),
        "tls.example.net. SRV": found(srv("a.example.net.", port=5061)),
        "a.example.net. A": HERE,
    }
    assert shown(located(Place(NAME, sips=True), table)) == ["192.0.2.7:5061/tls"]
    _, asked = run(Place(NAME, sips=True), {})
    assert asked == ["example.net NAPTR", "_sips._tcp.example.net SRV", "example.net A", "example.net AAAA"]


def test_sips_over_udp_is_a_contradiction() -> None:
    with pytest.raises(ValueError, match="TLS"):
        Place(NAME, None, Transport.UDP, sips=True)


def test_without_any_srv_record_the_host_itself_is_the_server_by_udp() -> None:
    outcome = located(Place(NAME), {"example.net NAPTR": NODATA, "example.net A": a("192.0.2.7", ttl=30)})
    assert outcome.candidates == (Candidate(Transport.UDP, NAME, "192.0.2.7", 5060, ttl_s=30),)


def test_a_transport_that_naptr_prefers_stays_chosen_without_srv_records() -> None:
    table = {"example.net NAPTR": found(naptr("sip+d2t", "tcp.example.net.")), "example.net A": HERE}
    assert shown(located(Place(NAME), table)) == ["192.0.2.7:5060/tcp"]


def test_every_server_is_kept_with_its_priority_and_weight_the_first_to_try_first() -> None:
    table = {
        "_sip._udp.example.net SRV": found(
            srv("c.example.net.", 20, 0), srv("b.example.net.", 10, 30), srv("a.example.net.", 10, 70, 5070)
        ),
        "a.example.net. A": a("192.0.2.1"),
        "b.example.net. A": a("192.0.2.2"),
        "c.example.net. A": a("192.0.2.3"),
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert [(each.name, each.address, each.port, each.priority, each.weight) for each in outcome.candidates] == [
        ("a.example.net", "192.0.2.1", 5070, 10, 70),
        ("b.example.net", "192.0.2.2", 5060, 10, 30),
        ("c.example.net", "192.0.2.3", 5060, 20, 0),
    ]


def test_two_services_of_one_rank_share_one_order_of_priorities() -> None:
    table = {
        "example.net NAPTR": found(naptr("sip+d2t", "one.example.net."), naptr("sip+d2u", "two.example.net.")),
        "one.example.net. SRV": found(srv("a.example.net.", 10), srv("a.example.net.", 30, port=5070)),
        "two.example.net. SRV": found(srv("a.example.net.", 20)),
        "a.example.net. A": HERE,
    }
    assert shown(located(Place(NAME), table)) == ["192.0.2.7:5060/tcp", "192.0.2.7:5060/udp", "192.0.2.7:5070/tcp"]


def test_the_order_does_not_depend_on_how_a_server_turns_its_records() -> None:
    table = {"example.net A": a("192.0.2.10", "192.0.2.9"), "example.net AAAA": a("2001:db8::2", "2001:db8::1")}
    assert shown(located(Place(NAME, 5060), table)) == [
        "192.0.2.9:5060/udp",
        "192.0.2.10:5060/udp",
        "[2001:db8::1]:5060/udp",
        "[2001:db8::2]:5060/udp",
    ]


def test_only_addresses_of_the_permitted_ip_version_are_asked_for() -> None:
    outcome, asked = run(Place(NAME, 5060), {"example.net AAAA": a("2001:db8::1")}, kinds=(Kind.AAAA,))
    assert (shown(outcome), asked) == (["[2001:db8::1]:5060/udp"], ["example.net AAAA"])


def test_two_names_of_one_server_make_one_candidate_in_its_best_place() -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv("b.example.net.", 10), srv("a.example.net.", 20)),
        "a.example.net. A": HERE,
        "b.example.net. A": HERE,
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert [(each.name, each.priority) for each in outcome.candidates] == [("b.example.net", 10)]


def test_the_time_to_live_is_the_least_of_the_whole_chain() -> None:
    table = {
        "example.net NAPTR": found(naptr("sip+d2u", "udp.example.net."), ttl=500),
        "udp.example.net. SRV": found(srv("a.example.net."), srv("b.example.net."), ttl=400),
        "a.example.net. A": a("192.0.2.1", ttl=600),
        "b.example.net. A": alias("c.example.net.", ttl=90),
        "c.example.net. A": a("192.0.2.2", ttl=300),
    }
    outcome = located(Place(NAME), table)
    assert ([each.ttl_s for each in outcome.candidates], outcome.ttl_s) == ([400, 90], 90)


def test_an_alias_is_followed_for_every_kind_of_record() -> None:
    table = {
        "_sip._udp.example.net SRV": alias("services.example.org."),
        "services.example.org. SRV": found(srv("a.example.org.")),
        "a.example.org. A": alias("b.example.org."),
        "b.example.org. A": alias("c.example.org."),
        "c.example.org. A": HERE,
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert [(each.name, each.address) for each in outcome.candidates] == [("a.example.org", "192.0.2.7")]


# What is missing


def test_a_service_that_is_decidedly_not_there_ends_the_search() -> None:
    outcome, asked = run(Place(NAME, None, Transport.UDP), {"_sip._udp.example.net SRV": found(srv("."), ttl=77)})
    assert (outcome.why, outcome.ttl_s, asked) == (Fault.UNAVAILABLE, 77, ["_sip._udp.example.net SRV"])


def test_a_transport_that_is_decidedly_not_there_leaves_the_others() -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv(".")),
        "_sip._tcp.example.net SRV": found(srv("a.example.net.")),
        "a.example.net. A": HERE,
    }
    outcome = located(Place(NAME), table)
    assert shown(outcome) == ["192.0.2.7:5060/tcp"]
    assert outcome.flaws == (Flaw("_sip._udp.example.net SRV", Fault.UNAVAILABLE),)


def test_a_server_on_port_0_is_no_server() -> None:
    assert (
        lost(Place(NAME, None, Transport.UDP), {"_sip._udp.example.net SRV": found(srv("a.", port=0))}).why is Fault.UNAVAILABLE
    )


@pytest.mark.parametrize("place", [Place(NAME), Place(NAME, 5060), Place(NAME, None, Transport.TCP)])
def test_a_name_that_does_not_exist_is_told_with_how_long_that_holds(place: Place) -> None:
    outcome = lost(place, {})
    assert (outcome.why, outcome.ttl_s) == (Fault.NXDOMAIN, 60)


def test_a_name_without_an_address_is_told_from_one_that_does_not_exist() -> None:
    assert lost(Place(NAME, 5060), {"example.net A": NODATA, "example.net AAAA": NODATA}).why is Fault.NODATA


def test_of_two_reasons_the_one_that_says_more_is_told() -> None:
    table = {"example.net A": NODATA, "example.net AAAA": alias("example.net")}
    assert lost(Place(NAME, 5060), table).why is Fault.LOOP


@pytest.mark.parametrize("question", ["example.net NAPTR", "_sip._tcp.example.net SRV", "example.net AAAA"])
@pytest.mark.parametrize("trouble", [TIMEOUT, SERVFAIL])
def test_a_resolver_in_trouble_is_never_taken_for_there_is_no_such_record(question: str, trouble: object) -> None:
    outcome = lost(Place(NAME), {question: trouble})
    assert (outcome.why, question in outcome.detail) == (trouble.why, True)


def test_trouble_with_one_service_leaves_the_others_and_is_told() -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv("a.example.net.")),
        "_sip._tcp.example.net SRV": SERVFAIL,
        "a.example.net. A": HERE,
    }
    outcome = located(Place(NAME), table)
    assert (shown(outcome), outcome.is_complete) == (["192.0.2.7:5060/udp"], False)
    assert outcome.flaws == (Flaw("_sip._tcp.example.net SRV", Fault.SERVFAIL),)


def test_trouble_with_one_server_leaves_the_others_and_is_told() -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv("a.example.net."), srv("b.example.net."), srv("c.example.net.")),
        "a.example.net. A": HERE,
        "b.example.net. A": TIMEOUT,
        "b.example.net. AAAA": NODATA,
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert (shown(outcome), outcome.is_complete) == (["192.0.2.7:5060/udp"], False)
    assert {(flaw.subject, flaw.why) for flaw in outcome.flaws} == {
        ("b.example.net. A", Fault.TIMEOUT),
        ("b.example.net. AAAA", Fault.NODATA),
        ("c.example.net. A", Fault.NXDOMAIN),
        ("c.example.net. AAAA", Fault.NXDOMAIN),
    }


def test_an_address_of_one_ip_version_and_trouble_with_the_other_is_incomplete() -> None:
    outcome = located(Place(NAME, 5060), {"example.net A": HERE, "example.net AAAA": SERVFAIL})
    assert (outcome.is_complete, outcome.flaws) == (False, (Flaw("example.net AAAA", Fault.SERVFAIL),))


def test_an_address_of_one_ip_version_alone_is_complete() -> None:
    assert located(Place(NAME, 5060), {"example.net A": HERE, "example.net AAAA": NODATA}).flaws == ()


def test_servers_without_any_address_are_no_targets() -> None:
    outcome = lost(
        Place(NAME, None, Transport.UDP), {"_sip._udp.example.net SRV": found(srv("a.example.net."), srv("b.example.net."))}
    )
    assert (outcome.why, outcome.ttl_s) == (Fault.NO_TARGETS, 60)
    assert "2 servers" in outcome.detail


def test_servers_without_an_address_because_of_trouble_are_not_called_no_targets() -> None:
    table = {"_sip._udp.example.net SRV": found(srv("a.example.net."), srv("b.example.net.")), "b.example.net. A": TIMEOUT}
    assert lost(Place(NAME, None, Transport.UDP), table).why is Fault.TIMEOUT
