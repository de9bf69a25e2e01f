"""What parses, what does not and why, and how much work it may cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from probes.sip.headers import ANY_CONTACT, Address, CSeq, RetryAfter, Via
from probes.sip.message import MalformedMessage, Request, Response, UnsafeMessage, is_keep_alive, parse, serialise

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


def test_a_response_is_typed() -> None:
    message = response()
    assert (message.status, message.reason) == (200, "OK")
    (via,) = message.vias
    assert (via.transport, via.host, via.port) == ("UDP", "192.0.2.1", 5060)
    assert (via.branch, via.received, via.rport) == ("z9hG4bK1", "192.0.2.9", 5062)
    assert (message.from_.tag, message.to.tag) == ("a", "b")
    assert message.call_id == "abc@192.0.2.1"
    assert message.cseq == CSeq(1, "OPTIONS")


def test_a_request_is_typed() -> None:
    message = parse(REQUEST.encode())
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.max_forwards) == ("OPTIONS", "sip:sbc01", 70)
    assert message.vias[0].wants_rport
    assert message.vias[0].rport is None


def test_the_torture_of_folding_blanks_case_and_compact_forms_is_understood() -> None:
    message = parse(TORTUOUS.encode())
    assert isinstance(message, Request)
    assert [via.branch for via in message.vias] == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]
    assert [via.transport for via in message.vias] == ["UDP", "TCP", "UDP"]
    assert message.from_ == Address('J Rosen \\"', "sip:jdrosen@example.com", (("tag", "98asjd8"),))
    assert message.to.tag == "1918181833n"
    assert message.max_forwards == 68
    assert message.cseq == CSeq(9, "INVITE")
    assert message.contacts[0].display == 'Quoted string ""'
    assert message.contacts[0].params == (("newparam", "newvalue"), ("secondparam", None), ("q", "0.33"))
    assert message.header("newfangledheader") == ["newfangled value continued newfangled value"]
    assert message.header("Subject") == [""]
    assert message.body == b"v=0\n"


@pytest.mark.parametrize(
    ("start", "reason"),
    [("SIP/2.0 200 OK", "OK"), ("SIP/2.0 200 ", ""), ("SIP/2.0 200", ""), ("sip/2.0 200 Tudo bem", "Tudo bem")],
)
def test_a_reason_phrase_may_be_missing(start: str, reason: str) -> None:
    assert response(RESPONSE.replace("SIP/2.0 200 OK", start)).reason == reason


def test_bytes_that_are_not_utf8_survive_the_round_trip() -> None:
    data = RESPONSE.encode().replace(b"200 OK", b"200 \xe9t\xe9")
    assert b"200 \xe9t\xe9\r\n" in serialise(parse(data))


def test_vias_on_one_line_and_on_several_are_the_same() -> None:
    first, second = "SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/UDP b;branch=z9hG4bK2"
    line = next(line for line in RESPONSE.split("\r\n") if line.startswith("Via"))
    on_one = response(RESPONSE.replace(line, f"Via: {first}, {second}"))
    on_two = response(RESPONSE.replace(line, f"Via: {first}\r\nv: {second}"))
    assert on_one.vias == on_two.vias
    assert [via.host for via in on_one.vias] == ["a", "b"]


@pytest.mark.parametrize(
    ("sent_by", "host", "port"),
    [
        ("sbc01", "sbc01", None),
        ("sbc_01.example.net:5070", "sbc_01.example.net", 5070),
        ("[2001:db8::9:1]:5061", "2001:db8::9:1", 5061),
        ("[::1]", "::1", None),
        ("192.0.2.1 : 5060", "192.0.2.1", 5060),
    ],
)
def test_sent_by_takes_names_of_one_label_addresses_and_ipv6(sent_by: str, host: str, port: int | None) -> None:
    (via,) = response(RESPONSE.replace("192.0.2.1:5060;", f"{sent_by};")).vias
    assert (via.host, via.port) == (host, port)


@pytest.mark.parametrize("received", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_received_takes_an_ipv6_address_with_and_without_brackets(received: str) -> None:
    assert response(RESPONSE.replace("received=192.0.2.9", f"received={received}")).vias[0].received == "2001:db8::9:255"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30", RetryAfter(30)),
        ("18000;duration=3600", RetryAfter(18000, None, (("duration", "3600"),))),
        ("120 (I'm (really) in; a meeting)", RetryAfter(120, "I'm (really) in; a meeting")),
        (r"120 (closed \) here) ;duration=60", RetryAfter(120, r"closed \) here", (("duration", "60"),))),
    ],
)
def test_retry_after_has_a_comment_and_parameters(value: str, expected: RetryAfter) -> None:
    assert with_header(f"Retry-After: {value}").retry_after == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*", ANY_CONTACT),
        ("sip:a@b;expires=60", Address(None, "sip:a@b", (("expires", "60"),))),
        ("<sip:a@b;transport=tcp>;expires=60", Address(None, "sip:a@b;transport=tcp", (("expires", "60"),))),
        ("Bob Smith <sip:a@b>", Address("Bob Smith", "sip:a@b")),
        ("Zoë <sip:a@b>", Address("Zoë", "sip:a@b")),
        ('"Smith, Bob <x>; y" <sip:a@b>', Address("Smith, Bob <x>; y", "sip:a@b")),
        ('"" <sip:a@b>', Address("", "sip:a@b")),
        ("<tel:+358-555-1234567>", Address(None, "tel:+358-555-1234567")),
        ("<sip:a@[2001:db8::1]:5060>", Address(None, "sip:a@[2001:db8::1]:5060")),
    ],
)
def test_an_address_has_a_name_a_uri_and_parameters(value: str, expected: Address) -> None:
    assert with_header(f"Contact: {value}").contacts == (expected,)


def test_removing_all_bindings_survives_the_round_trip() -> None:
    message = replace(response(), contacts=(ANY_CONTACT,))
    assert b"\r\nContact: *\r\n" in serialise(message)
    assert parse(serialise(message)) == message


def test_contacts_may_share_a_line() -> None:
    assert [contact.uri for contact in with_header('m: "a, b" <sip:a@b>, <sip:c@d>').contacts] == ["sip:a@b", "sip:c@d"]


def test_bytes_beyond_content_length_are_dropped() -> None:
    data = changed(RESPONSE, "Content-Length: 0\r\n\r\n", "Content-Length: 3\r\n\r\nabcSIP/2.0 503 X\r\n")
    assert parse(data).body == b"abc"


def test_without_content_length_the_body_runs_to_the_end_of_the_datagram() -> None:
    assert parse(changed(RESPONSE, "Content-Length: 0\r\n\r\n", "\r\nabc")).body == b"abc"


def test_line_ends_before_the_start_line_are_skipped() -> None:
    assert parse(b"\r\n\r\n" + RESPONSE.encode()) == response()


@pytest.mark.parametrize(("data", "expected"), [(b"\r\n\r\n", True), (b"\r\n", True), (b"", True), (b"\0", False)])
def test_a_keep_alive_is_nothing_but_line_ends(data: bytes, expected: bool) -> None:
    assert is_keep_alive(data) is expected


VIA, FROM, TO = "SIP/2.0/UDP 192.0.2.1:5060", "<sip:cutoverd@192.0.2.1>;tag=a", "<sip:sbc01>;tag=b"

MALFORMED: list[tuple[str, str, str]] = [
    ("start-line", "SIP/2.0 200 OK", "SIP/2.0 20 OK"),
    ("start-line", "SIP/2.0 200 OK", "SIP/2.0 4294967301 better not break the receiver"),
    ("start-line", "SIP/2.0 200 OK", "SIP/2.0 099 OK"),
    ("start-line", "SIP/2.0 200 OK", "SIP/2.0 ２00 OK"),
    ("start-line", "SIP/2.0 200 OK", "SIP/2.0 700 OK"),
    ("start-line", "SIP/2.0 200 OK", "HTTP/1.1 200 OK"),
    ("start-line", "SIP/2.0 200 OK", "OPTIONS sip:sbc01 SIP/2.0 "),
    ("start-line", "SIP/2.0 200 OK", "OPTIONS  sip:sbc01  SIP/2.0"),
    ("start-line", "SIP/2.0 200 OK", "OPTIONS <sip:sbc01> SIP/2.0"),
    ("start-line", "SIP/2.0 200 OK", "OPTIONS sip:sbc01; lr SIP/2.0"),
    ("start-line", "SIP/2.0 200 OK", "OPTIONS sip:sbc01"),
    ("version", "SIP/2.0 200 OK", "SIP/7.0 200 OK"),
    ("version", "SIP/2.0 200 OK", "OPTIONS sip:sbc01 SIP/7.0"),
    ("no-end-of-headers", "\r\n\r\n", "\r\n"),
    ("line-ending", "\r\nTo:", "\nTo:"),
    ("line-ending", "\r\nTo:", "\rTo:"),
    ("line-ending", "abc@", "a\nbc@"),
    ("header", "Call-ID:", "Call ID:"),
    ("header", "Call-ID:", ":"),
    ("header", "Call-ID: abc@192.0.2.1", "Call-ID"),
    ("header", "OK\r\n", "OK\r\n folded\r\n"),
    ("missing-header", "Via:", "X-Via:"),
    ("missing-header", "From:", "X-From:"),
    ("missing-header", "To:", "X-To:"),
    ("missing-header", "Call-ID:", "X-Call-ID:"),
    ("missing-header", "CSeq:", "X-CSeq:"),
    ("repeated-header", "Call-ID: abc@192.0.2.1", "Call-ID: abc@192.0.2.1\r\ni: abc@192.0.2.1"),
    ("repeated-header", "Content-Length: 0", "Content-Length: 0\r\nl: 0"),
    ("via", VIA, "SIP/3.0/UDP 192.0.2.1"),
    ("via", VIA, "SIP/2.0/UDP"),
    ("via", VIA, "SIP/2.0/UDP :5060"),
    ("via", VIA, "SIP/2.0/UDP 192.0.2.1:65536"),
    ("via", VIA, "SIP/2.0/UDP 192.0.2.1:sip"),
    ("via", VIA, "SIP/2.0/UDP [::1"),
    ("via", VIA, "SIP/2.0/UDP [::g]"),
    ("via", VIA, "SIP/2.0/UDP [fe80::1%eth0]"),
    ("via", VIA, "SIP/2.0/UDP [::1]x"),
    ("via", "received=192.0.2.9", "received=nowhere"),
    ("via", "rport=5062", "rport=70000"),
    ("via", "rport=5062", "branch=z9hG4bK2"),
    ("via", "rport=5062", "rport="),
    ("via", "rport=5062", ""),
    ("from", FROM, '"unclosed <sip:a@b>;tag=a'),
    ("from", FROM, "<sip:a@b;tag=a"),
    ("from", FROM, "< sip:a@b >;tag=a"),
    ("from", FROM, "<sip:a@b> x;tag=a"),
    ("from", FROM, "Bell, Alexander <sip:a@b>;tag=a"),
    ("from", FROM, '"Bell" sip:a@b;tag=a'),
    ("from", FROM, "sip:a@b?Route=%3Csip:c%3E;tag=a"),
    ("from", FROM, "<sip:a b@c>"),
    ("from", FROM, "nonsense"),
    ("to", TO, "<sip:@host>"),
    ("to", TO, "<sip:host:port>"),
    ("to", TO, "<sip:host;>"),
    ("to", TO, "<sip:host>;tag=a;TAG=b"),
    ("call-id", "abc@192.0.2.1", ""),
    ("call-id", "abc@192.0.2.1", "abc def"),
    ("cseq", "1 OPTIONS", "4294967296 OPTIONS"),
    ("cseq", "1 OPTIONS", "36893488147419103232 OPTIONS"),
    ("cseq", "1 OPTIONS", "-1 OPTIONS"),
    ("cseq", "1 OPTIONS", "1"),
    ("content-length", "Content-Length: 0", "Content-Length: -1"),
    ("content-length", "Content-Length: 0", "Content-Length: " + "9" * 5000),
    ("content-length", "Content-Length: 0", "Content-Length: 0, 0"),
    ("body-short", "Content-Length: 0", "Content-Length: 1"),
    ("max-forwards", "Content-Length: 0", "Max-Forwards: 256"),
    ("contact", "Content-Length: 0", "Contact: "),
    ("contact", "Content-Length: 0", "Contact: <sip:a@b>,"),
    ("retry-after", "Content-Length: 0", "Retry-After: soon"),
    ("retry-after", "Content-Length: 0", "Retry-After: 949302838503028349304023988"),
    ("retry-after", "Content-Length: 0", "Retry-After: 5 (unclosed"),
    ("too-many-headers", "Content-Length: 0", "X: y\r\n" * 200 + "Content-Length: 0"),
    ("too-large", "OK\r\n", "O" * 65_536 + "\r\n"),
]


@pytest.mark.parametrize(("reason", "old", "new"), MALFORMED)
def test_what_is_malformed_is_refused_by_its_reason(reason: str, old: str, new: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(RESPONSE, old, new))
    assert caught.value.reason == reason


def test_a_request_whose_cseq_names_another_method_is_malformed() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(REQUEST, "1 OPTIONS", "1 INVITE"))
    assert caught.value.reason == "cseq-method"


def test_an_empty_datagram_is_malformed() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(b"\r\n")
    assert caught.value.reason == "empty"


def test_200_header_lines_are_not_too_many() -> None:
    assert len(response(RESPONSE.replace("Content-Length: 0", "X-A: y\r\n" * 194 + "Content-Length: 0")).header("x-a")) == 194


BREAKS = ["\r\nX: y", "a\rb", "a\nb"]


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize(
    "poison",
    [
        lambda message, text: replace(message, reason=text),
        lambda message, text: replace(message, call_id=text),
        lambda message, text: replace(message, from_=Address(text, "sip:a@b")),
        lambda message, text: replace(message, to=Address(None, text)),
        lambda message, text: replace(message, to=Address(None, "sip:a@b", (("tag", text),))),
        lambda message, text: replace(message, cseq=CSeq(1, text)),
        lambda message, text: replace(message, vias=(Via("UDP", text, None),)),
        lambda message, text: replace(message, contacts=(Address(None, text),)),
        lambda message, text: replace(message, retry_after=RetryAfter(1, text)),
        lambda message, text: replace(message, headers=(("Warning", text),)),
        lambda message, text: replace(message, headers=((text, "y"),)),
    ],
)
def test_no_value_can_break_out_of_its_line(poison: Callable[[Response, str], Response], text: str) -> None:
    with pytest.raises(UnsafeMessage):
        serialise(poison(response(), text))


@pytest.mark.parametrize("field", ["method", "uri"])
@pytest.mark.parametrize("text", [*BREAKS, "sip:a SIP/2.0"])
def test_no_value_can_break_out_of_the_request_line(field: str, text: str) -> None:
    request = parse(REQUEST.encode())
    with pytest.raises(UnsafeMessage):
        serialise(replace(request, **{field: text}))


@pytest.mark.parametrize("name", ["Via", "v", "content-length", "L"])
def test_a_typed_header_cannot_be_given_twice(name: str) -> None:
    with pytest.raises(UnsafeMessage):
        serialise(replace(response(), headers=((name, "1"),)))


def test_content_length_is_what_the_body_has() -> None:
    assert serialise(replace(response(), body=b"abc")).endswith(b"Content-Length: 3\r\n\r\nabc")


def lines_run(data: bytes) -> int:
    """How many lines of Python it takes to judge `data`: work, whatever the machine is doing besides."""
    count = 0

    def trace(*_: object) -> Callable[..., object]:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parse(data)
    except MalformedMessage:
        pass
    finally:
        sys.settrace(before)
    return count


HOSTILE: dict[str, Callable[[int], str]] = {
    "quotes": lambda n: "Contact: " + '"' * n,
    "escaped quotes": lambda n: 'Contact: "' + '\\"' * (n // 2),
    "brackets": lambda n: "Contact: a" + "<" * n,
    "contacts": lambda n: "Contact: <sip:a@b>" + ",<sip:a@b>" * (n // 10),
    "hops": lambda n: "Via: SIP/2.0/UDP a" + ",SIP/2.0/UDP a" * (n // 14),
    "parameters": lambda n: "Contact: <sip:a@b>" + "".join(f";p{i}=1" for i in range(n // 8)),
    "blanks": lambda n: "Contact: <sip:a@b>" + " " * n + ";x",
    "folds": lambda n: "Contact: <sip:a@b>" + "\r\n ;" * (n // 4),
    "comments": lambda n: "Retry-After: 1 " + "(" * n,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_twice_the_bytes_cost_at_most_about_twice_the_work(shape: str) -> None:
    def datagram(size: int) -> bytes:
        return changed(RESPONSE, "Content-Length: 0", f"{HOSTILE[shape](size)}\r\nContent-Length: 0")

    assert lines_run(datagram(40_000)) <= 2.5 * lines_run(datagram(20_000))
