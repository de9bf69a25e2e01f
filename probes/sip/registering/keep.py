"""Keeping one binding alive, as a machine without clock, chance or socket: when to ask, and what stands meanwhile.

What leads where:

    IDLE ──start──▶ REGISTERING ──bound──▶ REGISTERED ──refresh──▶ REGISTERED
                        │                      │
                     failed                 failed, or the registrar no longer holds us
                        ▼                      ▼
                     FAILING ──bound──▶ REGISTERED, after a back-off
    any of these ──rejected for good──▶ REJECTED ──again()──▶ REGISTERING
    any ──stop──▶ STOPPED, by way of LEAVING where the binding is to be taken back first

A registration whose refresh failed may still stand for a while: `bound_until_ns` says until when, `state` that it is FAILING.
Until then attempts come closer and closer; the back-off of RFC 5626 begins when the binding is gone.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from probes.sample import NS_PER_S, Moment, Outcome, ProbeResult
from probes.sip.engine.exchanged import Answered
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.backoff import after_failure, after_own_trouble, until_refresh, while_bound
from probes.sip.registering.binding import contact_differs, granted_s
from probes.sip.registering.pacing import is_overload
from probes.sip.registering.result import failed, is_success, registered, unasked, unbound


class State(StrEnum):
    IDLE = "idle"
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILING = "failing"
    REJECTED = "rejected"
    LEAVING = "leaving"
    STOPPED = "stopped"


SILENT_STATES = frozenset({State.IDLE, State.REJECTED, State.STOPPED})
"""Where nothing is sent."""


class Keeper:
    """`due_ns` is when the next attempt begins, monotonic; None: not before something is told. `asks_s` is the Expires to ask
    for. Between `begin` and `ended` (or `dropped`) an attempt is under way and nothing is due."""

    __slots__ = (
        *("_in_vain", "_leaves", "asked_ns", "asks_s", "bound_until_ns", "contact", "due_ns", "failures", "flaps", "granted_s"),
        *("_was_bound", "is_gone"),
        *("is_asking", "last", "stable_since", "state"),
    )

    def __init__(self, asks_s: int) -> None:
        self.state = State.IDLE
        self.asks_s = asks_s
        self.due_ns: int | None = None
        self.is_asking = False
        self.contact: str | None = None
        """What the registrar holds of ours, or may still hold."""
        self.granted_s = 0
        self.bound_until_ns = 0
        self.failures = 0
        self._in_vain = 0
        """Failures that the back-off counts: those since the last success, or since the binding is gone."""
        self.flaps = 0
        """How often a binding of ours was lost: by the registrar's word, or by expiry."""
        self.stable_since: Moment | None = None
        self.last: ProbeResult | None = None
        self.asked_ns = 0
        """When the last attempt ended, monotonic."""
        self._was_bound = self.is_gone = False
        """`is_gone`: a binding was lost or ran out, and was not made anew since."""
        self._leaves = False

    # What others want

    def start(self, *, now: Moment) -> None:
        if self.state in (State.IDLE, State.STOPPED):
            self._register(now)

    def again(self, *, now: Moment) -> None:
        """An operator's word after REJECTED: what was refused may be right now."""
        if self.state is State.REJECTED:
            self._register(now)

    def renew(self, *, now: Moment) -> None:
        """A binding that stands is made anew at once, and not given up meanwhile. One that is in doubt has its own time."""
        if self.state is State.REGISTERED and not self.is_asking:
            self.due_ns = now.mono_ns

    def stop(self, *, unregister: bool, now: Moment) -> None:
        """Ends at once, or, with `unregister`, after what may be bound was taken back."""
        may_be_bound = self.is_asking or self.is_bound(now)
        if not unregister or self.state in SILENT_STATES or not may_be_bound:
            self._end()
        elif self.is_asking:
            self._leaves = self.state is not State.LEAVING
        else:
            self._leave(now)

    # What happens

    def begin(self, *, now: Moment) -> None:
        self._expire(now)
        self.is_asking = True
        self.due_ns = None

    def ended(self, verdict: Verdict, attempt: RegisterAttempt, *, contact: str | None, now: Moment, chance: float) -> None:
        """`contact` is the URI that the last REGISTER of the attempt carried."""
        if not self._settle(now):
            return
        self.asks_s = max(self.asks_s, attempt.least_s)
        answered = verdict.exchanged
        if not isinstance(answered, Answered) or not is_success(answered.response.status):
            self._failed(verdict, now, chance)
        elif contact is None or (granted := granted_s(answered.response, contact, asked_s=attempt.expires_s or 0)) is None:
            self._unbind(now)
            self.is_gone = True
            self._fail(unbound(answered, "lost", {}), None, now, chance)
        else:
            self.contact, self.granted_s = contact, granted
            differs = contact_differs(answered.response, contact)
            self._bound(answered, now, chance, {"contact_differs": differs} if differs else {})
        self._follow(now)

    def dropped(self, result: ProbeResult, *, now: Moment, chance: float) -> None:
        """The attempt ended before anything was sent: no address for the registrar's name."""
        if self._settle(now):
            self._fail(result, None, now, chance)
            self._follow(now)

    def _settle(self, now: Moment) -> bool:
        self.is_asking, self.asked_ns = False, now.mono_ns
        self._expire(now)
        if self.state is State.LEAVING:
            self._end()
        return self.state is not State.STOPPED

    def _follow(self, now: Moment) -> None:
        """What had to wait for the end of the attempt: there may be one at a time (RFC 3261 §10.2)."""
        if self._leaves:
            self._leave(now) if self.is_bound(now) and self.state is not State.REJECTED else self._end()

    def _bound(self, answered: Answered, now: Moment, chance: float, facts: dict[str, str | int]) -> None:
        # Counted from when the request left: the registrar's clock began to run somewhere between then and now.
        sent_ns = now.mono_ns - answered.rtt_ns
        granted_ns = self.granted_s * NS_PER_S
        if self.stable_since is None:
            self.stable_since = now
        self.state, self.failures, self._in_vain = State.REGISTERED, 0, 0
        self._was_bound, self.is_gone = True, False
        self.bound_until_ns = sent_ns + granted_ns
        self.due_ns = max(now.mono_ns, sent_ns + until_refresh(granted_ns, chance=chance))
        # What went well needs no evidence, and ten thousand times its bytes would be a lot to keep.
        self.last = replace(registered(answered, facts), trace=None)

    def _failed(self, verdict: Verdict, now: Moment, chance: float) -> None:
        result = failed(verdict)
        if verdict.rejected is not None and verdict.rejected.is_final:
            self.state, self.due_ns, self.last = State.REJECTED, None, result
            self.failures += 1
            return
        answered = verdict.exchanged
        told = answered.response.retry_after if isinstance(answered, Answered) else None
        self._fail(result, None if told is None else told.seconds, now, chance)
        if isinstance(answered, Answered) and told is None and self.failures == 1 and is_overload(answered.response):
            # Too many asked at once, and the pace of the registrar has slowed down for it already: wait for a turn, no longer.
            self.due_ns = now.mono_ns

    def _fail(self, result: ProbeResult, retry_after_s: int | None, now: Moment, chance: float) -> None:
        self.state, self.last = State.FAILING, result
        if result.outcome is Outcome.ERROR:
            # Our own trouble says nothing of the registrar: it costs a moment, and no patience.
            self.due_ns = now.mono_ns + after_own_trouble(chance=chance)
            return
        self.failures += 1
        self._in_vain += 1
        first = not self._was_bound
        wait_ns = after_failure(self._in_vain, retry_after_s=retry_after_s, chance=chance, is_first=first)
        if retry_after_s is None and self.is_bound(now):
            wait_ns = while_bound(self.bound_until_ns - now.mono_ns, wait_ns)
        self.due_ns = now.mono_ns + wait_ns

    # What stands

    def is_bound(self, now: Moment) -> bool:
        return now.mono_ns < self.bound_until_ns

    def standing(self, *, now: Moment) -> ProbeResult | None:
        """What is known at this moment; None while the first answer is awaited."""
        self._expire(now)
        if self.state in (State.IDLE, State.LEAVING, State.STOPPED):
            return unasked("stopped", 0)
        if self.last is None or self.state is State.REGISTERING:
            return None
        if self.state is State.REGISTERED and not self.is_bound(now):
            # The registrar did nothing wrong: our own refresh has not had its turn.
            return replace(unasked("deferred", 0), facts=self._facts(now))
        return replace(self.last, facts={**self.last.facts, **self._facts(now)})

    def _facts(self, now: Moment) -> dict[str, str | int]:
        facts: dict[str, str | int] = {"flaps": self.flaps, "granted_s": self.granted_s}
        if self.is_bound(now):
            facts["expires_s"] = (self.bound_until_ns - now.mono_ns) // NS_PER_S
        if self.stable_since is not None:
            facts["stable_s"] = (now.mono_ns - self.stable_since.mono_ns) // NS_PER_S
        if self.failures:
            facts["failures"] = self.failures
        if self.due_ns is not None and self.last is not None and self.last.outcome is not Outcome.PASS:
            facts["retry_in_s"] = max(0, -(-(self.due_ns - now.mono_ns) // NS_PER_S))
        return facts

    # Steps

    def _register(self, now: Moment) -> None:
        self.state, self.failures, self._in_vain = State.REGISTERING, 0, 0
        self.due_ns = None if self.is_asking else now.mono_ns

    def _leave(self, now: Moment) -> None:
        self.state, self.due_ns, self._leaves = State.LEAVING, now.mono_ns, False

    def _end(self) -> None:
        self.state, self.due_ns, self.bound_until_ns, self._leaves = State.STOPPED, None, 0, False

    def _expire(self, now: Moment) -> None:
        if self.bound_until_ns and not self.is_bound(now) and self.state is not State.LEAVING:
            self._unbind(now)

    def _unbind(self, now: Moment) -> None:
        if self.bound_until_ns:
            self.flaps += 1
            self._in_vain = 0
            self.is_gone = True
        self.bound_until_ns, self.stable_since = 0, None
