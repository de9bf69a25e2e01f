"""A request as it will be written: defaults, what cannot be written, and what people may see of it. Pure."""

from __future__ import annotations

import re

from probes.exchange.headers import Headers
from probes.exchange.unpacking import ACCEPTED
from probes.exchange.values import HttpRequest

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t -~\x80-\xff]{0,16000}")
_URL = re.compile(r"[!-~]{1,8000}")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"})
REDACTED = "…"
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def flaw(request: HttpRequest) -> str:
    """What of the request cannot be written as HTTP, without quoting it; "" where all can."""
    if not _URL.fullmatch(request.url) or "#" in request.url:
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
    hidden = _SECRET if secret is None else _SECRET | {secret.lower()}
    lines = [f"{method} /{rest} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {REDACTED if name.lower() in hidden else value}" for name, value in headers.pairs]
    return "\r\n".join((*lines, "", "")).encode("utf-8", "replace") + body
