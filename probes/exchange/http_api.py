"""One API: token, budget and connections put together around a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from probes import clock
from probes.exchange import limits_told
from probes.exchange.budget import Budget
from probes.exchange.client import Client
from probes.exchange.grants import Grant, Grants, NoGrant
from probes.exchange.headers import Headers
from probes.exchange.joining import joined
from probes.exchange.progress import Progress, Unanswered
from probes.exchange.tally import ApiFigures, Tally
from probes.exchange.values import Ended, HttpRequest, HttpResponse, Phase, Reason
from probes.exchange.writing import completed, flaw, is_writable, shown
from probes.sample import NS_PER_S, Origin

UNAUTHORIZED = 401


class HttpApi:
    """`probes.exchange.api.Api`. `base` None: what the grant brings with it, or absolute URLs. `close` it."""

    def __init__(
        self, name: str, client: Client, grants: Grants, *, base: str | None = None, budget: Budget | None = None
    ) -> None:
        self._name = name
        self._client = client
        self._grants = grants
        self._base = base
        self._budget = budget
        self._tally = Tally()

    @property
    def name(self) -> str:
        return self._name

    async def exchange(self, request: HttpRequest, *, timeout_ns: int, is_fresh: bool = False) -> Ended:
        progress = Progress(clock.mono_ns)
        ends_ns = clock.mono_ns() + timeout_ns
        ended = await within(timeout_ns, progress, self._answered(request, progress, ends_ns, is_fresh=is_fresh))
        self._tally.hear(ended)
        return ended

    def again(self) -> None:
        """The operator's word that a login that was rejected may be tried again."""
        self._grants.again()

    def figures(self) -> ApiFigures:
        budget = None if self._budget is None else self._budget.figures(now_ns=clock.mono_ns())
        requests, locked_out = dict(self._tally.requests), self._grants.failure is not None
        return ApiFigures(self._name, requests, self._tally.waited_ns, self._grants.renewals, budget, locked_out)

    async def close(self) -> None:
        """Idempotent. What is under way ends without an answer."""
        await self._grants.close()
        await self._client.close()

    async def _answered(self, request: HttpRequest, progress: Progress, ends_ns: int, *, is_fresh: bool) -> HttpResponse:
        wrong = flaw(request)
        if wrong:
            raise Unanswered(progress.ended(Reason.UNSENDABLE, Origin.SELF, is_ours=True, detail=wrong))
        grant = await self._grant(progress)
        response = await self._sent(request, grant, progress, ends_ns, is_fresh=is_fresh)
        if response.status != UNAUTHORIZED or not self._grants.spurned(grant):
            return response
        progress.again()
        return await self._sent(request, await self._grant(progress), progress, ends_ns, is_fresh=is_fresh)

    async def _grant(self, progress: Progress) -> Grant:
        progress.enter(Phase.AUTHORIZATION)
        grant = await self._grants.current()
        if isinstance(grant, NoGrant):
            reason = Reason.LOGIN_REJECTED if grant.is_final else Reason.LOGIN_UNAVAILABLE
            raise Unanswered(progress.ended(reason, Origin.SELF, is_ours=True, detail=grant.detail))
        return grant

    async def _sent(
        self, request: HttpRequest, grant: Grant, progress: Progress, ends_ns: int, *, is_fresh: bool
    ) -> HttpResponse:
        url = joined(self._base or grant.base, request.url)
        if url is None:
            detail = "the URL leads to another host than the API's"
            raise Unanswered(progress.ended(Reason.OUTSIDE, Origin.SELF, is_ours=True, detail=detail))
        if not is_writable(url):
            detail = "the URL that discovery gave cannot be written"
            raise Unanswered(progress.ended(Reason.UNSENDABLE, Origin.SELF, is_ours=True, detail=detail))
        await self._turn(progress, ends_ns)
        headers = completed(request)
        if grant.header:
            headers = headers.replaced(grant.header, grant.text)
        progress.sent = shown(request.method, url, headers, request.body, grant.header or None)
        whole = HttpRequest(request.method, url, Headers(), request.body, request.most_body)
        response = replace(await self._client.send(whole, headers, progress, is_fresh=is_fresh), secrets=grant.secrets)
        if self._budget is not None:
            now = clock.read()
            told = limits_told.read(response.headers, now_utc_ns=now.utc_ns)
            self._budget.learn(response.status, told, now_ns=now.mono_ns)
        return response

    async def _turn(self, progress: Progress, ends_ns: int) -> None:
        """Where there is no room within the time, that is known at once, and nobody waits for nothing."""
        if self._budget is None:
            return
        progress.enter(Phase.BUDGET)
        now_ns = clock.mono_ns()
        wait_ns = self._budget.take(now_ns=now_ns, within_ns=ends_ns - now_ns)
        if wait_ns is None:
            raise Unanswered(progress.ended(Reason.BUDGET, Origin.SELF, is_ours=True, detail="no room for it in time"))
        if wait_ns:
            self._tally.waited_ns += wait_ns
            await asyncio.sleep(wait_ns / NS_PER_S)


async def within(timeout_ns: int, progress: Progress, answered: Awaitable[HttpResponse]) -> Ended:
    """The answer, or why there is none: after `timeout_ns` at the latest."""
    try:
        async with asyncio.timeout(timeout_ns / NS_PER_S):
            return await answered
    except Unanswered as unanswered:
        return unanswered.ended
    except TimeoutError:
        return progress.timed_out()
