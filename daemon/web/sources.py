"""Where requests come from: the peer's address, never what a header claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_REMEMBERED = 4096


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """None for what is none, such as a local socket's peer. An IPv4 address in IPv6's clothes is an IPv4 address."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(_REMEMBERED)
def origin(host: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 of an IPv6 one, for whoever has one address there has them all."""
    found = _address(host)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found) if found else ""


class AllowList:
    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)
        self._known: dict[str, bool] = {}

    def allows(self, host: str) -> bool:
        """What is no address is nowhere, and not allowed."""
        known = self._known.get(host)
        if known is None:
            found = _address(host)
            # A network of the other family holds nothing of this one.
            known = found is not None and any(found in network for network in self._networks)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[host] = known
        return known
