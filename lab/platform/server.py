"""A contact-center platform in miniature, over HTTP: tokens that end, a rate limit, an organisation that can be broken.

It is like Genesys Cloud where that has an API, like CXone below its own paths, and like the guide where only the guide has one.
It knows nothing of those who ask it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.platform import (
    answers,
    calls,
    campaigns,
    cxone,
    cxone_api,
    flow_jobs,
    flows,
    guide,
    routing,
    settings,
    skills,
    telephony,
    users,
)
from lab.platform.answers import Refusal
from lab.platform.furniture import furnish
from lab.platform.ledger import Entry, Ledger
from lab.platform.organisation import Organisation
from lab.platform.place import ORGANISATION, Place
from lab.platform.quota import NS_PER_S, Quota, Standing, Tokens
from lab.platform.trouble import Drops, Garbage, Hangs, Refuses, Tears, Trouble, Troubles, is_carried_out
from probes.clock import mono_ns

REMEMBERED = 10_000
LEDGERED = ("/api/", "/inContactAPI/", "/dr-manager/", "/uploads/")
PARTS = (telephony, users, routing, calls, settings, flow_jobs, flows, skills, campaigns, guide)
PERMISSIONS = frozenset().union(
    *(part.PERMISSIONS for part in (telephony, routing, settings, flow_jobs, flows, skills, campaigns)),
)


@dataclass(frozen=True, slots=True)
class Client:
    """Who may ask for a token, and with which secret."""

    id: str
    secret: str


CLIENT = Client("lab-client", "lab-client-key")


class Platform:
    """Serves `organisation` (a furnished one where none is given) on `host` and `port` (0: a free one). An async context manager,
    or `open` and `close`.

    `requests` are those to the API by `METHOD /path?query`, `ledger` has them with their bodies and what became of them,
    `token_requests` counts those for tokens. `permissions` are what
    the client's roles grant; take one out and the paths that need it answer 403.
    """

    def __init__(
        self,
        organisation: Organisation | None = None,
        *,
        client: Client | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], int] = mono_ns,
    ) -> None:
        self.organisation = organisation or furnish(Organisation())
        self.client = client or CLIENT
        self.host, self.port = host, port
        self.quota = Quota()
        self.tokens = Tokens()
        self.troubles = Troubles()
        self.permissions = set(PERMISSIONS)
        self.requests: deque[str] = deque(maxlen=REMEMBERED)
        self.ledger = Ledger()
        self._turned = asyncio.Condition()
        self.token_requests = 0
        self.most_at_once = 0
        self._at_once = 0
        self._clock = clock
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        return f"http://{self.host}:{self.port}"

    def now_ns(self) -> int:
        """The time that the organisation is told."""
        return self._clock()

    @property
    def token_url(self) -> str:
        return f"{self.base}/oauth/token"

    async def open(self) -> None:
        app = web.Application(middlewares=[self._front])
        app[ORGANISATION] = Place(self.organisation, self._clock, self.permissions)
        app.router.add_post("/oauth/token", self._token)
        for part in PARTS:
            app.add_routes(part.ROUTES)
        app.add_routes(flow_jobs.FILES)
        app.add_routes(cxone.routes(self.tokens, self._clock, self.client.id, self.client.secret))
        app.add_routes(cxone_api.routes(self.tokens))
        self._closing.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """From here on the host refuses. Idempotent; `open` serves again on the same port."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Platform:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def until(self, holds: Callable[[Ledger], bool]) -> None:
        """Waits for requests until the ledger is as `holds` wants it."""
        async with self._turned:
            await self._turned.wait_for(lambda: holds(self.ledger))

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        context = f"lab-{len(self.requests)}"
        entry = await self._arrived(request)
        trouble = self.troubles.meets(request.method, request.path)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            response = await self._ended(request, handler, entry, trouble)
        except Refusal as refusal:
            response = answers.refused(refusal, context=context)
        finally:
            self._at_once -= 1
        if not isinstance(trouble, Hangs | Drops | Tears):
            entry.status = response.status
        await self._turn()
        return response

    async def _arrived(self, request: web.Request) -> Entry:
        """The request's entry; of those that the ledger does not keep, one that nobody sees."""
        if not request.path.startswith(LEDGERED):
            return Entry(0, self._clock(), request.method, request.path, "", b"")
        body = await request.read()
        entry = self.ledger.note(request.method, request.path, request.query_string, body, now_ns=self._clock())
        await self._turn()
        return entry

    async def _turn(self) -> None:
        async with self._turned:
            self._turned.notify_all()

    async def _ended(self, request: web.Request, handler: Handler, entry: Entry, trouble: Trouble | None) -> web.StreamResponse:
        entry.trouble = type(trouble).__name__ if trouble is not None else None
        if not is_carried_out(trouble):
            self._remember(request)
            return await self._broken(request, trouble)
        response = await self._served(request, handler)
        entry.carried_out = response.status < 400
        await self._turn()
        if isinstance(trouble, Tears):
            return await _torn(request, response)
        return response if trouble is None else await self._broken(request, trouble)

    async def _served(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/"):
            return await _answered(handler, request)
        self._remember(request)
        token = self._authenticated(request)
        standing = self.quota.take(token, now_ns=self._clock())
        if standing.is_over:
            after = f"Rate limit exceeded the maximum. Retry the request in [{standing.reset_s}] seconds"
            refusal = Refusal(429, "too.many.requests.retry.after", after, retry_after_s=standing.reset_s)
            return _limited(answers.refused(refusal, context="lab-limit"), standing)
        return _limited(await _answered(handler, request), standing)

    def _remember(self, request: web.Request) -> None:
        if request.path.startswith("/api/"):
            self.requests.append(f"{request.method} {request.path_qs}")

    def _authenticated(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.is_valid(token, now_ns=self._clock()):
            raise Refusal(401, "bad.credentials", "Invalid login credentials.")
        return token

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.token_requests += 1
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return answers.answer({"error": "unsupported_grant_type"}, status=400)
        if self._named(request, form.get("client_id"), form.get("client_secret")) != (self.client.id, self.client.secret):
            return answers.answer({"error": "invalid_client", "description": "client not found"}, status=401)
        token = self.tokens.grant(now_ns=self._clock())
        return answers.answer({"access_token": token, "token_type": "bearer", "expires_in": self.tokens.life_ns // NS_PER_S})

    def _named(self, request: web.Request, name: object, secret: object) -> tuple[object, object]:
        """By the header (RFC 6749 §2.3.1) or in the form."""
        return answers.basic(request) or (name, secret)

    async def _broken(self, request: web.Request, trouble: Trouble | None) -> web.StreamResponse:
        match trouble:
            case Refuses():
                raise Refusal(trouble.status, trouble.code, trouble.message, retry_after_s=trouble.retry_after_s)
            case Garbage():
                return web.Response(body=trouble.body, content_type="text/html")
            case Hangs():
                await self._closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)  # which goes nowhere


async def _answered(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request) -> web.StreamResponse:
    """Refusals bear the rate limit as well."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return answers.refused(refusal, context="lab-refused")
    except web.HTTPNotFound:
        return answers.refused(answers.not_found(request.path), context="lab-refused")
    except web.HTTPMethodNotAllowed:
        return answers.refused(Refusal(405, "method.not.allowed", "Method Not Allowed"), context="lab-refused")


async def _torn(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Half of the body, and the end of the connection."""
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    torn = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    torn.content_length = len(body) + 1
    await torn.prepare(request)
    await torn.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.abort()
    return torn


def _limited(response: web.StreamResponse, standing: Standing) -> web.StreamResponse:
    response.headers["inin-ratelimit-count"] = str(standing.count)
    response.headers["inin-ratelimit-allowed"] = str(standing.allowed)
    response.headers["inin-ratelimit-reset"] = str(standing.reset_s)
    return response
