"""The client side of one non-INVITE request (RFC 3261 §17.1.2), with no clock and no socket.

Feed it responses and the time, and do what it says. `TRANSITIONS` is the whole machine; a row says where an input leads and what
is done on the way.

Why it has one input more than the RFC: timer F is 32 s, and a probe wants its verdict sooner. The owner's deadline ends
the transaction the same way, but says that it was the owner who gave up. Why it has one state less: COMPLETED and timer K only
absorb copies of the answer. Whoever runs transactions by the thousand remembers their branches for T4 instead, at a hundredth
of the cost (`probes.sip.engine.recent`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import assert_never

from probes.sip.messages.message import Response
from probes.values import fast_dataclass

T1 = 500_000_000
"""RFC 3261 §17.1.1.1: the round-trip estimate, 500 ms, in nanoseconds."""
T2 = 4_000_000_000
"""The longest interval between retransmissions, 4 s."""
T4 = 5_000_000_000
"""How long a message may stay in the network, 5 s: copies of an answer may come for so long (timer K over UDP)."""
TIMER_F = 64 * T1


class State(Enum):
    __hash__ = object.__hash__  # Enum's own is written in Python, and the table is asked for every response

    TRYING = auto()
    PROCEEDING = auto()
    TERMINATED = auto()


class Input(Enum):
    __hash__ = object.__hash__

    PROVISIONAL = auto()
    FINAL = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    DEADLINE = auto()
    TRANSPORT_FAILED = auto()


class Action(Enum):
    RETRANSMIT_DOUBLED = auto()
    """Send again; the interval doubles up to T2."""
    RETRANSMIT_T2 = auto()
    """Send again; the interval is T2 from here on."""
    REPORT_PROVISIONAL = auto()
    REPORT_FINAL = auto()
    REPORT_TIMEOUT = auto()
    REPORT_FAILURE = auto()


# By other names: looking a member up in its class takes as long as calling a function.
_TRYING, _TERMINATED, _FINAL, _PROVISIONAL = State.TRYING, State.TERMINATED, Input.FINAL, Input.PROVISIONAL

Row = tuple[State, Action | None]

TRANSITIONS: Mapping[State, Mapping[Input, Row]] = MappingProxyType(
    {
        State.TRYING: {
            Input.PROVISIONAL: (State.PROCEEDING, Action.REPORT_PROVISIONAL),
            Input.FINAL: (State.TERMINATED, Action.REPORT_FINAL),
            Input.TIMER_E: (State.TRYING, Action.RETRANSMIT_DOUBLED),
            Input.TIMER_F: (State.TERMINATED, Action.REPORT_TIMEOUT),
            Input.DEADLINE: (State.TERMINATED, Action.REPORT_TIMEOUT),
            Input.TRANSPORT_FAILED: (State.TERMINATED, Action.REPORT_FAILURE),
        },
        State.PROCEEDING: {
            Input.PROVISIONAL: (State.PROCEEDING, Action.REPORT_PROVISIONAL),
            Input.FINAL: (State.TERMINATED, Action.REPORT_FINAL),
            Input.TIMER_E: (State.PROCEEDING, Action.RETRANSMIT_T2),
            Input.TIMER_F: (State.TERMINATED, Action.REPORT_TIMEOUT),
            Input.DEADLINE: (State.TERMINATED, Action.REPORT_TIMEOUT),
            Input.TRANSPORT_FAILED: (State.TERMINATED, Action.REPORT_FAILURE),
        },
        # An answer that comes again, or a refusal of an earlier copy after a later one was answered: what was said stands.
        State.TERMINATED: dict.fromkeys(Input, (State.TERMINATED, None)),
    }
)


@fast_dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the wire again, as the `copy`-th."""

    data: bytes
    copy: int


@fast_dataclass(frozen=True, slots=True)
class ProvisionalReceived:
    response: Response


@fast_dataclass(frozen=True, slots=True)
class FinalReceived:
    response: Response
    elapsed_ns: int


@fast_dataclass(frozen=True, slots=True)
class TimedOut:
    """No final response by timer F or, with `by_owner`, by the owner's earlier deadline."""

    by_owner: bool
    elapsed_ns: int


@fast_dataclass(frozen=True, slots=True)
class TransportFailed:
    elapsed_ns: int


Effect = Send | ProvisionalReceived | FinalReceived | TimedOut | TransportFailed


class NonInviteClientTransaction:
    """One request, sent at `now` and, over an unreliable transport, again by timer E, until it is answered, refused or given up.

    Times are monotonic nanoseconds. Whoever makes it sends `request` once; from then on each input gives at most one effect.
    `deadline_ns` is the owner's.
    """

    __slots__ = (
        *("branch", "copies", "deadline", "gives_up", "method", "request", "state"),
        *("_interval", "_started", "_timer_e"),
    )

    def __init__(
        self, request: bytes, branch: str, method: str, now: int, deadline_ns: int | None = None, is_reliable: bool = False
    ) -> None:
        self.request = request
        self.branch = branch
        self.method = method
        self.state = _TRYING
        self.copies = 1
        timer_f = now + TIMER_F
        self.gives_up = gives_up = timer_f if deadline_ns is None or timer_f < deadline_ns else deadline_ns
        self._started = now
        self._interval = T1
        self._timer_e = timer_e = None if is_reliable else now + T1
        self.deadline: int | None = gives_up if timer_e is None or gives_up < timer_e else timer_e
        """When `advance` must be called next; None once terminated."""

    @property
    def is_open(self) -> bool:
        """A final response would still be news."""
        return self.state is not State.TERMINATED

    def receive(self, response: Response, *, now: int) -> Effect | None:
        """Take a response that is this transaction's: topmost Via branch and CSeq method agree (§17.1.3)."""
        if response.vias[0].branch != self.branch or response.cseq.method != self.method:
            return None
        return self.take(response, now=now)

    def take(self, response: Response, *, now: int) -> Effect | None:
        """`receive` where that was found out in another way."""
        return self._apply(_FINAL if response.status >= 200 else _PROVISIONAL, now, response)

    def fail(self, *, now: int) -> Effect | None:
        """The transport could not deliver the request (§8.1.3.1, §18.4)."""
        return self._apply(Input.TRANSPORT_FAILED, now)

    def advance(self, *, now: int) -> Effect | None:
        """Fire what is due. Giving up comes before sending again, and however late `now` is, one copy is sent, not several."""
        if now >= self.gives_up:
            return self._apply(Input.DEADLINE if self.gives_up < self._started + TIMER_F else Input.TIMER_F, now)
        if self._timer_e is not None and now >= self._timer_e:
            return self._apply(Input.TIMER_E, now)
        return None

    def _apply(self, given: Input, now: int, response: Response | None = None) -> Effect | None:
        self.state, action = TRANSITIONS[self.state][given]
        effect = None if action is None else self._act(action, given, now, response)
        self.deadline = self._next()
        return effect

    def _next(self) -> int | None:
        if self.state is _TERMINATED:
            return None
        return self.gives_up if self._timer_e is None or self.gives_up < self._timer_e else self._timer_e

    def _act(self, action: Action, given: Input, now: int, response: Response | None) -> Effect:
        elapsed = now - self._started
        match action:
            case Action.REPORT_FINAL:
                assert response is not None
                return FinalReceived(response, elapsed)
            case Action.REPORT_PROVISIONAL:
                assert response is not None
                return ProvisionalReceived(response)
            case Action.RETRANSMIT_DOUBLED:
                return self._retransmit(min(2 * self._interval, T2), now)
            case Action.RETRANSMIT_T2:
                return self._retransmit(T2, now)
            case Action.REPORT_TIMEOUT:
                return TimedOut(given is Input.DEADLINE, elapsed)
            case Action.REPORT_FAILURE:
                return TransportFailed(elapsed)
            case _:
                assert_never(action)

    def _retransmit(self, interval: int, now: int) -> Send:
        self.copies += 1
        self._interval = interval
        due = now if self._timer_e is None else self._timer_e
        # From the moment it was due, so that a loop's jitter does not add up; from now, if a whole interval was slept through.
        self._timer_e = due + interval if due + interval > now else now + interval
        return Send(self.request, self.copies)
