"""Both servers on loopback, in a thread of their own, for a client that blocks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator

import uvloop

from daemon.observe import LastTransitions
from daemon.reply import Exit, Reply
from daemon.status import Standing
from daemon.web.admin import Admin
from daemon.web.alerting import Alerting
from daemon.web.guard import Guard
from daemon.web.keys import Keys
from daemon.web.ledger import Column, Ledger, same_number, same_region
from daemon.web.limits import WEBHOOK
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from probes.passive.alerts import Alerts, Wanted
from probes.sample import NS_PER_S
from tests.daemon.web.world import OLD, UTC_NS, World

Opened = Callable[[], Awaitable[Listener]]


def webhook(world: World, tally: Tally) -> Opened:
    alerts = Alerts(Wanted({"alertname": "TrunkDown"}, {}, NS_PER_S))
    made = Webhook(
        world.board,
        Guard(Keys([("ivr", OLD.encode())])),
        now_ns=world.mono_ns,
        observer=tally,
        limits=WEBHOOK,
        ledger=Ledger(Column.of("region", ["emea"], same_region), Column.of("dnis", ["+4930123"], same_number)),
        alerting=Alerting(lambda probe: alerts, clock=world.clock, heard=tally.heard),
    )
    return lambda: made.serve("127.0.0.1", 0)


def admin(world: World) -> Opened:
    made = Admin(
        world.board,
        clock=world.clock,
        render=lambda: (b"cutoverd_armed 0.0\n", "text/plain"),
        standing=lambda: Standing("acme", UTC_NS, UTC_NS + NS_PER_S, {"plan": "digest"}),
        unready=list,
        transitions=LastTransitions(),
        explain=lambda name, kind: Reply(Exit.OK, "", {"kind": kind} if name == "known" else {}),
    )
    return lambda: made.serve("127.0.0.1", 0)


@contextlib.contextmanager
def served(opened: Opened) -> Iterator[str]:
    """The base URL."""
    port, started = 0, threading.Event()
    ended: asyncio.Event | None = None
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        nonlocal port, ended
        ended = asyncio.Event()
        listener = await opened()
        port = listener.port
        started.set()
        await ended.wait()
        await listener.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="server")
    thread.start()
    try:
        assert started.wait(10)
        yield f"http://127.0.0.1:{port}"
    finally:
        assert ended is not None
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
