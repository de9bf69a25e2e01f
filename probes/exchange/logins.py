"""How tokens are asked for: OAuth 2 client credentials, and the access keys of NICE CXone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

from probes.exchange.document import NotJson, at, decode
from probes.exchange.grants import Grant, NoGrant, basic
from probes.exchange.headers import Headers
from probes.exchange.token_answer import granted, refusal, tenant
from probes.exchange.values import Ended, HttpRequest, NoResponse
from probes.sample import Moment

MOST_TOKEN = 100_000
_FORM = "application/x-www-form-urlencoded"


class Asking(Protocol):
    """Sends one request of a login, within the login's limit of time. The request is secret: it is noted nowhere."""

    async def __call__(self, request: HttpRequest) -> Ended: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentialsLogin:
    """RFC 6749 §4.4. The credentials go into a header (§2.3.1), or into the body."""

    ask: Asking
    clock: Callable[[], Moment]
    token_url: str
    client_id: str
    client_secret: bytes = field(repr=False)
    scope: str | None = None
    is_in_body: bool = False

    async def __call__(self) -> Grant | NoGrant:
        form: list[tuple[str, str | bytes]] = [("grant_type", "client_credentials")]
        if self.scope is not None:
            form.append(("scope", self.scope))
        headers = Headers((("Content-Type", _FORM),))
        if self.is_in_body:
            form += [("client_id", self.client_id), ("client_secret", self.client_secret)]
        else:
            headers = headers.replaced("Authorization", _client(self.client_id, self.client_secret))
        ended = await self.ask(HttpRequest("POST", self.token_url, headers, urlencode(form).encode(), MOST_TOKEN))
        if isinstance(ended, NoResponse):
            return _unreached("the token endpoint", ended)
        return granted(ended, now_utc_ns=self.clock().utc_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeyLogin:
    """CXone: the access key is given for a token, the token's tenant is looked up, and the tenant's own host is the base."""

    ask: Asking
    clock: Callable[[], Moment]
    issuer: str
    client_id: str
    client_secret: bytes = field(repr=False)
    access_key_id: str
    access_key_secret: bytes = field(repr=False)

    async def __call__(self) -> Grant | NoGrant:
        key = [("grant_type", "password"), ("username", self.access_key_id), ("password", self.access_key_secret)]
        headers = Headers((("Content-Type", _FORM), ("Authorization", basic(self.client_id, self.client_secret).text)))
        issuer = self.issuer.rstrip("/")
        ended = await self.ask(HttpRequest("POST", f"{issuer}/auth/token", headers, urlencode(key).encode(), MOST_TOKEN))
        if isinstance(ended, NoResponse):
            return _unreached("the token endpoint", ended)
        named = tenant(ended.body) if ended.status == 200 else None
        if ended.status == 200 and named is None:
            return NoGrant("the token endpoint's answer has no id_token that names a tenant")
        if named is None:
            return refusal(ended, now_utc_ns=self.clock().utc_ns)
        base = await self._discovered(f"{issuer}/.well-known/cxone-configuration?tenantId={named}")
        return base if isinstance(base, NoGrant) else granted(ended, now_utc_ns=self.clock().utc_ns, base=base)

    async def _discovered(self, url: str) -> str | NoGrant:
        ended = await self.ask(HttpRequest("GET", url, most_body=MOST_TOKEN))
        if isinstance(ended, NoResponse):
            return _unreached("discovery", ended)
        if ended.status != 200:
            return NoGrant(f"discovery answered {ended.status}")
        try:
            found = at(decode(ended.body), "/api_endpoint")
        except NotJson as error:
            return NoGrant(f"the answer of discovery is {error}")
        if not isinstance(found, str) or not _is_base(found, urlsplit(self.issuer).scheme):
            return NoGrant("the answer of discovery has no api_endpoint that may be asked")
        return found


def _is_base(url: str, scheme: str) -> bool:
    """The token must not leave by a worse way than it came."""
    try:
        parts = urlsplit(url)
        return parts.scheme == scheme and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc and not parts.query
    except ValueError:
        return False


def _client(client_id: str, secret: bytes) -> str:
    """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
    return basic(quote_plus(client_id), quote_plus(secret).encode()).text


def _unreached(whom: str, ended: NoResponse) -> NoGrant:
    detail = f": {ended.detail}" if ended.detail else ""
    return NoGrant(f"{whom} gave no answer ({ended.reason} at {ended.phase}{detail})")
