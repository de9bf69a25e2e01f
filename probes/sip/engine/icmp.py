"""What the kernel's error queue says about a datagram: `struct sock_extended_err` (ip(7), ipv6(7), IP_RECVERR).

Pure: the layouts and the judgement, without the socket.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, pad, info, data; then the offender's sockaddr
_FAMILY = struct.Struct("=H")

ORIGIN_ICMP = 2
ORIGIN_ICMP6 = 3

_V4_UNREACHABLE, _V4_FRAGMENTATION_NEEDED, _V4_PARAMETER_PROBLEM = 3, 4, 12
_V6_UNREACHABLE, _V6_PARAMETER_PROBLEM = 1, 4
_AF_INET, _AF_INET6 = 2, 10

_BRANCH = b";branch="


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """One entry: the errno it maps to, who reported it (origin, ICMP type and code), and the reporting host if known."""

    errno: int
    origin: int
    type: int
    code: int
    offender: str | None

    @property
    def is_refusal(self) -> bool:
        """Host, network, port or protocol unreachable, or a parameter problem: fatal; the rest is ignored (RFC 3261 §18.4)."""
        if self.origin == ORIGIN_ICMP:
            unreachable = self.type == _V4_UNREACHABLE and self.code != _V4_FRAGMENTATION_NEEDED
            return unreachable or self.type == _V4_PARAMETER_PROBLEM
        return self.origin == ORIGIN_ICMP6 and self.type in (_V6_UNREACHABLE, _V6_PARAMETER_PROBLEM)


def parse_extended_error(data: bytes) -> ExtendedError | None:
    """The control message's payload; None when it is too short to be one."""
    if len(data) < _EXTENDED_ERROR.size:
        return None
    errno, origin, kind, code, _, _, _ = _EXTENDED_ERROR.unpack_from(data)
    return ExtendedError(errno, origin, kind, code, _offender(data[_EXTENDED_ERROR.size :]))


def _offender(sockaddr: bytes) -> str | None:
    """The address out of a sockaddr_in or sockaddr_in6; AF_UNSPEC where the reporter is unknown."""
    if len(sockaddr) < _FAMILY.size:
        return None
    (family,) = _FAMILY.unpack_from(sockaddr)
    if family == _AF_INET and len(sockaddr) >= 8:
        return str(IPv4Address(sockaddr[4:8]))
    if family == _AF_INET6 and len(sockaddr) >= 24:
        return str(IPv6Address(sockaddr[8:24]))
    return None


def branch_of(datagram: bytes) -> str | None:
    """The topmost branch in what an ICMP error quotes of our request; None where the quote ends before it is complete."""
    at = datagram.find(_BRANCH)
    if at < 0:
        return None
    rest = datagram[at + len(_BRANCH) :]
    end = next((i for i, byte in enumerate(rest) if byte in b";,\r\n \t"), -1)
    return rest[:end].decode("ascii", "replace") if end >= 0 else None
