"""The header block as typed fields: names, folding, multiplicity, and which parser each header has (RFC 3261 §7.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from probes.sip.messages.headers import (
    parse_address,
    parse_call_id,
    parse_contacts,
    parse_content_length,
    parse_cseq,
    parse_delta_seconds,
    parse_max_forwards,
    parse_retry_after,
    parse_vias,
)
from probes.sip.messages.malformed import Malformation, MalformedMessage
from probes.sip.messages.memo import Memo
from probes.sip.messages.syntax import is_token

MAX_HEADERS = 200

# Blanks before a line end are looked at only from where they begin, or a run of them would cost its length squared.
_FOLD = re.compile(r"(?<![ \t])[ \t]*+(?:\r\n[ \t]++)++")

_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""Compact forms registered with IANA that are met on UDP."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A typed header: its field of `Message`, which one to blame, how to read its value, and whether several lines are one
    list."""

    field: str
    blame: Malformation
    read: Callable[[str], Any]
    is_list: bool = False


_TYPED = {
    "via": _Kind("vias", Malformation.VIA, parse_vias, is_list=True),
    "from": _Kind("from_", Malformation.FROM, parse_address),
    "to": _Kind("to", Malformation.TO, parse_address),
    "call-id": _Kind("call_id", Malformation.CALL_ID, parse_call_id),
    "cseq": _Kind("cseq", Malformation.CSEQ, parse_cseq),
    "max-forwards": _Kind("max_forwards", Malformation.MAX_FORWARDS, parse_max_forwards),
    "contact": _Kind("contacts", Malformation.CONTACT, parse_contacts, is_list=True),
    "expires": _Kind("expires", Malformation.EXPIRES, parse_delta_seconds),
    "min-expires": _Kind("min_expires", Malformation.MIN_EXPIRES, parse_delta_seconds),
    "retry-after": _Kind("retry_after", Malformation.RETRY_AFTER, parse_retry_after),
    "content-length": _Kind("length", Malformation.CONTENT_LENGTH, parse_content_length),
}
_LISTS = frozenset(kind.field for kind in _TYPED.values() if kind.is_list)
_REQUIRED = ("vias", "from_", "to", "call_id", "cseq")

_FRESH = {
    spelling: _TYPED[name.lower()]
    for compact, name in [("v", "Via"), ("f", "From"), ("t", "To"), ("i", "Call-ID")]
    for spelling in (name, name.lower(), name.upper(), compact, compact.upper())
}
"""What differs from one message to the next, by the spellings that are met: nothing is gained by remembering it."""
_PASSING = frozenset(
    {"authentication-info", "authorization", "date", "proxy-authenticate", "proxy-authorization", "www-authenticate"}
)
"""Untyped headers that hold a credential or a moment: not for remembering."""


def is_typed(name: str) -> bool:
    """Whether a header, under either of its names, has a field of its own in `Message`."""
    return _COMPACT.get(name.lower(), name).lower() in _TYPED


_INESSENTIAL = {
    Malformation.CONTACT: "contacts",
    Malformation.EXPIRES: "expires",
    Malformation.MIN_EXPIRES: "min_expires",
    Malformation.RETRY_AFTER: "retry_after",
    Malformation.MAX_FORWARDS: "max_forwards",
}
"""What says neither whose response it is nor what it says: a trunk that answers 200 with a Contact that nobody can read is up."""


def parse_fields(lines: list[str], *, is_response: bool) -> dict[str, Any]:
    """`Message`'s fields, and `length` if Content-Length was given, out of the header lines.

    What is inessential in a response and cannot be read is kept among `headers`; a line there that is no header is passed over.
    No line may be a continuation. Raises MalformedMessage.
    """
    if len(lines) > MAX_HEADERS:
        raise MalformedMessage(Malformation.TOO_MANY_HEADERS, f"{len(lines)} header lines")
    fields: dict[str, Any] = {}
    others: list[tuple[str, str]] = []
    for line in lines:
        try:
            field, value = _LINES.get(line) or _unmet(line)
        except MalformedMessage as fault:
            others += _spared(line, fault, is_response=is_response)
            continue
        if field == "headers":
            others.append(value)
        elif field not in fields:
            fields[field] = value
        elif field in _LISTS:
            fields[field] += value
        elif is_response and field in _INESSENTIAL.values():
            others.append(_raw(line))
        else:
            raise MalformedMessage(Malformation.REPEATED_HEADER, field)
    _check_required(fields)
    fields["headers"] = tuple(others)
    return fields


def _check_required(fields: dict[str, Any]) -> None:
    for field in _REQUIRED:
        if field not in fields:
            raise MalformedMessage(Malformation.MISSING_HEADER, field.rstrip("_"))


def _spared(line: str, fault: MalformedMessage, *, is_response: bool) -> list[tuple[str, str]]:
    """What is left of a line that cannot be read. Raises `fault` where that matters."""
    if is_response and fault.reason is Malformation.HEADER:
        return []
    if is_response and fault.reason in _INESSENTIAL:
        return [_raw(line)]
    raise fault


def _raw(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    name = name.rstrip(" \t")
    return _COMPACT.get(name.lower(), name), value.strip(" \t")


def _unmet(line: str) -> tuple[str, Any]:
    name, colon, value = line.partition(":")
    kind = _FRESH.get(name)
    if kind is None or not colon:
        return _read_line(line) if name.lower() in _PASSING else _LINES[line]
    return _typed(kind, value.strip(" \t"))


def _read_line(line: str) -> tuple[str, Any]:
    """A header line as the field it belongs to and its value; the field `headers` takes name and value of what is not typed."""
    name, colon, value = line.partition(":")
    name, value = name.rstrip(" \t"), value.strip(" \t")
    if not colon or not is_token(name):
        raise MalformedMessage(Malformation.HEADER, "a line without a header name")
    name = _COMPACT.get(name.lower(), name)
    kind = _TYPED.get(name.lower())
    return ("headers", (name, value)) if kind is None else _typed(kind, value)


def _typed(kind: _Kind, value: str) -> tuple[str, Any]:
    try:
        return kind.field, kind.read(value)
    except ValueError as fault:
        raise MalformedMessage(kind.blame, str(fault)) from fault


_LINES: Memo[tuple[str, Any]] = Memo(_read_line, 16 << 20)


def unfold(text: str) -> str:
    """Continuation lines joined to what they continue by one blank (§7.3.1)."""
    return _FOLD.sub(" ", text)
