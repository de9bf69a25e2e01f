"""A kept registration over hours of a time that nobody waits for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from probes.sample import Moment
from probes.sip.digest.login import Login
from probes.sip.engine.exchanged import Exchanged
from probes.sip.engine.target import Transport
from probes.sip.messages.message import Request
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.keep import Keeper, State
from probes.sip.registering.request import Voice, bound
from tests.probes.sip.registrar import AOR, CONTACT, CREDENTIALS, LOCAL, S, Script


def at(ns: int) -> Moment:
    return Moment(utc_ns=1_700_000_000 * S + ns, mono_ns=ns)


@dataclass
class Night:
    """One AOR and its registrar. `sent` is when each REGISTER went, and what it was."""

    script: Script
    keeper: Keeper = field(default_factory=lambda: Keeper(AOR.expires_s))
    ns: int = 1_000 * S
    sent: list[tuple[int, Request]] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self.voice = Voice(AOR, self.rng)
        self.login = Login(CREDENTIALS)

    @property
    def now(self) -> Moment:
        return at(self.ns)

    @property
    def state(self) -> State:
        return self.keeper.state

    def times(self) -> list[float]:
        """Seconds since the first REGISTER."""
        return [(ns - self.sent[0][0]) / S for ns, _ in self.sent]

    def start(self) -> Night:
        self.keeper.start(now=self.now)
        return self.run(0)

    def run(self, seconds: float) -> Night:
        """Everything that is due within the next so many seconds happens on time."""
        end = self.ns + int(seconds * S)
        while self.keeper.due_ns is not None and self.keeper.due_ns <= end:
            self.ns = max(self.ns, self.keeper.due_ns)
            self.attempt()
        self.ns = end
        return self

    def attempt(self) -> None:
        leaving = self.state is State.LEAVING
        self.keeper.begin(now=self.now)
        attempt = RegisterAttempt(self.login, expires_s=0 if leaving else self.keeper.asks_s)
        verdict = self.converse(attempt)
        self.keeper.ended(verdict, attempt, contact=CONTACT, now=self.now, chance=self.rng.random())

    def converse(self, attempt: RegisterAttempt) -> Verdict:
        while True:
            exchanged = self.register(attempt)
            verdict = attempt.hear(exchanged, cnonce="c")
            if verdict is not None:
                return verdict

    def register(self, attempt: RegisterAttempt) -> Exchanged:
        contacts = (bound(CONTACT, attempt.expires_s or 0),)
        request = self.voice.request(
            Transport.UDP, LOCAL, attempt.login, branch="z9hG4bKx", contacts=contacts, expires_s=attempt.expires_s
        )
        self.sent.append((self.ns, request))
        assert len(self.sent) < 20_000, "it asks without end"
        exchanged = self.script(request)
        assert exchanged is not None
        return exchanged
