"""Messages that the tests of SIP start from."""

from __future__ import annotations

from itertools import count

from probes.sip.engine.target import Endpoint, Target, Transport
from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import Request, Response, parse
from probes.sip.messages.uri import host_text

RESPONSE = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;received=192.0.2.9;rport=5062\r\n"
    "From: <sip:cutoverd@192.0.2.1>;tag=a\r\n"
    "To: <sip:sbc01>;tag=b\r\n"
    "Call-ID: abc@192.0.2.1\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)

REQUEST = (
    "OPTIONS sip:sbc01 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:cutoverd@192.0.2.1>;tag=a\r\n"
    "To: <sip:sbc01>\r\n"
    "Call-ID: abc@192.0.2.1\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "\r\n"
)

TORTUOUS = (
    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    "TO :\r\n"
    " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    'from   : "J Rosen \\\\\\""       <sip:jdrosen@example.com>\r\n'
    "  ;\r\n"
    "  tag = 98asjd8\r\n"
    "MaX-fOrWaRdS: 0068\r\n"
    "Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
    "Content-Length   : 4\r\n"
    "cseq: 0009\r\n"
    "  INVITE\r\n"
    "Via  : SIP  /   2.0\r\n"
    " /UDP\r\n"
    "    192.0.2.2;branch=390skdjuw\r\n"
    "s :\r\n"
    "NewFangledHeader:   newfangled value\r\n"
    " continued newfangled value\r\n"
    "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
    "Content-Type: application/sdp\r\n"
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
    "  branch  =   z9hG4bK9ikj8  ,\r\n"
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n"
    " z9hG4bK30239\r\n"
    'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n'
    "      newvalue ;\r\n"
    "  secondparam ; q = 0.33\r\n"
    "\r\n"
    "v=0\n"
)
"""The grammar's freedoms of RFC 4475 §3.1.1.1, all in one message."""


def changed(text: str, old: str, new: str) -> bytes:
    assert old in text
    return text.replace(old, new).encode()


def response(text: str = RESPONSE) -> Response:
    message = parse(text.encode())
    assert isinstance(message, Response)
    return message


def with_header(line: str) -> Response:
    return response(RESPONSE.replace("Content-Length: 0\r\n", f"{line}\r\nContent-Length: 0\r\n"))


SERIAL = count()

Local = tuple[str, int]


def options(local: Local, uri: str = "sip:trunk") -> Request:
    serial = next(SERIAL)
    return Request(
        method="OPTIONS",
        uri=uri,
        vias=(Via("UDP", *local, (("branch", f"z9hG4bK{serial}"), ("rport", None))),),
        from_=Address(None, f"sip:cutoverd@{host_text(local[0])}", (("tag", "a"),)),
        to=Address(None, uri),
        call_id=f"call{serial}",
        cseq=CSeq(1, "OPTIONS"),
    )


def ok(request: Request, status: int = 200) -> Response:
    return Response(
        status=status, vias=request.vias, from_=request.from_, to=request.to, call_id=request.call_id, cseq=request.cseq
    )


def udp(endpoint: Endpoint, source: str | None = None) -> Target:
    return Target(Transport.UDP, endpoint, source)
