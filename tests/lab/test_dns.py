"""The lab's name server, as real clients (kdig, knsupdate) and hostile bytes see it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.tsig
import dns.update
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.dns import Disturbance, DnsServer, Event, serving
from lab.zone import Refused, Zone
from tests.peers.knot import KEY, ORIGIN, READER, READER_SECRET, SECRET, ZONE, kdig, knsupdate, run

OLD, NEW = "192.0.2.1", "198.51.100.7"
KEYS = {KEY: SECRET, READER: READER_SECRET}
CUTOVER = ("update delete sip A", f"update add sip 60 A {NEW}")
MORE = """\
alias  CNAME sip
far    CNAME sip.example.org.
loop   CNAME loop
a.deep A 192.0.2.9
"""


def new_server() -> DnsServer:
    return DnsServer(Zone.from_text(ZONE + MORE, ORIGIN), KEYS, may_update=frozenset({KEY}))


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with serving(new_server()) as running:
        yield running


async def dig(server: DnsServer, *question: str) -> str:
    return await run("kdig", "@127.0.0.1", "-p", str(server.port), "+norec", *question)


# Answers.


async def test_kdig_sees_the_records_with_authority(server: DnsServer) -> None:
    said = await dig(server, "sip.example.net", "A")
    assert "status: NOERROR" in said
    assert "Flags: qr aa;" in said
    assert f"sip.example.net.    \t300\tIN\tA\t{OLD}" in said


async def test_the_same_port_answers_over_tcp(server: DnsServer) -> None:
    assert await kdig(server.address, "sip.example.net", "A", "+tcp") == [OLD]


async def test_several_questions_may_share_one_tcp_connection(server: DnsServer) -> None:
    assert await kdig(server.address, "sip.example.net", "A", "+tcp", "+keepopen", "ns.example.net", "A") == sorted(
        [OLD, "127.0.0.1"]
    )


async def test_a_name_that_does_not_exist_is_nxdomain_with_the_soa(server: DnsServer) -> None:
    said = await dig(server, "none.example.net", "A")
    assert "status: NXDOMAIN" in said
    assert "AUTHORITY: 1" in said
    assert "ns.example.net. hostmaster.example.net. 1 3600 600 86400 60" in said


@pytest.mark.parametrize("question", [("sip.example.net", "AAAA"), ("deep.example.net", "A")], ids=["type", "empty-non-terminal"])
async def test_a_name_without_the_record_is_noerror_and_empty(server: DnsServer, question: tuple[str, str]) -> None:
    said = await dig(server, *question)
    assert "status: NOERROR" in said
    assert "ANSWER: 0; AUTHORITY: 1" in said


async def test_an_alias_is_followed_within_the_zone(server: DnsServer) -> None:
    assert await kdig(server.address, "alias.example.net", "A") == sorted(["sip.example.net.", OLD])


async def test_an_alias_out_of_the_zone_is_given_as_it_is(server: DnsServer) -> None:
    assert await kdig(server.address, "far.example.net", "A") == ["sip.example.org."]


async def test_an_alias_to_itself_ends(server: DnsServer) -> None:
    assert "loop.example.net." in await kdig(server.address, "loop.example.net", "A")


async def test_another_zone_is_refused(server: DnsServer) -> None:
    said = await dig(server, "sip.example.org", "A")
    assert "status: REFUSED" in said
    assert "Flags: qr;" in said


async def test_an_answer_that_does_not_fit_is_cut_and_comes_whole_over_tcp(server: DnsServer) -> None:
    await knsupdate(server.address, *(f"update add big 60 A 198.51.100.{host}" for host in range(1, 41)))
    assert "Flags: qr aa tc;" in await dig(server, "big.example.net", "A", "+ignore", "+noedns")
    assert len(await kdig(server.address, "big.example.net", "A", "+tcp")) == 40


async def test_an_asker_with_a_larger_buffer_gets_the_whole_answer_over_udp(server: DnsServer) -> None:
    await knsupdate(server.address, *(f"update add big 60 A 198.51.100.{host}" for host in range(1, 41)))
    assert len(await kdig(server.address, "big.example.net", "A", "+bufsize=1232", "+ignore")) == 40


# Updates.


async def test_knsupdate_changes_a_record_and_the_serial(server: DnsServer) -> None:
    assert "status: NOERROR" in await knsupdate(server.address, *CUTOVER)
    assert await kdig(server.address, "sip.example.net", "A") == [NEW]
    assert server.values("sip.example.net.", "A") == [NEW]
    assert server.zone.soa.serial == 2


async def test_an_update_that_changes_nothing_keeps_the_serial(server: DnsServer) -> None:
    assert "status: NOERROR" in await knsupdate(server.address, "update delete sip A", f"update add sip 300 A {OLD}")
    assert server.zone.soa.serial == 1


async def test_a_new_ttl_alone_is_a_change(server: DnsServer) -> None:
    await knsupdate(server.address, "update delete sip A", f"update add sip 60 A {OLD}")
    assert server.zone.soa.serial == 2


@pytest.mark.parametrize(
    ("prerequisite", "status"),
    [
        (f"prereq yxrrset sip A {OLD}", "NOERROR"),
        (f"prereq yxrrset sip A {NEW}", "NXRRSET"),
        ("prereq yxrrset sip A", "NOERROR"),
        ("prereq yxrrset sip AAAA", "NXRRSET"),
        ("prereq nxrrset sip AAAA", "NOERROR"),
        ("prereq nxrrset sip A", "YXRRSET"),
        ("prereq yxdomain sip", "NOERROR"),
        ("prereq yxdomain none", "NXDOMAIN"),
        ("prereq nxdomain none", "NOERROR"),
        ("prereq nxdomain sip", "YXDOMAIN"),
    ],
)
async def test_a_prerequisite_decides_over_the_whole_update(server: DnsServer, prerequisite: str, status: str) -> None:
    said = await knsupdate(server.address, prerequisite, *CUTOVER, "update add other 60 A 192.0.2.77")
    assert f"status: {status};" in said
    made = status == "NOERROR"
    assert await kdig(server.address, "sip.example.net", "A") == [NEW if made else OLD]
    assert await kdig(server.address, "other.example.net", "A") == (["192.0.2.77"] if made else [])


async def test_a_prerequisite_with_values_must_match_the_whole_set(server: DnsServer) -> None:
    await knsupdate(server.address, f"update add sip 300 A {NEW}")
    assert "status: NXRRSET;" in await knsupdate(server.address, f"prereq yxrrset sip A {OLD}", "update delete sip A")
    both = [f"prereq yxrrset sip A {value}" for value in (NEW, OLD)]
    assert "status: NOERROR;" in await knsupdate(server.address, *both, "update delete sip A")


async def test_one_address_of_a_set_can_be_deleted(server: DnsServer) -> None:
    await knsupdate(server.address, f"update add sip 300 A {NEW}")
    await knsupdate(server.address, f"update delete sip A {OLD}")
    assert await kdig(server.address, "sip.example.net", "A") == [NEW]


async def test_a_whole_name_can_be_deleted(server: DnsServer) -> None:
    await knsupdate(server.address, "update add sip 60 AAAA 2001:db8::1", "update delete sip")
    assert "status: NXDOMAIN" in await dig(server, "sip.example.net", "A")


async def test_an_address_beside_an_alias_is_silently_ignored(server: DnsServer) -> None:
    assert "status: NOERROR;" in await knsupdate(server.address, f"update add alias 60 A {NEW}")
    assert await kdig(server.address, "alias.example.net", "CNAME") == ["sip.example.net."]
    assert server.zone.soa.serial == 1


@pytest.mark.parametrize("line", ["update delete @", "update delete @ NS", "update delete @ SOA", "update delete @ NS ns"])
async def test_the_apex_keeps_its_soa_and_its_last_ns(server: DnsServer, line: str) -> None:
    await knsupdate(server.address, line.replace("@", ORIGIN))
    assert await kdig(server.address, ORIGIN, "NS") == ["ns.example.net."]
    assert len(await kdig(server.address, ORIGIN, "SOA")) == 7


async def test_a_wrong_secret_is_badsig(server: DnsServer) -> None:
    said = await knsupdate(server.address, *CUTOVER, secret=READER_SECRET)
    assert "status: BADSIG" in said
    assert server.values("sip.example.net.", "A") == [OLD]


async def test_an_unknown_key_is_badkey(server: DnsServer) -> None:
    said = await knsupdate(server.address, *CUTOVER, key="other.")
    assert "status: BADKEY" in said
    assert server.values("sip.example.net.", "A") == [OLD]


async def test_a_key_that_may_not_update_is_refused(server: DnsServer) -> None:
    said = await knsupdate(server.address, *CUTOVER, key=READER, secret=READER_SECRET)
    assert "status: REFUSED" in said
    assert server.values("sip.example.net.", "A") == [OLD]


async def test_an_unsigned_update_is_refused(server: DnsServer) -> None:
    assert "status: REFUSED" in await knsupdate(server.address, *CUTOVER, key="")
    assert server.values("sip.example.net.", "A") == [OLD]


async def test_a_signed_question_gets_a_signed_answer(server: DnsServer) -> None:
    said = await dig(server, "-y", f"hmac-sha256:{KEY}:{SECRET}", "sip.example.net", "A")
    assert "status: NOERROR" in said
    assert "TSIG PSEUDOSECTION" in said
    assert "WARNING" not in said


async def test_another_zone_is_not_updated(server: DnsServer) -> None:
    said = await knsupdate(server.address, f"update add sip.example.org. 60 A {NEW}", origin="example.org.")
    assert "status: NOTAUTH" in said


def update(zone: str = ORIGIN) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(zone)


def test_a_name_outside_the_zone_is_notzone_and_nothing_is_changed() -> None:
    message = update()
    message.replace("sip.example.net.", 60, "A", NEW)
    message.add("sip.example.org.", 60, "A", NEW)
    before = new_server().zone
    with pytest.raises(Refused, match="NOTZONE"):
        before.updated(message)
    assert before.values(dns.name.from_text("sip.example.net."), dns.rdatatype.A) == [OLD]


def test_the_serial_wraps() -> None:
    message = update()
    message.replace("sip.example.net.", 60, "A", NEW)
    last = Zone.from_text(ZONE.replace("hostmaster 1 ", "hostmaster 4294967295 "), ORIGIN)
    assert last.updated(message).soa.serial == 0


# What was asked, and trouble on request.


async def test_questions_and_updates_are_logged_in_order(server: DnsServer) -> None:
    await kdig(server.address, "sip.example.net", "A")
    await knsupdate(server.address, *CUTOVER)
    await knsupdate(server.address, *CUTOVER, key="other.")
    await kdig(server.address, "none.example.net", "AAAA")
    assert server.log == [
        Event("query", "sip.example.net. A", "NOERROR"),
        Event("update", "example.net.", "NOERROR"),
        Event("update", "example.net.", "BADKEY"),
        Event("query", "none.example.net. AAAA", "NXDOMAIN"),
    ]
    assert (server.count("query"), server.count("update")) == (2, 2)


async def test_the_next_requests_can_be_refused_and_the_one_after_is_served(server: DnsServer) -> None:
    server.disturb("query", Disturbance(rcode=dns.rcode.SERVFAIL), times=2)
    said = [await dig(server, "sip.example.net", "A", "+retry=0") for _ in range(3)]
    assert [next(code for code in ("SERVFAIL", "NOERROR") if code in each) for each in said] == [
        "SERVFAIL",
        "SERVFAIL",
        "NOERROR",
    ]


def signed(value: str = NEW) -> dns.update.UpdateMessage:
    message = update()
    message.replace("sip.example.net.", 60, "A", value)
    message.use_tsig(dns.tsig.Key(KEY, SECRET))
    return message


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
async def test_an_update_can_be_lost_before_or_after_it_is_applied(applied: bool) -> None:
    server = new_server()
    server.disturb("update", Disturbance(drop=True, applied=applied))
    assert await server.respond(signed().to_wire(), limit=None) is None
    assert server.values("sip.example.net.", "A") == [NEW if applied else OLD]
    assert server.log == [Event("update", "example.net.", "")]


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
async def test_an_update_can_be_held_before_or_after_it_is_applied(server: DnsServer, applied: bool) -> None:
    gate = asyncio.Event()
    server.disturb("update", Disturbance(gate=gate, applied=applied))
    sending = asyncio.create_task(dns.asyncquery.udp(signed(), "127.0.0.1", port=server.port, timeout=20))
    assert await server.arrived.get() == "update"
    assert await kdig(server.address, "sip.example.net", "A") == [NEW if applied else OLD]
    gate.set()
    assert (await sending).rcode() == dns.rcode.NOERROR
    assert server.values("sip.example.net.", "A") == [NEW]


async def test_closing_the_server_ends_what_is_held() -> None:
    server = new_server()
    server.disturb("query", Disturbance(gate=asyncio.Event()))
    async with asyncio.timeout(10), serving(server):
        loop = asyncio.get_running_loop()
        asker, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", server.port))
        asker.sendto(dns.message.make_query("sip.example.net.", "A").to_wire())
        await server.arrived.get()
        asker.close()


# Garbage.


async def test_garbage_is_survived_over_udp_and_tcp(server: DnsServer) -> None:
    loop = asyncio.get_running_loop()
    asker, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", server.port))
    for junk in (b"", b"\0", b"\xff" * 12, bytes(12), b"\0\1\0\0\0\1" + bytes(6) + b"\xc0\x0c"):
        asker.sendto(junk)
    asker.close()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(struct.pack("!H", 500) + b"short")
    writer.close()
    await writer.wait_closed()
    assert await kdig(server.address, "sip.example.net", "A") == [OLD]


async def test_an_unreadable_request_is_formerr_with_its_id() -> None:
    wire = b"\x12\x34\x28\0\0\1" + bytes(6) + b"\xc0\x0c"
    assert await new_server().respond(wire, limit=512) == b"\x12\x34\xa8\x01" + bytes(8)


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, b"\0\0\x80" + bytes(9)], ids=["empty", "short", "an-answer"])
async def test_what_is_no_request_gets_no_answer(wire: bytes) -> None:
    assert await new_server().respond(wire, limit=512) is None


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_no_bytes_make_it_raise(wire: bytes) -> None:
    asyncio.run(new_server().respond(wire, limit=512))


@settings(deadline=None)
@given(st.data())
def test_a_signed_update_with_one_octet_changed_is_not_made_or_made_as_it_was_signed(data: st.DataObject) -> None:
    wire = bytearray(signed().to_wire())
    tsig_record = wire.index(dns.name.from_text(KEY).to_wire())
    position = data.draw(st.integers(0, len(wire) - 1))
    before = wire[position]
    wire[position] = data.draw(st.integers(0, 255).filter(lambda octet: octet != before))
    server = new_server()
    asyncio.run(server.respond(bytes(wire), limit=512))
    # The MAC leaves out the message id and, in the TSIG record itself, its TTL and the case of names (RFC 8945 §4.3.3).
    covered = 2 <= position < tsig_record
    untouched = server.values("sip.example.net.", "A") == [OLD]
    assert untouched or (server.values("sip.example.net.", "A") == [NEW] and not covered)
