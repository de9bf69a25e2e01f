"""The headers that signalling decides by, as values (RFC 3261 §20).

Each `parse_…` takes an unfolded header value and raises ValueError; each value's `str()` is its wire form again.
"""

from __future__ import annotations

import re

from probes.sip.messages.address import ANY_CONTACT, Address, parse_address, parse_contacts
from probes.sip.messages.syntax import Params, number, parameters, parameters_text
from probes.sip.messages.via import Via, parse_vias
from probes.values import fast_dataclass

__all__ = [
    "ANY_CONTACT",
    "Address",
    "CSeq",
    "RetryAfter",
    "Via",
    "parse_address",
    "parse_call_id",
    "parse_contacts",
    "parse_content_length",
    "parse_cseq",
    "parse_delta_seconds",
    "parse_max_forwards",
    "parse_retry_after",
    "parse_vias",
]

_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_CALL_ID = re.compile(r"[!-~]+")
_COMMENT_MARK = re.compile(r"[()\\]")

LONGEST_COMMENT = 1_000
"""Characters of a Retry-After: its comment is read mark by mark, and nobody needs more words."""


@fast_dataclass(frozen=True, slots=True)
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


@fast_dataclass(frozen=True, slots=True)
class RetryAfter:
    """Seconds to stay away, why (without the outer parentheses, raw), and parameters such as `duration`."""

    seconds: int
    comment: str | None = None
    params: Params = ()

    def __str__(self) -> str:
        comment = "" if self.comment is None else f" ({self.comment})"
        return f"{self.seconds}{comment}{parameters_text(self.params)}"


def parse_retry_after(value: str) -> RetryAfter:
    if len(value) > LONGEST_COMMENT:
        raise ValueError("a comment is too long")
    comment: str | None = None
    start = value.find("(")
    if start >= 0 and '"' not in value[:start] and ";" not in value[:start]:
        end = _comment_end(value, start)
        comment, value = value[start + 1 : end], value[:start].rstrip(" \t") + value[end + 1 :].lstrip(" \t")
    seconds, semicolon, params = value.partition(";")
    return RetryAfter(number(seconds.rstrip(" \t")), comment, parameters(params) if semicolon else ())


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


def parse_delta_seconds(value: str) -> int:
    """Expires and Min-Expires (§20.19, §20.23)."""
    return number(value)
