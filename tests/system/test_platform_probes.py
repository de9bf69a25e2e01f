"""What the installed daemon makes of a platform's own word: the lab's platform is asked over HTTP, and broken part by part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.platform.organisation import Member, Queue, Trunk, User
from lab.platform.server import Platform
from lab.platform.trouble import Refuses
from tests.system.guard import IVR_KEY, guard

QUEUE = "queue-1"
CALLS = "/api/v2/architect/flows/f-1/test-calls"

SETTINGS = """\
name: night
cutover: {{opens: 2020-01-01T00:00:00Z, closes: 2099-01-01T00:00:00Z}}
server:
  webhook: {{listen: "127.0.0.1:0", keys: [{{name: ivr, secret: {{file: ivr.key}}}}]}}
  admin: {{listen: "127.0.0.1:0"}}
  control: {folder}
store: {{url: "sqlite://{folder}/night.db"}}
apis:
  genesys:
    base: {base}
    auth: {{kind: oauth2, token_url: {base}/oauth/token, client_id: {client}, client_secret: {{file: client.key}}}}
    budget: {{requests: 6000}}
probes:
  trunks: {{kind: trunk_health, path: new, api: genesys, trunks: [trunk-1, trunk-2], every: 500ms, timeout: 450ms}}
  agents: {{kind: agent_consistency, path: new, api: genesys, queue: {queue}, agents: [a, b, c, d], every: 500ms, timeout: 450ms}}
  call:
    kind: platform_test_call
    path: new
    api: genesys
    start: {{url: {calls}, body: '{{"flowId": "f-1", "testData": {{"dnis": "+15550005678"}}}}'}}
    poll: "{calls}/{{id}}"
    poll_every: 50ms
    passed: [completed]
    failed: [failed]
    every: 500ms
    timeout: 450ms
gates:
  telephony: {{trip: {{consecutive: 3, probes: [trunks]}}, recover: {{consecutive: 1}}}}
  people: {{trip: {{agreement: 98%, probes: [agents]}}, recover: {{consecutive: 1}}}}
  flow: {{trip: {{consecutive: 3, probes: [call]}}, recover: {{consecutive: 1}}}}
"""


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform() as opened:
        for id in ("trunk-1", "trunk-2"):
            opened.organisation.add_trunk(Trunk(id, f"carrier {id}"))
        opened.organisation.add_agents(Queue(QUEUE, "support"), *(User(id, id) for id in "abcd"))
        opened.quota.allowed = 100_000
        yield opened


def written(folder: Path, platform: Platform) -> Path:
    for name, content in (("ivr.key", IVR_KEY), ("client.key", platform.client.secret)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content + "\n")
    config = folder / "night.yaml"
    text = SETTINGS.format(folder=folder, base=platform.base, client=platform.client.id, queue=QUEUE, calls=CALLS)
    config.write_text(text)
    return config


async def test_each_gate_hears_the_part_of_the_platform_that_breaks_and_nothing_of_the_others(
    tmp_path: Path, platform: Platform
) -> None:
    async with guard(written(tmp_path, platform)) as running:
        for _ in range(3):
            await running.said("UNKNOWN → HEALTHY")
        platform.organisation.trunks["trunk-2"].connected = False
        await running.said(r"gate telephony: .*TRIPPED: .*503, 503, 503: 3 consecutive ≥ 3")
        members = platform.organisation.queues[QUEUE].members
        members.set({**members.newest, "b": Member(joined=False)}, now_ns=platform.now_ns())
        await running.said(r"gate people: .*TRIPPED: .*3 of 4 agree")
        platform.organisation.test_call_state = "failed"
        await running.said(r"gate flow: .*TRIPPED: .*503, 503, 503: 3 consecutive ≥ 3")
        assert running.told().count("TRIPPED:") == 3


async def test_a_platform_in_trouble_turns_callers_away_and_trips_nothing(tmp_path: Path, platform: Platform) -> None:
    async with guard(written(tmp_path, platform)) as running:
        for _ in range(3):
            await running.said("UNKNOWN → HEALTHY")
        platform.troubles.add("GET /api", Refuses(503, "service.unavailable", "down for maintenance"))
        await running.said(r"gate telephony: SUSPECT → SUSPECT: trunks: 3 failures")
        assert await running.count("cutoverd_probe_results_total", probe="trunks", outcome="fail", code="504", origin="wire") >= 3
        assert "TRIPPED" not in running.told()
        platform.troubles.mend()
        await running.said("gate telephony: SUSPECT → HEALTHY")
