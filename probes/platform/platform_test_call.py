"""The `platform_test_call` probe: a test call that the platform places itself, asked after until it has a result."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import quote

from probes.exchange import attempts
from probes.exchange.api import Api
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest, Method
from probes.exchange.verdict import visible
from probes.platform import calling
from probes.platform.asking import Asking
from probes.platform.busy import Busy
from probes.platform.calling import Pending, Reads, Started
from probes.platform.telling import Untold
from probes.probe import Cancel, Report
from probes.sample import NS_PER_MS, NS_PER_S, ProbeResult

ID = "{id}"
POLL_NS = 5 * NS_PER_S
"""How long one question may take: what is lost is asked again."""
_ACCEPT = {"Accept": "application/json"}
_JSON = _ACCEPT | {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Script:
    """`start` begins a call; `poll` is the URL to ask after it, with `{id}` for its id, every `poll_every_ns`."""

    method: Method
    start: str
    body: str | None
    poll: str
    poll_every_ns: int
    reads: Reads

    def first(self) -> HttpRequest:
        if self.body is None:
            return HttpRequest(self.method, self.start, Headers.of(_ACCEPT))
        return HttpRequest(self.method, self.start, Headers.of(_JSON), self.body.encode())

    def question(self, id: str) -> HttpRequest:
        return HttpRequest("GET", self.poll.replace(ID, quote(id, safe="")), Headers.of(_ACCEPT))


class PlatformTestCallProbe:
    """One call at a time: an attempt that comes while a call is under way is ERROR, and starts none."""

    def __init__(self, api: Api, script: Script, *, timeout_ns: int) -> None:
        self._api = api
        self._script = script
        self._timeout_ns = timeout_ns
        self._busy = Busy()

    def begin(self, report: Report) -> Cancel:
        return attempts.begin(self._busy.alone(self._attempt), report)

    async def _attempt(self) -> ProbeResult:
        platform = Asking(self._api, timeout_ns=self._timeout_ns)
        begun = calling.started(await platform.exchange(self._script.first()), self._script.reads)
        result = await self._followed(platform, begun) if isinstance(begun, Started) else begun
        return replace(result, duration_ns=platform.elapsed_ns)

    async def _followed(self, platform: Asking, call: Started) -> ProbeResult:
        newest: Pending | Untold | None = None
        polls = 0
        while await _waited(platform, self._pause_ns(newest)):
            polls += 1
            had_ns = platform.left_ns
            told = calling.asked(await platform.exchange(self._script.question(call.id), most_ns=POLL_NS), self._script.reads)
            if isinstance(told, ProbeResult):
                return _with(told, call, polls, result_ms=platform.elapsed_ns // NS_PER_MS)
            if isinstance(told, Untold) and calling.is_final(told):
                return _with(told.result, call, polls)
            if newest is None or platform.left_ns or had_ns >= min(POLL_NS, self._script.poll_every_ns):
                newest = told  # a question cut short by the end of the attempt's time tells nothing
        return _with(calling.overdue(newest), call, polls)

    def _pause_ns(self, newest: Pending | Untold | None) -> int:
        after_s = newest.retry_after_s if isinstance(newest, Untold) else 0
        return max(self._script.poll_every_ns, after_s * NS_PER_S)


async def _waited(platform: Asking, pause_ns: int) -> bool:
    """False when the attempt's time would be over before the pause is; then the rest of it is waited for, and no more."""
    left_ns = platform.left_ns
    await asyncio.sleep(min(pause_ns, left_ns) / NS_PER_S)
    return pause_ns < left_ns


def _with(result: ProbeResult, call: Started, polls: int, **more: int) -> ProbeResult:
    return replace(result, facts={**result.facts, "call": visible(call.id), "polls": polls, **more})
