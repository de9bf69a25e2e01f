"""Digest authentication as values: challenges out of a response, credentials into a header (RFC 7616, RFC 8760, RFC 3261 §22).

Sans-IO. What a registrar offers and we cannot take is a value too (`Unusable`), so that "wrong password" is never said where
"we do not speak that" is meant. `probes.sip.digest.login` decides whether to answer at all.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from probes.sip.messages.message import Response
from probes.sip.messages.syntax import leading_quoted, quote, split

MAX_CHALLENGES = 32
"""Challenges of one response that are looked at."""
MAX_DETAIL = 60

_ENCODING = ("utf-8", "surrogateescape")

_SCHEME = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+)(?:[ \t]+(?![ \t=])(.*))?", re.DOTALL)
_PARAM = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*=[ \t]*(\"(?:[^\"\\]|\\.)*\"|[^ \t\",]*)", re.DOTALL)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f]")


class Side(Enum):
    """Who asks: status, header of the challenge, header of the answer (RFC 3261 §22.2, §22.3)."""

    REGISTRAR = (401, "WWW-Authenticate", "Authorization")
    PROXY = (407, "Proxy-Authenticate", "Proxy-Authorization")

    def __init__(self, status: int, challenge: str, answer: str) -> None:
        self.status = status
        self.challenge = challenge
        self.answer = answer


class Algorithm(Enum):
    """Name on the wire, hash, and bits of it: the more, the better liked. Both of 256 bits are equals (RFC 8760 §2.1)."""

    MD5 = ("MD5", "md5", 128)
    SHA_256 = ("SHA-256", "sha256", 256)
    SHA_512_256 = ("SHA-512-256", "sha512_256", 256)

    def __init__(self, token: str, hash_name: str, bits: int) -> None:
        self.token = token
        self.hash_name = hash_name
        self.bits = bits


class Flaw(StrEnum):
    """Why a challenge cannot be answered."""

    MALFORMED = "malformed-challenge"
    SCHEME = "unknown-scheme"
    ALGORITHM = "unsupported-algorithm"
    UNAVAILABLE = "algorithm-unavailable"
    """We know it, but the OpenSSL underneath us was built or told to do without."""
    QOP = "unsupported-qop"
    """`auth-int` alone, or a session algorithm without any qop."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a registrar. `realm` pins the only one that may ask; None answers any.

    Raises ValueError, which never quotes the secret.
    """

    username: str
    secret: bytes = field(repr=False)
    realm: str | None = None

    def __post_init__(self) -> None:
        if not self.username or _INVISIBLE.search(self.username):
            raise ValueError("a user name is not empty and has visible characters only")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge we can answer. `nonce` and `opaque` as received, to be given back unchanged; `realm` without its escapes.

    `named` is the algorithm as the challenge spelt it, None where it left the default (MD5).
    """

    side: Side
    realm: str
    nonce: str
    algorithm: Algorithm
    is_session: bool
    named: str | None
    has_qop: bool
    opaque: str | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Unusable:
    """A challenge we cannot answer; `detail` is what it asked for, made visible and short."""

    side: Side
    flaw: Flaw
    detail: str


def is_available(algorithm: Algorithm) -> bool:
    """Whether the OpenSSL underneath us has it."""
    try:
        hashlib.new(algorithm.hash_name, usedforsecurity=False)
    except ValueError:
        return False
    return True


def challenges(response: Response) -> tuple[Challenge | Unusable, ...]:
    """Everything a response asks us to prove, in order, the registrar's before the proxies'. Never raises."""
    found: list[Challenge | Unusable] = []
    for side in Side:
        for value in response.header(side.challenge):
            try:
                schemes = _by_scheme(value)
            except ValueError as fault:
                found.append(Unusable(side, Flaw.MALFORMED, str(fault)))
                continue
            found.extend(_challenge(side, scheme, items) for scheme, items in schemes)
    return tuple(found[:MAX_CHALLENGES])


def _by_scheme(value: str) -> list[tuple[str, list[str]]]:
    """Each scheme with its parameters, still as text. HTTP lets several share a line, and so do some registrars."""
    found: list[tuple[str, list[str]]] = []
    for item in filter(None, split(value, ",")):
        scheme = _SCHEME.fullmatch(item)
        if scheme is not None:
            found.append((scheme[1], [scheme[2]] if scheme[2] else []))
        elif found:
            found[-1][1].append(item)
        else:
            raise ValueError("a parameter before any scheme")
    return found


def _challenge(side: Side, scheme: str, items: list[str]) -> Challenge | Unusable:
    if scheme.lower() != "digest":
        return Unusable(side, Flaw.SCHEME, _visible(scheme))
    try:
        params = _params(items)
        realm, nonce = _unquoted(params["realm"]), _raw(params["nonce"])
    except (KeyError, ValueError) as fault:
        missing = f"no {fault.args[0]}" if isinstance(fault, KeyError) else str(fault)
        return Unusable(side, Flaw.MALFORMED, missing)
    return _offer(side, realm, nonce, params)


def _offer(side: Side, realm: str, nonce: str, params: dict[str, str]) -> Challenge | Unusable:
    named = _unquoted(params["algorithm"]) if "algorithm" in params else None
    token = (named or Algorithm.MD5.token).upper()
    is_session = token.endswith("-SESS")
    algorithm = _BY_TOKEN.get(token.removesuffix("-SESS"))
    qops = [qop.strip(" \t").lower() for qop in _unquoted(params["qop"]).split(",")] if "qop" in params else []
    if algorithm is None:
        return Unusable(side, Flaw.ALGORITHM, _visible(named or ""))
    if not is_available(algorithm):
        return Unusable(side, Flaw.UNAVAILABLE, algorithm.token)
    if "auth" not in qops and (qops or is_session):
        return Unusable(side, Flaw.QOP, _visible(",".join(qops) or "none"))
    opaque = _raw(params["opaque"]) if "opaque" in params else None
    stale = _unquoted(params.get("stale", "")).lower() == "true"
    return Challenge(side, realm, nonce, algorithm, is_session, named, bool(qops), opaque, stale)


_BY_TOKEN = {algorithm.token: algorithm for algorithm in Algorithm}


def _params(items: list[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for item in items:
        match = _PARAM.fullmatch(item)
        if match is None:
            raise ValueError("a parameter is malformed")
        if match[1].lower() in params:
            raise ValueError("a parameter stands twice")
        params[match[1].lower()] = match[2]
    return params


def _raw(value: str) -> str:
    return value[1:-1] if value.startswith('"') else value


def _unquoted(value: str) -> str:
    return leading_quoted(value)[0] if value.startswith('"') else value


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:MAX_DETAIL])


def authorization(challenge: Challenge, credentials: Credentials, *, method: str, uri: str, count: int, cnonce: str) -> str:
    """The value of the answering header. `count` is how often the nonce has been used, this time included (nc); `cnonce`
    stays the same for as long as the nonce does, which is what the session algorithms ask for (RFC 7616 §3.4.2)."""
    algorithm, nonce = challenge.algorithm, challenge.nonce
    username, realm = credentials.username.encode(*_ENCODING), challenge.realm.encode(*_ENCODING)
    ha1 = _hex(algorithm, b"%b:%b:%b" % (username, realm, credentials.secret))
    if challenge.is_session:
        ha1 = _hex(algorithm, f"{ha1}:{nonce}:{cnonce}".encode(*_ENCODING))
    ha2 = _hex(algorithm, f"{method}:{uri}".encode(*_ENCODING))
    used = f"{count:08x}"
    middle = f"{nonce}:{used}:{cnonce}:auth" if challenge.has_qop else nonce
    response = _hex(algorithm, f"{ha1}:{middle}:{ha2}".encode(*_ENCODING))
    parts = [
        f"username={quote(credentials.username)}",
        f"realm={quote(challenge.realm)}",
        f'nonce="{nonce}"',
        f'uri="{uri}"',
        f'response="{response}"',
    ]
    if challenge.named is not None:
        parts.append(f"algorithm={algorithm.token}{'-sess' if challenge.is_session else ''}")
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    if challenge.has_qop:
        parts += ["qop=auth", f"nc={used}", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(parts)


def _hex(algorithm: Algorithm, data: bytes) -> str:
    return hashlib.new(algorithm.hash_name, data, usedforsecurity=False).hexdigest()
