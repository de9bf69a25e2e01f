"""How much of us one client can take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of us one client can take.

    `idle_s` is how long a connection may stay silent and also how long a request's header may take: it counts from the
    connection's start or the last answer, and bytes that trickle in do not extend it. `body_s` bounds the body likewise.
    `drain_s` and `drain_bytes` bound what is still read, and thrown away, of a body after its request was refused.

    Where keys are shown, a connection that has not shown a good one is a stranger: within `stranger_s` of its first byte, TLS's
    handshake included, it must have, and one source has `strangers` of them at most. None: nobody asks for keys.
    """

    idle_s: float = 75.0
    body_s: float = 5.0
    drain_s: float = 1.0
    body_bytes: int = 64 * 1024
    line_bytes: int = 8190
    fields: int = 100
    connections: int = 1024
    drain_bytes: int = 128 * 1024
    strangers: int | None = None
    stranger_s: float = 10.0


WEBHOOK = Limits(body_bytes=8 * 1024, fields=64, strangers=64)
"""For the one server that the outside reaches."""
