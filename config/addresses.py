"""Where things are: `host:port` and SIP targets, as frozen values that render back to what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.problem import quoted

_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_DIGITS = re.compile(r"[0-9]+")
SIP_PORT = 5060


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
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError("expected an address such as 127.0.0.1:8080 or [::1]:8080")
        host, port = split_host_port(value)
        if port is None:
            raise ValueError(f"{quoted(value)} has no port: write host:port")
        return cls(checked_host(host, value), checked_port(port, lowest=0))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _parsed_text(cls.parse)


@dataclass(frozen=True, slots=True)
class SipTarget:
    """A SIP trunk's URI, written `sip:host[:port][;transport=udp]`. `host` has no brackets."""

    host: str
    port: int = SIP_PORT
    transport: Literal["udp"] = "udp"

    def __str__(self) -> str:
        return f"sip:{_bracketed(self.host)}:{self.port};transport={self.transport}"

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError("expected a SIP target such as sip:sbc.example.net:5060;transport=udp")
        where, *parameters = _after_scheme(value).split(";")
        if "@" in where:
            raise ValueError("a target is a trunk, not a user: write sip:host:port without the part before @")
        _check_parameters(parameters)
        host, port = split_host_port(where)
        return cls(checked_host(host, value), SIP_PORT if port is None else checked_port(port, lowest=1))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _parsed_text(cls.parse)


def _parsed_text(parse: Any) -> CoreSchema:
    return core_schema.no_info_plain_validator_function(
        parse,
        json_schema_input_schema=core_schema.str_schema(),
        serialization=core_schema.to_string_ser_schema(),
    )


def _after_scheme(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    if scheme.lower() == "sips" and colon:
        raise ValueError("sips: needs TLS, which sip_options does not speak; only sip: with transport=udp")
    if scheme.lower() != "sip" or not colon:
        raise ValueError(f"{quoted(text)} is not a SIP target: write sip:host:port")
    return rest


def _check_parameters(parameters: list[str]) -> None:
    for parameter in parameters:
        name, _, given = parameter.partition("=")
        if name.lower() != "transport":
            raise ValueError(f"parameter {quoted(name)} is not known; a target takes transport=udp")
        if given.lower() != "udp":
            raise ValueError(f"transport {quoted(given)} is not available; only udp")
    if len(parameters) > 1:
        raise ValueError("transport is given twice")


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


RemoteAddress = Annotated[Address, AfterValidator(_has_port)]
