"""The installed daemon asks a platform over HTTP, with a login, and its gate follows what the platform says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.system.guard import cli, guard

SECRET = "the-clients-secret"

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
    base: http://localhost:{port}/api
    auth: {{kind: oauth2, token_url: "http://localhost:{port}/oauth/token", client_id: us, client_secret: {{file: client.key}}}}
    budget: {{requests: 1000, per: 1s}}
probes:
  platform:
    kind: http
    path: new
    api: genesys
    url: /v2/health
    every: 200ms
    timeout: 500ms
    expect: {{json: [{{pointer: /status, equals: UP}}, {{pointer: /latency, below: 5s, unit: ms}}], counts_as: 503}}
    extract: {{latency: {{pointer: /latency, unit: ms}}}}
gates:
  inbound: {{trip: {{consecutive: 3, probes: [platform]}}, recover: {{consecutive: 2}}}}
"""


@dataclass
class Platform:
    port: int = 0
    said: dict[str, object] = field(default_factory=lambda: {"status": "UP", "latency": 20})
    status: int = 200
    logins: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth/token":
            self.logins += 1
            return web.json_response({"access_token": "opaque-token", "token_type": "bearer", "expires_in": 3600})
        if request.headers.get("Authorization") != "Bearer opaque-token":
            return web.Response(status=401)
        return web.json_response(self.said, status=self.status if request.path == "/api/v2/health" else 404)


@contextlib.asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    made = Platform()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()


def write_settings(folder: Path, port: int) -> Path:
    for name, content in (("ivr.key", "ivr-key-for-tests"), ("client.key", SECRET)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(f"{content}\n")
    path = folder / "night.yaml"
    path.write_text(SETTINGS.format(folder=folder, port=port))
    return path


async def test_the_gate_follows_what_the_platform_says_and_no_secret_is_told(tmp_path: Path) -> None:
    async with platform() as peer, guard(write_settings(tmp_path, peer.port)) as running:
        await running.said("UNKNOWN → HEALTHY")
        await running.do("open")
        assert (await running.answers("OK"))["route"] == "new"

        peer.said = {"status": "DOWN", "latency": 20}
        found = await running.said(r"gate inbound: SUSPECT → TRIPPED: (.*)")
        assert "503, 503, 503: 3 consecutive ≥ 3" in found[1]
        assert (await running.answers("DEGRADED"))["state"] == "TRIPPED"
        _, told = await cli("why", "platform", config=running.config)
        assert '/status is "DOWN", not "UP"' in told

        peer.said = {"status": "UP", "latency": 20}
        await running.said(r"gate inbound: TRIPPED → HEALTHY")
        assert (await running.answers("OK"))["state"] == "HEALTHY"

        assert peer.logins == 1
        assert await running.count("cutoverd_api_requests_total", api="genesys", outcome="2xx") >= 5
        assert await running.count("cutoverd_api_tokens_total", api="genesys") == 1
        told += running.told()
        assert SECRET not in told
        assert "opaque-token" not in told


async def test_a_platform_that_is_gone_counts_as_503_and_one_that_refuses_our_token_does_not(tmp_path: Path) -> None:
    async with platform() as peer, guard(write_settings(tmp_path, peer.port)) as running:
        await running.said("UNKNOWN → HEALTHY")
        peer.status = 403
        await running.said("HEALTHY → UNKNOWN")
        assert await running.count("cutoverd_probe_results_total", outcome="error", code="403", origin="wire") >= 3
        peer.status = 503
        await running.said("503: 3/3|→ TRIPPED")
        assert await running.count("cutoverd_probe_results_total", outcome="fail", code="503", origin="wire") >= 3
