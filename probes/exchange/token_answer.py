"""What a token endpoint's answer amounts to (RFC 6749 §5). Pure; nothing of what it says is quoted but the error's code."""

from __future__ import annotations

import base64
import binascii
import re

from probes.exchange.document import Json, NotJson, at, decode
from probes.exchange.grants import Grant, NoGrant, bearer, lifetime_ns
from probes.exchange.limits_told import retry_after_ns
from probes.exchange.values import HttpResponse

_FINAL = frozenset({"invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})
_TOKEN = re.compile(rb"[\x21-\x7e]{1,16000}")
_CODE = re.compile(r"[a-z_]{1,40}")
RATE_LIMITED_NS = 5_000_000_000
"""Genesys Cloud says neither 429 nor how long: 400, and "rate limit exceeded" in the words."""


def granted(response: HttpResponse, *, now_utc_ns: int, base: str | None = None) -> Grant | NoGrant:
    if response.status != 200:
        return refusal(response, now_utc_ns=now_utc_ns)
    try:
        document = decode(response.body)
    except NotJson as error:
        return NoGrant(f"the token endpoint's answer is {error}")
    token, kind = at(document, "/access_token"), at(document, "/token_type")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token.encode("utf-8", "replace")):
        return NoGrant("the token endpoint's answer has no access_token that can be sent")
    if isinstance(kind, str) and kind.lower() != "bearer":
        return NoGrant("the token endpoint gave a token that is not of type bearer")
    return bearer(token.encode(), base=base, lifetime_ns=lifetime_ns(at(document, "/expires_in")))


def refusal(response: HttpResponse, *, now_utc_ns: int) -> NoGrant:
    """Final only where the endpoint says that it is our credentials: a bare 401 may come from anybody on the way."""
    document = _object(response.body)
    error = document.get("error")
    code = error if isinstance(error, str) and _CODE.fullmatch(error) else ""
    told = f"the token endpoint answered {response.status}{f' {code}' if code else ''}"
    if _is_rate_limited(response, document):
        after = retry_after_ns(response.headers, now_utc_ns=now_utc_ns)
        return NoGrant(f"{told}: too many logins", retry_after_ns=RATE_LIMITED_NS if after is None else after)
    if (response.status in (400, 401) and code in _FINAL) or (response.status == 401 and document):
        return NoGrant(told, is_final=True)
    return NoGrant(told, retry_after_ns=retry_after_ns(response.headers, now_utc_ns=now_utc_ns))


def tenant(body: bytes) -> str | None:
    """CXone: the tenant that the id_token names. Not verified: it came from the issuer itself, over TLS."""
    identity = _object(body).get("id_token")
    parts = identity.split(".") if isinstance(identity, str) else []
    if len(parts) != 3:
        return None
    try:
        claims = _object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    found = claims.get("tenantId")
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", found) else None


def _is_rate_limited(response: HttpResponse, document: dict[str, Json]) -> bool:
    told = (document.get(key) for key in ("error_description", "description", "message"))
    words = " ".join(each for each in told if isinstance(each, str)).lower()
    return response.status == 429 or (response.status == 400 and "rate limit" in words)


def _object(body: bytes) -> dict[str, Json]:
    try:
        document = decode(body)
    except NotJson:
        return {}
    return document if isinstance(document, dict) else {}
