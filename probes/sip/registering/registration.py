"""A registration of our own, kept alive: the thin part around `probes.sip.registering.keep`.

Ten thousand of these live in one process: no task for each, one timer at the most, nothing kept of a message once it is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from probes.clock import mono_ns, read
from probes.probe import Cancel
from probes.sample import ProbeResult
from probes.sip.digest.auth import Credentials
from probes.sip.digest.login import Login
from probes.sip.engine.deadlines import whole_ms
from probes.sip.engine.exchanged import SelfTrouble
from probes.sip.engine.target import Endpoint, Target
from probes.sip.locating.candidates import Lost
from probes.sip.locating.each import unlocated
from probes.sip.locating.location import Location
from probes.sip.messages.headers import Address
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.conversation import Conversation, Deferred, Line
from probes.sip.registering.keep import Keeper, State
from probes.sip.registering.request import Aor, Voice, bound

Observer = Callable[["Registration"], None]
"""Told after each attempt and each order, when `state` and `standing` may have changed."""


class Registration:
    """One AOR. `way` is a target, or a name that leads to several: the one that holds us is refreshed and left, and the next
    after one that failed us is taken."""

    __slots__ = (
        *(
            "_bound_at",
            "_contact",
            "_conversation",
            "_has_failed",
            "_is_locating",
            "_keeper",
            "_line",
            "_login",
            "_looking",
            "_observer",
        ),
        *("_timer", "_tried", "_voice", "_way"),
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
        self._bound_at: Target | None = None
        self._tried: Target | None = None
        self._has_failed = False
        """What `_tried` came to."""
        self._looking: Cancel | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def aor(self) -> Aor:
        return self._voice.aor

    @property
    def state(self) -> State:
        return self._keeper.state

    @property
    def bound_until_ns(self) -> int:
        """Monotonic; 0 or past where nothing is bound."""
        return self._keeper.bound_until_ns

    @property
    def asked_ns(self) -> int:
        """When the last attempt ended, monotonic."""
        return self._keeper.asked_ns

    @property
    def is_bound(self) -> bool:
        return self._keeper.is_bound(read())

    @property
    def is_gone(self) -> bool:
        """Whether a binding of ours was lost, or ran out, and was not made anew since."""
        return self._keeper.is_gone

    @property
    def is_deferred(self) -> bool:
        """Whether the next REGISTER waits for its turn."""
        return isinstance(self._conversation, Conversation) and self._conversation.is_deferred

    def standing(self) -> ProbeResult | None:
        """What is known now; None while the first answer is awaited."""
        standing = self._keeper.standing(now=read())
        if standing is None or standing.reason != "deferred":
            return standing
        return replace(standing, facts={**standing.facts, **self.load()})

    def load(self) -> Mapping[str, int]:
        """What the pace of the registrar says of itself."""
        return self._line.permits.load()

    # Orders

    def start(self) -> None:
        self._keeper.start(now=read())
        self._go_on()

    def again(self) -> None:
        """The operator's word that what was rejected may be right now."""
        self._keeper.again(now=read())
        self._go_on()

    def renew(self) -> None:
        """Make a binding that stands anew, at once."""
        self._keeper.renew(now=read())
        self._go_on()

    def look(self) -> None:
        """Whether the name still leads to where we are bound; if it does not, register at once at a place it leads to now."""
        if isinstance(self._way, Location) and self.state is State.REGISTERED and self._looking is None:
            self._is_locating = True
            cancel = self._way.ask(self._seen)
            self._looking = cancel if self._is_locating else None

    def _seen(self, targets: tuple[Target, ...] | Lost) -> None:
        self._is_locating, self._looking = False, None
        if not isinstance(targets, Lost) and self._bound_at not in targets:
            self.renew()

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
        if self.state is State.LEAVING and self._bound_at is not None:
            self._talk(self._bound_at)
            return
        name, started_ns = self._way.name, mono_ns()
        self._is_locating = True
        cancel = self._way.ask(lambda targets: self._located(targets, name, mono_ns() - started_ns))
        if self._is_locating:
            self._conversation = cancel

    def _located(self, targets: tuple[Target, ...] | Lost, name: str, elapsed_ns: int) -> None:
        self._is_locating = False
        if not isinstance(targets, Lost):
            self._talk(self._chosen(targets))
            return
        self._conversation = None
        self._keeper.dropped(unlocated(targets, name, elapsed_ns), now=read(), chance=self._line.rng.random())
        self._go_on()

    def _chosen(self, targets: tuple[Target, ...]) -> Target:
        if self._tried not in targets:
            return targets[0]
        return targets[(targets.index(self._tried) + self._has_failed) % len(targets)]

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
            ended=lambda word: self._ended(word, attempt, target),
        )
        self._conversation = conversation
        conversation.begin()

    def _ended(self, word: Verdict | Deferred, attempt: RegisterAttempt, target: Target) -> None:
        self._conversation = None
        assert isinstance(word, Verdict), "a conversation without a deadline is never deferred"
        self._keeper.ended(word, attempt, contact=self._contact, now=read(), chance=self._line.rng.random())
        if not isinstance(word.exchanged, SelfTrouble):
            self._tried, self._has_failed = target, self.state is not State.REGISTERED
        if self.state is State.REGISTERED:
            self._bound_at = target
        self._go_on()

    def _hang_up(self) -> None:
        if self._looking is not None:
            self._looking()
            self._looking = None
        conversation, self._conversation = self._conversation, None
        if isinstance(conversation, Conversation):
            conversation.cancel()
        elif conversation is not None:
            conversation()
