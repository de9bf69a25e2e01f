"""One connection, TCP or TLS: messages out, whole messages in, and how it ended.

The adapter only: bytes go from the socket through TLS to the framer, and what fails on the way is charged to whoever caused it.
"""

from __future__ import annotations

import errno
from asyncio import AbstractEventLoop
from collections.abc import Callable
from enum import StrEnum

from probes.sip.engine.exchanged import Break
from probes.sip.engine.flow_end import FlowEnd, Unconnected, as_exchanged
from probes.sip.engine.framing import Framer, KeepAlive
from probes.sip.engine.route import find_route
from probes.sip.engine.stream_socket import StreamSocket, is_from_the_way
from probes.sip.engine.target import Endpoint, Target, TlsSettings, Transport
from probes.sip.engine.tls import CONTEXTS, Contexts, TlsSession, UnusableTls
from probes.sip.engine.trouble import Trouble, errno_name, trouble
from probes.sip.messages.malformed import MalformedMessage

__all__ = ["Flow", "FlowEnd", "Stage", "Unconnected", "as_exchanged"]

HIGH_WATER = 1 << 18
"""What a peer that does not read leaves with us, at most: what would come on top is dropped."""

_PING, _PONG = b"\r\n\r\n", b"\r\n"


class Stage(StrEnum):
    CONNECTING = "connecting"
    HANDSHAKE = "tls-handshake"
    OPEN = "open"
    ENDED = "ended"


class Flow:
    """Connects as soon as it is made, and without a timeout: `close()` ends it. ValueError for a target that cannot be one.

    `received` gets each message whole, not yet parsed; keep-alives are answered here. `ended` is called once, also after
    `close()`, and nothing is after it. Nothing is called back from within a call: always from a turn of the loop.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        target: Target,
        *,
        opened: Callable[[Flow], None],
        received: Callable[[Flow, bytes], None],
        ended: Callable[[Flow, FlowEnd], None],
        contexts: Contexts = CONTEXTS,
    ) -> None:
        self.target = target
        self.peer: Endpoint = target.endpoint
        """As the kernel spells it."""
        self.stage = Stage.CONNECTING
        self.dropped = 0
        """How many messages were not sent because the peer did not read those before, or had gone."""
        self._loop = loop
        self._opened, self._received, self._ended = opened, received, ended
        self._local: Endpoint | None = None
        self._socket: StreamSocket | None = None
        self._session: TlsSession | None = None
        self._framer = Framer()
        self._is_over = False
        self._start(_settings(target), contexts)

    @property
    def local(self) -> Endpoint:
        """ValueError before there is a connection."""
        if self._local is None:
            raise ValueError("not connected")
        return self._local

    @property
    def certificate_not_after(self) -> int | None:
        """When the peer's certificate expires, in UTC seconds; None over TCP, and before the handshake is done."""
        return None if self._session is None else self._session.certificate_not_after

    @property
    def is_pong_due(self) -> bool:
        """The last ping was not answered; many peers answer none (RFC 5626 §4.4.1 asks first whether they do)."""
        return self._framer.is_pong_due

    def send(self, data: bytes) -> bool:
        """False if it was dropped, because the peer does not read. ValueError unless `opened` was called, and after the end.

        Between a failure and `ended`, which tells it, what is sent is dropped.
        """
        if self._is_over or self.stage in (Stage.CONNECTING, Stage.HANDSHAKE):
            raise ValueError("the flow is not open")
        if self._socket is None or self._socket.unsent + len(data) > HIGH_WATER:
            self.dropped += 1
            return False
        if self._session is None:
            self._socket.write(data)
        else:
            self._session.send(data)
            self._flush_session()
            if self._session.end is not None:
                self._end(self._session.end)
        return True

    def ping(self) -> None:
        """Two line ends; whoever knows RFC 5626 sends one back."""
        if self.send(_PING):
            self._framer.is_pong_due = True

    def close(self) -> None:
        """Idempotent."""
        self._is_over = True
        if self._session is not None and self.stage is Stage.OPEN:
            self._session.close()
            self._flush_session()
        self._end(FlowEnd(Trouble.CLOSED))

    # Up

    def _start(self, settings: TlsSettings | None, contexts: Contexts) -> None:
        try:
            route = find_route(self.target.endpoint, self.target.source)
            self.peer = route.peer
            if settings is not None:
                self._session = TlsSession(settings, contexts.get(settings))
            self._socket = StreamSocket(
                self._loop, route, self.target, connected=self._on_connected, received=self._on_data, failed=self._on_failed
            )
        except UnusableTls as fault:
            self._end(FlowEnd(Trouble.TLS_FILES, str(fault)))
        except OSError as fault:
            # The kernel refuses at once only on the way to itself; whatever else it says at once is about ourselves.
            is_refusal = fault.errno == errno.ECONNREFUSED
            self._end(FlowEnd(Unconnected("ECONNREFUSED")) if is_refusal else FlowEnd(trouble(fault), str(fault)))

    def _on_connected(self) -> None:
        assert self._socket is not None
        self._local = self._socket.local
        if self._session is None:
            self._open()
        else:
            self.stage = Stage.HANDSHAKE
            self._session.start()
            self._flush_session()
            if self._session.end is not None:
                self._end(self._session.end)

    def _open(self) -> None:
        self.stage = Stage.OPEN
        self._opened(self)

    # In

    def _on_data(self, data: bytes) -> None:
        session = self._session
        if session is None:
            self._deliver(data)
            return
        said = session.receive(data)
        self._flush_session()
        if session.is_open and self.stage is Stage.HANDSHAKE:
            self._open()
        self._deliver(said)
        if session.end is not None:
            self._end_by_peer(session.end)

    def _deliver(self, data: bytes) -> None:
        self._framer.add(data)
        pings = 0
        while self.stage is Stage.OPEN:
            try:
                frame = self._framer.next_frame()
            except MalformedMessage as fault:
                self._end(FlowEnd(Break.GARBAGE, str(fault)))
                return
            if frame is None:
                break
            if isinstance(frame, bytes):
                self._received(self, frame)
            elif frame is KeepAlive.PING:
                pings += 1
        if pings and self.stage is Stage.OPEN:
            self.send(_PONG * pings)

    def _flush_session(self) -> None:
        if self._socket is None or self._session is None:
            return
        self._socket.write(self._session.take_outgoing())
        if self._socket.unsent > 2 * HIGH_WATER:  # too much to be ours: TLS answers too
            self._end(FlowEnd(Break.GARBAGE, "a TLS peer that asks and does not read"))

    # Down

    def _on_failed(self, fault: OSError | None) -> None:
        if fault is None:
            self._end_by_peer(FlowEnd(Break.CLOSED) if self._session is None else self._session.receive_end())
        elif not is_from_the_way(fault):
            self._end(FlowEnd(trouble(fault), str(fault)))
        elif self.stage is Stage.CONNECTING and fault.errno != errno.ECONNRESET:  # a reset comes after it was accepted
            self._end(FlowEnd(Unconnected(errno_name(fault.errno or 0))))
        else:
            self._end(FlowEnd(self._how_reset(), errno_name(fault.errno or 0)))

    def _how_reset(self) -> Break:
        if self.stage is Stage.HANDSHAKE:
            return Break.HANDSHAKE
        return Break.MID_MESSAGE if self._framer.is_within_message else Break.RESET

    def _end_by_peer(self, end: FlowEnd) -> None:
        is_within = end.how is Break.CLOSED and self._framer.is_within_message
        self._end(FlowEnd(Break.MID_MESSAGE) if is_within else end)

    def _end(self, end: FlowEnd) -> None:
        if self.stage is Stage.ENDED:
            return
        self.stage = Stage.ENDED
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._loop.call_soon(self._tell, end)

    def _tell(self, end: FlowEnd) -> None:
        self._is_over = True
        self._ended(self, end)


def _settings(target: Target) -> TlsSettings | None:
    if target.transport is Transport.UDP or (target.transport is Transport.TLS and target.tls is None):
        raise ValueError(f"{target} is not the target of a connection")
    return target.tls if target.transport is Transport.TLS else None
