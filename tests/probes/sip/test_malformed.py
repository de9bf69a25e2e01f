"""What is refused, by which reason, and how much work that may cost."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from probes.sip.message import MalformedMessage, parse
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
