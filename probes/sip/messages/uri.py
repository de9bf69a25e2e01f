"""Hosts, ports and SIP URIs (RFC 3261 §19.1, RFC 5118). Other schemes pass as opaque text (RFC 4475 §3.3.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

from probes.sip.messages.syntax import Params, number, parameter

# Single labels (sbc01) and underscores are what private networks have; both resolve, so both pass.
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_.])?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!#-;=?-~]+")

MAX_PORT = 65535


def host_port(text: str) -> tuple[str, int | None]:
    """`host[:port]`; an IPv6 literal stands in brackets and is returned without them. Raises ValueError."""
    if text.startswith("["):
        literal, bracket, rest = text[1:].partition("]")
        if not bracket or "%" in literal:
            raise ValueError("not an IPv6 reference")
        if "." in literal:
            # The grammar of RFC 3261 has a colon too many before an embedded IPv4 address (RFC 5118 §4.10).
            literal = literal.replace(":::", "::")
        IPv6Address(literal)
        host, rest = literal, rest.strip(" \t")
    else:
        host, colon, port = text.partition(":")
        host, rest = host.rstrip(" \t"), colon + port
        if _HOST.fullmatch(host) is None:
            raise ValueError("not a host")
    if not rest:
        return host, None
    if not rest.startswith(":"):
        raise ValueError("something follows the host")
    return host, number(rest[1:].strip(" \t"), MAX_PORT)


def host_text(host: str, port: int | None = None) -> str:
    """`host[:port]` with brackets around an IPv6 literal."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"


@dataclass(frozen=True, slots=True)
class SipUri:
    """`sip:` or `sips:`; `user` keeps its escapes and a password, `headers` is what follows `?`, unparsed."""

    scheme: str
    user: str | None
    host: str
    port: int | None
    params: Params = ()
    headers: str = ""

    @property
    def transport(self) -> str | None:
        value = parameter(self.params, "transport")
        return None if value is None else value.lower()


def check_uri(text: str) -> str:
    """The same text if it is an absolute URI, its SIP parts judged too. Raises ValueError."""
    if _ABSOLUTE.fullmatch(text) is None:
        raise ValueError("not an absolute URI")
    if text[:5].lower().startswith(("sip:", "sips:")):
        parse_sip_uri(text)
    return text


def parse_sip_uri(text: str) -> SipUri:
    """Raises ValueError on anything but a well-formed sip or sips URI."""
    scheme, _, rest = text.partition(":")
    if scheme.lower() not in ("sip", "sips"):
        raise ValueError("not a sip or sips URI")
    user, at, where = rest.rpartition("@")
    if at and not user:
        raise ValueError("an empty user part")
    where, _, headers = where.partition("?")
    address, *params = where.split(";")
    host, port = host_port(address)
    return SipUri(scheme.lower(), user if at else None, host, port, tuple(_uri_param(param) for param in params), headers)


def _uri_param(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not name:
        raise ValueError("a URI parameter without a name")
    return name, value if equals else None
