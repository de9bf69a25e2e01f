"""One exchange under way, and what becomes of it. `probes.sip.engine.engine` moves it along; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from probes.sip.engine.exchanged import Answered, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.outgoing import Outgoing
from probes.sip.engine.target import Endpoint, Target
from probes.sip.engine.transaction import NonInviteClientTransaction
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import Request, Response

Build = Callable[[Endpoint], Request | Outgoing]
"""Given the local address and port for Via and Contact; the branch it chooses must be new."""
Ended = Callable[[Exchanged], None]
Cancel = Callable[[], None]


class Wire(Protocol):
    """What a request goes out by: a UDP socket with a destination, or a connection."""

    @property
    def peer(self) -> Endpoint:
        """As the kernel spells it, which is how answers and errors name it."""

    @property
    def local(self) -> Endpoint: ...

    @property
    def is_reliable(self) -> bool: ...

    @property
    def certificate_not_after(self) -> int | None: ...

    @property
    def lost(self) -> int:
        """How much the socket has dropped unread until now."""

    def send(self, data: bytes) -> OSError | None: ...


class Sent:
    """A request that is on its way: by which wire, and the transaction that looks after it."""

    __slots__ = ("elsewhere", "is_public", "lost", "outgoing", "received", "transaction", "wire")

    def __init__(self, outgoing: Outgoing, wire: Wire, lost: int, now: int, gives_up: int) -> None:
        self.outgoing = outgoing
        self.wire = wire
        # Not by keywords: a class that is called by them takes half as long again.
        self.transaction = NonInviteClientTransaction(
            outgoing.data, outgoing.branch, outgoing.cseq.method, now, gives_up, wire.is_reliable
        )
        self.lost = lost
        """How many datagrams the socket had lost before."""
        self.received = b""
        """The last response, as it came."""
        self.elsewhere: Endpoint | None = None
        """Who has answered this without having been asked."""
        self.is_public = False
        """Whether neither it nor the request is known to hold a credential."""

    def answered(self, response: Response, rtt_ns: int, *, waited_ns: int) -> Answered:
        """`waited_ns` passed before the request could be sent."""
        wire, copies, asked = self.wire, self.transaction.copies, self.outgoing.data
        connect_ns = waited_ns if wire.is_reliable else 0
        not_after = wire.certificate_not_after
        return Answered(response, rtt_ns, wire.peer, copies, connect_ns, not_after, asked, self.received, self.is_public)

    def is_from(self, wire: Wire | None, peer: Endpoint) -> bool:
        """Only whom we asked can answer; over a connection, only on the same one."""
        return peer == self.wire.peer and (wire is None or wire is self.wire)

    def mismatch(self, response: Response, wire: Wire | None, peer: Endpoint) -> str | None:
        """Why a response that carries our branch is still not ours: it must come from whom we asked, about what we asked."""
        if not self.is_from(wire, peer):
            if response.call_id == self.outgoing.call_id and response.cseq == self.outgoing.cseq:
                self.elsewhere = peer
            return "wrong-source"
        if response.call_id != self.outgoing.call_id:
            return "foreign-call-id"
        if response.cseq != self.outgoing.cseq:
            return "foreign-cseq"
        if len(response.vias) > 1:
            return "several-vias"
        return None


class Pending:
    """Mutable, and private to the engine. Times are monotonic nanoseconds."""

    __slots__ = (
        *("build", "ended", "gives_up", "is_settled", "noted", "provisional", "tries", "sent", "started"),
        *("target", "unproved"),
    )

    def __init__(self, target: Target, build: Build, ended: Ended, started: int, timeout_ns: int) -> None:
        self.target = target
        self.build = build
        self.ended = ended
        self.started = started
        self.gives_up = started + timeout_ns
        self.is_settled = False
        self.sent: Sent | None = None
        self.noted = 0
        """The deadline that is noted already: one note for each, however many copies of an answer come."""
        self.provisional: int | None = None
        self.unproved: Refused | None = None
        """What an error said that did not quote enough of our request to prove that its sender ever saw it."""
        self.tries = 1

    def unanswered(self, *, now: int) -> Exchanged:
        """Silence is held against the target only if we were able to hear."""
        elapsed, sent = now - self.started, self.sent
        if sent is None:
            return Silent(elapsed, self.target.endpoint, 0)
        if sent.wire.lost != sent.lost:
            return SelfTrouble(Trouble.NO_BUFFER, elapsed, "datagrams were lost unread: too many came at once")
        if self.unproved is not None:
            return replace(self.unproved, elapsed_ns=elapsed, sent=sent.outgoing.data)
        copies = sent.transaction.copies
        asked = sent.outgoing.data
        return Silent(elapsed, sent.wire.peer, copies, self.provisional, sent.elsewhere, asked, sent.received)
