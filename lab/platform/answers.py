"""How the platform answers: JSON, its envelope around errors, and what a request asks for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web

from lab.platform import documents
from lab.platform.documents import Document
from lab.platform.refusal import Refusal as Refusal
from lab.platform.refusal import not_found as not_found

MOST_PAGE = 100


def answer(document: object, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


def refused(refusal: Refusal, *, context: str) -> web.Response:
    body = documents.error(refusal.status, refusal.code, refusal.message, context=context)
    response = answer(body, status=refusal.status)
    response.headers["ININ-Correlation-Id"] = context
    if refusal.retry_after_s is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def listing(request: web.Request, entities: Sequence[Document], *, counted: bool = True) -> web.Response:
    """The page that the query asks for: 25 to a page without a word, 100 at the most."""
    number, size = _whole(request, "pageNumber", 1), _whole(request, "pageSize", 25)
    if number < 1 or not 1 <= size <= MOST_PAGE:
        raise Refusal(400, "bad.request", "The request could not be understood by the server due to malformed syntax.")
    return answer(documents.page(request.path, entities, number=number, size=size, counted=counted))


def _whole(request: web.Request, name: str, default: int) -> int:
    written = request.query.get(name, str(default))
    if not written.isdigit():
        raise Refusal(400, "invalid.query.param.value", f"Value [{written}] is not valid for parameter [{name}].")
    return int(written)


async def body(request: web.Request) -> Any:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refusal(400, "bad.request", "The request could not be understood: malformed JSON.") from None


async def items(request: web.Request) -> list[dict[str, Any]]:
    """The body where it is a list of documents with ids, 100 at the most."""
    found = await body(request)
    if not isinstance(found, list) or not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in found):
        raise Refusal(400, "bad.request", "Invalid request data.")
    if len(found) > MOST_PAGE:
        raise Refusal(400, "bad.request", "Invalid request data.  Make sure a valid number of queue members was submitted.")
    return found


def basic(request: web.Request) -> tuple[str, str] | None:
    """Name and secret of HTTP Basic (RFC 7617); None where it is not there, or unreadable."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
