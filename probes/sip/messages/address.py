"""From, To and Contact: a display name, a URI and parameters (RFC 3261 §20.10, §25.1)."""

from __future__ import annotations

import re

from probes.sip.messages.memo import Memo
from probes.sip.messages.syntax import (
    MAX_UINT32,
    Params,
    is_plain,
    leading_quoted,
    number,
    parameter,
    parameters,
    parameters_text,
    quote,
    quoted_end,
    split,
)
from probes.sip.messages.uri import check_uri
from probes.values import fast_dataclass

# Display names should be tokens or quoted; unquoted UTF-8 and other bytes above ASCII are seen in the field and harmless.
_DISPLAY = re.compile(r"[A-Za-z0-9\-.!%*_+`'~ \t\x80-\U0010ffff]*")
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_ANY_NUMBER = 10**20

DEFAULT_EXPIRES = 3600
"""Seconds: what a malformed expiry of a Contact counts as (RFC 3261 §20.10)."""


@fast_dataclass(frozen=True, slots=True)
class Address:
    """From, To or one Contact. `display` is unquoted text, `uri` any absolute URI as received."""

    display: str | None
    uri: str
    params: Params = ()

    @property
    def tag(self) -> str | None:
        return parameter(self.params, "tag")

    @property
    def expires(self) -> int | None:
        """Seconds that a Contact asks for or was granted; what is no number counts as 3600, as RFC 3261 §20.10 wants it."""
        value = parameter(self.params, "expires")
        if value is None:
            return None
        try:
            return min(number(value, _ANY_NUMBER), MAX_UINT32)
        except ValueError:
            return DEFAULT_EXPIRES

    @property
    def q(self) -> float | None:
        """A Contact's preference, 0 to 1, or None where there is none or what there is breaks the grammar (`qvalue`)."""
        value = parameter(self.params, "q")
        return None if value is None or _QVALUE.fullmatch(value) is None else float(value)

    def __str__(self) -> str:
        if self == ANY_CONTACT:
            return "*"
        display = "" if self.display is None else f"{quote(self.display)} "
        return f"{display}<{self.uri}>{parameters_text(self.params)}"


ANY_CONTACT = Address(None, "*")
"""`Contact: *` of a REGISTER that removes all bindings (RFC 3261 §10.2.2)."""


def parse_address(value: str) -> Address:
    end = value.find(">") + 1 if value[:1] == "<" else _head_end(value)
    display, uri = _HEADS[value[:end]]
    params = value[end:].lstrip(" \t")
    if not params:
        return Address(display, uri)
    if params.startswith(";tag=") and is_plain(tag := params[5:]):
        # What nearly every From and To ends with, and never the same again.
        return Address(display, uri, (("tag", tag),))
    if params[0] != ";":
        raise ValueError("something follows the address")
    return Address(display, uri, parameters(params[1:]))


def _head_end(value: str) -> int:
    """How far the address reaches: the closing bracket, or where the parameters of a URI without brackets begin."""
    quoted = value.startswith('"')
    start = value.find("<", quoted_end(value)) if quoted else value.find("<", 0, _find(value, '"'))
    if start < 0:
        return _find(value, ";")
    # The closing bracket can only be the first: a URI has none inside. Without one there is no address.
    return value.find(">", start) + 1


def _find(value: str, mark: str) -> int:
    at = value.find(mark)
    return len(value) if at < 0 else at


def _read_head(text: str) -> tuple[str | None, str]:
    """Display name and URI."""
    display: str | None = None
    if text.startswith('"'):
        display, text = leading_quoted(text)
        text = text.lstrip(" \t")
        if not text.startswith("<"):
            raise ValueError("a display name without <…>")
    name, bracket, uri = text.partition("<")
    if not bracket:
        # Without brackets a `?` or `,` would belong to nobody (RFC 3261 §20.10).
        if "?" in text or "," in text:
            raise ValueError("a URI that needs <…>")
        return None, check_uri(text.rstrip(" \t"))
    if not uri.endswith(">") or _DISPLAY.fullmatch(name) is None:
        raise ValueError("neither a name nor an address")
    if display is None and name.strip(" \t"):
        display = name.strip(" \t")
    return display, check_uri(uri[:-1])


_HEADS: Memo[tuple[str | None, str]] = Memo(_read_head, 10 << 20)


def parse_contacts(value: str) -> tuple[Address, ...]:
    if value == "*":
        return (ANY_CONTACT,)
    return tuple([parse_address(item) for item in split(value, ",")]) if "," in value else (parse_address(value),)
