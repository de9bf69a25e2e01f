"""Responses as this daemon gives them: JSON, never cached, and silent about the software that made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from multidict import CIMultiDict

JSON = "application/json"

HEADERS = {
    "Content-Type": JSON,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "cutoverd",
}
_HEADERS = CIMultiDict(HEADERS)


def encoded(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response around JSON that is bytes already."""
    own = _HEADERS.copy()
    if headers:
        own.update(headers)
    return web.Response(body=body, status=status, headers=own)


def document(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return encoded(orjson.dumps(content), status, headers)


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """`{"error": message}`. The message is ours and repeats nothing that the client sent."""
    return document({"error": message}, status, headers)
