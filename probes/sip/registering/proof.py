"""Whether our credentials were ever right, for all registrars that one query asks: a wrong password must cost little. Pure.

It is the same password wherever a name leads, today and at the next look-up: so this belongs to the probe, not to a target.
"""

from __future__ import annotations

from dataclasses import replace

from probes.sample import ProbeResult
from probes.sip.digest.login import LoginAttempt
from probes.sip.engine.exchanged import Answered, SelfTrouble
from probes.sip.engine.target import Target
from probes.sip.registering.attempt import Verdict
from probes.sip.registering.result import is_success, unanswered

MOST_IN_VAIN = 3
"""Attempts in a row that showed credentials never known to be right, and were not answered: some registrars drop what is wrong
in silence, and count it."""


class Proof:
    """`is_proven`: credentials were taken. Until somebody let us in, one target is asked at a time, each in its turn."""

    __slots__ = ("_has_credentials", "_in_vain", "_lets_in", "_serial", "_turns", "is_proven", "rejected", "rejected_ns")

    def __init__(self, *, has_credentials: bool) -> None:
        self.is_proven = False
        self._has_credentials = has_credentials
        self._lets_in = not has_credentials
        self._in_vain = 0
        self._serial = 0
        self._turns: dict[Target, int] = {}
        self.rejected: ProbeResult | None = None
        self.rejected_ns = 0

    def see(self, targets: tuple[Target, ...]) -> None:
        """Who may be asked from now on."""
        self._turns = {target: self._turns.get(target, 0) for target in targets}

    def may_ask(self, target: Target, *, is_busy: bool) -> bool:
        """`is_busy`: somebody is being asked."""
        if self._lets_in:
            return True
        return not is_busy and self._turns.get(target, 0) <= min(self._turns.values(), default=0)

    def asking(self, target: Target) -> None:
        self._serial += 1
        self._turns[target] = self._serial

    def hear(self, verdict: Verdict, login: LoginAttempt) -> None:
        if isinstance(verdict.exchanged, SelfTrouble):
            return
        if not isinstance(verdict.exchanged, Answered):
            self._unanswered(login)
            return
        if login.has_sent:
            self._in_vain = 0
        if is_success(verdict.exchanged.response.status):
            self._lets_in = True
            self.is_proven = self.is_proven or login.has_sent

    def abandoned(self, login: LoginAttempt) -> None:
        """An attempt ended before its answer."""
        self._unanswered(login)

    def _unanswered(self, login: LoginAttempt) -> None:
        if login.has_sent and not self.is_proven:
            self._in_vain += 1

    def given_up(self, result: ProbeResult) -> ProbeResult | None:
        """`result` as the final one where there were too many attempts in vain."""
        if self._in_vain < MOST_IN_VAIN:
            return None
        return replace(unanswered(result), facts={**result.facts, "login": f"credentials-unanswered: {self._in_vain} attempts"})

    def reject(self, result: ProbeResult, *, now_ns: int) -> None:
        self.rejected, self.rejected_ns = result, now_ns
        self.is_proven, self._lets_in = False, not self._has_credentials
        self._in_vain = 0

    def again(self) -> None:
        self.rejected = None
