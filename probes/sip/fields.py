"""The header block as typed fields: names, folding, multiplicity, and which parser each header has (RFC 3261 §7.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from probes.sip.headers import (
    parse_address,
    parse_call_id,
    parse_contacts,
    parse_content_length,
    parse_cseq,
    parse_max_forwards,
    parse_retry_after,
    parse_vias,
)
from probes.sip.malformed import Malformation, MalformedMessage
from probes.sip.syntax import is_token

MAX_HEADERS = 200

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

_LISTS: dict[str, tuple[str, Malformation, Callable[[str], list[Any]]]] = {
    "via": ("vias", Malformation.VIA, parse_vias),
    "contact": ("contacts", Malformation.CONTACT, parse_contacts),
}
"""Typed headers that may stand on several lines: field, blame, parser."""

_SINGLES: dict[str, tuple[str, Malformation, Callable[[str], Any]]] = {
    "from": ("from_", Malformation.FROM, parse_address),
    "to": ("to", Malformation.TO, parse_address),
    "call-id": ("call_id", Malformation.CALL_ID, parse_call_id),
    "cseq": ("cseq", Malformation.CSEQ, parse_cseq),
    "max-forwards": ("max_forwards", Malformation.MAX_FORWARDS, parse_max_forwards),
    "retry-after": ("retry_after", Malformation.RETRY_AFTER, parse_retry_after),
    "content-length": ("length", Malformation.CONTENT_LENGTH, parse_content_length),
}

_REQUIRED = ("vias", "from_", "to", "call_id", "cseq")
_TYPED_NAMES = frozenset(_LISTS) | frozenset(_SINGLES)


def is_typed(name: str) -> bool:
    """Whether a header, under either of its names, has a field of its own in `Message`."""
    return _COMPACT.get(name.lower(), name).lower() in _TYPED_NAMES


def parse_fields(block: str) -> dict[str, Any]:
    """`Message`'s fields, and `length` if Content-Length was given, out of what follows the start line.

    Raises MalformedMessage.
    """
    fields: dict[str, Any] = {}
    others: list[tuple[str, str]] = []
    for line in _unfold(block):
        name, colon, value = line.partition(":")
        name, value = name.rstrip(" \t"), value.strip(" \t")
        if not colon or not is_token(name):
            raise MalformedMessage(Malformation.HEADER, "a line without a header name")
        name = _COMPACT.get(name.lower(), name)
        if name.lower() in _TYPED_NAMES:
            _add_typed(fields, name.lower(), value)
        else:
            others.append((name, value))
    for field in _REQUIRED:
        if field not in fields:
            raise MalformedMessage(Malformation.MISSING_HEADER, field.rstrip("_"))
    for field, _, _ in _LISTS.values():
        fields[field] = tuple(fields.get(field, ()))
    fields["headers"] = tuple(others)
    return fields


def _unfold(block: str) -> list[str]:
    """Header lines with continuation lines joined by one blank (§7.3.1)."""
    if not block:
        return []
    if block[0] in " \t":
        raise MalformedMessage(Malformation.HEADER, "the first header line is a continuation")
    if "\r\n " in block or "\r\n\t" in block:
        lines: list[list[str]] = []
        for line in block.split("\r\n"):
            if line[:1] in (" ", "\t"):
                lines[-1].append(line.strip(" \t"))
            else:
                lines.append([line.rstrip(" \t")])
        unfolded = [" ".join(parts) for parts in lines]
    else:
        unfolded = block.split("\r\n")
    if len(unfolded) > MAX_HEADERS:
        raise MalformedMessage(Malformation.TOO_MANY_HEADERS, f"{len(unfolded)} header lines")
    return unfolded


def _add_typed(fields: dict[str, Any], name: str, value: str) -> None:
    if name in _LISTS:
        field, blame, parse_list = _LISTS[name]
        try:
            fields.setdefault(field, []).extend(parse_list(value))
        except ValueError as fault:
            raise MalformedMessage(blame, str(fault)) from fault
        return
    field, blame, parse_single = _SINGLES[name]
    if field in fields:
        raise MalformedMessage(Malformation.REPEATED_HEADER, name)
    try:
        fields[field] = parse_single(value)
    except ValueError as fault:
        raise MalformedMessage(blame, str(fault)) from fault
