"""What may be touched and the exact update: pure, asserted as RFC 2136 §2.4 and §2.5 write it."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rdatatype
import dns.rrset
import dns.update
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lab.zone import Refused, Zone
from reverters.dns.record import RecordSet, Target, addresses, change, endpoint, question, restored
from reverters.step import Trouble
from tests.peers import knot
from tests.reverters.dns.conftest import spec

SERVER = "192.0.2.53:53"


def target(**changed: Any) -> Target:
    found = Target.read(spec(SERVER, **changed))
    assert isinstance(found, Target)
    return found


def section(rrsets: list[dns.rrset.RRset]) -> list[str]:
    """A section in its order. What deletes or requires without a value has neither TTL nor data: `name CLASS TYPE`."""
    return [line for rrset in rrsets for line in rrset.to_text().splitlines()]


def on_the_wire(update: dns.update.UpdateMessage) -> dns.update.UpdateMessage:
    again = dns.message.from_wire(update.to_wire())
    assert isinstance(again, dns.update.UpdateMessage)
    return again


def test_the_zone_section_names_the_zone_by_its_soa() -> None:
    update = on_the_wire(change(target(), RecordSet(), RecordSet(("192.0.2.1",), 300), message_id=7))
    assert (update.id, update.opcode()) == (7, dns.opcode.UPDATE)
    assert section(update.zone) == ["example.net. IN SOA"]


def test_a_live_set_is_required_value_by_value() -> None:
    live, wanted = RecordSet(("198.51.100.7", "198.51.100.8"), 60), RecordSet(("192.0.2.1",), 300)
    update = on_the_wire(change(target(), live, wanted, message_id=7))
    assert section(update.prerequisite) == ["sip.example.net. 0 IN A 198.51.100.7", "sip.example.net. 0 IN A 198.51.100.8"]


def test_an_absent_set_is_required_absent_and_no_alias_beside_it() -> None:
    update = on_the_wire(change(target(), RecordSet(), RecordSet(("192.0.2.1",), 300), message_id=7))
    assert section(update.prerequisite) == ["sip.example.net. NONE A", "sip.example.net. NONE CNAME"]


def test_the_update_deletes_the_set_and_then_adds_all_wanted_values() -> None:
    live, wanted = RecordSet(("198.51.100.7",), 60), RecordSet(("192.0.2.1", "192.0.2.2"), 300)
    update = on_the_wire(change(target(), live, wanted, message_id=7))
    expected = ["sip.example.net. ANY A", "sip.example.net. 60 IN A 192.0.2.1", "sip.example.net. 60 IN A 192.0.2.2"]
    assert section(update.update) == expected


def test_a_record_absent_from_the_baseline_is_only_deleted() -> None:
    update = on_the_wire(change(target(), RecordSet(("198.51.100.7",), 60), RecordSet(), message_id=7))
    assert section(update.update) == ["sip.example.net. ANY A"]


@pytest.mark.parametrize(
    ("live", "wanted", "written"),
    [
        (RecordSet(("198.51.100.7",), 60), 300, 60),
        (RecordSet(("198.51.100.7",), 86400), 300, 300),
        (RecordSet(("198.51.100.7",), 0), 300, 0),
        (RecordSet(), 300, 300),
    ],
)
def test_the_lower_ttl_is_written_and_an_absent_record_has_none(live: RecordSet, wanted: int, written: int) -> None:
    assert restored(live, RecordSet(("192.0.2.1",), wanted)).ttl == written


def test_equality_means_values() -> None:
    assert RecordSet(("192.0.2.1",), 60).holds(RecordSet(("192.0.2.1",), 300))
    assert not RecordSet(("192.0.2.1", "192.0.2.2"), 300).holds(RecordSet(("192.0.2.1",), 300))


def test_the_question_does_not_ask_for_recursion() -> None:
    asked = dns.message.from_wire(question(target(), message_id=9).to_wire())
    assert (asked.id, asked.flags & dns.flags.RD) == (9, 0)
    assert asked.question[0].to_text() == "sip.example.net. IN A"


@pytest.mark.parametrize("kind", ["NS", "SOA", "CNAME", "SRV", "a", "ANY"])
def test_no_other_type_is_ever_touched(kind: str) -> None:
    detail = f"sip.example.net. {kind}: only A and AAAA records are ever changed"
    assert Target.read(spec(SERVER, kind=kind)) == Trouble(False, "badspec", detail)


@pytest.mark.parametrize("name", ["sip.example.org.", "example.net.evil.", "notexample.net.", "net.", "sip"])
def test_no_name_outside_the_zone_is_ever_touched(name: str) -> None:
    trouble = Target.read(spec(SERVER, name=name))
    assert isinstance(trouble, Trouble)
    assert (trouble.retryable, trouble.reason) == (False, "badspec")
    assert "is outside the zone example.net." in trouble.detail


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"algorithm": "hmac-crc32"}, "sip.example.net. A: TSIG algorithm 'hmac-crc32' is unknown"),
        ({"assert": ["sip"]}, "sip.example.net. A: 'sip' is not an A address"),
        ({"assert": ["2001:db8::1"]}, "sip.example.net. A: '2001:db8::1' is not an A address"),
        ({"kind": "AAAA", "assert": ["192.0.2.1"]}, "sip.example.net. AAAA: '192.0.2.1' is not an AAAA address"),
        ({"name": "sip..example.net."}, "sip..example.net. A: A DNS label is empty."),
        ({"authoritative": ["ns.example.net"]}, "sip.example.net. A: 'ns.example.net' is not host:port"),
        ({"authoritative": ["[::1]"]}, "sip.example.net. A: '[::1]' is not host:port"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused_in_words(changed: dict[str, Any], detail: str) -> None:
    assert Target.read(spec(SERVER, **changed)) == Trouble(False, "badspec", detail)


def test_names_are_compared_without_case() -> None:
    assert str(target(name="SIP.Example.NET.", zone="EXAMPLE.net.")) == "sip.example.net. A"


def test_the_providers_server_is_authoritative_unless_others_are_named() -> None:
    assert target(authoritative=[]).authoritative == (SERVER,)
    assert target(authoritative=["192.0.2.54:53", "192.0.2.54:53"]).authoritative == ("192.0.2.54:53",)


def test_addresses_have_one_form() -> None:
    assert addresses(["2001:DB8:0:0::1", "2001:db8::1"], dns.rdatatype.AAAA) == ("2001:db8::1",)


def test_addresses_are_sorted_whatever_their_order() -> None:
    hosts = [f"192.0.2.{host}" for host in range(10, 30)]
    assert addresses(reversed(hosts), dns.rdatatype.A) == tuple(hosts)


def test_a_record_set_goes_into_a_document_and_back() -> None:
    record = RecordSet(("192.0.2.1", "192.0.2.2"), 300)
    assert record.document() == {"values": ["192.0.2.1", "192.0.2.2"], "ttl": 300}
    assert RecordSet.read(record.document(), dns.rdatatype.A) == record


def test_an_endpoint_in_brackets_is_an_ipv6_address() -> None:
    assert endpoint("[2001:db8::53]:5300") == ("2001:db8::53", 5300)


A_VALUES = st.ip_addresses(v=4).map(str)
AAAA_VALUES = st.ip_addresses(v=6).map(str)
TTLS = st.integers(0, 604800)


@st.composite
def situations(draw: st.DrawFn) -> tuple[str, RecordSet, RecordSet, RecordSet]:
    """A type, and three sets of it that share values often: live, wanted, and what somebody else may have put there."""
    kind, values = draw(st.sampled_from([("A", A_VALUES), ("AAAA", AAAA_VALUES)]))
    pool = draw(st.lists(values, min_size=1, max_size=5, unique=True))
    rdtype = dns.rdatatype.from_text(kind)
    sets = [addresses(draw(st.lists(st.sampled_from(pool), unique=True)), rdtype) for _ in range(3)]
    live, wanted, other = (RecordSet(values, draw(TTLS) if values else 0) for values in sets)
    return kind, live, wanted, other


def zone_with(kind: str, record: RecordSet) -> Zone:
    lines = [f"sip {record.ttl} {kind} {value}" for value in record.values]
    neighbours = ["sip 60 TXT beside", f"sipx 60 {kind} {'192.0.2.9' if kind == 'A' else '2001:db8::9'}"]
    soa_and_ns = knot.ZONE.partition("sip ")[0]
    return Zone.from_text("\n".join([soa_and_ns, *neighbours, *lines, ""]), knot.ORIGIN)


def rest(zone: Zone, kind: str) -> dict[Any, list[str]]:
    mine = {(target().name, dns.rdatatype.from_text(kind)), (target(zone="example.net.").zone, dns.rdatatype.SOA)}
    return {key: zone.values(*key) for key in zone if key not in mine}


@settings(deadline=None)
@given(situations())
def test_whatever_was_live_the_update_leaves_exactly_the_wanted_set_and_touches_nothing_else(
    situation: tuple[str, RecordSet, RecordSet, RecordSet],
) -> None:
    kind, live, wanted, _ = situation
    where = target(kind=kind)
    before = zone_with(kind, live)
    after = before.updated(on_the_wire(change(where, live, wanted, message_id=1)))
    assert after.values(where.name, where.rdtype) == list(wanted.values)
    assert rest(after, kind) == rest(before, kind)
    if wanted.values:
        assert after.sets[where.name, where.rdtype].ttl == restored(live, wanted).ttl <= wanted.ttl


@settings(deadline=None)
@given(situations())
def test_whatever_differs_from_what_was_inspected_the_update_is_refused_whole(
    situation: tuple[str, RecordSet, RecordSet, RecordSet],
) -> None:
    kind, live, wanted, other = situation
    assume(other.values != live.values)
    update = on_the_wire(change(target(kind=kind), live, wanted, message_id=1))
    with pytest.raises(Refused, match="RRSET"):
        zone_with(kind, other).updated(update)
