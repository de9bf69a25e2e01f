"""What `bench.webhook` asks, each in a process of its own on uvloop: our webhook, and aiohttp with a handler that does nothing.

    python -m bench.webhook_servers ours|server|application

`server` is aiohttp's low-level `web.Server`: the least that aiohttp can do, and what our listener stands on too. `application` is
`web.Application` with a route, which is what people write. Both return the bytes that ours does, header by header. Prints its
port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_network

import uvloop
from aiohttp import web

from config.addresses import Address
from config.secrets import Secret
from config.server import Key, LedgerField, WebhookServer
from daemon import webhook_front
from daemon.board import Board
from daemon.web.keys import Keys
from daemon.web.tally import Tally
from gates.cutover import Phase
from gates.gate import GateState
from gates.lease import Lease
from probes import clock

KEYS = {"ivr-old": b"q1w2e3r4t5z6u7i8o9p0-old", "ivr-new": b"q1w2e3r4t5z6u7i8o9p0-new"}
HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "cutoverd",
}
BODY = (
    b'{"cutoverStatus":"OK","gate":"inbound","state":"HEALTHY","phase":"open","route":"new","generation":17,'
    b'"ageMs":412,"validForMs":16588,"reason":""}'
)
AGE_NS, VALID_NS = 412_000_000, 16_588_000_000


def settings() -> WebhookServer:
    """Everything that costs something for each request is on: allow-list, rates, both columns of the ledger."""
    return WebhookServer(
        listen=Address("127.0.0.1", 0),
        keys=tuple(Key(name=name, secret=Secret(env="X")) for name in KEYS),
        allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        per_key_per_second=1_000_000,
        regions=LedgerField(field="region", values=("emea", "amer", "apac")),
        numbers=LedgerField(field="dnis", values=("+4930123456", "+18005550100")),
    )


def _turn(board: Board) -> None:
    """As the judge does: a lease of its own on each turn."""
    now = clock.mono_ns()
    board.leases = {
        "inbound": Lease(
            "inbound", GateState.HEALTHY, Phase.OPEN, 17, True, True, "", now - AGE_NS, now - AGE_NS, now + VALID_NS, -1
        )
    }
    board.turned_ns = now
    asyncio.get_running_loop().call_later(0.25, _turn, board)


async def _ours() -> int:
    board = Board()
    _turn(board)
    front = webhook_front.built(settings(), keys=Keys(KEYS.items()), board=board, tally=Tally())
    return (await front.serve("127.0.0.1", 0)).port


async def _answer(request: web.BaseRequest) -> web.Response:
    return web.Response(body=BODY, headers=HEADERS)


async def _server() -> int:
    made = await asyncio.get_running_loop().create_server(web.Server(_answer, access_log=None), "127.0.0.1", 0, backlog=1024)
    return int(made.sockets[0].getsockname()[1])


async def _application() -> int:
    application = web.Application()
    application.router.add_get("/v1/gates/{gate}", _answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    return int(runner.addresses[0][1])


SERVERS = {"ours": _ours, "server": _server, "application": _application}


async def main(kind: str) -> None:
    print(await SERVERS[kind](), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
