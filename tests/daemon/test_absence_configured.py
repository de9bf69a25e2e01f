"""From `absence_key` in the file to a webhook that fails on request, and a metric that says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from config.load import load
from config.model import Settings
from config.problem import ConfigInvalid
from config.secrets import SecretUnavailable
from daemon import webhook_front
from daemon.board import Board
from daemon.compose import compose
from daemon.metrics import Metrics
from daemon.web.absence import KEY
from daemon.web.keys import Keys
from gates import lease
from gates.cutover import Cutover, Phase
from gates.gate import fresh
from probes import clock
from tests.daemon.cli.installed import CONFIG

ENVIRON = {"IVR_KEY": "ivr-secret", "ABSENCE_KEY": "absence-secret"}


def configured(folder: Path, extra: str = "", secrets: dict[str, str] | None = None) -> Settings:
    file = folder / "cutoverd.yaml"
    keys = "keys: [{name: ivr, secret: {env: IVR_KEY}}]"
    file.write_text(CONFIG.format(folder=folder).replace(keys, keys + extra))
    return load(file, secrets_from=secrets).settings


RESERVED = ", absence_key: {env: ABSENCE_KEY}, absence_after: 50ms"


def test_without_the_key_nothing_is_reserved(tmp_path: Path) -> None:
    assert compose.webhook_keys(configured(tmp_path), ENVIRON) == {"ivr": b"ivr-secret"}


def test_the_reserved_key_has_a_name_that_no_caller_can_have(tmp_path: Path) -> None:
    assert compose.webhook_keys(configured(tmp_path, RESERVED), ENVIRON) == {"ivr": b"ivr-secret", KEY: b"absence-secret"}
    file = tmp_path / "taken.yaml"
    file.write_text(CONFIG.format(folder=tmp_path).replace("name: ivr", f"name: '{KEY}'"))
    with pytest.raises(ConfigInvalid, match=r"keys\[0\]\.name: '\(absence\)' is not a name"):
        load(file)


def test_a_callers_key_cannot_be_the_reserved_one_too(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="env ABSENCE_KEY: absence_key is also one of keys"):
        compose.webhook_keys(configured(tmp_path, RESERVED), {"IVR_KEY": "same", "ABSENCE_KEY": "same"})


def test_an_unreadable_reserved_key_is_a_problem_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"server\.webhook\.absence_key: secret cannot be read: env ABSENCE_KEY: not set"):
        configured(tmp_path, RESERVED, {"IVR_KEY": "x"})


def test_nothing_is_held_back_for_longer_than_two_minutes(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="absence_after: at most 2m"):
        configured(tmp_path, ", absence_after: 121s")


async def test_the_configured_webhook_fails_on_request_and_counts_it(tmp_path: Path) -> None:
    settings = configured(tmp_path, RESERVED)
    board = Board()
    gate = fresh(compose.gates(settings)["inbound"])
    board.leases = {"inbound": lease.lease(gate, Cutover(phase=Phase.COMMITTED), impaired="", now=clock.read())}
    metrics = Metrics(board, clock=clock.read, version="0", objective_ns=1, dropped=lambda: 0, ignored=dict, failures={})
    keys = Keys(compose.webhook_keys(settings, ENVIRON).items())
    front = webhook_front.built(settings.server.webhook, keys=keys, board=board, tally=metrics.tally)
    opened = await front.serve("127.0.0.1", 0)
    async with ClientSession(headers={"X-Api-Key": "absence-secret"}) as client:
        url = f"http://127.0.0.1:{opened.port}/v1/gates/inbound"
        async with client.get(url, params={"answer": "late"}) as late:
            assert (await late.json())["cutoverStatus"] == "DEGRADED"
        with pytest.raises(ServerDisconnectedError):
            await client.post(url, params={"answer": "silence"})
        async with client.get(url, headers={"X-Api-Key": "ivr-secret"}) as caller:
            assert (await caller.json())["cutoverStatus"] == "OK"
    await opened.close()
    told = metrics.render()[0].decode()
    assert 'cutoverd_webhook_absences_total{answer="late",gate="inbound"} 1.0' in told
    assert 'cutoverd_webhook_absences_total{answer="silence",gate="inbound"} 1.0' in told
    assert 'cutoverd_webhook_requests_total{answer="OK",gate="inbound"} 1.0' in told
