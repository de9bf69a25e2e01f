"""Who may ask the webhook. A key has a name, which may be told, and a secret, which is kept as a digest only."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256

from multidict import istr

_AUTHORIZATION, _API_KEY = istr("Authorization"), istr("X-Api-Key")


class Keys:
    """Several keys at once, so that one can be rotated: the new one is added, callers move over, the old one is removed."""

    __slots__ = ("_digests",)

    def __init__(self, keys: Iterable[tuple[str, bytes]]) -> None:
        """`keys` are pairs of name and secret. A secret is never empty."""
        self._digests: list[tuple[str, bytes]] = []
        for name, secret in keys:
            if not secret:
                raise ValueError(f"key {name} has an empty secret")
            self._digests.append((name, sha256(secret).digest()))

    def __repr__(self) -> str:
        return f"Keys({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._digests)

    def match(self, presented: str) -> str | None:
        """The name of the key whose secret this is.

        Every key is compared, whichever matches, and digests are compared instead of secrets: neither how many keys there
        are to go, nor how long or how nearly right a guess was, shows in the time taken.
        """
        digest = sha256(presented.encode("utf-8", "surrogatepass")).digest()
        found: str | None = None
        for name, known in self._digests:
            if hmac.compare_digest(known, digest):
                found = name
        return found


def presented(headers: Mapping[str, str]) -> list[str]:
    """The secrets that a request shows: `Authorization: Bearer KEY` (RFC 6750 §2.1), then `X-Api-Key: KEY`."""
    shown = []
    authorization, api_key = headers.get(_AUTHORIZATION), headers.get(_API_KEY)
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            shown.append(token.strip())
    if api_key is not None:
        shown.append(api_key.strip())
    return shown
