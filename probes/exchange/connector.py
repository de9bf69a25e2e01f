"""aiohttp's connections, made our way: look-up, TCP and TLS each timed and told apart.

aiohttp's own connector caches names, and says of a failure neither the phase nor whose it is. What it keeps (the pool, the
protocol) is kept; `_create_connection` is what its own kinds of connector define as well.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from probes.exchange.dialing import NotConnected, dial
from probes.exchange.lookup import Asks, addresses, is_numeric
from probes.exchange.progress import CURRENT, Progress, Unanswered
from probes.exchange.values import NoResponse, Phase, Reason
from probes.records import Failed
from probes.sample import NS_PER_S, Origin
from probes.sip.engine.certificate_names import is_for, whom
from probes.sip.engine.target import TlsSettings
from probes.sip.engine.tls import CONTEXTS, UnusableTls
from probes.sip.engine.trouble import Trouble, trouble

LOOKUP_NS = 60 * NS_PER_S
"""The exchange ends long before; only the resolver needs a number."""
IDLE_S = 15.0
_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""


@dataclass(frozen=True, slots=True)
class TlsChoice:
    """`probes.sip.engine.target.TlsSettings` but for the name, which is the URL's host unless given."""

    server_name: str | None = None
    settings: TlsSettings = TlsSettings("")  # noqa: RUF009  frozen

    def of(self, host: str) -> TlsSettings:
        found = self.settings
        return TlsSettings(self.server_name or host, found.ca, found.certificate, found.private_key, found.minimum_version)


class Connector(aiohttp.BaseConnector):
    """`most` connections at a time; idle ones are kept for a while unless each exchange is to have its own."""

    def __init__(self, resolver: Asks, tls: TlsChoice, *, most: int, is_keeping: bool) -> None:
        if is_keeping:
            super().__init__(limit=most, keepalive_timeout=IDLE_S)
        else:
            super().__init__(limit=most, force_close=True)
        self._resolver = resolver
        self._tls = tls

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        progress = CURRENT.get()
        progress.enter(Phase.CONNECTION)
        progress.is_kept = True
        connection = await super().connect(req, traces, timeout)
        progress.enter(Phase.RESPONSE)
        _note(connection.transport, progress)
        return connection

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        progress = CURRENT.get()
        progress.is_kept = False
        host, port = req.url.raw_host or "", req.url.port or 0
        reached = await self._reached(host, port, progress)
        wanted = self._tls.of(host) if req.url.scheme == "https" else None
        context = None if wanted is None else _context(wanted, reached, progress)
        name = None if wanted is None else wanted.server_name.rstrip(".")
        if context is not None:
            progress.enter(Phase.TLS)
        try:
            _, protocol = await self._loop.create_connection(self._factory, sock=reached, ssl=context, server_hostname=name)
        except (ssl.SSLError, OSError, ValueError) as fault:
            reached.close()
            raise Unanswered(_tls_fault(fault, progress)) from None
        if wanted is not None:
            _check_name(protocol, wanted.server_name, progress)
        return protocol

    async def _reached(self, host: str, port: int, progress: Progress) -> socket.socket:
        found: tuple[str, ...] | Failed = (host,)
        if not is_numeric(host):
            progress.enter(Phase.DNS)
            found = await addresses(host, self._resolver, timeout_ns=LOOKUP_NS)
        if isinstance(found, Failed):
            raise Unanswered(progress.ended(found.why, Origin.DNS, is_ours=True, detail=found.detail or host))
        progress.enter(Phase.CONNECT)
        if len(found) == 1:
            progress.peer = peer_text(found[0], port)
        try:
            return await dial(found, port)
        except NotConnected as failed:
            progress.peer = peer_text(failed.address, port)
            raise Unanswered(_not_connected(failed, progress)) from None


def peer_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _not_connected(failed: NotConnected, progress: Progress) -> NoResponse:
    number = failed.fault.errno
    detail = "" if number is None else os.strerror(number)  # asyncio puts words of its own into strerror
    if failed.is_ours:
        return progress.ended(trouble(failed.fault), Origin.SELF, is_ours=True, detail=detail)
    reasons = {errno.ECONNREFUSED: Reason.REFUSED, errno.ECONNRESET: Reason.RESET}
    return progress.ended(reasons.get(number or 0, Reason.UNREACHABLE), Origin.TRANSPORT, detail=detail)


def _context(wanted: TlsSettings, reached: socket.socket, progress: Progress) -> ssl.SSLContext:
    try:
        return CONTEXTS.get(wanted)
    except UnusableTls as unusable:
        reached.close()
        raise Unanswered(progress.ended(Trouble.TLS_FILES, Origin.SELF, is_ours=True, detail=str(unusable))) from None


def _tls_fault(fault: Exception, progress: Progress) -> NoResponse:
    if isinstance(fault, ssl.SSLCertVerificationError):
        reason = Reason.TLS_EXPIRED if fault.verify_code == _EXPIRED else Reason.TLS_UNTRUSTED
        return progress.ended(reason, Origin.TRANSPORT, detail=fault.verify_message)
    if isinstance(fault, ssl.SSLError):
        detail = (fault.reason or type(fault).__name__).lower().replace("_", " ")
        return progress.ended(Reason.TLS_HANDSHAKE, Origin.TRANSPORT, detail=detail)
    if isinstance(fault, OSError):
        return progress.ended(Reason.TLS_HANDSHAKE, Origin.TRANSPORT, detail=fault.strerror or "closed by the server")
    return progress.ended(Reason.UNSENDABLE, Origin.SELF, is_ours=True, detail="cannot be the name of a server")


def _check_name(protocol: ResponseHandler, name: str, progress: Progress) -> None:
    """Before a byte of the request leaves. Not by OpenSSL, so that a wrong name is told apart."""
    certificate = _certificate(protocol.transport)
    if not is_for(certificate, name):
        ended = progress.ended(Reason.TLS_WRONG_NAME, Origin.TRANSPORT, detail=f"for {whom(certificate)} and not for {name}")
        protocol.abort()
        raise Unanswered(ended)


def _note(transport: asyncio.Transport | None, progress: Progress) -> None:
    peer = None if transport is None else transport.get_extra_info("peername")
    if peer is not None:
        progress.peer = peer_text(str(ip_address(peer[0].partition("%")[0])), peer[1])
    ends = _certificate(transport).get("notAfter")
    if ends is not None:
        progress.certificate_not_after_ns = int(ssl.cert_time_to_seconds(ends)) * NS_PER_S


def _certificate(transport: asyncio.BaseTransport | None) -> dict[str, Any]:
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    return {} if tls is None else tls.getpeercert() or {}
