"""The pieces of SIP's grammar that headers share: tokens, quoted strings, lists, parameters (RFC 3261 §25.1).

Everything here raises ValueError on bad input; `probes.sip.messages.message` adds which header was at fault. Each scan looks at a
character a bounded number of times: a hostile datagram may be long, but never slow.
"""

from __future__ import annotations

import re

from probes.sip.messages.memo import Memo

Param = tuple[str, str | None]
Params = tuple[Param, ...]
"""In order of arrival; names as received, values raw (a quoted string keeps its quotes), None where there is no `=`."""

MAX_UINT32 = 2**32 - 1

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_DIGITS = re.compile(r"[0-9]{1,20}")
_QUOTED_FORM = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_QUOTED = re.compile(_QUOTED_FORM, re.DOTALL)
# Wider than token / host: hosts may be bare IPv6 literals (RFC 5118 §4.5) and vendors put `@`, `/` and `=` here.
_VALUE = re.compile(r'[^ \t"<>,;]+')
# A quote or bracket by itself is one that never closes.
_PIECES = {mark: re.compile(rf'{_QUOTED_FORM}|<[^>]*+>|[{mark}"<]', re.DOTALL) for mark in ",;"}
_BLANK = " \t"


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """ASCII letters and digits, and at least one."""
    return text.isalnum() and text.isascii()


def number(text: str, most: int = MAX_UINT32) -> int:
    """Decimal digits, leading zeros allowed, never above `most`."""
    if _DIGITS.fullmatch(text) is None or (value := int(text)) > most:
        raise ValueError("not a number in range")
    return value


def split(text: str, separator: str) -> list[str]:
    """Parts between separators (`,` or `;`) that are neither within quotes nor within `<…>`, stripped of blanks."""
    if '"' not in text and "<" not in text:
        return [part.strip(_BLANK) for part in text.split(separator)]
    parts, start = [], 0
    for match in _PIECES[separator].finditer(text):
        piece = match[0]
        if piece == separator:
            parts.append(text[start : match.start()].strip(_BLANK))
            start = match.end()
        elif len(piece) == 1:
            raise ValueError("a quoted string or an angle bracket is not closed")
    parts.append(text[start:].strip(_BLANK))
    return parts


def read_param(text: str) -> Param:
    """`name[=value]`."""
    name, equals, value = text.partition("=")
    name, value = name.strip(_BLANK), value.strip(_BLANK)
    form = _QUOTED if value.startswith('"') else _VALUE
    if _TOKEN.fullmatch(name) is None or (equals and form.fullmatch(value) is None):
        raise ValueError("a parameter is malformed")
    return name, value if equals else None


PARAMS: Memo[Param] = Memo(read_param, 1 << 20)


def parameters(text: str, known: Memo[Param] = PARAMS) -> Params:
    """What stands between and after the semicolons of `text`; a name may stand once (RFC 3261 §7.3.1)."""
    parts = split(text, ";") if '"' in text else text.split(";")
    if len(parts) == 1:
        return (known[text],)
    params = tuple([known[part] for part in parts])
    if len({name.lower() for name, _ in params}) != len(params):
        raise ValueError("a parameter stands twice")
    return params


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


def quoted_end(text: str) -> int:
    """Where the quoted string that `text` starts with ends."""
    match = _QUOTED.match(text)
    if match is None:
        raise ValueError("a quoted string is not closed")
    return match.end()


def leading_quoted(text: str) -> tuple[str, str]:
    """The content of the quoted string that `text` starts with, escapes undone, and what follows it."""
    end = quoted_end(text)
    return _unescaped(text[1 : end - 1]), text[end:]


def _unescaped(text: str) -> str:
    first, *rest = text.split("\\")
    pieces, parts = [first], iter(rest)
    for part in parts:
        # Nothing between two backslashes: the second is what the first escapes.
        pieces.append(part or "\\" + next(parts, ""))
    return "".join(pieces)
