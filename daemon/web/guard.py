"""Who is let through to a gate, and how often. Pure.

A wrong key, no key and a foreign source are refused alike, and every key is compared in each case: neither the answer nor the
time that it takes tells which of them it was. Only our own counters do.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.web.keys import Keys, presented
from daemon.web.rate import Rate
from daemon.web.sources import AllowList, origin

STRANGERS_BURST = 20
"""Requests without a good key that one source gets an answer to at once: a person with curl is not to notice the limit."""


class Guard:
    def __init__(
        self, keys: Keys, *, allow: AllowList | None = None, strangers: int | None = None, per_key: int | None = None
    ) -> None:
        """`strangers` and `per_key` are requests a second, of one source and of one key; None sets no limit."""
        self._keys = keys
        self._allow = allow
        self._strangers = Rate(strangers, burst=max(strangers, STRANGERS_BURST)) if strangers else None
        self._per_key = Rate(per_key, burst=per_key) if per_key else None

    def replace_keys(self, keys: Keys) -> None:
        """From the next request on."""
        self._keys = keys

    def key(self, headers: Mapping[str, str], host: str) -> str | None:
        """The name of the good key that is shown from a place where it may be."""
        found: str | None = None
        for secret in presented(headers) or ("",):
            found = self._keys.match(secret) or found
        if self._allow is not None and not self._allow.allows(host):
            return None
        return found

    def why_not(self, headers: Mapping[str, str], host: str) -> str:
        """For our counters alone: `foreign`, `no-key` or `unauthorized`."""
        if self._allow is not None and not self._allow.allows(host):
            return "foreign"
        return "unauthorized" if presented(headers) else "no-key"

    def may_ask(self, key: str, *, now_ns: int) -> bool:
        return self._per_key is None or self._per_key.take(key, now_ns=now_ns)

    def may_knock(self, host: str, *, now_ns: int) -> bool:
        """A stranger's request. A good key is never asked this, so nobody locks out a caller with whom they share an address."""
        return self._strangers is None or self._strangers.take(origin(host), now_ns=now_ns)
