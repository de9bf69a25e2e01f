"""The webhook over TLS, and clients that trust a test's authority."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from daemon.web.certificates import Certificates, Files
from daemon.web.keys import Keys
from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from tests.daemon.web.test_hostile import GOOD
from tests.daemon.web.world import DEADLINE_S, OLD, World, hang_up, status
from tests.peers.certificates import Authority, Pair

LIMITS = Limits(idle_s=5.0, drain_s=0.2, connections=8, strangers=4, stranger_s=0.5)
PATIENT = replace(LIMITS, stranger_s=DEADLINE_S * 3)
KEPT = GOOD.replace(b"Connection: close\r\n", b"")


def install(pair: Pair, files: Files) -> None:
    """As certbot does: new files under the old names."""
    for made, name in ((pair.certificate, files.certificate), (pair.private_key, files.private_key)):
        shutil.copyfile(made, name + ".new")
        Path(name + ".new").rename(name)


@contextlib.asynccontextmanager
async def secured(world: World, tally: Tally, certificates: Certificates, limits: Limits = LIMITS) -> AsyncIterator[Listener]:
    world.is_healthy()
    webhook = Webhook(
        world.board,
        Keys([("old", OLD.encode())]),
        now_ns=world.mono_ns,
        observer=tally,
        limits=limits,
        certificates=certificates,
    )
    listener = await webhook.serve("127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.close()


def trusting(ca: Authority, own: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca.certificate))
    if own is not None:
        context.load_cert_chain(own.certificate, own.private_key)
    return context


@contextlib.asynccontextmanager
async def client(listener: Listener, context: ssl.SSLContext) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ssl.SSLError):
            await hang_up(writer)


async def asked(listener: Listener, context: ssl.SSLContext) -> tuple[int, str]:
    """The status, and the name in the server's certificate."""
    async with client(listener, context) as (reader, writer), asyncio.timeout(DEADLINE_S):
        writer.write(GOOD)
        told = await reader.read()
        return status(told), common_name(writer)


async def is_refused(listener: Listener, context: ssl.SSLContext) -> bool:
    """With TLS 1.3 a client learns of it only when it reads."""
    try:
        return (await asked(listener, context))[0] == 0
    except (ssl.SSLError, ConnectionError):
        return True


def common_name(writer: asyncio.StreamWriter) -> str:
    certificate = writer.get_extra_info("ssl_object").getpeercert()
    return dict(part[0] for part in certificate["subject"])["commonName"]
