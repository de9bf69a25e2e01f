"""The admin server, for Prometheus, supervisors and people: read-only and without a token, so no secrets and no levers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from daemon import status
from daemon.board import Board
from daemon.reply import Reply
from daemon.status import Standing
from daemon.web import answer, openapi, responses
from daemon.web.listener import Limits, Listener
from gates.gate import Transition
from gates.lease import LAG_LIMIT_NS
from gates.lease import answer as answer_now
from probes.sample import NS_PER_MS, Moment

PROBES = "/api/v1/probes/"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Admin:
    def __init__(
        self,
        board: Board,
        *,
        clock: Callable[[], Moment],
        render: Callable[[], tuple[bytes, str]],
        standing: Callable[[], Standing],
        unready: Callable[[], Sequence[str]],
        transitions: Mapping[str, Transition],
        explain: Callable[[str, str], Reply],
        limits: Limits | None = None,
    ) -> None:
        """`render` gives the metrics and their content type; `unready` says what has not started yet, a reason each, nothing
        when all has; `transitions` holds each gate's last one; `explain` is that of `cutoverd why`.
        """
        self._explain = explain
        self._board = board
        self._clock = clock
        self._render = render
        self._standing = standing
        self._unready = unready
        self._transitions = transitions
        self._limits = limits or Limits()
        self._routes: dict[str, Callable[[], web.Response]] = {
            "/metrics": self._metrics,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/api/v1/gates": self._gates,
            "/api/v1/status": self._status,
            "/api/v1/openapi.json": lambda: responses.encoded(openapi.ADMIN),
        }

    async def serve(self, host: str, port: int) -> Listener:
        """Raises OSError when the address cannot be had."""
        listener = Listener(self.handle, limits=self._limits)
        await listener.open_tcp(host, port)
        return listener

    async def handle(self, request: web.BaseRequest) -> web.Response:
        route = self._routes.get(request.path) or self._of_probe(request.path)
        if route is None:
            response = responses.failure(404, "not found")
        elif request.method not in ("GET", "HEAD"):
            response = responses.failure(405, "method not allowed", {"Allow": "GET, HEAD"})
        else:
            response = route()
        response.headers.update(HEADERS)
        return response

    def _of_probe(self, path: str) -> Callable[[], web.Response] | None:
        name = path.removeprefix(PROBES)
        return partial(self._probe, name) if name != path else None

    def _probe(self, name: str) -> web.Response:
        told = self._explain(name, "probe")
        return responses.document(told.data) if "kind" in told.data else responses.failure(404, "no such probe")

    def _metrics(self) -> web.Response:
        body, content_type = self._render()
        return responses.encoded(body, headers={"Content-Type": content_type})

    def _lag_ns(self) -> int:
        return self._clock().mono_ns - self._board.turned_ns

    def _healthz(self) -> web.Response:
        lag_ns = self._lag_ns()
        well = lag_ns < LAG_LIMIT_NS
        told = {"status": "ok" if well else "judge-lagging", "turned_ms": lag_ns // NS_PER_MS}
        return responses.document(told, 200 if well else 503)

    def _readyz(self) -> web.Response:
        reasons = list(self._unready())
        if self._lag_ns() >= LAG_LIMIT_NS:
            reasons.append("the judge is not turning")
        told = {"status": "not-ready" if reasons else "ready", "reasons": reasons}
        return responses.document(told, 503 if reasons else 200)

    def _status(self) -> web.Response:
        return responses.document(status.document(self._board, self._standing(), now=self._clock()))

    def _gates(self) -> web.Response:
        now = self._clock()
        told = status.document(self._board, self._standing(), now=now)["gates"]
        return responses.document({"gates": [self._gate(gate, now=now) for gate in told]})

    def _gate(self, told: dict[str, Any], *, now: Moment) -> dict[str, Any]:
        """A gate as `status` tells it, what the IVR is told word for word, and the arithmetic of the last transition."""
        name = told["gate"]
        lease, last = self._board.leases.get(name), self._transitions.get(name)
        said = answer_now(lease, now_ns=now.mono_ns, turned_ns=self._board.turned_ns) if lease else None
        return {
            **told,
            "webhook": answer.document(lease, said) if lease and said else None,
            "last_transition": _transition(last) if last else None,
        }


def _transition(last: Transition) -> dict[str, str]:
    return {
        "before": str(last.before),
        "after": str(last.after),
        "cause": last.cause,
        "evidence": last.evidence,
        "at": status.instant(last.at.utc_ns),
    }
