"""Whom a certificate is for: RFC 5922 §7.1, and the wildcards that carriers use all the same."""

from __future__ import annotations

from typing import Any

import pytest

from probes.sip.engine.certificate_names import is_for, whom


def certificate(*alternatives: tuple[str, str], common_name: str = "cn.example.com") -> dict[str, Any]:
    subject = ((("countryName", "DE"),), (("commonName", common_name),))
    return {"subject": subject, "subjectAltName": alternatives} if alternatives else {"subject": subject}


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("DNS", "sbc.example.com", "sbc.example.com"),
        ("DNS", "SBC.Example.COM", "sbc.example.com"),
        ("DNS", "sbc.example.com", "SBC.EXAMPLE.COM."),
        ("DNS", "sbc01", "sbc01"),
        ("DNS", "*.example.com", "sbc.example.com"),
        ("URI", "sip:example.com", "example.com"),
        ("URI", "SIP:Example.com", "example.com"),
        ("URI", "sip:example.com;transport=tls", "example.com"),
        ("URI", "sip:example.com:5061", "example.com"),
        ("IP Address", "192.0.2.7", "192.0.2.7"),
        ("IP Address", "2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("IP Address", "2001:DB8:0:0:0:0:0:7\n", "2001:db8::7"),
    ],
)
def test_a_name_that_it_bears_is_its_name(kind: str, value: str, wanted: str) -> None:
    assert is_for(certificate((kind, value)), wanted)
    assert is_for(certificate(("DNS", "other.example.net"), (kind, value)), wanted)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("DNS", "sbc.example.com", "example.com"),
        ("DNS", "example.com", "sbc.example.com"),
        ("DNS", "sbc.example.com\x00.evil.net", "sbc.example.com"),
        ("DNS", "*.example.com", "example.com"),
        ("DNS", "*.example.com", "a.sbc.example.com"),
        ("DNS", "*.example.com", ".example.com"),
        ("DNS", "*.com", "example.com"),
        ("DNS", "*", "sbc01"),
        ("DNS", "*.", "sbc01."),
        ("DNS", "s*.example.com", "sbc.example.com"),
        ("DNS", "sbc.*.com", "sbc.example.com"),
        ("DNS", "", ""),
        ("DNS", "192.0.2.7", "192.0.2.7"),
        ("DNS", "*.0.2.7", "192.0.2.7"),
        ("URI", "sip:alice@example.com", "example.com"),
        ("URI", "https://example.com", "example.com"),
        ("URI", "sip:", ""),
        ("URI", "sip:exam ple.com", "exam ple.com"),
        ("URI", "sip:192.0.2.7", "192.0.2.7"),
        ("IP Address", "192.0.2.8", "192.0.2.7"),
        ("email", "example.com", "example.com"),
    ],
)
def test_a_name_that_it_does_not_bear_is_not(kind: str, value: str, wanted: str) -> None:
    assert not is_for(certificate((kind, value)), wanted)


def test_the_common_name_counts_only_where_there_is_no_alternative() -> None:
    assert is_for(certificate(), "cn.example.com")
    assert not is_for(certificate(("DNS", "sbc.example.com")), "cn.example.com")
    assert not is_for(certificate(("email", "a@example.com")), "cn.example.com")
    assert not is_for(certificate(common_name="192.0.2.7"), "192.0.2.7")
    assert not is_for({}, "cn.example.com")


def test_whom_shows_a_few_names_cut_and_printable() -> None:
    assert whom(certificate(("DNS", "a"), ("DNS", "b"))) == "a, b"
    assert whom(certificate(*(("DNS", name) for name in "abcd"))) == "a, b, c, …"
    assert whom(certificate(("DNS", "x\x1b[2J\n" + "y" * 500))) == ("x\\x1b[2J\\n" + "y" * 500)[:64]
    assert whom(certificate()) == "cn.example.com"
    assert whom({}) == "nobody"
