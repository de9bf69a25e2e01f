"""The little of NICE CXone that is needed to find its API, get a token there, and re-point a contact.

Discovery and the token for an access key are as in the vendor's developer documents; points of contact are the call routes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from lab.platform import answers
from lab.platform.quota import NS_PER_S, Tokens

TENANT = "11ee0000-0000-4000-8000-000000000030"
SERVICES = "/inContactAPI/services/{version}"


class _Cxone:
    def __init__(self, tokens: Tokens, clock: Callable[[], int], client_id: str, client_secret: str) -> None:
        self._tokens, self._clock = tokens, clock
        self._client = client_id, client_secret
        self._points: dict[str, dict[str, Any]] = {
            "1": {
                "contactAddress": "+15550001234",
                "contactCode": 1,
                "contactDescription": "inbound",
                "defaultSkillId": 100,
                "isActive": True,
                "scriptName": "baseline",
            }
        }

    async def issuer(self, request: web.Request) -> web.StreamResponse:
        here = f"{request.scheme}://{request.host}"
        return answers.answer({"issuer": here, "token_endpoint": f"{here}/auth/token"})

    async def configuration(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("tenantId") != TENANT:
            return answers.answer({"error": "tenant not found"}, status=404)
        here = f"{request.scheme}://{request.host}"
        return answers.answer({"api_endpoint": here, "auth_endpoint": here, "tenantId": TENANT})

    async def token(self, request: web.Request) -> web.StreamResponse:
        """OAuth 2 with an access key as name and password (RFC 6749 §4.3); the client by the header or in the form."""
        form = await request.post()
        client = answers.basic(request) or (form.get("client_id"), form.get("client_secret"))
        if client != self._client or form.get("grant_type") != "password":
            return answers.answer({"error": "invalid_client"}, status=401)
        return self._granted((form.get("username"), form.get("password")))

    async def access_key(self, request: web.Request) -> web.StreamResponse:
        wanted = await answers.body(request)
        key = (wanted.get("accessKeyId"), wanted.get("accessKeySecret")) if isinstance(wanted, dict) else (None, None)
        return self._granted(key)

    def _granted(self, key: tuple[object, object]) -> web.StreamResponse:
        """In the lab the access key is the client's own pair."""
        if key != self._client:
            return answers.answer({"error": "invalid_grant"}, status=400)
        token = self._tokens.grant(now_ns=self._clock())
        document = {"access_token": token, "token_type": "Bearer", "expires_in": self._tokens.life_ns // NS_PER_S}
        return answers.answer(document | {"id_token": _jwt({"tenantId": TENANT}), "refresh_token": f"refresh-{token}"})

    async def point(self, request: web.Request) -> web.StreamResponse:
        found = self._point(request)
        return answers.answer({"pointsOfContact": [found]}) if found else web.Response(status=404)

    async def re_point(self, request: web.Request) -> web.StreamResponse:
        """`{pointOfContactName, skillId, scriptName, isActive}`: other names than the document that is read has."""
        found, wanted = self._point(request), await answers.body(request)
        if found is None:
            return web.Response(status=404)
        if not isinstance(wanted, dict) or not {"pointOfContactName", "skillId", "scriptName"} <= wanted.keys():
            return web.Response(status=400)
        found |= {"contactDescription": wanted["pointOfContactName"], "defaultSkillId": wanted["skillId"]}
        found |= {"scriptName": wanted["scriptName"], "isActive": wanted.get("isActive", True)}
        return web.Response(status=204)

    def _point(self, request: web.Request) -> dict[str, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.is_valid(token, now_ns=self._clock()):
            raise web.HTTPUnauthorized
        return self._points.get(request.match_info["point"])


def _jwt(claims: dict[str, str]) -> str:
    """Unsigned: whoever reads the tenant out of it has it from a server that it asked itself."""
    parts = (base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in ({"alg": "none"}, claims))
    return ".".join((*parts, ""))


def routes(tokens: Tokens, clock: Callable[[], int], client_id: str, client_secret: str) -> list[web.RouteDef]:
    cxone = _Cxone(tokens, clock, client_id, client_secret)
    return [
        web.get("/.well-known/openid-configuration", cxone.issuer),
        web.get("/.well-known/cxone-configuration", cxone.configuration),
        web.post("/auth/token", cxone.token),
        web.post("/authentication/v1/token/access-key", cxone.access_key),
        web.get(f"{SERVICES}/points-of-contact/{{point}}", cxone.point),
        web.put(f"{SERVICES}/points-of-contact/{{point}}", cxone.re_point),
    ]
