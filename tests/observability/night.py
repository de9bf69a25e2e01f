"""A short night that leaves nothing out: everything that rules and dashboard ask for has series when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.sip import Answer, Uas
from tests.observability import shipped
from tests.observability.prometheus import Prometheus, prometheus
from tests.observability.trial import keep_from_starting, trial
from tests.peers.certificates import authority
from tests.peers.knot import knot
from tests.system.guard import Dns, Guard, guard, write_settings

Scrape = dict[tuple[str, frozenset[tuple[str, str]]], float]

CLOSED = r"journal #\d+ closed: (\w+)"
SECURE = '  secure: {{kind: sip_options, path: control, target: "sips:127.0.0.1:{port}", every: 300ms, tls: {{ca: {ca}}}}}\n'
CONTROL = '  carrier: {{kind: sip_options, path: control, target: "sip:127.0.0.1:{port}", every: 300ms, timeout: 250ms}}\n'
SEEN_BEFORE_THE_TRIP = 'max_over_time(timestamp(cutoverd_gate_state{state="TRIPPED"} == 0)[1m:1s])'
VARIABLES = {"$__rate_interval": "10s", "$__interval": "1s", "$__range": "1m"}
"""What Grafana puts in their place, for a night of seconds."""


@dataclass(frozen=True)
class Night:
    """`scrape` is what both daemons serve, parsed, and `families` their metrics by name; `answers` what Prometheus makes of each
    expression of the dashboard for the first of them, or else for the second, by where it stands; `rules` are Prometheus' words
    on each rule.
    """

    scrape: Scrape
    families: frozenset[str]
    answers: dict[str, list[dict[str, Any]]]
    rules: list[dict[str, Any]]


async def played(folder: Path) -> Night:
    """Baseline, cutover, open, armed; the IVR asks, a stranger asks; the trunk fails; the record is put back."""
    async with contextlib.AsyncExitStack() as stack:
        name_server = await stack.enter_async_context(knot(folder))
        new, old, control = [await stack.enter_async_context(Uas()) for _ in range(3)]
        dns = Dns(name_server.server, name_server.secret)
        config = write_settings(folder, new=new.port, old=old.port, dns=dns)
        secure = await stack.enter_async_context(_over_tls(folder))
        config.write_text(config.read_text().replace("probes:\n", f"probes:\n{CONTROL.format(port=control.port)}{secure}", 1))
        running = await stack.enter_async_context(guard(config))
        other = await stack.enter_async_context(trial(folder / "trial", dns))
        target, on_trial = (f"127.0.0.1:{each.admin_port}" for each in (running, other.guard))
        watching = await stack.enter_async_context(prometheus(folder, target, on_trial))

        async def cut_over() -> None:
            await name_server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20")

        await running.prepare(cut_over)
        assert await asyncio.to_thread(_status_for_a_stranger, running.webhook_port) == 401
        await keep_from_starting(other, watching, on_trial)
        await watching.has(SEEN_BEFORE_THE_TRIP)
        new.behaviour = Answer(503)
        assert (await running.said(CLOSED))[1] == "restored"
        await watching.has("cutoverd_rto_last_seconds and cutoverd_run_in_progress == 0")
        return await _seen([running, other.guard], watching)


@contextlib.asynccontextmanager
async def _over_tls(folder: Path) -> AsyncIterator[str]:
    """A trunk over TLS that is always well, as the line of the probe that asks it."""
    trusted = authority(folder)
    pair = trusted.issue("IP:127.0.0.1", days=30)
    async with await asyncio.start_server(_well, "127.0.0.1", 0, ssl=pair.server()) as server:
        port = server.sockets[0].getsockname()[1]
        yield SECURE.format(port=port, ca=trusted.certificate)


async def _well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """200 to each request; a keep-alive between them is two empty lines."""
    with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            if kept := [line for line in asked if line.lower().startswith(("via:", "from:", "to:", "call-id:", "cseq:"))]:
                told = [f"{line};tag=well" if line.lower().startswith("to:") else line for line in kept]
                writer.write("\r\n".join(["SIP/2.0 200 OK", *told, "Content-Length: 0", "", ""]).encode())


async def _seen(running: list[Guard], watching: Prometheus) -> Night:
    expressions = {where: expr for where, expr in shipped.expressions().items() if not where.startswith("rule")}
    answers: dict[str, list[dict[str, Any]]] = {}
    scrape: Scrape = {}
    families: set[str] = set()
    for each in running:
        for where, expr in expressions.items():
            answers[where] = answers.get(where) or await watching.query(substituted(expr, f"127.0.0.1:{each.admin_port}"))
        scrape |= await each.metrics()
        families |= await asyncio.to_thread(_families, each.admin_port)
    return Night(scrape, frozenset(families), answers, await watching.rules())


def _families(port: int) -> set[str]:
    """Every metric that the daemon knows, also where it has no series yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return set(re.findall(r"^# TYPE (\S+)", connection.getresponse().read().decode(), re.MULTILINE))
    finally:
        connection.close()


def substituted(expression: str, target: str) -> str:
    for variable, value in (VARIABLES | {"$instance": target}).items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression


def _status_for_a_stranger(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/gates/inbound", headers={"X-Api-Key": "of somebody else"})
        return connection.getresponse().status
    finally:
        connection.close()
