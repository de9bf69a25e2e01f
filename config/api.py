"""HTTP APIs in the file: where they are, how we say who we are, and how often we may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from config.probing import Tls
from config.rules import Between, not_empty
from config.secrets import Secret
from config.units import Duration
from config.web_values import HeaderName, Url

S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """OAuth 2 client credentials (RFC 6749 §4.4), as Genesys Cloud has them."""

    kind: Literal["oauth2"]
    token_url: Url
    client_id: Annotated[str, not_empty]
    client_secret: Secret
    scope: str | None = None
    credentials_in: Literal["header", "body"] = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """NICE CXone: an access key, and the tenant's own API host found by discovery."""

    kind: Literal["cxone"]
    issuer: Url
    """For instance https://cxone.niceincontact.com."""
    client_id: Annotated[str, not_empty]
    client_secret: Secret
    access_key_id: Annotated[str, not_empty]
    access_key_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    kind: Literal["bearer"]
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    kind: Literal["basic"]
    username: Annotated[str, not_empty]
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A key in a header of its own, such as X-Api-Key."""

    kind: Literal["header"]
    name: HeaderName
    value: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Requests that we may make in some time; the API's own rate-limit headers can only lower it."""

    requests: Annotated[int, Between(1, 1_000_000)] = 300
    per: Duration = 60 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    base: Url | None = None
    """What paths of requests are relative to. Left out for `cxone`, whose host is discovered."""
    auth: ClientCredentials | AccessKey | Bearer | Basic | Header | None = None
    budget: Budget = Budget()
    tls: Tls | None = None

    def __post_init__(self) -> None:
        if isinstance(self.auth, AccessKey) == (self.base is not None):
            why = "leave base out: auth of kind cxone discovers it"
            raise ValueError('key "base" is missing' if self.base is None else why)
