"""`host:port` and SIP targets, read and rendered."""

from __future__ import annotations

import pytest

from config.addresses import Address, SipTarget


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
        ("sip:sbc.example.net:5080;transport=udp", SipTarget("sbc.example.net", 5080)),
        ("sip:sbc.example.net", SipTarget("sbc.example.net", 5060)),
        ("SIP:192.0.2.1;transport=UDP", SipTarget("192.0.2.1", 5060)),
        ("sip:[2001:db8::1]:5062", SipTarget("2001:db8::1", 5062)),
        ("sip:[2001:db8::1]", SipTarget("2001:db8::1", 5060)),
    ],
)
def test_a_target_is_a_trunk_with_port_5060_unless_it_says_otherwise(text: str, target: SipTarget) -> None:
    assert SipTarget.parse(text) == target


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sbc.example.net:5060", "write sip:host:port"),
        ("sip", "write sip:host:port"),
        ("sips:sbc.example.net", "needs TLS"),
        ("sip:sbc;transport=tcp", "'tcp' is not available; only udp"),
        ("sip:sbc;transport=", "'' is not available; only udp"),
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


@pytest.mark.parametrize("text", ["sip:sbc.example.net:5060;transport=udp", "sip:[::1]:5070;transport=udp"])
def test_a_target_renders_as_it_was_written(text: str) -> None:
    assert str(SipTarget.parse(text)) == text
