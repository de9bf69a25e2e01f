"""The attacker's side: sockets that send whatever bytes, and the engine watched turn by turn of its loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Exchanged
from probes.sip.messages.message import Malformation, Request
from tests.probes.sip.samples import Local, options, udp

LONG_NS = 60_000_000_000
MOST_TURNS = 2_000
KEEP_ALIVE = b"\r\n\r\n"

REASONS = {"keep-alive", "request", "late", "foreign-branch", "wrong-source", "foreign-call-id", "foreign-cseq", "several-vias",
           "retransmission", *(f"malformed:{reason}" for reason in Malformation)}  # fmt: skip
"""All that may ever stand in `ignored` of what arrives as a datagram: a peer cannot invent a label."""


def bound(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    made.bind((host, port))
    return made


async def until(condition: Callable[[], bool]) -> int:
    """Turn the loop until `condition` holds; the number of turns it took."""
    for turn in range(MOST_TURNS):
        if condition():
            return turn
        await asyncio.sleep(0)
    raise AssertionError(f"nothing came of it in {MOST_TURNS} turns of the loop")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on its way."""

    engine: SipEngine
    request: Request
    local: Local
    result: asyncio.Task[Exchanged]

    async def heard(self, sender: socket.socket, *data: bytes) -> None:
        """Send to the engine, and wait until it has looked at everything: datagrams to one socket keep their order."""
        before = self.engine.ignored.get("keep-alive", 0)
        for datagram in (*data, KEEP_ALIVE):
            sender.sendto(datagram, self.local)
        await until(lambda: self.engine.ignored.get("keep-alive", 0) > before)

    def ignored(self) -> dict[str, int]:
        """By reason, our own marks left out."""
        return {reason: count for reason, count in self.engine.ignored.items() if reason != "keep-alive"}


async def ask(
    engine: SipEngine,
    target: Local | socket.socket,
    timeout_ns: int = LONG_NS,
    build: Callable[[Local], Request] = options,
) -> Asked:
    """Begin an exchange; it has sent its request on return."""
    built: list[tuple[Request, Local]] = []

    def noted(local: Local) -> Request:
        built.append((build(local), local))
        return built[0][0]

    address = target.getsockname() if isinstance(target, socket.socket) else target
    result = asyncio.ensure_future(engine.exchange(udp(address), noted, timeout_ns=timeout_ns))
    await until(lambda: bool(built) or result.done())
    return Asked(engine, *built[0], result)
