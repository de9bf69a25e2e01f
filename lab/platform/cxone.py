"""The little of NICE CXone that is needed to find its API and get a token there, as in the vendor's developer documents.

What can be asked there is in `lab.platform.cxone_api`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import orjson
from aiohttp import web

from lab.platform import answers
from lab.platform.furniture import TENANT as TENANT
from lab.platform.quota import NS_PER_S, Tokens


class _Cxone:
    def __init__(self, tokens: Tokens, clock: Callable[[], int], client_id: str, client_secret: str) -> None:
        self._tokens, self._clock = tokens, clock
        self._client = client_id, client_secret

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
    ]
