"""HAProxy's agent-check for one gate: whoever connects is told one line, `up` or why not, and hung up on.

`up`, `down #reason` and `drain` as HAProxy's documentation of `agent-check` has them. A drained server comes back by `up ready`
alone, for `drain` changes its administrative state. It is the webhook's answer in another form: fresh and positive, or not `up`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, cast

from daemon.board import Board
from daemon.web.sources import AllowList
from gates.admit import ALL, FIRST
from gates.lease import Lease, answer

MOST = 64
"""Connections at a time. A check lasts for one round trip."""
PATIENCE_S = 1.0
"""How long the other side may take to hang up."""


class Agent:
    def __init__(
        self,
        board: Board,
        gate: str,
        *,
        degraded: Literal["down", "drain"] = "down",
        now_ns: Callable[[], int],
        checked: Callable[[str, str], None],
        allow: AllowList | None = None,
    ) -> None:
        """`checked` is told the gate and the word."""
        self._board = board
        self._gate = gate
        self._degraded = degraded
        self._now_ns = now_ns
        self._checked = checked
        self._allow = allow
        self._open: set[asyncio.Transport] = set()
        self._listening: asyncio.Server | None = None

    def replace(self, allow: AllowList | None) -> None:
        """Who may ask, from the next check on."""
        self._allow = allow

    async def serve(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had."""
        self._listening = await asyncio.get_running_loop().create_server(lambda: _Check(self), host, port)

    @property
    def port(self) -> int:
        sockets = self._listening.sockets if self._listening else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for transport in list(self._open):
            transport.abort()

    def enter(self, transport: asyncio.Transport) -> bool:
        peer = transport.get_extra_info("peername")
        if len(self._open) >= MOST or (self._allow is not None and not self._allow.allows(peer[0])):
            return False
        self._open.add(transport)
        return True

    def leave(self, transport: asyncio.Transport) -> None:
        self._open.discard(transport)

    def line(self) -> bytes:
        lease = self._board.leases.get(self._gate)
        said = answer(lease, now_ns=self._now_ns(), turned_ns=self._board.turned_ns, ticket=FIRST) if lease else None
        if lease is not None and said is not None and said.ok:
            self._checked(self._gate, "up")
            return f"up{'' if self._degraded == 'down' else ' ready'}{self._weight(lease)}\n".encode()
        self._checked(self._gate, self._degraded)
        if self._degraded == "drain":
            return b"drain\n"
        return f"down #{said.reason if said else 'unknown'}\n".encode()

    def _weight(self, lease: Lease) -> str:
        """Of a gate with a share of callers: HAProxy keeps a weight until it is told another, so 100% must be said as well."""
        if self._gate not in self._board.oversight.admission and self._gate not in self._board.cutover.admitted:
            return ""
        return f" {lease.admitted * 100 // ALL}%"


class _Check(asyncio.Protocol):
    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._agent.enter(self._transport):
            self._transport.abort()
            return
        self._transport.write(self._agent.line())
        # An agent-send string may be on its way: closing on unread data would reset the connection and lose our line.
        self._transport.write_eof()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if self._transport is not None:
            self._agent.leave(self._transport)
