"""A second daemon of the night, with what the first does not have: a webhook over TLS that Alertmanager tells of alerts, a probe
over HTTP with an API, a shadow gate, and interlocks that keep its run from starting.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from lab.sip import Answer, Uas
from tests.observability.prometheus import Prometheus
from tests.peers.certificates import Authority, authority
from tests.probes.exchange.servers import Server, serving
from tests.system.guard import IVR_KEY, Dns, Guard, guard, write_settings

PROBES = {
    "pipeline": "kind: http, path: control, api: crm, url: /health, every: 300ms, timeout: 250ms",
    "alerts": "kind: alertmanager, path: new, labels: {cutover: inbound}, every: 300ms",
}
SHADOW = "  trial: {shadow: true, trip: {consecutive: 3, probes: [trunk-new]}, recover: {consecutive: 3}}\nplans:\n"
BLOCKED = 'interlocks: {blocked: [{from: "2020-01-01T00:00:00Z", until: "2099-01-01T00:00:00Z", reason: work on the carrier}]}\n'
API = 'apis: {{crm: {{base: "{url}", tls: {{ca: "{ca}"}}}}}}\n'


@dataclass(frozen=True)
class Trial:
    """The daemon, the trunk that it guards, and the server that is its control target."""

    guard: Guard
    trunk: Uas
    control: Server


@contextlib.asynccontextmanager
async def trial(folder: Path, dns: Dns) -> AsyncIterator[Trial]:
    folder.mkdir()
    trusted = authority(folder)
    pair = trusted.issue("IP:127.0.0.1", days=30)
    async with (
        serving(_well, tls=pair.server()) as server,
        Uas() as trunk,
        guard(_written(folder, trunk.port, dns, trusted, server)) as running,
    ):
        await running.do("baseline-capture")
        assert await asyncio.to_thread(_garbage, running.webhook_port, trusted) == 400
        yield Trial(running, trunk, server)


async def keep_from_starting(on_trial: Trial, watching: Prometheus, target: str) -> None:
    """Open, armed and tripped: the run is due, and two interlocks object to it: the time is blocked, and the control target is
    too busy to tell whether it is well.
    """
    running = on_trial.guard
    await running.do("open")
    await watching.has(f'cutoverd_gate_state{{instance="{target}", gate="inbound", state="HEALTHY"}} == 1')
    await running.do("arm", plan=[str((await running.do("plan"))["plans"][0]["digest"])])
    on_trial.control.answer = _busy
    on_trial.trunk.behaviour = Answer(503)
    for interlock in ("blocked", "control"):
        await watching.has(f'cutoverd_interlocked{{instance="{target}", interlock="{interlock}"}}')


def _written(folder: Path, port: int, dns: Dns, trusted: Authority, server: Server) -> Path:
    pair = trusted.issue("IP:127.0.0.1", days=30)
    config = write_settings(folder, new=port, dns=dns, more=PROBES)
    text = config.read_text().replace("plans:\n", SHADOW, 1)
    tls = f'webhook: {{tls: {{certificate: "{pair.certificate}", private_key: "{pair.private_key}"}}, '
    text = text.replace("webhook: {", tls, 1)
    config.write_text(text + BLOCKED + API.format(url=server.url, ca=trusted.certificate))
    return config


async def _well(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "UP"})


async def _busy(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429)


def _garbage(port: int, trusted: Authority) -> int:
    """What Alertmanager would never send: the status of the answer."""
    context = ssl.create_default_context(cafile=str(trusted.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    try:
        connection.request("POST", "/v1/alerts/alerts", body="garbage", headers={"X-Api-Key": IVR_KEY})
        return connection.getresponse().status
    finally:
        connection.close()
