"""One attempt: a request over a connection of its own, and the verdict on what came of it."""

from __future__ import annotations

from probes.exchange import attempts
from probes.exchange.api import Api
from probes.exchange.values import HttpRequest
from probes.http.judging import Judge
from probes.probe import Cancel, Report
from probes.sample import ProbeResult


class HttpProbe:
    """A connection of its own, so that name, route and certificate are proved anew by each attempt."""

    def __init__(self, api: Api, request: HttpRequest, judge: Judge, *, timeout_ns: int) -> None:
        self._api = api
        self._request = request
        self._judge = judge
        self._timeout_ns = timeout_ns

    def begin(self, report: Report) -> Cancel:
        return attempts.begin(self._attempt(), report)

    async def _attempt(self) -> ProbeResult:
        return self._judge(await self._api.exchange(self._request, timeout_ns=self._timeout_ns, is_fresh=True))
