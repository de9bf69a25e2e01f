"""A short night that leaves nothing out: every family of metrics has series when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.sip import Answer, Uas
from tests.observability import shipped
from tests.observability.prometheus import Prometheus, prometheus
from tests.peers.knot import knot
from tests.system.guard import Dns, Guard, guard, write_settings

Scrape = dict[tuple[str, frozenset[tuple[str, str]]], float]

CLOSED = r"journal #\d+ closed: (\w+)"
CONTROL = '  carrier: {{kind: sip_options, path: control, target: "sip:127.0.0.1:{port}", every: 300ms, timeout: 250ms}}\n'
SEEN_BEFORE_THE_TRIP = 'max_over_time(timestamp(cutoverd_gate_state{state="TRIPPED"} == 0)[1m:1s])'
VARIABLES = {"$__rate_interval": "10s", "$__interval": "1s", "$__range": "1m"}
"""What Grafana puts in their place, for a night of seconds."""


@dataclass(frozen=True)
class Night:
    """`scrape` is the daemon's own text parsed, `answers` what Prometheus makes of each expression of the dashboard, by
    where it stands; `rules` are Prometheus' words on each rule.
    """

    scrape: Scrape
    answers: dict[str, list[dict[str, Any]]]
    rules: list[dict[str, Any]]


async def played(folder: Path) -> Night:
    """Baseline, cutover, open, armed; the IVR asks, a stranger asks; the trunk fails; the record is put back."""
    async with contextlib.AsyncExitStack() as stack:
        name_server = await stack.enter_async_context(knot(folder))
        new, old, control = [await stack.enter_async_context(Uas()) for _ in range(3)]
        config = write_settings(folder, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))
        config.write_text(config.read_text().replace("probes:\n", "probes:\n" + CONTROL.format(port=control.port), 1))
        running = await stack.enter_async_context(guard(config))
        target = f"127.0.0.1:{running.admin_port}"
        watching = await stack.enter_async_context(prometheus(folder, target))

        async def cut_over() -> None:
            await name_server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20")

        await running.prepare(cut_over)
        assert await asyncio.to_thread(_status_for_a_stranger, running.webhook_port) == 401
        await watching.has(SEEN_BEFORE_THE_TRIP)
        new.behaviour = Answer(503)
        assert (await running.said(CLOSED))[1] == "restored"
        return await _seen(running, watching, target)


async def _seen(running: Guard, watching: Prometheus, target: str) -> Night:
    await watching.has("cutoverd_rto_last_seconds and cutoverd_run_in_progress == 0")
    expressions = {where: expr for where, expr in shipped.expressions().items() if not where.startswith("rule")}
    answers = {where: await watching.query(substituted(expr, target)) for where, expr in expressions.items()}
    return Night(await running.metrics(), answers, await watching.rules())


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
