"""The question that the IVR asks on every call: may this caller take the new path?

Answered from memory. Nothing is awaited but the caller's own body, so neither a run, nor the journal, nor a slow client
elsewhere can delay an answer. OK is computed at the moment of answering (`gates.lease`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from daemon.board import Board
from daemon.web import body
from daemon.web.answer import Renderer
from daemon.web.keys import Keys, presented
from daemon.web.listener import Limits, Listener
from daemon.web.responses import encoded, failure
from gates.lease import answer

PREFIX = "/v1/gates/"


class Observer(Protocol):
    """Who counts. `gate` and `key` are names from the configuration, `reason` one of REFUSALS: a client invents no labels."""

    def answered(self, gate: str, answer: str, key: str, *, began_ns: int, ended_ns: int) -> None: ...

    def refused(self, reason: str) -> None: ...


REFUSALS = ("not-found", "method", "unauthorized", "body", "unknown-gate")


class Webhook:
    def __init__(
        self, board: Board, keys: Keys, *, now_ns: Callable[[], int], observer: Observer, limits: Limits | None = None
    ) -> None:
        """`now_ns` reads the monotonic clock of the board's moments."""
        self._board = board
        self._keys = keys
        self._now_ns = now_ns
        self._observer = observer
        self._limits = limits or Limits()
        self._renderer = Renderer()

    async def serve(self, host: str, port: int) -> Listener:
        """Raises OSError when the address cannot be had."""
        listener = Listener(self.handle, limits=self._limits)
        await listener.open_tcp(host, port)
        return listener

    async def handle(self, request: web.BaseRequest) -> web.Response:
        began_ns = self._now_ns()
        if not request.path.startswith(PREFIX):
            return self._refuse("not-found", failure(404, "not found"))
        if request.method not in ("GET", "POST"):
            return self._refuse("method", failure(405, "method not allowed", {"Allow": "GET, POST"}))
        key = self._key(request)
        if key is None:
            return self._refuse("unauthorized", failure(401, "unauthorized", {"WWW-Authenticate": 'Bearer realm="cutoverd"'}))
        if request.can_read_body:
            read = await body.read(request, self._limits)
            if isinstance(read, web.Response):
                return self._refuse("body", read)
        return self._answer(request.path.removeprefix(PREFIX), key, began_ns)

    def _key(self, request: web.BaseRequest) -> str | None:
        found: str | None = None
        for secret in presented(request.headers):
            found = self._keys.match(secret) or found
        return found

    def _answer(self, gate: str, key: str, began_ns: int) -> web.Response:
        lease = self._board.leases.get(gate)
        if lease is None:
            return self._refuse("unknown-gate", failure(404, "no such gate"))
        now_ns = self._now_ns()
        said = answer(lease, now_ns=now_ns, turned_ns=self._board.turned_ns)
        response = encoded(self._renderer.render(lease, said))
        self._observer.answered(gate, "OK" if said.ok else "DEGRADED", key, began_ns=began_ns, ended_ns=self._now_ns())
        return response

    def _refuse(self, reason: str, response: web.Response) -> web.Response:
        self._observer.refused(reason)
        return response
