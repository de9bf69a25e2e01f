"""One request over aiohttp, and what came of it as a value. Whoever asks has set the clock running and the phase noted."""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.http_exceptions import LineTooLong, TransferEncodingError
from yarl import URL

from probes.exchange.connector import Connector, TlsChoice
from probes.exchange.headers import Headers
from probes.exchange.lookup import Asks
from probes.exchange.progress import CURRENT, Progress, Unanswered
from probes.exchange.unpacking import Body, TooLong, Unreadable
from probes.exchange.values import SAFE, HttpRequest, HttpResponse, NoResponse, Phase, Reason
from probes.sample import Origin

MOST_CONNECTIONS = 16
MOST_LINE = 8_190
_FOREVER = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""The exchange has one limit for everything, and it is not aiohttp's."""
_STALE = frozenset({Reason.CLOSED, Reason.RESET})
_TOO_MANY_HEADERS = "Too many"


class Client:
    """Two pools: kept connections for what may go over one, and fresh ones. For one event loop; `close` it once it was used."""

    def __init__(self, resolver: Asks, tls: TlsChoice, *, most: int = MOST_CONNECTIONS) -> None:
        self._resolver = resolver
        self._tls = tls
        self._most = most
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """By whether connections are kept."""
        self._is_closed = False

    async def send(self, request: HttpRequest, headers: Headers, progress: Progress, *, is_fresh: bool) -> HttpResponse:
        """`request.url` is absolute. Raises Unanswered. A method that may change something goes over a fresh connection: of
        one that was kept nobody knows whether the server has closed it meanwhile."""
        if is_fresh or request.method not in SAFE:
            return await self._send(False, request, headers, progress)
        try:
            return await self._send(True, request, headers, progress)
        except Unanswered as unanswered:
            if not progress.is_kept or unanswered.ended.reason not in _STALE:
                raise
            # The server had closed what we kept (RFC 9112 §9.3.1): that says nothing of how it is now.
            return await self._send(False, request, headers, progress)

    async def _send(self, is_keeping: bool, request: HttpRequest, headers: Headers, progress: Progress) -> HttpResponse:
        session = self._session(is_keeping=is_keeping, progress=progress)
        token = CURRENT.set(progress)
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=headers.pairs,
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                progress.status, progress.is_kept = response.status, False
                progress.enter(Phase.BODY)
                body = await _read(response, request, progress)
                return _response(response, body, progress)
        except (aiohttp.InvalidURL, ValueError):
            ended = progress.ended(Reason.UNSENDABLE, Origin.SELF, is_ours=True, detail="the request cannot be written")
            raise Unanswered(ended) from None
        except RuntimeError:
            if not session.closed:
                raise
            raise Unanswered(progress.ended(Reason.CLOSING, Origin.SELF, is_ours=True)) from None
        finally:
            CURRENT.reset(token)

    async def close(self) -> None:
        """Idempotent."""
        self._is_closed = True
        for session in self._sessions.values():
            await session.close()

    def _session(self, *, is_keeping: bool, progress: Progress) -> aiohttp.ClientSession:
        """Made when it is first needed: what a reload prepares and never takes leaves nothing behind."""
        if self._is_closed:
            raise Unanswered(progress.ended(Reason.CLOSING, Origin.SELF, is_ours=True))
        if is_keeping not in self._sessions:
            connector = Connector(self._resolver, self._tls, most=self._most, is_keeping=is_keeping)
            self._sessions[is_keeping] = _session(connector)
        return self._sessions[is_keeping]


def _session(connector: Connector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        raise_for_status=False,
        timeout=_FOREVER,
        trust_env=False,
        max_line_size=MOST_LINE,
        max_field_size=MOST_LINE,
        middlewares=(_once,),
    )


async def _once(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
    """Beneath this aiohttp would send again, unasked, what broke a connection: also a PUT that was carried out."""
    try:
        return await handler(request)
    except aiohttp.ClientError as error:
        raise Unanswered(_broken(error, CURRENT.get())) from None


async def _read(response: aiohttp.ClientResponse, request: HttpRequest, progress: Progress) -> bytes:
    try:
        body = Body(", ".join(response.headers.getall("Content-Encoding", ())), request.most_body)
        if request.method != "HEAD" and (response.content_length or 0) > request.most_body:
            raise TooLong
        async for part in response.content.iter_any():
            body.feed(part)
        return body.end()
    except TooLong:
        ended = progress.ended(Reason.BODY_TOO_LONG, Origin.WIRE, detail=f"more than {request.most_body} bytes")
    except Unreadable as error:
        ended = progress.ended(Reason.MALFORMED, Origin.TRANSPORT, detail=str(error))
    except aiohttp.ClientError as error:
        ended = _broken(error, progress)
    response.close()
    raise Unanswered(ended)


def _broken(error: aiohttp.ClientError, progress: Progress) -> NoResponse:
    causes = list(_causes(error))
    if any(isinstance(cause, LineTooLong) or str(cause).find(_TOO_MANY_HEADERS) >= 0 for cause in causes):
        return progress.ended(Reason.HEAD_TOO_LONG, Origin.TRANSPORT)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        detail = (tls.reason or type(tls).__name__).lower().replace("_", " ")
        return progress.ended(Reason.TLS_HANDSHAKE, Origin.TRANSPORT, detail=detail)
    if isinstance(error, aiohttp.ClientOSError):
        return progress.ended(Reason.RESET, Origin.TRANSPORT, detail=error.strerror or "")
    if isinstance(error, aiohttp.ClientResponseError) or any(isinstance(each, TransferEncodingError) for each in causes):
        return progress.ended(Reason.MALFORMED, Origin.TRANSPORT, detail="not an answer that HTTP/1.1 knows")
    return progress.ended(Reason.CLOSED, Origin.TRANSPORT)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found


def _response(response: aiohttp.ClientResponse, body: bytes, progress: Progress) -> HttpResponse:
    return HttpResponse(
        status=response.status,
        reason=response.reason or "",
        headers=Headers(tuple(response.headers.items())),
        body=body,
        timings=progress.timings(),
        certificate_not_after_ns=progress.certificate_not_after_ns,
        peer=progress.peer,
        sent=progress.sent,
    )
