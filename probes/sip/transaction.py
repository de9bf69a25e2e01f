"""The client side of one non-INVITE request over UDP (RFC 3261 §17.1.2), with no clock and no socket.

Feed it responses and the time, drain what it wants done. `TRANSITIONS` is the whole machine; a row says where an input leads
and what is done on the way.

Why it has one input more than the RFC: timer F is 32 s, and a probe wants its verdict sooner. The owner's deadline ends
the transaction the same way, but says that it was the owner who gave up. Why K matters on a probe: the peer may
retransmit its answer, and an answer that was already counted must be absorbed, not taken for a stray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import assert_never

from probes.sip.message import Response

T1 = 500_000_000
"""RFC 3261 §17.1.1.1: the round-trip estimate, 500 ms, in nanoseconds."""
T2 = 4_000_000_000
"""The longest interval between retransmissions, 4 s."""
T4 = 5_000_000_000
"""How long a message may stay in the network, 5 s; timer K over UDP."""
TIMER_F = 64 * T1


class State(Enum):
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Input(Enum):
    PROVISIONAL = auto()
    FINAL = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_K = auto()
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
    START_K = auto()


Row = tuple[State, tuple[Action, ...]]

_STAY_COMPLETED: Row = (State.COMPLETED, ())
_STAY_TERMINATED: Row = (State.TERMINATED, ())

TRANSITIONS: Mapping[State, Mapping[Input, Row]] = MappingProxyType(
    {
        State.TRYING: {
            Input.PROVISIONAL: (State.PROCEEDING, (Action.REPORT_PROVISIONAL,)),
            Input.FINAL: (State.COMPLETED, (Action.REPORT_FINAL, Action.START_K)),
            Input.TIMER_E: (State.TRYING, (Action.RETRANSMIT_DOUBLED,)),
            Input.TIMER_F: (State.TERMINATED, (Action.REPORT_TIMEOUT,)),
            Input.TIMER_K: (State.TRYING, ()),
            Input.DEADLINE: (State.TERMINATED, (Action.REPORT_TIMEOUT,)),
            Input.TRANSPORT_FAILED: (State.TERMINATED, (Action.REPORT_FAILURE,)),
        },
        State.PROCEEDING: {
            Input.PROVISIONAL: (State.PROCEEDING, (Action.REPORT_PROVISIONAL,)),
            Input.FINAL: (State.COMPLETED, (Action.REPORT_FINAL, Action.START_K)),
            Input.TIMER_E: (State.PROCEEDING, (Action.RETRANSMIT_T2,)),
            Input.TIMER_F: (State.TERMINATED, (Action.REPORT_TIMEOUT,)),
            Input.TIMER_K: (State.PROCEEDING, ()),
            Input.DEADLINE: (State.TERMINATED, (Action.REPORT_TIMEOUT,)),
            Input.TRANSPORT_FAILED: (State.TERMINATED, (Action.REPORT_FAILURE,)),
        },
        State.COMPLETED: {
            Input.PROVISIONAL: _STAY_COMPLETED,
            Input.FINAL: _STAY_COMPLETED,
            Input.TIMER_E: _STAY_COMPLETED,
            Input.TIMER_F: _STAY_COMPLETED,
            Input.TIMER_K: (State.TERMINATED, ()),
            Input.DEADLINE: _STAY_COMPLETED,
            # A refusal of an earlier copy arrives after a later copy was answered: the answer stands.
            Input.TRANSPORT_FAILED: _STAY_COMPLETED,
        },
        State.TERMINATED: dict.fromkeys(Input, _STAY_TERMINATED),
    }
)


@dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the wire, `copy` being 1 for the request itself and more for a retransmission."""

    data: bytes
    copy: int


@dataclass(frozen=True, slots=True)
class ProvisionalReceived:
    response: Response


@dataclass(frozen=True, slots=True)
class FinalReceived:
    response: Response
    elapsed_ns: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No final response by timer F or, with `by_owner`, by the owner's earlier deadline."""

    by_owner: bool
    elapsed_ns: int


@dataclass(frozen=True, slots=True)
class TransportFailed:
    elapsed_ns: int


Effect = Send | ProvisionalReceived | FinalReceived | TimedOut | TransportFailed


class NonInviteClientTransaction:
    """One request, sent at `now` and again by timer E, until it is answered, refused or given up.

    Times are monotonic nanoseconds. The first `Send` waits in `drain()` from the start. `deadline_ns` is the owner's.
    """

    def __init__(self, request: bytes, *, branch: str, method: str, now: int, deadline_ns: int | None = None) -> None:
        self.branch = branch
        self.method = method
        self.state = State.TRYING
        self.copies = 0
        self._request = request
        self._started = now
        self._interval = T1
        self._timer_e: int | None = now + T1
        self._timer_f: int | None = now + TIMER_F
        self._timer_k: int | None = None
        self._owner: int | None = deadline_ns
        self._effects: list[Effect] = []
        self._send()

    @property
    def deadline(self) -> int | None:
        """When `advance` must be called next; None once terminated."""
        timers = [at for at in (self._timer_e, self._timer_f, self._timer_k, self._owner) if at is not None]
        return min(timers, default=None)

    @property
    def is_open(self) -> bool:
        """A final response would still be news."""
        return self.state in (State.TRYING, State.PROCEEDING)

    def receive(self, response: Response, *, now: int) -> bool:
        """Whether the response is this transaction's: topmost Via branch and CSeq method agree (§17.1.3)."""
        if response.vias[0].branch != self.branch or response.cseq.method != self.method:
            return False
        self._apply(Input.FINAL if response.is_final else Input.PROVISIONAL, now, response)
        return True

    def fail(self, *, now: int) -> None:
        """The transport could not deliver the request (§8.1.3.1, §18.4)."""
        self._apply(Input.TRANSPORT_FAILED, now)

    def advance(self, *, now: int) -> None:
        """Fire what is due. Giving up comes before sending again, and however late `now` is, one copy is sent, not several."""
        for at, fired in (
            (self._timer_k, Input.TIMER_K),
            (self._timer_f, Input.TIMER_F),
            (self._owner, Input.DEADLINE),
            (self._timer_e, Input.TIMER_E),
        ):
            if at is not None and now >= at:
                self._apply(fired, now)
                return

    def drain(self) -> list[Effect]:
        """What has to be done since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    def _apply(self, given: Input, now: int, response: Response | None = None) -> None:
        self.state, actions = TRANSITIONS[self.state][given]
        for action in actions:
            self._act(action, given, now, response)
        if not self.is_open:
            self._timer_e = self._timer_f = self._owner = None
        if self.state is State.TERMINATED:
            self._timer_k = None

    def _act(self, action: Action, given: Input, now: int, response: Response | None) -> None:
        elapsed = now - self._started
        match action:
            case Action.RETRANSMIT_DOUBLED:
                self._retransmit(min(2 * self._interval, T2), now)
            case Action.RETRANSMIT_T2:
                self._retransmit(T2, now)
            case Action.START_K:
                self._timer_k = now + T4
            case Action.REPORT_TIMEOUT:
                self._effects.append(TimedOut(given is Input.DEADLINE, elapsed))
            case Action.REPORT_FAILURE:
                self._effects.append(TransportFailed(elapsed))
            case Action.REPORT_PROVISIONAL:
                assert response is not None
                self._effects.append(ProvisionalReceived(response))
            case Action.REPORT_FINAL:
                assert response is not None
                self._effects.append(FinalReceived(response, elapsed))
            case _:
                assert_never(action)

    def _retransmit(self, interval: int, now: int) -> None:
        self._send()
        self._interval = interval
        due = now if self._timer_e is None else self._timer_e
        # From the moment it was due, so that a loop's jitter does not add up; from now, if a whole interval was slept through.
        self._timer_e = due + interval if due + interval > now else now + interval

    def _send(self) -> None:
        self.copies += 1
        self._effects.append(Send(self._request, self.copies))
