"""Which local address a request leaves from, asked of the kernel's routing table by connecting a throw-away UDP socket.

Connecting sends nothing. It also says at once, before a probe is sent, that there is no route or no such source address:
our own trouble, not the target's.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from probes.sip.engine.target import Endpoint
from probes.sip.engine.udp import SockAddr, bare_socket

_WILDCARDS = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class Route:
    """`bind` is where the shared socket is bound, `source` the address the peer will see (before any NAT), `peer` the
    destination as the kernel spells it, which is how answers and errors name it."""

    family: int
    bind: str
    source: str
    peer: Endpoint
    sockaddr: SockAddr


def find_route(destination: Endpoint, source: str | None) -> Route:
    """Raises OSError where there is no way, ValueError where an address is not numeric (looking up would block)."""
    family, sockaddr = _numeric(*destination)
    if source is not None and _numeric(source, 0)[0] != family:
        raise OSError(errno.EADDRNOTAVAIL, "the source address is of the other IP version")
    with bare_socket(family) as scout:
        if source is not None:
            scout.bind((source, 0))
        scout.connect(sockaddr)
        peer = scout.getpeername()
        return Route(family, source or _WILDCARDS[socket.AddressFamily(family)], scout.getsockname()[0], peer[:2], sockaddr)


@lru_cache(maxsize=8192)
def _numeric(host: str, port: int) -> tuple[int, SockAddr]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror as fault:
        raise ValueError(f"{host!r} is not a numeric address") from fault
    family, _, _, _, sockaddr = found[0]
    return family, cast(SockAddr, sockaddr)
