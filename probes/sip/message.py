"""SIP messages as values: bytes in, a typed Request or Response out, and back (RFC 3261 §7, §18.3, §20).

Sans-IO. A message that parses can be relied upon: everything that signalling decides by is typed and was validated, the rest
is kept as it came in `headers`. A message that does not parse raises `MalformedMessage` with a token fit for counting.
Bytes that are not UTF-8 survive a round trip as surrogate escapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from probes.sip.fields import is_typed, parse_fields
from probes.sip.headers import Address, CSeq, RetryAfter, Via
from probes.sip.malformed import Malformation, MalformedMessage
from probes.sip.syntax import is_token
from probes.sip.uri import check_uri

__all__ = [
    "MAX_DATAGRAM",
    "Malformation",
    "MalformedMessage",
    "Message",
    "Request",
    "Response",
    "UnsafeMessage",
    "is_keep_alive",
    "parse",
    "serialise",
]

MAX_DATAGRAM = 65_535

_VERSION = "SIP/2.0"
_ENCODING = ("utf-8", "surrogateescape")


class UnsafeMessage(ValueError):
    """Our own code built a message that would not survive the wire: a line break in a value, a header given twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What requests and responses share. `vias` is topmost first and never empty once parsed.

    `headers` holds what is not typed, in order, compact names expanded, folding undone. Content-Length is not kept: it is
    `len(body)` on the wire, and the body was cut to it.
    """

    vias: tuple[Via, ...]
    from_: Address
    to: Address
    call_id: str
    cseq: CSeq
    max_forwards: int | None = None
    contacts: tuple[Address, ...] = ()
    retry_after: RetryAfter | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> list[str]:
        """Values of an untyped header, one for each line, names compared without case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    method: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    status: int
    reason: str = ""

    @property
    def is_final(self) -> bool:
        return self.status >= 200


def is_keep_alive(data: bytes) -> bool:
    """Nothing but line ends: a NAT keep-alive (RFC 5626 §3.5.1), not a message and not an error."""
    return not data.strip(b"\r\n")


def parse(data: bytes) -> Request | Response:
    """One datagram, one message. Bytes after Content-Length are dropped; without it the body runs to the end (§18.3).

    Raises MalformedMessage and nothing else, in time linear in the length of `data`.
    """
    if len(data) > MAX_DATAGRAM:
        raise MalformedMessage(Malformation.TOO_LARGE, f"{len(data)} bytes")
    data = data.lstrip(b"\r\n")
    if not data:
        raise MalformedMessage(Malformation.EMPTY)
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise MalformedMessage(Malformation.NO_END)
    start_line, _, block = _head_text(head).partition("\r\n")
    start = _parse_start_line(start_line)
    fields = parse_fields(block)
    length = fields.pop("length", len(body))
    if length > len(body):
        raise MalformedMessage(Malformation.BODY_SHORT, f"{len(body)} of {length} bytes")
    if "status" in start:
        return Response(**start, **fields, body=body[:length])
    if fields["cseq"].method != start["method"]:
        raise MalformedMessage(Malformation.CSEQ_METHOD, "CSeq names another method than the request")
    return Request(**start, **fields, body=body[:length])


def _head_text(head: bytes) -> str:
    breaks = head.count(b"\r\n")
    if head.count(b"\r") != breaks or head.count(b"\n") != breaks:
        raise MalformedMessage(Malformation.LINE_ENDING, "a CR or LF by itself")
    return head.decode(*_ENCODING)


def _parse_start_line(line: str) -> dict[str, Any]:
    parts = line.split(" ", 2)
    if parts[0][:4].upper() == "SIP/":
        return _parse_status_line(parts)
    if len(parts) != 3 or not is_token(parts[0]):
        raise MalformedMessage(Malformation.START_LINE, "neither a request line nor a status line")
    method, uri, version = parts
    try:
        check_uri(uri)
    except ValueError as fault:
        raise MalformedMessage(Malformation.START_LINE, f"Request-URI: {fault}") from fault
    _check_version(version)
    return {"method": method, "uri": uri}


def _parse_status_line(parts: list[str]) -> dict[str, Any]:
    _check_version(parts[0])
    status = parts[1] if len(parts) > 1 else ""
    if len(status) != 3 or not (status.isascii() and status.isdigit()) or not 100 <= int(status) <= 699:
        raise MalformedMessage(Malformation.START_LINE, "a status code has three digits, 100 to 699")
    return {"status": int(status), "reason": parts[2] if len(parts) > 2 else ""}


def _check_version(version: str) -> None:
    if version.upper() == _VERSION:
        return
    if version[:4].upper() == "SIP/" and " " not in version:
        raise MalformedMessage(Malformation.VERSION, "not SIP/2.0")
    raise MalformedMessage(Malformation.START_LINE, "no version where one belongs")


def serialise(message: Request | Response) -> bytes:
    """The wire form, Content-Length added. Raises UnsafeMessage where a value would break out of its place."""
    lines = [_start_line(message)]
    lines += [f"Via: {via}" for via in message.vias]
    lines += [f"From: {message.from_}", f"To: {message.to}", f"Call-ID: {message.call_id}", f"CSeq: {message.cseq}"]
    if message.max_forwards is not None:
        lines.append(f"Max-Forwards: {message.max_forwards}")
    lines += [f"Contact: {contact}" for contact in message.contacts]
    if message.retry_after is not None:
        lines.append(f"Retry-After: {message.retry_after}")
    for name, value in message.headers:
        if not is_token(name) or is_typed(name):
            raise UnsafeMessage(f"{name!r} is no header name or has a field of its own")
        lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(message.body)}")
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\r") != breaks or text.count("\n") != breaks:
        raise UnsafeMessage("a line break within a header")
    return text.encode(*_ENCODING) + b"\r\n\r\n" + message.body


def _start_line(message: Request | Response) -> str:
    if isinstance(message, Response):
        return f"{_VERSION} {message.status} {message.reason}"
    if not is_token(message.method) or " " in message.uri:
        raise UnsafeMessage("the request line has three words")
    return f"{message.method} {message.uri} {_VERSION}"
