"""SIP URIs, part by part."""

from __future__ import annotations

import pytest

from probes.sip.messages.syntax import leading_quoted
from probes.sip.messages.uri import SipUri, check_uri, host_text, parse_sip_uri


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:sbc01", SipUri("sip", None, "sbc01", None)),
        ("SIPS:+1:pin@192.0.2.1:5061", SipUri("sips", "+1:pin", "192.0.2.1", 5061)),
        ("sip:a@[2001:db8::1]:5060", SipUri("sip", "a", "2001:db8::1", 5060)),
        ("sip:user;par=u%40example.net@example.com", SipUri("sip", "user;par=u%40example.net", "example.com", None)),
        ("sip:h;transport=TCP;lr", SipUri("sip", None, "h", None, (("transport", "TCP"), ("lr", None)))),
        ("sip:a@h?Subject=x&Route=y", SipUri("sip", "a", "h", None, (), "Subject=x&Route=y")),
    ],
)
def test_a_sip_uri_has_its_parts(text: str, expected: SipUri) -> None:
    assert parse_sip_uri(text) == expected


@pytest.mark.parametrize(
    "text", ["tel:+1", "sip:", "sip:@h", "sip:a@", "sip:h:", "sip:h:0x5", "sip:h;=x", "sip:-h", "sip:[::1", "sip:[1.2.3.4]"]
)
def test_what_is_no_sip_uri_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_sip_uri(text)


@pytest.mark.parametrize("text", ["tel:+1", "isbn:2983792873", "soap.beep://192.0.2.103:3002", "http://www.example.com"])
def test_other_schemes_pass_unread(text: str) -> None:
    assert check_uri(text) == text


@pytest.mark.parametrize(("params", "transport"), [(";transport=TCP", "tcp"), (";lr", None), ("", None)])
def test_the_transport_is_compared_without_case(params: str, transport: str | None) -> None:
    assert parse_sip_uri(f"sip:h{params}").transport == transport


@pytest.mark.parametrize(
    ("host", "port", "text"), [("h", None, "h"), ("h", 5060, "h:5060"), ("::1", None, "[::1]"), ("::1", 5060, "[::1]:5060")]
)
def test_an_ipv6_address_is_written_in_brackets(host: str, port: int | None, text: str) -> None:
    assert host_text(host, port) == text


def test_a_quoted_string_gives_its_content_and_what_follows() -> None:
    assert leading_quoted(r'"a \"b\" \\" <sip:x>') == ('a "b" \\', " <sip:x>")


def test_a_quoted_string_must_close() -> None:
    with pytest.raises(ValueError, match="not closed"):
        leading_quoted('"a')
