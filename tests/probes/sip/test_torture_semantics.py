"""RFC 4475 §3.3 and §3.4: well-formed messages that an application may not like. What it needs to decide is there."""

from __future__ import annotations

import pytest

from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import MalformedMessage, parse
from tests.probes.sip.torture import Accepted, Refused, address, sdp, via, wire

ACCEPTED = [
    Accepted(
        "unkscm",
        wire("""\
OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: 0

"""),
        {"uri": "nobodyKnowsThisScheme:totallyopaquecontent"},
    ),
    Accepted(
        "novelsc",
        wire("""\
OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: novelsc.asdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: 0

"""),
        {"uri": "soap.beep://192.0.2.103:3002"},
    ),
    Accepted(
        "unksm2",
        wire("""\
REGISTER sip:example.com SIP/2.0
To: isbn:2983792873
From: <http://www.example.com>;tag=3234233
Call-ID: unksm2.daksdj@hyphenated-host.example.com
CSeq: 234902 REGISTER
Max-Forwards: 70
Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw
Contact: <name:John_Smith>
l: 0

"""),
        {
            "to": address("isbn:2983792873"),
            "from_": address("http://www.example.com", tag="3234233"),
            "contacts": (address("name:John_Smith"),),
        },
    ),
    Accepted(
        "bext01",
        wire("""\
OPTIONS sip:user@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.net;tag=242etr
Max-Forwards: 6
Call-ID: bext01.0ha0isndaksdj
Require: nothingSupportsThis, nothingSupportsThisEither
Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis
CSeq: 8 OPTIONS
Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw
Content-Length: 0

"""),
        {
            "headers": (
                ("Require", "nothingSupportsThis, nothingSupportsThisEither"),
                ("Proxy-Require", "noProxiesSupportThis, norDoAnyProxiesSupportThis"),
            )
        },
    ),
    Accepted(
        "invut",
        wire("""\
INVITE sip:user@example.com SIP/2.0
Contact: <sip:caller@host5.example.net>
To: sip:j.user@example.com
From: sip:caller@example.net;tag=8392034
Max-Forwards: 70
Call-ID: invut.0ha0isndaksdjadsfij34n23d
CSeq: 235448 INVITE
Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw
Content-Type: application/unknownformat
Content-Length: 40

<audio>
 <pcmu port="443"/>
</audio>
"""),
        {
            "headers": (("Content-Type", "application/unknownformat"),),
            "body": b'<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n'[:40],
        },
    ),
    Accepted(
        "regaut01",
        wire("""\
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=87321hj23128
Max-Forwards: 8
Call-ID: regaut01.0ha0isndaksdj
CSeq: 9338 REGISTER
Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw
Authorization: NoOneKnowsThisScheme opaque-data=here
Content-Length:0

"""),
        {"headers": (("Authorization", "NoOneKnowsThisScheme opaque-data=here"),)},
    ),
    Accepted(
        "bcast",
        wire("""\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23
Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: 154
Content-Type: application/sdp
Contact: <sip:user@host28.example.com>

""")
        + sdp("192.0.2.198"),
        {
            "status": 200,
            "vias": (
                via("UDP", "192.0.2.198", branch="z9hG4bK1324923"),
                via("UDP", "255.255.255.255", branch="z9hG4bK1saber23"),
            ),
        },
    ),
    Accepted(
        "zeromf",
        wire("""\
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=3ghsd41
Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas
CSeq: 39234321 OPTIONS
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i
Max-Forwards: 0
Content-Length: 0

"""),
        {"max_forwards": 0, "cseq": CSeq(39234321, "OPTIONS")},
    ),
    Accepted(
        "cparam01",
        wire("""\
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe
To: sip:watson@example.com
Call-ID: cparam01.70710@saturn.example.com
CSeq: 2 REGISTER
Contact: sip:+19725552222@gw1.example.net;unknownparam
l: 0

"""),
        {"contacts": (address("sip:+19725552222@gw1.example.net", unknownparam=None),)},
    ),
    Accepted(
        "cparam02",
        wire("""\
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=838293
To: sip:watson@example.com
Call-ID: cparam02.70710@saturn.example.com
CSeq: 3 REGISTER
Contact: <sip:+19725552222@gw1.example.net;unknownparam>
l: 0

"""),
        {"contacts": (address("sip:+19725552222@gw1.example.net;unknownparam"),)},
    ),
    Accepted(
        "regescrt",
        wire("""\
REGISTER sip:example.com SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=8
Max-Forwards: 70
Call-ID: regescrt.k345asrl3fdbv@192.0.2.1
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
M: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>
L:0

"""),
        {"contacts": (address("sip:user@example.com?Route=%3Csip:sip.example.com%3E"),)},
    ),
    Accepted(
        "sdp01",
        wire("""\
INVITE sip:user@example.com SIP/2.0
To: sip:j_user@example.com
Contact: <sip:caller@host15.example.net>
From: sip:caller@example.net;tag=234
Max-Forwards: 5
Call-ID: sdp01.ndaksdj9342dasdd
Accept: text/nobodyKnowsThis
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
Content-Length: 150
Content-Type: application/sdp

""")
        + sdp("192.0.2.5"),
        {"headers": (("Accept", "text/nobodyKnowsThis"), ("Content-Type", "application/sdp")), "body": sdp("192.0.2.5")[:150]},
    ),
    Accepted(
        "inv2543",
        wire("""\
INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE
Content-Type: application/sdp

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 49217 RTP/AVP 0
"""),
        {
            "vias": (via("UDP", "iftgw.example.com"),),
            "from_": address("sip:+13035551111@ift.client.example.net;user=phone"),
            "to": address("sip:+16505552222@ss1.example.net", user="phone"),
            "max_forwards": None,
            "body": wire(
                "v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\nm=audio 49217 RTP/AVP 0\n"
            ),
        },
        note="§3.4: RFC 2543 had neither tags nor branches nor Max-Forwards, and old gateways still have not",
    ),
]

REFUSED = [
    Refused(
        "insuf",
        wire("""\
INVITE sip:user@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Type: application/sdp
l: 152

""")
        + sdp("192.0.2.95"),
        "missing-header",
    ),
    Refused(
        "multi01",
        wire("""\
INVITE sip:user@company.com SIP/2.0
Contact: <sip:caller@host25.example.net>
Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw
Max-Forwards: 70
CSeq: 5 INVITE
Call-ID: multi01.98asdh@192.0.2.1
CSeq: 59 INVITE
Call-ID: multi01.98asdh@192.0.2.2
From: sip:caller@example.com;tag=3413415
To: sip:user@example.com
To: sip:other@example.net
From: sip:caller@example.net;tag=2923420123
Content-Type: application/sdp
l: 154
Contact: <sip:caller@host36.example.net>
Max-Forwards: 5

""")
        + sdp("192.0.2.25"),
        "repeated-header",
    ),
    Refused(
        "mcl01",
        wire("""\
OPTIONS sip:user@example.com SIP/2.0
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423
To: sip:user@example.com
From: sip:other@example.net;tag=3923942
Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf
CSeq: 15932 OPTIONS
Content-Length: 13
Max-Forwards: 60
Content-Length: 5
Content-Type: text/plain

There's no way to know how many octets are supposed to be here.
"""),
        "repeated-header",
    ),
]


@pytest.mark.parametrize("message", ACCEPTED, ids=lambda message: message.name)
def test_what_the_application_must_decide_by_is_there(message: Accepted) -> None:
    parsed = parse(message.data)
    assert {name: getattr(parsed, name) for name in message.typed} == message.typed


@pytest.mark.parametrize("message", REFUSED, ids=lambda message: message.name)
def test_what_cannot_be_decided_is_refused(message: Refused) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(message.data)
    assert caught.value.reason == message.reason
