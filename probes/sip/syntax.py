"""The pieces of SIP's grammar that headers share: tokens, quoted strings, lists, parameters (RFC 3261 §25.1).

Everything here raises ValueError on bad input; `probes.sip.message` adds which header was at fault. Each scan looks at a
character a bounded number of times: a hostile datagram may be long, but never slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Params = tuple[tuple[str, str | None], ...]
"""In order of arrival; names as received, values raw (a quoted string keeps its quotes), None where there is no `=`."""

MAX_UINT32 = 2**32 - 1

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_DIGITS = re.compile(r"[0-9]{1,20}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# Wider than token / host: hosts may be bare IPv6 literals (RFC 5118 §4.5) and vendors put `@`, `/` and `=` here.
_VALUE = re.compile(r'[^ \t"<>,;]+')
_MARK = re.compile(r'[\\"<>,;]')
_BLANK = " \t"


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def number(text: str, most: int = MAX_UINT32) -> int:
    """Decimal digits, leading zeros allowed, never above `most`."""
    if _DIGITS.fullmatch(text) is None or (value := int(text)) > most:
        raise ValueError("not a number in range")
    return value


def _marks(text: str) -> Iterator[tuple[int, str]]:
    """Each separator that stands outside a quoted string."""
    quoted, escaped = False, -1
    for match in _MARK.finditer(text):
        at, mark = match.start(), match[0]
        if at == escaped:
            continue
        if quoted and mark == "\\":
            escaped = at + 1
        elif mark == '"':
            quoted = not quoted
        elif not quoted and mark != "\\":
            yield at, mark
    if quoted:
        raise ValueError("a quoted string is not closed")


def split(text: str, separator: str) -> list[str]:
    """Parts between separators that are neither within quotes nor within `<…>`, stripped of blanks."""
    if '"' not in text and "<" not in text:
        return [part.strip(_BLANK) for part in text.split(separator)]
    parts, start, within = [], 0, False
    for at, mark in _marks(text):
        if mark == "<":
            within = True
        elif mark == ">":
            within = False
        elif mark == separator and not within:
            parts.append(text[start:at].strip(_BLANK))
            start = at + 1
    if within:
        raise ValueError("an angle bracket is not closed")
    parts.append(text[start:].strip(_BLANK))
    return parts


def parameters(parts: list[str]) -> Params:
    """`name[=value]` for each part; a name may stand once (RFC 3261 §7.3.1)."""
    params: list[tuple[str, str | None]] = []
    seen = set()
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.rstrip(_BLANK), value.lstrip(_BLANK)
        form = _QUOTED if value.startswith('"') else _VALUE
        if _TOKEN.fullmatch(name) is None or (equals and form.fullmatch(value) is None):
            raise ValueError("a parameter is malformed")
        if name.lower() in seen:
            raise ValueError("a parameter stands twice")
        seen.add(name.lower())
        params.append((name, value if equals else None))
    return tuple(params)


def parameter(params: Params, name: str) -> str | None:
    """The value of a parameter (names compare without case), or None when it is absent or has no value."""
    for key, value in params:
        if key == name or key.lower() == name:
            return value
    return None


def has_parameter(params: Params, name: str) -> bool:
    return any(key.lower() == name for key, _ in params)


def parameters_text(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def leading_quoted(text: str) -> tuple[str, str]:
    """The content of the quoted string that `text` starts with, escapes undone, and what follows it."""
    match = _QUOTED.match(text)
    if match is None:
        raise ValueError("a quoted string is not closed")
    return re.sub(r"\\(.)", r"\1", match[0][1:-1], flags=re.DOTALL), text[match.end() :]
