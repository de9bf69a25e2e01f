"""Whether and how to answer a challenge: the memory of nonces, and when a rejection is final (RFC 3261 §22, RFC 8760 §2.4).

Sans-IO. A `Login` belongs to one AOR and remembers the nonces that were given, so that a refresh costs one request instead of
two. A `LoginAttempt` belongs to the requests of one attempt and knows which nonces are *fresh*: credentials that fail with a
remembered nonce may merely have grown stale, whatever the registrar says; credentials that fail with a fresh one are wrong.
Asking on then is how one wrong password becomes a thousand requests a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from probes.sip.digest.auth import Challenge, Credentials, Side, Unusable, authorization, challenges
from probes.sip.messages.message import Response

UNAUTHORIZED, FORBIDDEN, PROXY_AUTHENTICATION_REQUIRED = 401, 403, 407
ABOUT_LOGIN = frozenset({UNAUTHORIZED, FORBIDDEN, PROXY_AUTHENTICATION_REQUIRED})

MAX_ROUNDS = 5
"""Challenges answered within one attempt: a chain of proxies and a stale nonce need three, and a peer that says `stale` for
ever gets no more. Credentials that were never taken end there for good, and `stale` is believed of them once."""


class Why(StrEnum):
    REPEATED = "credentials-rejected"
    """Challenged again although the nonce was fresh."""
    FORBIDDEN = "forbidden"
    NO_CREDENTIALS = "no-credentials"
    REALM = "realm-mismatch"
    NO_CHALLENGE = "no-challenge"
    ROUNDS = "challenged-without-end"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not let in. `reason` is a `Why` or a `Flaw`; `is_final`: the same again can only be refused again, so stay silent until
    somebody has changed something and says so."""

    reason: str
    detail: str
    is_final: bool


class _Session:
    """A nonce in use."""

    __slots__ = ("challenge", "cnonce", "count")

    def __init__(self, challenge: Challenge, cnonce: str) -> None:
        self.challenge = challenge
        self.cnonce = cnonce
        self.count = 0

    def header(self, credentials: Credentials, method: str, uri: str) -> tuple[str, str]:
        self.count += 1
        value = authorization(self.challenge, credentials, method=method, uri=uri, count=self.count, cnonce=self.cnonce)
        return self.challenge.side.answer, value


class Login:
    """What is remembered from one attempt to the next. `credentials` None: we have nothing to prove ourselves with."""

    __slots__ = ("_sessions", "credentials", "is_proven")

    def __init__(self, credentials: Credentials | None) -> None:
        self.credentials = credentials
        self._sessions: tuple[_Session, ...] = ()
        self.is_proven = False
        """Whether these credentials were taken, and not rejected since: till then little that is said of them is believed."""

    @property
    def remembers(self) -> bool:
        return bool(self._sessions)

    def headers(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        """What to add to the next request; each call counts as a use of the nonces."""
        if self.credentials is None:
            return ()
        return tuple(session.header(self.credentials, method, uri) for session in self._sessions)

    def take(self, challenge: Challenge, cnonce: str) -> None:
        kept = tuple(session for session in self._sessions if _space(session.challenge) != _space(challenge))
        self._sessions = (*kept, _Session(challenge, cnonce))

    def forget(self) -> None:
        self._sessions = ()
        self.is_proven = False


class LoginAttempt:
    """The challenges of one attempt."""

    __slots__ = ("_fresh", "_login", "_rounds", "_was_stale", "has_sent")

    def __init__(self, login: Login) -> None:
        self._login = login
        self._fresh: set[str] = set()
        self._rounds = 0
        self._was_stale = False
        self.has_sent = False
        """Whether credentials went out in this attempt."""

    @property
    def has_answered(self) -> bool:
        """Whether a challenge of this very attempt was answered."""
        return bool(self._fresh)

    def headers(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        headers = self._login.headers(method, uri)
        self.has_sent = self.has_sent or bool(headers)
        return headers

    def accepted(self) -> None:
        """The registrar has let us in."""
        self._login.is_proven = self._login.is_proven or self.has_sent

    def hear(self, response: Response, *, cnonce: str) -> Rejected | None:
        """What a 401, 403 or 407 means for us; None: ask again, with `headers`. `cnonce` is random and new."""
        if response.status == FORBIDDEN:
            return self._forbidden()
        if self._login.credentials is None:
            return Rejected(Why.NO_CREDENTIALS, f"challenged with {response.status}", is_final=True)
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            return Rejected(Why.ROUNDS, f"{MAX_ROUNDS} challenges answered", is_final=not self._login.is_proven)
        offered = challenges(response)
        chosen = _chosen(offered, self._login.credentials.realm)
        side = Side.PROXY if response.status == PROXY_AUTHENTICATION_REQUIRED else Side.REGISTRAR
        if not any(challenge.side is side for challenge in chosen):
            return _unanswerable(offered, self._login.credentials.realm, side)
        for challenge in chosen:
            if self._was_in_vain(challenge):
                self._login.forget()
                return Rejected(Why.REPEATED, f"realm {challenge.realm!r}", is_final=True)
        for challenge in chosen:
            self._fresh.add(_space(challenge))
            self._login.take(challenge, cnonce)
        return None

    def _was_in_vain(self, challenge: Challenge) -> bool:
        """Whether this says that our answer to a fresh nonce was wrong."""
        if _space(challenge) not in self._fresh:
            return False
        was_stale, self._was_stale = self._was_stale, self._was_stale or challenge.stale
        return not challenge.stale or (was_stale and not self._login.is_proven)

    def _forbidden(self) -> Rejected:
        """Final (RFC 3261 §21.4.4), unless it was said to credentials out of our memory: those are dropped first."""
        is_final = self.has_answered or not self._login.remembers
        self._login.forget()
        return Rejected(Why.FORBIDDEN, "", is_final)


def _space(challenge: Challenge) -> str:
    """What a nonce is good for: proxies are told apart by their realms, the registrar is one, whatever realm it names today."""
    return challenge.realm if challenge.side is Side.PROXY else Side.REGISTRAR.challenge


def _chosen(offered: tuple[Challenge | Unusable, ...], realm: str | None) -> list[Challenge]:
    """The strongest of each space that may ask us; the peer's order decides among equals."""
    best: dict[tuple[Side, str], Challenge] = {}
    for challenge in offered:
        if isinstance(challenge, Unusable) or (realm is not None and challenge.realm != realm):
            continue
        key = (challenge.side, _space(challenge))
        if key not in best or challenge.algorithm.bits > best[key].algorithm.bits:
            best[key] = challenge
    return list(best.values())


def _unanswerable(offered: tuple[Challenge | Unusable, ...], realm: str | None, side: Side) -> Rejected:
    asked = [challenge for challenge in offered if challenge.side is side]
    for challenge in asked:
        if isinstance(challenge, Challenge):
            return Rejected(Why.REALM, f"asked for realm {challenge.realm!r}, configured is {realm!r}", is_final=False)
    unusable = [challenge for challenge in asked if isinstance(challenge, Unusable)]
    if unusable:
        return Rejected(unusable[0].flaw, unusable[0].detail, is_final=False)
    return Rejected(Why.NO_CHALLENGE, f"no {side.challenge} header", is_final=False)
