"""TCP and TLS: one connection for each target, opened when it is needed and kept, and who waits on it.

Two things a prober must not do with a connection that stands. Charge the target with a connection that *it* closed while idle:
what was asked over such a one, and broke before anything came, is asked again over a new one. And believe a connection that has
gone deaf: as soon as one request waits too long on it, the next one connects afresh, or one dead connection would look like
a dead trunk for as many attempts as share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from probes.clock import mono_ns
from probes.sip.engine.exchanged import Break, Broken, Refused, SelfTrouble
from probes.sip.engine.flow import Flow, FlowEnd, as_exchanged
from probes.sip.engine.pending import Pending, Wire
from probes.sip.engine.target import Endpoint, Target

DOUBTED_NS = 500_000_000
"""A request that waits longer than this (T1) makes its connection doubtful."""
PING_S = 90.0
"""Between keep-alives on a connection that stands (RFC 5626 §3.5.1 wants 95 to 120 s at most)."""
IDLE_NS = 1_800_000_000_000
"""Connections that nobody used for half an hour belong to targets that are no more."""
MOST_LINES = 400
"""Connections at once, unless more are in use: names that lead elsewhere each time must not take every file descriptor."""
MOST_TRIES = 4
"""How often one request may meet a connection that its peer is about to close."""


class Line:
    """One connection and who uses it: a `Wire` that keeps order and loses nothing while it stands."""

    __slots__ = ("flow", "is_open", "keeper", "served", "used_ns", "users", "waiting")
    is_reliable = True
    lost = 0

    def __init__(self) -> None:
        self.flow: Flow
        self.is_open = False
        self.served = False
        """Something was answered over it: what breaks it later may be mere tidiness."""
        self.users: set[Pending] = set()
        self.waiting: list[Pending] = []
        self.used_ns = 0
        self.keeper: asyncio.TimerHandle | None = None

    @property
    def local(self) -> Endpoint:
        return self.flow.local

    @property
    def peer(self) -> Endpoint:
        return self.flow.peer

    @property
    def certificate_not_after(self) -> int | None:
        return self.flow.certificate_not_after

    def send(self, data: bytes) -> OSError | None:
        self.flow.send(data)
        return None

    def is_doubtful(self, *, now: int) -> bool:
        return self.is_open and any(now - pending.started > DOUBTED_NS for pending in self.users)


class Streams:
    """`connected` begins an exchange over its connection; `broken` ends it, or, told no result, asks again."""

    def __init__(
        self,
        *,
        connected: Callable[[Pending, Wire], None],
        broken: Callable[[Pending, Refused | Broken | SelfTrouble | None], None],
        received: Callable[[bytes, Wire], None],
    ) -> None:
        self._connected = connected
        self._broken = broken
        self._received = received
        self._current: dict[Target, Line] = {}
        self._lines: dict[Flow, Line] = {}
        self._of: dict[Pending, Line] = {}

    def take(self, pending: Pending, *, now: int) -> None:
        """Ask over the connection that stands, or as soon as one does."""
        line = self._current.get(pending.target)
        if line is None or line.is_doubtful(now=now):
            line = self._connect(pending.target)
        line.used_ns = now
        self._of[pending] = line
        if line.is_open:
            line.users.add(pending)
            self._connected(pending, line)
        else:
            line.waiting.append(pending)

    def left(self, pending: Pending, *, answered: bool) -> None:
        """Settled or cancelled. A connection on which somebody waited in vain is not used again."""
        line = self._of.pop(pending, None)
        if line is None:
            return
        line.users.discard(pending)
        if pending in line.waiting:
            line.waiting.remove(pending)
        line.served = line.served or answered
        if not answered and self._current.get(pending.target) is line and (line.is_open or not line.waiting):
            del self._current[pending.target]
        if self._current.get(pending.target) is not line and not line.users and not line.waiting:
            self._drop(line)

    def close(self) -> list[Pending]:
        """Whoever was waiting."""
        waiting = list(self._of)
        for line in list(self._lines.values()):
            self._drop(line)
        self._current.clear()
        return waiting

    def _connect(self, target: Target) -> Line:
        loop = asyncio.get_running_loop()
        if len(self._lines) >= MOST_LINES:
            self._spare_one()
        line = Line()
        line.flow = Flow(loop, target, opened=self._opened, received=self._heard, ended=self._ended)
        self._current[target] = self._lines[line.flow] = line
        return line

    def _spare_one(self) -> None:
        """The connection that was not used for longest, if any is not in use."""
        unused = [line for line in self._current.values() if not line.users and not line.waiting]
        if unused:
            line = min(unused, key=lambda each: each.used_ns)
            del self._current[line.flow.target]
            self._drop(line)

    def _drop(self, line: Line) -> None:
        if self._lines.pop(line.flow, None) is not None:
            line.flow.close()
        _let_go(line)

    def _opened(self, flow: Flow) -> None:
        line = self._lines[flow]
        line.is_open = True
        waiting, line.waiting = line.waiting, []
        line.users.update(waiting)
        for pending in waiting:
            if not pending.is_settled:
                self._connected(pending, line)
        self._keep_alive(line)

    def _keep_alive(self, line: Line) -> None:
        if line.flow not in self._lines:
            return
        if mono_ns() - line.used_ns > IDLE_NS and self._current.get(line.flow.target) is line:
            del self._current[line.flow.target]
            self._drop(line)
            return
        line.flow.ping()
        line.keeper = asyncio.get_running_loop().call_later(PING_S, self._keep_alive, line)

    def _heard(self, flow: Flow, data: bytes) -> None:
        line = self._lines.get(flow)
        if line is not None:
            self._received(data, line)

    def _ended(self, flow: Flow, end: FlowEnd) -> None:
        line = self._lines.pop(flow, None)
        if line is None:
            return
        _let_go(line)
        if self._current.get(flow.target) is line:
            del self._current[flow.target]
        again = line.served and end.how in (Break.CLOSED, Break.RESET)
        now = mono_ns()
        for pending in [*line.users, *line.waiting]:
            self._of.pop(pending, None)
            if again and pending.tries < MOST_TRIES and pending.provisional is None:
                pending.tries += 1
                self._broken(pending, None)
            else:
                self._broken(pending, as_exchanged(end, now - pending.started, flow.peer))


def _let_go(line: Line) -> None:
    """A timer would hold the connection, and all that TLS keeps for it, until it is due."""
    if line.keeper is not None:
        line.keeper.cancel()
        line.keeper = None
