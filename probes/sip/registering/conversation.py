"""One attempt at a registrar on the wire: a permit, a REGISTER, its answer, and so on until the registrar's last word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from probes.clock import mono_ns
from probes.sip.engine.deadlines import whole_ms
from probes.sip.engine.exchanged import Exchanged, SelfTrouble, Silent
from probes.sip.engine.pending import Build, Cancel, Ended
from probes.sip.engine.target import Endpoint, Target
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.headers import Address
from probes.sip.messages.message import Request
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.permits import Permits
from probes.sip.registering.request import Chance, Voice


class Asks(Protocol):
    """`probes.sip.engine.engine.SipEngine`."""

    def ask(self, target: Target, build: Build, ended: Ended, *, timeout_ns: int) -> Cancel: ...


@dataclass(frozen=True, slots=True)
class Line:
    """What all AORs share."""

    engine: Asks
    permits: Permits
    rng: Chance


@dataclass(frozen=True, slots=True)
class Deferred:
    """The time was over before a permit came, or so late that silence proves nothing."""

    elapsed_ns: int


class Conversation:
    """Begin it once. `ended` is called once, perhaps before `begin` returns, never after `cancel`.

    `contacts` gives what to bind (empty: a query) from our own address. `expires_ns` is when the binding in question ends:
    that is its place in the queue. `deadline_ns` bounds everything together, monotonic; None: each REGISTER by itself.
    """

    __slots__ = (
        *("_asked_ns", "_attempt", "_cancel", "_contacts", "_deadline_ns", "_ended", "_expires_ns", "_line", "_started_ns"),
        *("_step", "_target", "_timer", "_voice", "_waited_ns", "is_deferred"),
    )

    def __init__(
        self,
        line: Line,
        voice: Voice,
        target: Target,
        attempt: RegisterAttempt,
        *,
        contacts: Callable[[Endpoint], tuple[Address, ...]],
        expires_ns: int,
        ended: Callable[[Verdict | Deferred], None],
        deadline_ns: int | None = None,
    ) -> None:
        self._line = line
        self._voice = voice
        self._target = target
        self._attempt = attempt
        self._contacts = contacts
        self._expires_ns = expires_ns
        self._ended = ended
        self._deadline_ns = deadline_ns
        self._started_ns = self._asked_ns = mono_ns()
        self._waited_ns = 0
        self._cancel: Cancel | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._step = 0
        """Rises with each thing waited for: what is answered at once must not be remembered as still open."""
        self.is_deferred = False
        """Whether it is a permit that is waited for."""

    def begin(self) -> None:
        self._queue()

    def cancel(self) -> None:
        """Idempotent."""
        self._step += 1
        cancel, self._cancel = self._cancel, None
        self._disarm()
        if cancel is not None:
            cancel()
            if not self.is_deferred:
                self._untold()

    def _queue(self) -> None:
        self._asked_ns = mono_ns()
        if self._deadline_ns is not None:
            self._timer = asyncio.get_running_loop().call_later(whole_ms(self._deadline_ns - self._asked_ns), self._defer)
        self.is_deferred = True
        self._await(lambda: self._line.permits.ask(self._voice.aor.uri, expires_ns=self._expires_ns, granted=self._granted))

    def _granted(self) -> None:
        self._arrived()
        now = mono_ns()
        self._waited_ns += now - self._asked_ns
        timeout_ns = self._voice.aor.timeout_ns
        if self._deadline_ns is not None:
            timeout_ns = min(timeout_ns, self._deadline_ns - now)
        if timeout_ns <= 0:
            self._untold()
            self._defer()
            return
        self._await(lambda: self._line.engine.ask(self._target, self._build, self._heard, timeout_ns=timeout_ns))

    def _build(self, local: Endpoint) -> Request:
        return self._voice.request(
            self._target.transport,
            local,
            self._attempt.login,
            branch=f"z9hG4bK{self._line.rng.getrandbits(96):024x}",
            contacts=self._contacts(local),
            expires_s=self._attempt.expires_s,
        )

    def _heard(self, exchanged: Exchanged) -> None:
        self._arrived()
        was_robbed = self._was_robbed(exchanged)
        self._line.permits.heard(exchanged, is_fair=not was_robbed)
        verdict = self._attempt.hear(exchanged, cnonce=f"{self._line.rng.getrandbits(64):016x}")
        if verdict is not None:
            self._ended(Deferred(mono_ns() - self._started_ns) if was_robbed else verdict)
            return
        # A nonce grows stale sooner than any binding: whoever was challenged goes before those who have yet to begin.
        self._expires_ns = min(self._expires_ns, self._started_ns)
        self._queue()

    def _was_robbed(self, exchanged: Exchanged) -> bool:
        """Silence counts against the registrar only where waiting for permits had not taken most of its time."""
        return isinstance(exchanged, Silent) and self._deadline_ns is not None and self._waited_ns > exchanged.elapsed_ns

    def _defer(self) -> None:
        self.cancel()
        self._ended(Deferred(mono_ns() - self._started_ns))

    def _untold(self) -> None:
        """A permit was used, or wasted, and how that ended nobody will hear."""
        self._line.permits.heard(SelfTrouble(Trouble.CLOSED, 0))

    def _await(self, ask: Callable[[], Cancel]) -> None:
        step = self._step
        cancel = ask()
        if self._step == step:
            self._cancel = cancel

    def _arrived(self) -> None:
        self._step += 1
        self.is_deferred = False
        self._cancel = None
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
