"""Probes that are told, in the daemon as it is installed: alerts trip a gate, and callers are counted by a probe."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.sip import Uas
from tests.peers.knot import Knot, knot
from tests.probes.passive.alerting import alert, payload
from tests.system.guard import IVR_KEY, WITHIN_S, Dns, Guard, guard, write_settings

CADENCE = "every: 200ms"
PROBES = {
    "alerts": f"kind: alertmanager, path: new, labels: {{alertname: TrunkDown}}, alive: {{alertname: Watchdog}}, {CADENCE}",
    "callers": f"kind: webhook_silence, path: new, gate: inbound, window: 1s, {CADENCE}",
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Knot]:
    async with knot(tmp_path) as running:
        yield running


@pytest.fixture
async def night(tmp_path: Path, server: Knot) -> AsyncIterator[Guard]:
    async with Uas() as trunk:
        path = write_settings(tmp_path, new=trunk.port, dns=Dns(server.server, server.secret), more=PROBES)
        path.write_text(path.read_text().replace("probes: [trunk-new]", "probes: [trunk-new, alerts]"))
        async with guard(path) as running:
            yield running


async def tell(running: Guard, body: bytes) -> None:
    url = f"http://127.0.0.1:{running.webhook_port}/v1/alerts/alerts"
    headers = {"Authorization": f"Bearer {IVR_KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)

    def post() -> None:
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200

    await asyncio.to_thread(post)


async def until(running: Guard, **labels: str) -> None:
    """Until a result with these labels was counted."""
    async with asyncio.timeout(WITHIN_S):
        while not await running.count("cutoverd_probe_results_total", **labels):
            pass  # each question is a round trip over HTTP: this does not spin


async def test_an_alert_trips_the_gate_and_the_run_starts(night: Guard, server: Knot) -> None:
    await until(night, probe="alerts", outcome="error")
    await tell(night, payload(alert("Watchdog")))
    await night.prepare(lambda: server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20"))
    await tell(night, payload(alert("Watchdog"), alert()))
    await night.said("SUSPECT → TRIPPED")
    assert (await night.webhook())["cutoverStatus"] == "DEGRADED"
    assert await night.count("cutoverd_webhook_alerts_total", probe="alerts", result="taken") == 2


async def test_callers_are_a_probe_and_their_silence_a_failure(night: Guard) -> None:
    await until(night, probe="callers", outcome="error")
    await until(night, probe="callers", outcome="fail", code="408", origin="timeout")
    async with asyncio.timeout(WITHIN_S):
        while not await night.count("cutoverd_probe_results_total", probe="callers", outcome="pass"):
            await night.webhook()
