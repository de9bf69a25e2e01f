"""A request as it will be written: defaults, what cannot be written, and what people may see of it. Pure."""

from __future__ import annotations

import re

from probes.exchange.headers import Headers
from probes.exchange.unpacking import ACCEPTED
from probes.exchange.values import HttpRequest
from probes.exchange.veil import VEIL, is_secret_name, veiled

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t -~\x80-\xff]{0,16000}")
_URL = re.compile(r"[!-~]{1,8000}")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"})
SHOWN = 4_000
"""Bytes of a request that people may see."""


def is_writable(url: str) -> bool:
    return _URL.fullmatch(url) is not None and "#" not in url


def flaw(request: HttpRequest) -> str:
    """What of the request cannot be written as HTTP, without quoting it; "" where all can."""
    if not is_writable(request.url):
        return "the URL is not printable ASCII, or too long"
    for name, value in request.headers.pairs:
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            return "a header that cannot be given"
        if not _VALUE.fullmatch(value) or value != value.strip():
            return f"the value of header {name} cannot be written"
    return ""


def completed(request: HttpRequest) -> Headers:
    """With the headers that every request has. CXone refuses requests without Accept."""
    headers = request.headers.with_default("Accept", "application/json").with_default("User-Agent", "cutoverd")
    headers = headers.with_default("Accept-Encoding", ACCEPTED)
    return headers.with_default("Content-Type", "application/json") if request.body else headers


def shown(method: str, url: str, headers: Headers, body: bytes, secret: str | None) -> bytes:
    """The request for `why`; `secret` names one more header that is not shown."""
    host, _, rest = url.partition("://")[2].partition("/")
    hidden = "" if secret is None else secret.lower()
    lines = [f"{method} /{rest} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {VEIL if name.lower() == hidden or is_secret_name(name) else value}" for name, value in headers.pairs]
    whole = "\r\n".join((*lines, "", "")).encode("utf-8", "replace") + body
    return veiled(whole, most=SHOWN)
