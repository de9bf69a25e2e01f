"""RFC 4475 §3.1.1: messages that look wrong and are right."""

from __future__ import annotations

import pytest

from probes.sip.messages.headers import Address, CSeq
from probes.sip.messages.message import parse, serialise
from tests.probes.sip.torture import Accepted, address, sdp, via, wire

LONG = "long" * 20
CALLER = "amazinglylongcallername" * 5
SPELLINGS = [
    *("Via:", "v:", "V:", "Via:", "ViA:", "VIa:", "VIA:", "via:", "viA:", "vIa:", "vIA:"),
    *("V : ", "v : ", "V  :", "v  :", "Via :", "Via  :"),
    *["Via:"] * 16,
]
"""Of the 33 hops that longreq has before the one that it came from."""
BINARY = (
    b"--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
    + bytes(range(256))
    + b"\r\n\r\n--7a9cbec02ceef655--\r\n"
)

VALID = [
    Accepted(
        "wsinv",
        wire("""\
INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

""")
        + sdp("192.0.2.3"),
        {
            "method": "INVITE",
            "uri": "sip:vivekg@chair-dnrc.example.com;unknownparam",
            "to": address("sip:vivekg@chair-dnrc.example.com", tag="1918181833n"),
            "from_": address("sip:jdrosen@example.com", 'J Rosenberg \\"', tag="98asjd8"),
            "max_forwards": 68,
            "call_id": "wsinv.ndaksdj@192.0.2.1",
            "cseq": CSeq(9, "INVITE"),
            "vias": (
                via("UDP", "192.0.2.2", branch="390skdjuw"),
                via("TCP", "spindle.example.com", branch="z9hG4bK9ikj8"),
                via("UDP", "192.168.255.111", branch="z9hG4bK30239"),
            ),
            "contacts": (
                address("sip:jdrosen@example.com", 'Quoted string ""', newparam="newvalue", secondparam=None, q="0.33"),
            ),
            "headers": (
                ("Subject", ""),
                ("NewFangledHeader", "newfangled value continued newfangled value"),
                ("UnknownHeaderWithUnusualValue", ";;,,;;,;"),
                ("Content-Type", "application/sdp"),
                ("Route", "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"),
            ),
            "body": sdp("192.0.2.3")[:150],
        },
    ),
    Accepted(
        "intmeth",
        wire("""\
!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.\
(doesn't-it)@example.com SIP/2.0
Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~
To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>
From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="работающий";tag=_token~1'+`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/"][?}{
CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~
Max-Forwards: 255
extensionHeader-!.%*+_`'~:\ufeff大停電
Content-Length: 0

"""),
        {
            "method": "!interesting-Method0123456789_*+`.%indeed'~",
            "uri": "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "vias": (via("TCP", "host1.example.com", branch="z9hG4bK-.!%66*_+`'~"),),
            "to": address("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com", "BEL:\x07 NUL:\x00 DEL:\x7f"),
            "from_": Address(
                "token1~` token2'+_ token3*%!.-",
                "sip:mundane@example.com",
                (("fromParam''~+*_!.-%", '"работающий"'), ("tag", "_token~1'+`*%!-.")),
            ),
            "call_id": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "cseq": CSeq(139122385, "!interesting-Method0123456789_*+`.%indeed'~"),
            "max_forwards": 255,
            "headers": (("extensionHeader-!.%*+_`'~", "\ufeff大停電"),),
        },
    ),
    Accepted(
        "esc01",
        wire("""\
INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.239409asdfakjkn23onasd0-3234
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: 150

""")
        + sdp("192.0.2.1"),
        {
            "uri": "sip:sips%3Auser%40example.com@example.net",
            "to": address("sip:%75se%72@example.com"),
            "from_": address("sip:I%20have%20spaces@example.net", tag="938"),
            "call_id": "esc01.239409asdfakjkn23onasd0-3234",
            "contacts": (address("sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"),),
            "headers": (("Content-Type", "application/sdp"),),
        },
    ),
    Accepted(
        "escnull",
        wire("""\
REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0

"""),
        {
            "to": address("sip:null-%00-null@example.com"),
            "contacts": (address("sip:%00@host5.example.com"), address("sip:%00%00@host5.example.com")),
        },
    ),
    Accepted(
        "esc02",
        wire("""\
RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf
Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0

"""),
        {
            "method": "RE%47IST%45R",
            "to": address("sip:resource@example.com", "%Z%45"),
            "vias": (via("TCP", "host.example.com", branch="z9hG4bK209%fzsnel234"),),
            "contacts": (address("sip:alias1@host1.example.com"), address("sip:alias3@host3.example.com")),
            "headers": (("C%6Fntact", "<sip:alias2@host2.example.com>"),),
        },
    ),
    Accepted(
        "lwsdisp",
        wire("""\
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.1234abcd@funky.example.com
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0

"""),
        {"from_": address("sip:caller@example.com", "caller", tag="323")},
    ),
    Accepted(
        "longreq",
        wire(
            f"""\
INVITE sip:user@example.com SIP/2.0
To: "I have a user name of {"extreme" * 10} proportion"<sip:user@example.com:6000;unknownparam1=very{LONG}value;\
longparam{"name" * 25}=shortvalue;very{"long" * 25}ParameterNameWithNoValue>
F: sip:{CALLER}@example.net;tag=12{"982" * 50}424;unknownheaderparam{"name" * 20}=unknowheaderparam{"value" * 15};\
unknownValueless{"paramname" * 10}
Call-ID: longreq.one{"really" * 20}longcallid
CSeq: 3882340 INVITE
Unknown-{"Long" * 20}-Name: unknown-{LONG}-value; unknown-{LONG}-parameter-name = unknown-{LONG}-parameter-value
"""
            + "".join(f"{spelling} SIP/2.0/TCP sip{33 - at}.example.com\n" for at, spelling in enumerate(SPELLINGS))
            + f"""\
Via: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very{"long" * 50}branchvalue
Max-Forwards: 70
Contact: <sip:{CALLER}@host5.example.net>
Content-Type: application/sdp
l: 150

"""
        )
        + sdp("192.0.2.1"),
        {
            "to": address(
                f"sip:user@example.com:6000;unknownparam1=very{LONG}value;longparam{'name' * 25}=shortvalue;"
                f"very{'long' * 25}ParameterNameWithNoValue",
                f"I have a user name of {'extreme' * 10} proportion",
            ),
            "call_id": f"longreq.one{'really' * 20}longcallid",
            "vias": (
                *[via("TCP", f"sip{number}.example.com") for number in range(33, 0, -1)],
                via("TCP", "host.example.com", received="192.0.2.5", branch=f"very{'long' * 50}branchvalue"),
            ),
        },
    ),
    Accepted(
        "dblreq",
        wire("""\
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=43251j3j324
Max-Forwards: 8
I: dblreq.0ha0isndaksdj99sdfafnl3lk233412
Contact: sip:j.user@host.example.com
CSeq: 8 REGISTER
Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492
Content-Length: 0


INVITE sip:joe@example.com SIP/2.0
t: sip:joe@example.com
From: sip:caller@example.net;tag=141334
Max-Forwards: 8
Call-ID: dblreq.0ha0isnda977644900765@192.0.2.15
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw380234
Content-Type: application/sdp
Content-Length: 150

""")
        + sdp("192.0.2.15"),
        {"method": "REGISTER", "call_id": "dblreq.0ha0isndaksdj99sdfafnl3lk233412", "body": b""},
    ),
    Accepted(
        "semiuri",
        wire("""\
OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Call-ID: semiuri.0ha0isndaksdj
CSeq: 8 OPTIONS
Accept: application/sdp, application/pkcs7-mime,
        multipart/mixed, multipart/signed,
        message/sip, message/sipfrag
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw
l: 0

"""),
        {
            "uri": "sip:user;par=u%40example.net@example.com",
            "headers": (
                (
                    "Accept",
                    "application/sdp, application/pkcs7-mime, multipart/mixed, multipart/signed, message/sip, message/sipfrag",
                ),
            ),
        },
    ),
    Accepted(
        "transports",
        wire("""\
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID:  transports.kijh4akdnaqjkwendsasfdj
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0

"""),
        {
            "vias": (
                via("UDP", "t1.example.com", branch="z9hG4bKkdjuw"),
                via("SCTP", "t2.example.com", branch="z9hG4bKklasjdhf"),
                via("TLS", "t3.example.com", branch="z9hG4bK2980unddj"),
                via("UNKNOWN", "t4.example.com", branch="z9hG4bKasd0f3en"),
                via("TCP", "t5.example.com", branch="z9hG4bK0a9idfnee"),
            )
        },
    ),
    Accepted(
        "mpart01",
        wire(f"""\
MESSAGE sip:kumiko@example.org SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport
Max-Forwards: 70
Route: <sip:127.0.0.1:5080>
Contact: <sip:fluffy@127.0.0.1:5070>
To: <sip:kumiko@example.org>
From: <sip:fluffy@example.com>;tag=2fb0dcc9
Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..
CSeq: 1 MESSAGE
Content-Transfer-Encoding: binary
Content-Type: multipart/mixed;boundary=7a9cbec02ceef655
Date: Sat, 15 Oct 2005 04:44:56 GMT
User-Agent: SIPimp.org/0.2.5 (curses)
Content-Length: {len(BINARY)}

""")
        + BINARY,
        {"method": "MESSAGE", "body": BINARY, "call_id": "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA.."},
        note="the RFC's body is a signature; every byte there is stands for it here",
    ),
    Accepted(
        "unreason",
        wire("""\
SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Call-ID: unreason.1234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: 154
Content-Type: application/sdp
Contact: <sip:user@host198.example.com>

""")
        + sdp("192.0.2.198"),
        {"status": 200, "reason": "= 2**3 * 5**2 но сто девяносто девять - простое", "body": sdp("192.0.2.198")[:154]},
    ),
    Accepted(
        "noreason",
        wire("""\
SIP/2.0 100\x20
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: noreason.asndj203insdf99223ndf
CSeq: 35 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0
Contact: <sip:user@host105.example.com>

"""),
        {"status": 100, "reason": "", "contacts": (address("sip:user@host105.example.com"),)},
    ),
]


@pytest.mark.parametrize("message", VALID, ids=lambda message: message.name)
def test_a_valid_message_is_typed_as_its_sender_meant_it(message: Accepted) -> None:
    parsed = parse(message.data)
    assert {name: getattr(parsed, name) for name in message.typed} == message.typed


@pytest.mark.parametrize("message", VALID, ids=lambda message: message.name)
def test_a_valid_message_survives_being_written_again(message: Accepted) -> None:
    parsed = parse(message.data)
    assert parse(serialise(parsed)) == parsed
