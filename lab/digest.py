"""The registrar's side of digest authentication (RFC 7616, RFC 8760), written apart from the prober's so that the two cannot
agree by accident."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from itertools import count

from probes.sip.messages.message import Request

REMEMBERED_NONCES = 65_536

_PAIR = re.compile(r'(\w+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Verdict(StrEnum):
    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"
    """A password, user, realm, URI or counter that is not as it must be."""
    STALE = "stale"
    """A nonce that is not ours, or that is forgotten."""


class Digest:
    """`password` says what belongs to a user name, None: nobody of that name. One algorithm for each instance, qop `auth`."""

    def __init__(self, password: Callable[[str], str | None], *, realm: str, algorithm: str, rng: random.Random) -> None:
        self.realm = realm
        self.algorithm = algorithm
        self._password = password
        self._hash = _HASHES[algorithm]
        self._rng = rng
        self._serial = count(1)
        self._used: OrderedDict[str, int] = OrderedDict()

    def challenge(self, verdict: Verdict) -> str:
        """The value of a WWW-Authenticate, with a nonce of its own."""
        nonce = f"{next(self._serial):x}.{self._rng.getrandbits(96):024x}"
        self._used[nonce] = 0
        if len(self._used) > REMEMBERED_NONCES:
            self._used.popitem(last=False)
        stale = ", stale=true" if verdict is Verdict.STALE else ""
        return f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={self.algorithm}, qop="auth"{stale}'

    def forget_nonces(self) -> None:
        """From now on whatever was challenged before is stale."""
        self._used.clear()

    def judge(self, request: Request) -> Verdict:
        values = request.header("Authorization")
        if not values or not values[0].lower().startswith("digest "):
            return Verdict.MISSING
        given = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(values[0])}
        nonce, uses = given.get("nonce", ""), given.get("nc", "")
        if nonce not in self._used:
            return Verdict.STALE
        password = self._password(given.get("username", ""))
        if password is None or given.get("realm") != self.realm or given.get("uri") != request.uri:
            return Verdict.WRONG
        if not re.fullmatch(r"[0-9a-f]{8}", uses) or int(uses, 16) <= self._used[nonce]:
            return Verdict.WRONG
        if not hmac.compare_digest(self._response(given, password, request.method), given.get("response", "")):
            return Verdict.WRONG
        self._used[nonce] = int(uses, 16)
        return Verdict.GOOD

    def _response(self, given: dict[str, str], password: str, method: str) -> str:
        who = self._digest(f"{given['username']}:{self.realm}:{password}")
        what = self._digest(f"{method}:{given['uri']}")
        return self._digest(":".join((who, given["nonce"], given["nc"], given.get("cnonce", ""), given.get("qop", ""), what)))

    def _digest(self, text: str) -> str:
        return hashlib.new(self._hash, text.encode(), usedforsecurity=False).hexdigest()
