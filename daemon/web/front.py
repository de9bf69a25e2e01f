"""The webhook as the outside reaches it: HTTP or HTTPS, and agent checks beside it, opened and closed together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.web.absence import Absences
from daemon.web.agent import Agent
from daemon.web.certificates import Certificates
from daemon.web.guard import Guard
from daemon.web.ledger import Ledger
from daemon.web.listener import Listener
from daemon.web.sources import AllowList
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook

LOOK_S = 10.0
"""How soon a new certificate is in use."""


@dataclass(frozen=True, slots=True)
class AgentAt:
    agent: Agent
    host: str
    port: int


class Open:
    """What `Front.serve` opened. `port` is the webhook's."""

    def __init__(self, webhook: Listener, closing: contextlib.AsyncExitStack) -> None:
        self._webhook = webhook
        self._closing = closing

    @property
    def port(self) -> int:
        return self._webhook.port

    async def close(self) -> None:
        await self._closing.aclose()


class Front:
    def __init__(
        self,
        webhook: Webhook,
        *,
        tally: Tally,
        certificates: Certificates | None = None,
        agents: Sequence[AgentAt] = (),
        look_s: float = LOOK_S,
    ) -> None:
        self.webhook = webhook
        self._tally = tally
        self._certificates = certificates
        self._agents = agents
        self._look_s = look_s
        self._looking: asyncio.TimerHandle | None = None

    def replace(
        self, guard: Guard, *, ledger: Ledger | None, absences: Absences, allow: AllowList | None, conversation: str
    ) -> None:
        """Who may ask, and what is counted, from the next request on."""
        self.webhook.replace(guard, ledger=ledger, absences=absences, conversation=conversation)
        for at in self._agents:
            at.agent.replace(allow)

    async def serve(self, host: str, port: int) -> Open:
        """Raises OSError when an address cannot be had; nothing is left open then."""
        async with contextlib.AsyncExitStack() as stack:
            listener = await self.webhook.serve(host, port)
            stack.push_async_callback(listener.close)
            for at in self._agents:
                await at.agent.serve(at.host, at.port)
                stack.push_async_callback(at.agent.close)
            if self._certificates is not None:
                self._look(self._certificates)
                stack.callback(self._stop_looking)
            return Open(listener, stack.pop_all())

    def _look(self, certificates: Certificates) -> None:
        certificates.look()
        self._tally.certificate, self._tally.certificate_ends = certificates.is_current, certificates.ends
        self._looking = asyncio.get_running_loop().call_later(self._look_s, self._look, certificates)

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
