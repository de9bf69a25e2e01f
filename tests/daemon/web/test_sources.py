"""What counts as one source, and which may ask."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from daemon.web.sources import AllowList, origin


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/x.sock", ""),
    ],
)
def test_a_source_is_an_ipv4_address_or_the_64_of_an_ipv6_one(host: str, source: str) -> None:
    assert origin(host) == source


ALLOWED = AllowList([ip_network("192.0.2.0/25"), ip_network("2001:db8::/32")])


@pytest.mark.parametrize("host", ["192.0.2.0", "192.0.2.127", "::ffff:192.0.2.1", "2001:db8:ffff::1"])
def test_what_lies_within_a_network_is_allowed(host: str) -> None:
    assert ALLOWED.allows(host)
    assert ALLOWED.allows(host)


@pytest.mark.parametrize("host", ["192.0.2.128", "127.0.0.1", "::1", "2001:db9::1", "", "nonsense", "::ffff:192.0.2.200"])
def test_everything_else_is_not(host: str) -> None:
    assert not ALLOWED.allows(host)
    assert not ALLOWED.allows(host)


def test_an_empty_list_allows_nobody() -> None:
    assert not AllowList([]).allows("127.0.0.1")


def test_what_is_remembered_of_sources_is_bounded() -> None:
    allowed = AllowList([ip_network("10.0.0.0/8")])
    for number in range(10_000):
        assert allowed.allows(f"10.0.{number // 256}.{number % 256}")
    assert len(allowed._known) <= 4096
