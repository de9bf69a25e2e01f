"""A registration of our own, kept alive: the thin part around `probes.sip.register_keep`.

Ten thousand of these live in one process: no task for each, one timer at the most, nothing kept of a message once it is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from probes.clock import mono_ns, read
from probes.probe import Cancel
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.auth import Credentials
from probes.sip.headers import Address
from probes.sip.location import Location
from probes.sip.login import Login
from probes.sip.register_attempt import RegisterAttempt, Verdict
from probes.sip.register_conversation import Conversation, Deferred, Line
from probes.sip.register_keep import Keeper, State
from probes.sip.register_request import Aor, Voice, bound
from probes.sip.target import Endpoint, Target
from probes.sip.timers import whole_ms

Observer = Callable[["Registration"], None]
"""Told after each attempt and each order, when `state` and `standing` may have changed."""


class Registration:
    """One AOR. `way` is a target, or a name that leads to several: then the one after the last that failed us is taken."""

    __slots__ = (
        *("_contact", "_conversation", "_is_locating", "_keeper", "_line", "_login", "_observer", "_timer", "_voice", "_way"),
    )

    def __init__(
        self,
        aor: Aor,
        credentials: Credentials | None,
        way: Target | Location,
        line: Line,
        *,
        observer: Observer | None = None,
    ) -> None:
        self._voice = Voice(aor, line.rng)
        self._login = Login(credentials)
        self._way = way
        self._line = line
        self._observer = observer
        self._keeper = Keeper(aor.expires_s)
        self._contact: str | None = None
        self._conversation: Conversation | Cancel | None = None
        self._is_locating = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def aor(self) -> Aor:
        return self._voice.aor

    @property
    def state(self) -> State:
        return self._keeper.state

    @property
    def flaps(self) -> int:
        return self._keeper.flaps

    @property
    def is_bound(self) -> bool:
        return self._keeper.is_bound(read())

    @property
    def is_deferred(self) -> bool:
        """Whether the next REGISTER waits for its turn."""
        return isinstance(self._conversation, Conversation) and self._conversation.is_deferred

    def standing(self) -> ProbeResult | None:
        """What is known now; None while the first answer is awaited."""
        return self._keeper.standing(now=read())

    # Orders

    def start(self) -> None:
        self._keeper.start(now=read())
        self._go_on()

    def again(self) -> None:
        """The operator's word that what was rejected may be right now."""
        self._keeper.again(now=read())
        self._go_on()

    def lost(self) -> None:
        """Register now: somebody knows that the binding is gone."""
        self._keeper.lost(now=read())
        self._go_on()

    def ask_for(self, expires_s: int) -> None:
        """Another Expires, from a REGISTER on that is sent at once."""
        self._keeper.ask_for(expires_s, now=read())
        self._go_on()

    def stop(self, *, unregister: bool = False) -> None:
        """At once; with `unregister` the state is STOPPED only when the registrar has answered, or has not. Idempotent."""
        self._keeper.stop(unregister=unregister, now=read())
        if self.state is State.STOPPED:
            self._hang_up()
        self._go_on()

    # Time

    def _go_on(self) -> None:
        self._arm()
        if self._observer is not None:
            self._observer(self)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._keeper.due_ns
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(whole_ms(due - mono_ns()), self._on_due)

    def _on_due(self) -> None:
        self._timer = None
        self._keeper.begin(now=read())
        if isinstance(self._way, Target):
            self._talk(self._way)
            return
        self._is_locating = True
        cancel = self._way.ask(self._located)
        if self._is_locating:
            self._conversation = cancel

    def _located(self, targets: tuple[Target, ...] | str) -> None:
        self._is_locating = False
        if not isinstance(targets, str):
            self._talk(targets[self._keeper.failures % len(targets)])
            return
        self._conversation = None
        result = ProbeResult(Outcome.ERROR, None, Origin.DNS, targets, 0)
        self._keeper.dropped(result, now=read(), chance=self._line.rng.random())
        self._go_on()

    # An attempt

    def _talk(self, target: Target) -> None:
        leaving = self.state is State.LEAVING
        attempt = RegisterAttempt(self._login, expires_s=0 if leaving else self._keeper.asks_s)
        held, expires_ns = self._keeper.contact, self._keeper.bound_until_ns

        def contacts(local: Endpoint) -> tuple[Address, ...]:
            self._contact = contact = self._voice.contact(target.transport, local)
            if leaving:
                return (bound(held or contact, 0),)
            binding = bound(contact, attempt.expires_s or 0)
            # A connection that was made anew has another port, and calls must not ring where nobody listens any more.
            return (binding, bound(held, 0)) if held not in (None, contact) and expires_ns > mono_ns() else (binding,)

        conversation = Conversation(
            self._line,
            self._voice,
            target,
            attempt,
            contacts=contacts,
            expires_ns=expires_ns,
            ended=lambda word: self._ended(word, attempt),
        )
        self._conversation = conversation
        conversation.begin()

    def _ended(self, word: Verdict | Deferred, attempt: RegisterAttempt) -> None:
        self._conversation = None
        assert isinstance(word, Verdict), "a conversation without a deadline is never deferred"
        self._keeper.ended(word, attempt, contact=self._contact, now=read(), chance=self._line.rng.random())
        self._go_on()

    def _hang_up(self) -> None:
        conversation, self._conversation = self._conversation, None
        if isinstance(conversation, Conversation):
            conversation.cancel()
        elif conversation is not None:
            conversation()
