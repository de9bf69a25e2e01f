"""The whole way: a trunk fails, the daemon's gate trips, Prometheus scrapes it and the shipped rule fires."""

from __future__ import annotations

from pathlib import Path

from lab.sip import Answer, Uas
from tests.observability.prometheus import prometheus
from tests.system.guard import Dns, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")


async def test_gate_tripped_fires_when_the_trunk_fails_and_ends_when_it_has_recovered(tmp_path: Path) -> None:
    async with Uas() as new, guard(write_settings(tmp_path, new=new.port, dns=NOWHERE)) as running:
        target = f"127.0.0.1:{running.admin_port}"
        async with prometheus(tmp_path, target) as watching:
            await running.do("open")
            await running.answers("OK")
            await watching.has('cutoverd_gate_state{state="HEALTHY"} == 1')
            assert await watching.alert("GateTripped") == []
            new.behaviour = Answer(503)
            (alert,) = await watching.until(lambda: watching.alert("GateTripped"), bool)
            assert alert["state"] == "firing"
            assert alert["labels"] == {
                "alertname": "GateTripped", "severity": "critical", "job": "cutoverd", "instance": target,
                "gate": "inbound", "state": "TRIPPED",
            }  # fmt: skip
            assert alert["annotations"]["summary"] == "Gate inbound has tripped: callers go to the baseline path"
            new.behaviour = Answer(200)
            await watching.until(lambda: watching.alert("GateTripped"), lambda active: not active)


async def test_guard_stale_becomes_active_when_the_daemon_is_gone(tmp_path: Path) -> None:
    async with (
        Uas() as new,
        guard(write_settings(tmp_path, new=new.port, dns=NOWHERE)) as running,
        prometheus(tmp_path, f"127.0.0.1:{running.admin_port}") as watching,
    ):
        await watching.has('up{job="cutoverd"} == 1')
        # Until the first scrape is in, the target is rightly called absent.
        await watching.until(lambda: watching.alert("GuardStale"), lambda active: not active)
        running.kill()
        (alert,) = await watching.until(lambda: watching.alert("GuardStale"), bool)
        assert alert["labels"]["cause"] == "scrape"
