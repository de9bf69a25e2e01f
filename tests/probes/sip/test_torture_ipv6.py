"""RFC 5118: IPv6 where SIP can have it, section by section."""

from __future__ import annotations

import pytest

from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import MalformedMessage, parse, serialise
from probes.sip.messages.uri import parse_sip_uri
from tests.probes.sip.torture import Accepted, Refused, address, via, wire

REGISTER = """\
REGISTER {uri} SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER
Content-Length: 0

"""

TO_MAPPED = """\
OPTIONS sip:user@{host} SIP/2.0
To: sip:user@{host}
From: sip:user@example.com;tag=810x2
Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111
Call-ID: G9559905523997077@hlau_4100
CSeq: 689 OPTIONS
Max-Forwards: 70
Content-Length: 0

"""

ACCEPTED = [
    Accepted(
        "4.1 ipv6-good",
        wire(REGISTER.format(uri="sip:[2001:db8::10]")),
        {
            "uri": "sip:[2001:db8::10]",
            "vias": (via("UDP", "2001:db8::9:1", branch="z9hG4bKas3-111"),),
            "contacts": (address("sip:caller@[2001:db8::1]", "Caller"),),
            "cseq": CSeq(98176, "REGISTER"),
        },
    ),
    Accepted(
        "4.3 port-ambiguous",
        wire(REGISTER.format(uri="sip:[2001:db8::10:5070]")),
        {"uri": "sip:[2001:db8::10:5070]"},
        note="the sender meant a port and wrote the last group of the address; nobody can know that",
    ),
    Accepted(
        "4.4 port-unambiguous",
        wire(REGISTER.format(uri="sip:[2001:db8::10]:5070")),
        {"uri": "sip:[2001:db8::10]:5070"},
    ),
    Accepted(
        "4.5 via-received-param-with-delim",
        wire("""\
BYE sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com;tag=bd76ya
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
CSeq: 321 BYE
Content-Length: 0

"""),
        {"vias": (via("UDP", "2001:db8::9:1", received="[2001:db8::9:255]", branch="z9hG4bKas3-111"),)},
        note="the grammar of RFC 3261 has no brackets here, implementations have",
    ),
    Accepted(
        "4.5 via-received-param-no-delim",
        wire("""\
OPTIONS sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3
Call-ID: SSG95523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
CSeq: 921 OPTIONS
Content-Length: 0

"""),
        {"vias": (via("UDP", "2001:db8::9:1", received="2001:db8::9:255", branch="z9hG4bKas3"),)},
    ),
    Accepted(
        "4.6 ipv6-in-sdp",
        wire("""\
INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::20]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp

v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=IN IP6 2001:db8::20
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
"""),
        {"to": address("sip:user@[2001:db8::10]"), "contacts": (address("sip:caller@[2001:db8::20]", "Caller"),)},
    ),
    Accepted(
        "4.7 mult-ip-in-header",
        wire("""\
BYE sip:user@host.example.net SIP/2.0
Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144
Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;
 received=192.0.2.200
Call-ID: 997077@lau_4100
Max-Forwards: 70
CSeq: 89187 BYE
To: sip:user@example.net;tag=9817--94
From: sip:user@example.com;tag=81x2
Content-Length: 0

"""),
        {
            "vias": (
                via("UDP", "2001:db8::9:1", 6050, branch="z9hG4bKas3-111"),
                via("UDP", "192.0.2.1", branch="z9hG4bKjhja8781hjuaij65144"),
                via("TCP", "2001:db8::9:255", branch="z9hG4bK451jj", received="192.0.2.200"),
            )
        },
    ),
    Accepted(
        "4.8 mult-ip-in-sdp",
        wire("""\
INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
Max-Forwards: 70
CSeq: 8912 INVITE
Content-Type: application/sdp

v=0
o=bob 280744730 28977631 IN IP4 host.example.com
s=
t=0 0
m=audio 22334 RTP/AVP 0
c=IN IP4 192.0.2.1
m=video 6024 RTP/AVP 107
c=IN IP6 2001:db8::1
a=rtpmap:107 H263-1998/90000
"""),
        {"contacts": (address("sip:caller@[2001:db8::9:1]", "Caller"),)},
    ),
    Accepted(
        "4.9 ipv4-mapped-ipv6",
        wire("""\
INVITE sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:user@east.example.com;tag=81x2
Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19
Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>
CSeq: 612 INVITE
Max-Forwards: 70
Content-Length: 0

"""),
        {
            "vias": (
                via("UDP", "::ffff:192.0.2.10", 19823, branch="z9hG4bKbh19"),
                via("UDP", "::ffff:192.0.2.2", branch="z9hG4bKas3-111"),
            ),
            "contacts": (address("sip:ted@[::ffff:192.0.2.2]", "T. desk phone"),),
        },
    ),
    Accepted(
        "4.10 ipv6-bug-abnf-3-colons",
        wire(TO_MAPPED.format(host="[2001:db8:::192.0.2.1]")),
        {"uri": "sip:user@[2001:db8:::192.0.2.1]", "to": address("sip:user@[2001:db8:::192.0.2.1]")},
        note="RFC 3261's grammar asks for the third colon, so both forms are tolerated",
    ),
    Accepted(
        "4.10 ipv6-correct-abnf-2-colons",
        wire(TO_MAPPED.format(host="[2001:db8::192.0.2.1]")),
        {"uri": "sip:user@[2001:db8::192.0.2.1]"},
    ),
]

REFUSED = [
    Refused("4.2 ipv6-bad", wire(REGISTER.format(uri="sip:2001:db8::10")), "start-line"),
    Refused("bad in Via", wire(REGISTER.format(uri="sip:h").replace("[2001:db8::9:1]", "2001:db8::9:1")), "via"),
    Refused("bad in Contact", wire(REGISTER.format(uri="sip:h").replace("[2001:db8::1]", "2001:db8::1")), "contact"),
    Refused("three colons, no IPv4", wire(TO_MAPPED.format(host="[2001:db8:::1]")), "start-line"),
    Refused("four colons", wire(TO_MAPPED.format(host="[2001:db8::::192.0.2.1]")), "start-line"),
    Refused("zone", wire(TO_MAPPED.format(host="[fe80::1%25eth0]")), "start-line"),
]


@pytest.mark.parametrize("message", ACCEPTED, ids=lambda message: message.name)
def test_ipv6_is_understood_and_survives_being_written_again(message: Accepted) -> None:
    parsed = parse(message.data)
    assert {name: getattr(parsed, name) for name in message.typed} == message.typed
    assert parse(serialise(parsed)) == parsed


@pytest.mark.parametrize("message", REFUSED, ids=lambda message: message.name)
def test_what_is_no_ipv6_reference_is_refused(message: Refused) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(message.data)
    assert caught.value.reason == message.reason


@pytest.mark.parametrize("received", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_where_a_request_came_from_is_known_with_and_without_brackets(received: str) -> None:
    text = REGISTER.format(uri="sip:h").replace(";branch", f";received={received};branch")
    assert parse(wire(text)).vias[0].received == "2001:db8::9:255"


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("sip:[2001:db8::10:5070]", "2001:db8::10:5070", None),
        ("sip:[2001:db8::10]:5070", "2001:db8::10", 5070),
        ("sip:user@[2001:db8:::192.0.2.1]", "2001:db8::192.0.2.1", None),
    ],
)
def test_host_and_port_of_an_ipv6_uri(uri: str, host: str, port: int | None) -> None:
    parsed = parse_sip_uri(uri)
    assert (parsed.host, parsed.port) == (host, port)
