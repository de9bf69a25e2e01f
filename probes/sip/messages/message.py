"""SIP messages as values: bytes in, a typed Request or Response out, and back (RFC 3261 §7, §18.3, §20).

Sans-IO. A message that parses can be relied upon: everything that signalling decides by is typed and was validated, the rest
is kept as it came in `headers`. A message that does not parse raises `MalformedMessage` with a token fit for counting.
Bytes that are not UTF-8 survive a round trip as surrogate escapes.
"""

from __future__ import annotations

from typing import Any

from probes.sip.messages.fields import is_typed, parse_fields, unfold
from probes.sip.messages.headers import Address, CSeq, RetryAfter, Via
from probes.sip.messages.malformed import Malformation, MalformedMessage
from probes.sip.messages.start_line import START_LINES, VERSION, StatusLine
from probes.sip.messages.syntax import is_token
from probes.values import fast_dataclass

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

MAX_SEPARATORS, MAX_QUOTES = 600, 2_000
"""Commas and semicolons, quotes and brackets in start line and headers together: each may begin something that has to be
read by itself, and reading must not take longer than a datagram's size allows."""

_BLANKS = (" ", "\t")
_ENCODING = ("utf-8", "surrogateescape")


class UnsafeMessage(ValueError):
    """Our own code built a message that would not survive the wire: a line break in a value, a header given twice."""


@fast_dataclass(frozen=True, slots=True, kw_only=True)
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
    expires: int | None = None
    min_expires: int | None = None
    retry_after: RetryAfter | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> list[str]:
        """Values of an untyped header, one for each line, names compared without case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@fast_dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    method: str
    uri: str


@fast_dataclass(frozen=True, slots=True, kw_only=True)
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
    text = head.decode(*_ENCODING)
    lines = text.split("\r\n")
    _check_head(text, len(lines))
    start = START_LINES[lines[0]]
    fields = _fields(text, lines, is_response=isinstance(start, StatusLine))
    length = fields.pop("length", len(body))
    if length > len(body):
        raise MalformedMessage(Malformation.BODY_SHORT, f"{len(body)} of {length} bytes")
    if isinstance(start, StatusLine):
        return Response(status=start.code, reason=start.reason, **fields, body=body[:length])
    if fields["cseq"].method != start.method:
        raise MalformedMessage(Malformation.CSEQ_METHOD, "CSeq names another method than the request")
    return Request(method=start.method, uri=start.uri, **fields, body=body[:length])


def _check_head(text: str, lines: int) -> None:
    if text.count("\r") >= lines or text.count("\n") >= lines:
        raise MalformedMessage(Malformation.LINE_ENDING, "a CR or LF by itself")
    if len(text) > MAX_SEPARATORS and (
        text.count(",") + text.count(";") > MAX_SEPARATORS or text.count('"') + text.count("<") > MAX_QUOTES
    ):
        raise MalformedMessage(Malformation.TOO_MANY_VALUES, "more values and parameters than anybody needs")


def _fields(text: str, lines: list[str], *, is_response: bool) -> dict[str, Any]:
    if "\r\n " not in text and "\r\n\t" not in text:
        return parse_fields(lines[1:], is_response=is_response)
    if lines[1][:1] in _BLANKS:
        raise MalformedMessage(Malformation.HEADER, "the first header line is a continuation")
    return parse_fields(unfold(text).split("\r\n")[1:], is_response=is_response)


def serialise(message: Request | Response) -> bytes:
    """The wire form, Content-Length added. Raises UnsafeMessage where a value would break out of its place."""
    lines = [_start_line(message), *_header_lines(message), f"Content-Length: {len(message.body)}"]
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\r") != breaks or text.count("\n") != breaks:
        raise UnsafeMessage("a line break within a header")
    try:
        return text.encode(*_ENCODING) + b"\r\n\r\n" + message.body
    except UnicodeEncodeError as fault:
        raise UnsafeMessage("a character that UTF-8 does not have") from fault


def _header_lines(message: Message) -> list[str]:
    lines = [f"Via: {via}" for via in message.vias]
    lines += [f"From: {message.from_}", f"To: {message.to}", f"Call-ID: {message.call_id}", f"CSeq: {message.cseq}"]
    lines += [f"Contact: {contact}" for contact in message.contacts]
    for name, number in (
        ("Max-Forwards", message.max_forwards),
        ("Expires", message.expires),
        ("Min-Expires", message.min_expires),
        ("Retry-After", message.retry_after),
    ):
        if number is not None:
            lines.append(f"{name}: {number}")
    for name, value in message.headers:
        if not is_token(name) or is_typed(name):
            raise UnsafeMessage(f"{name!r} is no header name or has a field of its own")
        lines.append(f"{name}: {value}")
    return lines


def _start_line(message: Request | Response) -> str:
    if isinstance(message, Response):
        return f"{VERSION} {message.status} {message.reason}"
    if not is_token(message.method) or " " in message.uri:
        raise UnsafeMessage("the request line has three words")
    return f"{message.method} {message.uri} {VERSION}"
