"""What is refused, by which reason, and how much work that may cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from probes.sip.messages.message import MalformedMessage, Response, parse
from tests.probes.sip.samples import REQUEST, RESPONSE, changed

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
    ("missing-header", "Call-ID:", "Call ID:"),
    ("missing-header", "Call-ID:", ":"),
    ("missing-header", "Call-ID: abc@192.0.2.1", "Call-ID"),
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
    ("from", FROM, "<sip:a@b>xtag=a"),
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
    ("too-many-headers", "Content-Length: 0", "X: y\r\n" * 200 + "Content-Length: 0"),
    ("too-many-values", "Content-Length: 0", "Contact: <sip:a@b>" + ",<sip:a@b>" * 600),
    ("too-many-values", "Content-Length: 0", "Contact: <sip:a@b>" + "".join(f";p{at}" for at in range(600))),
    ("too-many-values", "Content-Length: 0", 'Warning: 399 a "' + '\\"' * 2_000 + '"'),
    ("too-many-values", "Content-Length: 0", "Warning: " + "<>" * 2_001),
    ("too-large", "OK\r\n", "O" * 65_536 + "\r\n"),
]


@pytest.mark.parametrize(("reason", "old", "new"), MALFORMED)
def test_what_is_malformed_is_refused_by_its_reason(reason: str, old: str, new: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(RESPONSE, old, new))
    assert caught.value.reason == reason


INESSENTIAL: list[tuple[str, str]] = [
    ("max-forwards", "Max-Forwards: 256"),
    ("contact", "Contact: "),
    ("contact", "Contact: <sip:a@b>,"),
    ("retry-after", "Retry-After: soon"),
    ("retry-after", "Retry-After: 949302838503028349304023988"),
    ("retry-after", "Retry-After: 5 (unclosed"),
    ("contact", "Contact: <sip:a@b"),
    ("contact", 'Contact: "a <sip:a@b>, <sip:c@d>'),
    ("contact", "Contact: <sip:a@b>;"),
    ("contact", 'Contact: <sip:a@b>;x="a'),
    ("contact", "Contact: *, <sip:a@b>"),
    ("expires", "Expires: soon"),
    ("expires", "Expires: 4294967296"),
    ("expires", "Expires: -1"),
    ("min-expires", "Min-Expires: 1 h"),
    ("repeated-header", "Expires: 1\r\nexpires: 1"),
    ("retry-after", "Retry-After: 5 (" + "x" * 1_000 + ")"),
]
"""What says neither whose response it is nor what it says."""


@pytest.mark.parametrize(("reason", "line"), INESSENTIAL)
def test_in_a_request_every_typed_header_must_be_readable(reason: str, line: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(REQUEST.replace("Max-Forwards: 70\r\n", ""), "CSeq: 1 OPTIONS", f"CSeq: 1 OPTIONS\r\n{line}"))
    assert caught.value.reason == reason


@pytest.mark.parametrize(("reason", "line"), INESSENTIAL)
def test_a_response_is_read_although_what_is_inessential_in_it_cannot_be(reason: str, line: str) -> None:
    response = parse(changed(RESPONSE, "Content-Length: 0", f"{line}\r\nContent-Length: 0"))
    assert isinstance(response, Response)
    assert response.status == 200
    assert (response.contacts, response.min_expires, response.retry_after, response.max_forwards) == ((), None, None, None)
    name, _, value = line.rpartition("\r\n")[2].partition(":")
    assert (name, value.strip(" ")) in response.headers


@pytest.mark.parametrize("line", ["X Bad Name: 1", "NoColonHere", ": x", "X-[abc]: 1", "Allow"])
def test_a_line_that_is_no_header_is_passed_over_in_a_response_and_refused_in_a_request(line: str) -> None:
    response = parse(changed(RESPONSE, "Content-Length: 0", f"{line}\r\nContent-Length: 0"))
    assert response == parse(RESPONSE.encode())
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(REQUEST, "CSeq: 1 OPTIONS", f"CSeq: 1 OPTIONS\r\n{line}"))
    assert caught.value.reason == "header"


def test_of_several_contact_lines_those_that_can_be_read_count() -> None:
    lines = "Contact: <sip:a@b>\r\nm: <sip:alice@:5060>\r\nContact: <sip:c@d>\r\nContent-Length: 0"
    response = parse(changed(RESPONSE, "Content-Length: 0", lines))
    assert [contact.uri for contact in response.contacts] == ["sip:a@b", "sip:c@d"]
    assert response.header("Contact") == ["<sip:alice@:5060>"]


def test_a_request_whose_cseq_names_another_method_is_malformed() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(changed(REQUEST, "1 OPTIONS", "1 INVITE"))
    assert caught.value.reason == "cseq-method"


def test_an_empty_datagram_is_malformed() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(b"\r\n")
    assert caught.value.reason == "empty"


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


def cpu_ns(data: bytes) -> int:
    began = time.process_time_ns()
    with suppress(MalformedMessage):
        parse(data)
    return time.process_time_ns() - began


def within(line: Callable[[int], str]) -> Callable[[int], bytes]:
    return lambda size: changed(RESPONSE, "Content-Length: 0", f"{line(size)}\r\nContent-Length: 0")


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "quotes": within(lambda n: "Contact: " + '"' * n),
    "quoted strings": within(lambda n: "Contact: a," + '""' * (n // 2)),
    "escaped quotes": within(lambda n: 'Contact: "' + '\\"' * (n // 2)),
    "an open quote": within(lambda n: 'Contact: a,"' + ('\\"' + "x" * 30) * (n // 32)),
    "open brackets": within(lambda n: "Contact: a," + ("<" + "x" * 31) * (n // 32)),
    "escapes": within(lambda n: 'Contact: "' + "\\a" * (n // 2) + '" <sip:a@b>'),
    "escapes of escapes": within(lambda n: 'Contact: "' + "\\\\" * (n // 2) + '" <sip:a@b>, <sip:c@d>'),
    "brackets": within(lambda n: "Contact: a" + "<" * n),
    "pairs of brackets": within(lambda n: "Contact: a," + "<>" * (n // 2)),
    "contacts": within(lambda n: "Contact: <sip:a@b>" + ",<sip:a@b>" * (n // 10)),
    "hops": within(lambda n: "Via: SIP/2.0/UDP a" + ",SIP/2.0/UDP a" * (n // 14)),
    "parameters": within(lambda n: "Contact: <sip:a@b>" + "".join(f";p{i}=1" for i in range(n // 8))),
    "parameters of a URI": within(lambda n: "Contact: <sip:a" + ";p=1" * (n // 4) + ">"),
    "blanks": within(lambda n: "Contact: <sip:a@b>" + " " * n + ";x"),
    "blanks before a fold": within(lambda n: "Subject: a" + " " * n + "b\r\n c"),
    "folds": within(lambda n: "Contact: <sip:a@b>" + "\r\n ;" * (n // 4)),
    "folds of blanks": within(lambda n: "Subject: a" + " \r\n\t" * (n // 4) + "b"),
    "comments": within(lambda n: "Retry-After: 1 " + "(" * n),
    "header lines": within(lambda n: "\r\n".join(["Subject: z"] * (n // 6))),
    "a display name": within(lambda n: "Contact: " + "a " * (n // 2) + "<sip:a@b>"),
    "users": lambda n: changed(REQUEST, "sip:sbc01 SIP", "sip:" + "a@" * (n // 2) + "b SIP"),
    "a reason phrase": lambda n: changed(RESPONSE, "OK", "a " * (n // 2)),
    "line ends before it": lambda n: b"\r\n" * (n // 2) + RESPONSE.encode(),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_twice_the_bytes_cost_at_most_about_twice_the_work(shape: str) -> None:
    assert lines_run(HOSTILE[shape](40_000)) <= 2.5 * lines_run(HOSTILE[shape](20_000)) + 20


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_datagram_takes_more_steps_than_its_length_allows(shape: str) -> None:
    """A step costs some 50 ns: 20,000 of them are 1 ms, which is what 10 kB may cost."""
    data = HOSTILE[shape](10_000)
    assert lines_run(data) <= 2 * len(data)


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_pattern_goes_over_the_same_text_again_and_again(shape: str) -> None:
    """Inside a pattern no line of Python is run, so processor time must judge. Eight times the bytes: 64 times, if squared."""
    few, many = (min(cpu_ns(HOSTILE[shape](size)) for _ in range(5)) for size in (7_500, 60_000))
    assert many <= 24 * max(few, 100_000)
