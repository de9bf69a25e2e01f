"""URLs, header names and places in JSON: what is written, what it means, and the sentence said when it is wrong."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from config.problem import quoted
from config.rules import Parsed

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*){0,16}")
LONGEST = 2_000
_OURS = frozenset({"authorization", "connection", "content-length", "cookie", "host", "transfer-encoding"})


def parse_url(value: object) -> str:
    """`http://` or `https://`, a host, and neither user nor fragment."""
    if not isinstance(value, str):
        raise ValueError("expected a URL such as https://api.example.net/health")
    if len(value) > LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(f"a URL is printable ASCII without spaces, {LONGEST} characters at most")
    if "@" in re.split(r"[/?#]", value.partition("://")[2] or value, maxsplit=1)[0]:
        raise ValueError("a URL here names no user: credentials belong to an api")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{_shown(value)} is not a URL such as https://api.example.net/health") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{_shown(value)} is not a URL: write http:// or https://, and a host")
    if parts.fragment:
        raise ValueError("a URL here has no fragment (#…): it would not be sent")
    return value


def _shown(value: str) -> str:
    """What comes before an @ may be a password, wherever in a text that is no URL it stands."""
    return "what is written" if "@" in value else quoted(value)


def parse_url_or_path(value: object) -> str:
    if isinstance(value, str) and value.startswith("/") and not value.startswith("//"):
        parse_url(f"http://host{value}")
        return value
    return parse_url(value)


def parse_api_path(value: object) -> str:
    """A path, and a query where there is one, of an API that is named beside it."""
    if not isinstance(value, str) or not value.startswith("/") or value.startswith("//"):
        raise ValueError("expected a path within the api, such as /api/v2/users/me")
    return parse_url_or_path(value)


def parse_pointer(value: object) -> str:
    """RFC 6901: "" is the whole document, /status a member, /items/0 the first of a list, ~1 a slash and ~0 a tilde."""
    if not isinstance(value, str) or len(value) > LONGEST or not _POINTER.fullmatch(value):
        raise ValueError("expected a JSON pointer such as /status or /items/0/state (RFC 6901)")
    return value


def parse_scalar(value: object) -> str | int | float | bool:
    if not isinstance(value, str | int | float | bool):
        raise ValueError("expected a text, a number, true or false")
    return value


def parse_header_name(value: object) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("expected the name of a header such as X-Api-Key")
    if value.lower() in _OURS:
        raise ValueError(f"{value} is not yours to give")
    return value


def is_header_name(name: str) -> str:
    return parse_header_name(name)


def is_label_name(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise ValueError(f"{quoted(name)} is not the name of a label: letters, digits and _")
    return name


Url = Annotated[str, Parsed(parse_url)]
UrlOrPath = Annotated[str, Parsed(parse_url_or_path)]
ApiPath = Annotated[str, Parsed(parse_api_path)]
JsonPointer = Annotated[str, Parsed(parse_pointer)]
Scalar = Annotated[str | int | float | bool, Parsed(parse_scalar)]
HeaderName = Annotated[str, is_header_name]
LabelName = Annotated[str, is_label_name]
