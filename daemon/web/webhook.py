"""The question that the IVR asks on every call: may this caller take the new path?

Answered from memory. Nothing is awaited but the caller's own body, so neither a run, nor the journal, nor a slow client
elsewhere can delay an answer. OK is computed at the moment of answering (`gates.lease`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from aiohttp import web

from daemon.board import Board
from daemon.web import alerting, body, openapi
from daemon.web.absence import KEY as ABSENCE_KEY
from daemon.web.absence import Absences
from daemon.web.alerting import Alerting
from daemon.web.answer import Renderer
from daemon.web.certificates import Certificates
from daemon.web.connection import Connection
from daemon.web.conversation import FIELD, ticket
from daemon.web.guard import Guard
from daemon.web.keys import Keys
from daemon.web.ledger import Ledger
from daemon.web.listener import Limits, Listener
from daemon.web.prompt import Dated, Prompt
from daemon.web.query import Query
from daemon.web.responses import encoded, failure
from gates.admit import ALL
from gates.lease import Lease, answer
from probes import clock

PREFIX = "/v1/gates/"
OPENAPI = "/v1/openapi.json"
_PREFIXED = len(PREFIX)


class Observer(Protocol):
    """Who counts. `gate` and `key` are names from the configuration, `region` and `number` values of it or `other` or `none`,
    `reason` one of REFUSALS: a client invents no labels.
    """

    def answered(
        self, gate: str, answer: str, key: str, *, began_ns: int, ended_ns: int, region: str = "", number: str = ""
    ) -> None: ...

    def used(self, key: str, *, now_ns: int) -> None: ...

    def refused(self, reason: str) -> None: ...


REFUSALS = (
    *("not-found", "method", "unauthorized", "no-key", "foreign", "stranger-rate", "key-rate", "body", "unknown-gate"),
    *("unknown-probe", "alerts"),
    *("crowded", "silent"),
)
"""The last two are connections that ended before they asked anything."""

_ONE_SECOND = {"Retry-After": "1"}


class Webhook:
    def __init__(
        self,
        board: Board,
        keys: Keys | Guard,
        *,
        now_ns: Callable[[], int],
        observer: Observer,
        limits: Limits | None = None,
        ledger: Ledger | None = None,
        certificates: Certificates | None = None,
        absences: Absences | None = None,
        alerting: Alerting | None = None,
        conversation: str = FIELD,
    ) -> None:
        """`now_ns` reads the monotonic clock of the board's moments. Keys alone are a guard that limits nobody."""
        self._board = board
        self._guard = Guard(keys) if isinstance(keys, Keys) else keys
        self._now_ns = now_ns
        self._observer = observer
        self._limits = limits or Limits()
        self._ledger = ledger
        self._certificates = certificates
        self._absences = absences or Absences()
        self._conversation = conversation
        self._alerting = alerting or Alerting(clock=clock.read)
        self._renderer = Renderer()
        self._dated = Dated()

    def replace(self, guard: Guard, *, ledger: Ledger | None, absences: Absences, conversation: str) -> None:
        """From the next request on."""
        self._conversation = conversation
        self._guard, self._ledger, self._absences = guard, ledger, absences

    async def serve(self, host: str, port: int) -> Listener:
        """Raises OSError when the address cannot be had."""
        listener = Listener(self.handle, limits=self._limits, certificates=self._certificates, turned_away=self._observer.refused)
        await listener.open_tcp(host, port)
        return listener

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        began_ns = self._now_ns()
        connection = cast(Connection, request.protocol)
        key = self._guard.key(request.headers, connection.host)
        if key is None:
            return self._strange(request, began_ns)
        connection.prove()
        if not self._guard.may_ask(key, now_ns=began_ns):
            return self._refuse("key-rate", failure(429, "too many requests", _ONE_SECOND))
        path, _, query = request.raw_path.partition("?")
        lease = self._board.leases.get(path[_PREFIXED:]) if path.startswith(PREFIX) else None
        if lease is not None and key != ABSENCE_KEY and request.method in ("GET", "POST"):
            said = body.at_hand(request, self._limits) if request.body_exists else b""
            if said is not None:
                return self._answer(lease, query, said, key, began_ns)
        return await self._looked_into(request, key, began_ns)

    async def _looked_into(self, request: web.BaseRequest, key: str, began_ns: int) -> web.StreamResponse:
        """All but the plain question: a body that is still to come, a path written in another way, a mistake."""
        misasked = self._misasked(request)
        if misasked is not None:
            return misasked
        if request.path.startswith(alerting.PREFIX):
            return await self._alerted(request, key, began_ns)
        said = await body.read(request, self._limits)
        if isinstance(said, web.Response):
            return self._refuse("body", said)
        if request.path == OPENAPI:
            return encoded(openapi.WEBHOOK)
        gate = request.path.removeprefix(PREFIX)
        lease = self._board.leases.get(gate)
        if key == ABSENCE_KEY:
            return await self._absences.play(request, gate, known=lease is not None)
        if lease is None:
            return self._refuse("unknown-gate", failure(404, "no such gate"))
        return self._answer(lease, request.rel_url.raw_query_string, said, key, began_ns)

    async def _alerted(self, request: web.BaseRequest, key: str, began_ns: int) -> web.Response:
        if key == ABSENCE_KEY:
            return self._refuse("unknown-probe", failure(404, "no such probe"))
        self._observer.used(key, now_ns=began_ns)
        refused, response = await self._alerting.take(request, self._limits)
        return self._refuse(refused, response) if refused else response

    def _misasked(self, request: web.BaseRequest) -> web.Response | None:
        path = request.path
        if path.startswith(PREFIX):
            return None if request.method in ("GET", "POST") else self._not_allowed("GET, POST")
        if path.startswith(alerting.PREFIX):
            return None if request.method == "POST" else self._not_allowed("POST")
        if path == OPENAPI:
            return None if request.method == "GET" else self._not_allowed("GET")
        return self._refuse("not-found", failure(404, "not found"))

    def _not_allowed(self, allow: str) -> web.Response:
        return self._refuse("method", failure(405, "method not allowed", {"Allow": allow}))

    def _strange(self, request: web.BaseRequest, now_ns: int) -> web.Response:
        """Whoever has shown no good key learns what HTTP alone would tell, and not which paths or gates there are."""
        host = request.remote or ""
        if not self._guard.may_knock(host, now_ns=now_ns):
            response = self._refuse("stranger-rate", failure(429, "too many requests", _ONE_SECOND))
            response.force_close()
            return response
        misasked = self._misasked(request)
        if misasked is not None:
            return misasked
        challenge = {"WWW-Authenticate": 'Bearer realm="cutoverd"'}
        return self._refuse(self._guard.why_not(request.headers, host), failure(401, "unauthorized", challenge))

    def _answer(self, lease: Lease, query: str, said: bytes, key: str, began_ns: int) -> Prompt:
        region, number = self._ledger.read(Query(query), said) if self._ledger else ("", "")
        now_ns = self._now_ns()
        # Most of the time everybody is let in, and nobody's ticket matters.
        shown = ticket(self._conversation, query, said) if lease.admitted < ALL else None
        told = answer(lease, now_ns=now_ns, turned_ns=self._board.turned_ns, ticket=shown)
        response = Prompt(self._renderer.render(lease, told), self._dated.heads(now_ns=began_ns))
        self._observer.answered(
            lease.gate,
            "OK" if told.ok else "DEGRADED",
            key,
            began_ns=began_ns,
            ended_ns=self._now_ns(),
            region=region,
            number=number,
        )
        return response

    def _refuse(self, reason: str, response: web.Response) -> web.Response:
        self._observer.refused(reason)
        return response
