"""The headers that signalling decides by, as values: Via, addresses, CSeq, Retry-After (RFC 3261 §20, RFC 3581).

Each `parse_…` takes an unfolded header value and raises ValueError; each value's `str()` is its wire form again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from probes.sip.syntax import (
    Params,
    has_parameter,
    leading_quoted,
    number,
    parameter,
    parameters,
    parameters_text,
    quote,
    split,
)
from probes.sip.uri import MAX_PORT, check_uri, host_port, host_text

# Display names should be tokens or quoted; unquoted UTF-8 and other bytes above ASCII are seen in the field and harmless.
_DISPLAY = re.compile(r"[A-Za-z0-9\-.!%*_+`'~ \t\x80-\U0010ffff]*")
_PROTOCOL = re.compile(r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+", re.IGNORECASE)
_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_CALL_ID = re.compile(r"[!-~]+")
_COMMENT_MARK = re.compile(r"[()\\]")


@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `host` is the sent-by host without brackets, `port` None where the hop left the default."""

    transport: str
    host: str
    port: int | None
    params: Params = ()

    @property
    def branch(self) -> str | None:
        return parameter(self.params, "branch")

    @property
    def received(self) -> str | None:
        """Where the request came from, as the responder saw it; an IPv6 literal without brackets (RFC 5118 §4.5)."""
        value = parameter(self.params, "received")
        return None if value is None else value.strip("[]")

    @property
    def rport(self) -> int | None:
        value = parameter(self.params, "rport")
        return None if value is None else int(value)

    @property
    def wants_rport(self) -> bool:
        """The sender asks for symmetric response routing (RFC 3581 §3)."""
        return has_parameter(self.params, "rport")

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {host_text(self.host, self.port)}{parameters_text(self.params)}"


def parse_vias(value: str) -> list[Via]:
    """All hops of one Via line, topmost first."""
    return [_parse_via(item) for item in split(value, ",")]


def _parse_via(item: str) -> Via:
    protocol = _PROTOCOL.match(item)
    if protocol is None:
        raise ValueError("not a SIP/2.0 hop")
    sent_by, *rest = split(item[protocol.end() :], ";")
    host, port = host_port(sent_by)
    via = Via(protocol[1], host, port, parameters(rest))
    if (received := via.received) is not None:
        ip_address(received)
    if (rport := parameter(via.params, "rport")) is not None:
        number(rport, MAX_PORT)
    return via


@dataclass(frozen=True, slots=True)
class Address:
    """From, To or one Contact. `display` is unquoted text, `uri` any absolute URI as received."""

    display: str | None
    uri: str
    params: Params = ()

    @property
    def tag(self) -> str | None:
        return parameter(self.params, "tag")

    def __str__(self) -> str:
        if self == ANY_CONTACT:
            return "*"
        display = "" if self.display is None else f"{quote(self.display)} "
        return f"{display}<{self.uri}>{parameters_text(self.params)}"


ANY_CONTACT = Address(None, "*")
"""`Contact: *` of a REGISTER that removes all bindings (RFC 3261 §10.2.2)."""


def parse_address(value: str) -> Address:
    address, params = _address_and_params(value)
    display: str | None = None
    if address.startswith('"'):
        display, address = leading_quoted(address)
        address = address.lstrip(" \t")
        if not address.startswith("<"):
            raise ValueError("a display name without <…>")
    if "<" not in address:
        # Without brackets a `?` or `,` would belong to nobody (RFC 3261 §20.10).
        if "?" in address or "," in address:
            raise ValueError("a URI that needs <…>")
        return Address(None, check_uri(address), params)
    name, _, uri = address.partition("<")
    if not uri.endswith(">") or _DISPLAY.fullmatch(name) is None:
        raise ValueError("neither a name nor an address")
    if display is None and name.strip(" \t"):
        display = name.strip(" \t")
    return Address(display, check_uri(uri[:-1]), params)


def _address_and_params(value: str) -> tuple[str, Params]:
    if value.startswith("<"):
        # By far the most usual form, and the closing bracket can only be the first: a URI has none inside.
        uri, bracket, tail = value.partition(">")
        semicolon, *rest = split(tail, ";")
        if semicolon:
            raise ValueError("something follows the address")
        return uri + bracket, parameters(rest)
    address, *rest = split(value, ";")
    return address, parameters(rest)


def parse_contacts(value: str) -> list[Address]:
    if value == "*":
        return [ANY_CONTACT]
    return [parse_address(item) for item in split(value, ",")]


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_cseq(value: str) -> CSeq:
    match = _CSEQ.fullmatch(value)
    if match is None:
        raise ValueError("not a number and a method")
    return CSeq(number(match[1]), match[2])


def parse_call_id(value: str) -> str:
    """Wider than the grammar (`word [@ word]`): any visible ASCII, because it is only ever compared."""
    if _CALL_ID.fullmatch(value) is None:
        raise ValueError("blank or invisible characters in a Call-ID")
    return value


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Seconds to stay away, why (without the outer parentheses, raw), and parameters such as `duration`."""

    seconds: int
    comment: str | None = None
    params: Params = ()

    def __str__(self) -> str:
        comment = "" if self.comment is None else f" ({self.comment})"
        return f"{self.seconds}{comment}{parameters_text(self.params)}"


def parse_retry_after(value: str) -> RetryAfter:
    comment: str | None = None
    start = value.find("(")
    if start >= 0 and '"' not in value[:start] and ";" not in value[:start]:
        end = _comment_end(value, start)
        comment, value = value[start + 1 : end], value[:start].rstrip(" \t") + value[end + 1 :].lstrip(" \t")
    seconds, *rest = split(value, ";")
    return RetryAfter(number(seconds), comment, parameters(rest))


def _comment_end(value: str, start: int) -> int:
    """Where the comment that opens at `start` closes; comments nest and escape (RFC 3261 §25.1)."""
    depth, escaped = 0, -1
    for match in _COMMENT_MARK.finditer(value, start):
        at, mark = match.start(), match[0]
        if at == escaped:
            continue
        if mark == "\\":
            escaped = at + 1
        else:
            depth += 1 if mark == "(" else -1
            if depth == 0:
                return at
    raise ValueError("a comment is not closed")


def parse_max_forwards(value: str) -> int:
    return number(value, 255)


def parse_content_length(value: str) -> int:
    return number(value)
