"""Peers of TCP and TLS connections, each a script in a thread of its own with a blocking socket, and flows that are watched."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

from probes.sip.engine.flow import Flow, FlowEnd
from probes.sip.engine.target import Endpoint, Target, TlsSettings, Transport
from probes.sip.engine.tls import Contexts
from probes.sip.messages.message import Request, parse, serialise
from tests.probes.sip.samples import ok, options

DEADLINE_S = 20.0
_LISTENING = "0A"
_RESET = struct.pack("ii", 1, 0)

Script = Callable[[socket.socket], object]
"""What a peer does with the connection that it accepted, which is closed afterwards."""


# Messages


def request(via: str = "TCP") -> bytes:
    asked = options(("127.0.0.1", 5060))
    return serialise(replace(asked, vias=(replace(asked.vias[0], transport=via),)))


def response(body: bytes = b"") -> bytes:
    """To a request that nobody sent: a new one each time."""
    return serialise(replace(ok(options(("127.0.0.1", 5060))), body=body))


# Peers


@contextlib.contextmanager
def peer(*scripts: Script, host: str = "127.0.0.1") -> Iterator[Endpoint]:
    """Serves one connection after another, each by its script. What a script raises fails the test."""
    raised: list[BaseException] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        listener.settimeout(DEADLINE_S)

        def serve() -> None:
            try:
                for script in scripts:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(DEADLINE_S)
                        script(connection)
            except BaseException as fault:
                raised.append(fault)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        name, port = listener.getsockname()[:2]
        try:
            yield name, port
        finally:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()
    if raised:
        raise raised[0]


def says(*parts: bytes) -> Script:
    """Each part in a segment of its own if the kernel will have it so; then waits for us to hang up."""

    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        until_closed(connection)

    return script


def leaves(*parts: bytes) -> Script:
    """The same, but hangs up first."""

    def script(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return script


def until_closed(connection: socket.socket) -> bytes:
    """What the other side sends until it hangs up or resets."""
    heard = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            heard += part
    return bytes(heard)


def answers_once(connection: socket.socket) -> None:
    """One request, one 200."""
    reply(connection)
    until_closed(connection)


def reply(connection: socket.socket) -> Request:
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = connection.recv(65_536)
        assert part, f"hung up after {heard!r}"
        heard += part
    asked = parse(heard)
    assert isinstance(asked, Request)
    connection.sendall(serialise(ok(asked)))
    return asked


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def over_tls(context: ssl.SSLContext, script: Script) -> Script:
    """`script` within TLS, ended in good order. Of a handshake that fails nothing is said here: our side of it is asserted."""

    def secured(connection: socket.socket) -> None:
        with (
            contextlib.suppress(ssl.SSLError, ConnectionError),
            context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as session,
        ):
            script(session)
            session.settimeout(0)
            session.unwrap()

    return secured


# Flows


def tcp(endpoint: Endpoint, *, source: str | None = None, source_port: int = 0) -> Target:
    return Target(Transport.TCP, endpoint, source, source_port)


def tls(endpoint: Endpoint, settings: TlsSettings) -> Target:
    return Target(Transport.TLS, endpoint, tls=settings)


class Watched:
    """A flow, and what it called back, in order."""

    def __init__(self, target: Target, contexts: Contexts | None = None) -> None:
        self.calls: list[str] = []
        self.messages: list[bytes] = []
        self.on_open: Callable[[Flow], object] = lambda _: None
        self.on_message: Callable[[bytes], object] = lambda _: None
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[FlowEnd] = loop.create_future()
        self._arrived = asyncio.Event()
        self.flow = Flow(
            loop,
            target,
            opened=self._on_opened,
            received=self._on_received,
            ended=self._on_ended,
            contexts=contexts or Contexts(),
        )
        assert self.calls == [], "called back from within the constructor"

    def _on_opened(self, flow: Flow) -> None:
        self.calls.append("opened")
        self._opened.set_result(None)
        self.on_open(flow)

    def _on_received(self, flow: Flow, data: bytes) -> None:
        self.calls.append("received")
        self.messages.append(data)
        self._arrived.set()
        self.on_message(data)

    def _on_ended(self, flow: Flow, end: FlowEnd) -> None:
        assert flow is self.flow
        self.calls.append("ended")
        self._ended.set_result(end)

    async def opened(self) -> Flow:
        """The flow, once it is open; fails at once where it ends instead."""
        async with asyncio.timeout(DEADLINE_S):
            either: list[asyncio.Future[Any]] = [self._opened, self._ended]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        assert self._opened.done(), self._ended.result()
        return self.flow

    async def received(self, count: int = 1) -> list[bytes]:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.messages) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.messages

    async def ended(self) -> FlowEnd:
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.shield(self._ended)


@contextlib.asynccontextmanager
async def flow_to(target: Target, contexts: Contexts | None = None) -> AsyncIterator[Watched]:
    """Closed, and its end waited for, when the block is left."""
    watched = Watched(target, contexts)
    try:
        yield watched
    finally:
        watched.flow.close()
        await watched.ended()
        assert watched.calls.count("ended") == 1
        assert watched.calls[-1] == "ended"
