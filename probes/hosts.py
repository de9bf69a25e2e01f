"""The system's hosts file as data (hosts(5)): what an operator has written there goes before DNS. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

Hosts = Mapping[str, tuple[str, ...]]
"""Name in lower case, without a final dot → its numeric addresses, IPv4 and IPv6, in the file's order."""


def parse_hosts(text: str) -> Hosts:
    """Lines that are no entries, and addresses with a zone (fe80::1%eth0), are passed over."""
    found: dict[str, dict[str, None]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        address = _address(words[0]) if words else None
        if address is not None:
            for name in words[1:]:
                found.setdefault(name.lower().removesuffix("."), {})[address] = None
    return {name: tuple(addresses) for name, addresses in found.items()}


def _address(word: str) -> str | None:
    try:
        return None if "%" in word else str(ip_address(word))
    except ValueError:
        return None
