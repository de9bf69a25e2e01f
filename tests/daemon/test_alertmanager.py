"""A real Alertmanager, with the shipped example of a receiver, tells the webhook what fires."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from daemon.board import Board
from daemon.web.alerting import Alerting
from daemon.web.keys import Keys
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from probes import clock
from probes.passive.alerts import Alerts, Wanted
from probes.sample import NS_PER_S, Outcome, ProbeResult
from tests.observability.shipped import FOLDER, read_yaml
from tests.peers.alertmanager import Alertmanager, alertmanager

EXAMPLE = FOLDER / "alertmanager" / "probe.yml"
WITHIN_S = 20.0
PAST = "2020-01-02T00:00:00Z"
KEY = "alertmanager-secret-17"


class Ear:
    """What the probe of the example remembers, and a bell that rings with each notification."""

    def __init__(self) -> None:
        self.alerts = Alerts(Wanted({"cutover": "inbound"}, {"alertname": "Watchdog"}, 300 * NS_PER_S))
        self.tally = Tally()
        self._rung = asyncio.Condition()
        self._ringing: set[asyncio.Task[None]] = set()

    def heard(self, probe: str, how: str) -> None:
        self.tally.heard(probe, how)
        self._ringing.add(asyncio.ensure_future(self._ring()))

    async def _ring(self) -> None:
        async with self._rung:
            self._rung.notify_all()

    @property
    def standing(self) -> ProbeResult:
        return self.alerts.standing(now=clock.read())

    async def until(self, holds: Callable[[ProbeResult], bool]) -> ProbeResult:
        async with asyncio.timeout(WITHIN_S), self._rung:
            await self._rung.wait_for(lambda: holds(self.standing))
        return self.standing


def example(folder: Path, port: int) -> Path:
    """The shipped one, for this port and key, and in a hurry."""
    config = read_yaml(EXAMPLE)
    for route in config["route"]["routes"]:
        route["group_interval"] = "1s"
    (receiver,) = config["receivers"][1]["webhook_configs"]
    (folder / "key").write_text(KEY)
    receiver["url"] = f"http://127.0.0.1:{port}/v1/alerts/{receiver['url'].rpartition('/')[2]}"
    receiver["http_config"]["authorization"]["credentials_file"] = str(folder / "key")
    path = folder / "alertmanager.json"
    path.write_text(json.dumps(config))
    return path


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def peer(ear: Ear, tmp_path: Path) -> AsyncIterator[Alertmanager]:
    alerting = Alerting({"crm-alerts": ear.alerts}.get, clock=clock.read, heard=ear.heard)
    keys = Keys([("alertmanager", KEY.encode())])
    listener = await Webhook(Board(), keys, now_ns=clock.mono_ns, observer=ear.tally, alerting=alerting).serve("127.0.0.1", 0)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(listener.close)
        yield await stack.enter_async_context(alertmanager(tmp_path, example(tmp_path, listener.port)))


async def test_what_alertmanager_says_fails_the_samples_until_it_is_resolved(ear: Ear, peer: Alertmanager) -> None:
    assert ear.standing.reason == "alertmanager-silent"
    await peer.alert(alertname="Watchdog")
    assert (await ear.until(lambda told: told.outcome is Outcome.PASS)).reason == "quiet"
    await peer.alert(alertname="CrmSlow", cutover="inbound", region="emea")
    await peer.alert(alertname="CrmSlow", cutover="inbound", region="amer")
    assert (await ear.until(lambda told: told.facts.get("firing") == 2)).facts["alert"] == "CrmSlow"
    await peer.alert(alertname="CrmSlow", cutover="inbound", region="emea", ends=PAST)
    assert (await ear.until(lambda told: told.facts.get("firing") == 1)).outcome is Outcome.FAIL
    await peer.alert(alertname="CrmSlow", cutover="inbound", region="amer", ends=PAST)
    assert (await ear.until(lambda told: told.outcome is Outcome.PASS)).reason == "quiet"
    assert set(ear.tally.alerts) == {("crm-alerts", "taken")}
    assert not ear.tally.refusals
