"""What parses, and what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.sip.messages.headers import ANY_CONTACT, Address, CSeq, RetryAfter
from probes.sip.messages.message import Request, is_keep_alive, parse, serialise
from tests.probes.sip.samples import REQUEST, RESPONSE, TORTUOUS, changed, response, with_header


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


def test_200_header_lines_are_not_too_many() -> None:
    assert len(response(RESPONSE.replace("Content-Length: 0", "X-A: y\r\n" * 194 + "Content-Length: 0")).header("x-a")) == 194


def test_content_length_is_what_the_body_has() -> None:
    assert serialise(replace(response(), body=b"abc")).endswith(b"Content-Length: 3\r\n\r\nabc")
