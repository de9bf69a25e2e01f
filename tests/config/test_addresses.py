"""`host:port` and SIP targets, read and rendered."""

from __future__ import annotations

import pytest

from config.addresses import Address, SipTarget, Source, parse_aor


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:53", Address("::1", 53)),
        ("SBC_01.Example.net:65535", Address("sbc_01.example.net", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("127.0.0.1", "has no port"),
        ("[::1]", "has no port"),
        (":80", "has no host"),
        ("::1:80", "in brackets"),
        ("[::1:80", r"as \[address\]:port"),
        ("[::1]80", r"as \[address\]:port"),
        ("[::g]:80", "is not a host name"),
        ("a b:80", "is not a host name"),
        ("-a:80", "is not a host name"),
        ("256.1.1.1:80", "is not an IPv4 address"),
        ("1.2.3:80", "is not an IPv4 address"),
        ("h:65536", "is not a port"),
        ("h:", "is not a port"),
        ("h:-1", "is not a port"),
        ("h:٨٠", "is not a port"),
        ("h:8" + "0" * 5000, "is not a port"),
        (8080, "expected an address such as"),
    ],
)
def test_what_is_no_address_is_refused(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("sip:sbc.example.net:5080;transport=udp", SipTarget("sbc.example.net", 5080, "udp")),
        ("sip:sbc.example.net", SipTarget("sbc.example.net")),
        ("SIP:192.0.2.1;transport=UDP", SipTarget("192.0.2.1", transport="udp")),
        ("sip:sbc01;transport=TCP", SipTarget("sbc01", transport="tcp")),
        ("sips:sbc01:5071", SipTarget("sbc01", 5071, sips=True)),
        ("sips:sbc01;transport=tcp", SipTarget("sbc01", transport="tcp", sips=True)),
        ("sip:[2001:db8::1]:5062", SipTarget("2001:db8::1", 5062)),
        ("sip:[2001:db8::1]", SipTarget("2001:db8::1")),
    ],
)
def test_a_target_is_a_trunk_and_what_it_leaves_out_stays_open(text: str, target: SipTarget) -> None:
    assert SipTarget.parse(text) == target


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sbc.example.net:5060", "write sip:host:port"),
        ("sip", "write sip:host:port"),
        ("sips:sbc.example.net;transport=udp", "needs TLS"),
        ("sip:sbc;transport=sctp", "'sctp' is not available: one of udp, tcp, tls"),
        ("sip:sbc;transport=", "'' is not available: one of udp, tcp, tls"),
        ("sip:sbc;lr", "'lr' is not known"),
        ("sip:sbc;transport=udp;transport=udp", "given twice"),
        ("sip:user@sbc", "not a user"),
        ("sip:sbc:0", "from 1 to 65535"),
        ("sip:", "has no host"),
        (5060, "expected a SIP target such as"),
    ],
)
def test_what_is_no_target_is_refused(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SipTarget.parse(text)


@pytest.mark.parametrize("text", ["127.0.0.1:80", "[::1]:80", "sbc.example.net:1"])
def test_an_address_renders_as_it_was_written(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize("text", ["sip:sbc.example.net:5060;transport=udp", "sip:[::1]:5070", "sips:sbc01"])
def test_a_target_renders_as_it_was_written(text: str) -> None:
    assert str(SipTarget.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "transport", "port"),
    [("sip:a", "udp", 5060), ("sip:a;transport=tls", "tls", 5061), ("sips:a;transport=tcp", "tls", 5061), ("sips:a:9", "tls", 9)],
)
def test_where_dns_says_nothing_the_scheme_decides(text: str, transport: str, port: int) -> None:
    target = SipTarget.parse(text)
    assert (target.default_transport, target.default_port) == (transport, port)


@pytest.mark.parametrize("text", ["192.0.2.10", "192.0.2.10:5062", "2001:db8::10", "[2001:db8::10]:5062"])
def test_a_source_is_an_address_with_or_without_a_port(text: str) -> None:
    assert str(Source.parse(text)) == text


@pytest.mark.parametrize(
    "value", ["eth0", "192.0.2.10:0", "192.0.2.10:", "[192.0.2.10]", "2001:db8::10:70000:1", "[::1]:x", 5060, ""]
)
def test_what_is_no_source_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"address|port"):
        Source.parse(value)


@pytest.mark.parametrize(
    ("text", "aor"),
    [
        ("SIP:Trunk-1@Example.NET", "sip:Trunk-1@example.net"),
        ("sips:+4930123@[2001:DB8::1]:5061", "sips:+4930123@[2001:DB8::1]:5061"),
        ("sip:a%40b@sbc01", "sip:a%40b@sbc01"),
    ],
)
def test_an_address_of_record_keeps_its_user_as_written(text: str, aor: str) -> None:
    assert parse_aor(text) == aor


@pytest.mark.parametrize(
    "value", ["example.net", "sip:example.net", "sip:@example.net", "sip:a b@example.net", "tel:+49@x", "sip:a@", 7]
)
def test_what_is_no_address_of_record_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"address of record|no host"):
        parse_aor(value)
