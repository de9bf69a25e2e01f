"""Where things are: `host:port` and SIP targets, as frozen values that render back to what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Literal, Self

from config.problem import quoted
from config.rules import Parsed

_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_DIGITS = re.compile(r"[0-9]+")
SIP_PORT, SIPS_PORT, DNS_PORT = 5060, 5061, 53

SipTransport = Literal["udp", "tcp", "tls"]
TRANSPORTS: dict[str, SipTransport] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}


def as_ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_ip_address(text: str) -> bool:
    return as_ip(text) is not None


@dataclass(frozen=True, slots=True)
class Address:
    """A transport address, written `host:port` or `[v6]:port`. `host` has no brackets; port 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"

    @classmethod
    def parse(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError("expected an address such as 127.0.0.1:8080 or [::1]:8080")
        host, port = split_host_port(value)
        if port is None:
            raise ValueError(f"{quoted(value)} has no port: write host:port")
        return cls(checked_host(host, value), checked_port(port, lowest=0))


@dataclass(frozen=True, slots=True)
class SipTarget:
    """A SIP trunk's URI, written `sip:host[:port][;transport=udp|tcp|tls]` or `sips:…`. `host` has no brackets.

    What is left out is found out by DNS, or by default (RFC 3263 §4): `port` and `transport` are None then.
    """

    host: str
    port: int | None = None
    transport: SipTransport | None = None
    sips: bool = False

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        transport = "" if self.transport is None else f";transport={self.transport}"
        return f"{'sips' if self.sips else 'sip'}:{_bracketed(self.host)}{port}{transport}"

    @property
    def default_transport(self) -> SipTransport:
        """Where neither the URI nor DNS says."""
        return "tls" if self.sips else self.transport or "udp"

    @property
    def default_port(self) -> int:
        return self.port or (SIPS_PORT if self.default_transport == "tls" else SIP_PORT)

    @classmethod
    def parse(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError("expected a SIP target such as sip:sbc.example.net:5060;transport=udp")
        sips, rest = _after_scheme(value)
        where, *parameters = rest.split(";")
        if "@" in where:
            raise ValueError("a target is a trunk, not a user: write sip:host:port without the part before @")
        transport = _transport(parameters)
        if sips and transport == "udp":
            raise ValueError("sips: needs TLS, which does not run over UDP")
        host, port = split_host_port(where)
        return cls(checked_host(host, value), None if port is None else checked_port(port, lowest=1), transport, sips)


def _after_scheme(text: str) -> tuple[bool, str]:
    """Whether the scheme is `sips`, and what follows it."""
    scheme, colon, rest = text.partition(":")
    if scheme.lower() not in ("sip", "sips") or not colon:
        raise ValueError(f"{quoted(text)} is not a SIP target: write sip:host:port")
    return scheme.lower() == "sips", rest


def _transport(parameters: list[str]) -> SipTransport | None:
    found: SipTransport | None = None
    for parameter in parameters:
        name, _, given = parameter.partition("=")
        if name.lower() != "transport":
            raise ValueError(f"parameter {quoted(name)} is not known; a target takes transport=udp, tcp or tls")
        if given.lower() not in TRANSPORTS:
            raise ValueError(f"transport {quoted(given)} is not available: one of udp, tcp, tls")
        if found is not None:
            raise ValueError("transport is given twice")
        found = TRANSPORTS[given.lower()]
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """Where requests leave from: a local address, and a port where that is not left to chance (0)."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}" if self.port else self.host

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, str):
            if is_ip_address(value):
                return cls(value)
            inside, _, port = value.rpartition(":")
            host = inside[1:-1] if inside.startswith("[") and inside.endswith("]") else inside
            if is_ip_address(host) and (":" not in host or host != inside):
                return cls(host, checked_port(port, lowest=1))
        shown = f"{quoted(value)} is not an IP address: " if isinstance(value, str) else "expected a local address: "
        raise ValueError(f"{shown}write one of this machine, such as 192.0.2.10, 192.0.2.10:5062 or 2001:db8::10")


_USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+")


def parse_aor(value: object) -> str:
    """An address of record: `sip:trunk@example.net`, as written but for the case of scheme and host."""
    if not isinstance(value, str):
        raise ValueError("expected an address of record such as sip:trunk@example.net")
    scheme, colon, rest = value.partition(":")
    user, at, where = rest.rpartition("@")
    if scheme.lower() not in ("sip", "sips") or not colon or not at or not _USER.fullmatch(user):
        raise ValueError(f"{quoted(value)} is not an address of record: write sip:user@domain")
    host, port = split_host_port(where)
    host = _bracketed(checked_host(host, value))
    return f"{scheme.lower()}:{user}@{host}" + ("" if port is None else f":{checked_port(port, lowest=1)}")


def parse_host(value: object) -> str:
    """A host name or an address, without a port."""
    if not isinstance(value, str):
        raise ValueError("expected a host name or an IP address")
    return value if is_ip_address(value) else checked_host(value, value)


def split_host_port(text: str) -> tuple[str, str | None]:
    """`[::1]:80` → (`::1`, `80`); `name` → (`name`, None). A bare IPv6 address is refused: its last group looks like a port."""
    if text.startswith("["):
        inside, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(f"{quoted(text)}: write an IPv6 address as [address]:port")
        return inside, rest[1:] if rest else None
    if text.count(":") > 1:
        raise ValueError(f"{quoted(text)}: put an IPv6 address in brackets, [address]:port")
    host, colon, port = text.partition(":")
    return host, port if colon else None


def checked_host(host: str, text: str) -> str:
    if not host:
        raise ValueError(
            f"{quoted(text)} has no host: write 127.0.0.1 or [::1] for this machine, 0.0.0.0 or [::] for all addresses"
        )
    if is_ip_address(host):
        return host
    labels = host.removesuffix(".").split(".")
    if len(host) > 254 or ":" in host or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{quoted(host)} is not a host name or an IP address")
    if _DIGITS.fullmatch(labels[-1]):
        raise ValueError(f"{quoted(host)} is not an IPv4 address: four numbers from 0 to 255")
    return host.lower()


def checked_port(text: str, *, lowest: int) -> int:
    if not _DIGITS.fullmatch(text) or len(text) > 5 or not lowest <= int(text) <= 65535:
        raise ValueError(f"{quoted(text)} is not a port: a number from {lowest} to 65535")
    return int(text)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_port(address: Address) -> Address:
    if address.port == 0:
        raise ValueError("port 0 is for listening; write the server's port")
    return address


RemoteAddress = Annotated[Address, _has_port]


def _fixed(value: object, *, what: str, such: str, default: int | None = None) -> Address:
    """A name is refused before its port is looked at: with a port it would be refused again. `such` is a good value."""
    if not isinstance(value, str):
        raise ValueError(f"expected {what}, such as {such}")
    if default is not None and is_ip_address(value):
        return Address(value, default)
    host, port = split_host_port(value)
    host = checked_host(host, value)
    if not is_ip_address(host):
        raise ValueError(f"{quoted(host)} is a name: write {what}, such as {such}")
    if port is None and default is None:
        raise ValueError(f"{quoted(value)} has no port: write host:port")
    return _has_port(Address(host, default or 0 if port is None else checked_port(port, lowest=0)))


def parse_fixed(value: object) -> Address:
    """Where requests go whatever DNS says: a numeric host and a port."""
    return _fixed(value, what="the IP address and port that requests go to whatever DNS says", such="192.0.2.10:5060")


def parse_resolver(value: object) -> Address:
    """A name server: an IP address, and a port where it is not 53. IPv6 needs brackets only before a port."""
    return _fixed(value, what="its IP address", such="192.0.2.53", default=DNS_PORT)


FixedAddress = Annotated[Address, Parsed(parse_fixed)]
ResolverAddress = Annotated[Address, Parsed(parse_resolver)]
