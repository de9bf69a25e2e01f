"""One attempt at a registrar, however many REGISTERs it takes: challenges answered, 423 obeyed once. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sip.digest.login import ABOUT_LOGIN, Login, LoginAttempt, Rejected
from probes.sip.engine.exchanged import Answered, Exchanged

INTERVAL_TOO_BRIEF = 423
LONGEST_EXPIRES_S = 86_400
"""A Min-Expires above this is not obeyed: RFC 3261 §10.3 lets a registrar ask for no more than an hour, and a binding that
outlives the night by far is not what anybody asked for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The registrar's last word in an attempt; `rejected` where that was about who we are."""

    exchanged: Exchanged
    rejected: Rejected | None = None


class RegisterAttempt:
    """Feed it how each REGISTER ended; `expires_s` is what the next one asks for, None for a query."""

    __slots__ = ("expires_s", "least_s", "login")

    def __init__(self, login: Login, *, expires_s: int | None = None) -> None:
        self.login = LoginAttempt(login)
        self.expires_s = expires_s
        self.least_s = 0
        """The Min-Expires of a 423 that was obeyed."""

    def hear(self, exchanged: Exchanged, *, cnonce: str) -> Verdict | None:
        """None: send another. `cnonce` is random and new."""
        if not isinstance(exchanged, Answered):
            return Verdict(exchanged)
        response = exchanged.response
        if response.status in ABOUT_LOGIN:
            rejected = self.login.hear(response, cnonce=cnonce)
            return None if rejected is None else Verdict(exchanged, rejected)
        if 200 <= response.status < 300:
            self.login.accepted()
        if response.status == INTERVAL_TOO_BRIEF and self._raise(response.min_expires):
            return None
        return Verdict(exchanged)

    def _raise(self, least_s: int | None) -> bool:
        """Once: a registrar that finds even its own Min-Expires too brief is not worth a third request."""
        if self.least_s or not self.expires_s or least_s is None or not self.expires_s < least_s <= LONGEST_EXPIRES_S:
            return False
        self.expires_s = self.least_s = least_s
        return True
