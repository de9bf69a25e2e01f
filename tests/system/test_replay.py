"""What the daemon recorded is judged again by the installed command: beside it, after it was killed, after its next start."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from lab.sip import Answer, Uas
from tests.system.guard import WITHIN_S, Dns, Guard, cli, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")


async def _recorded(running: Guard, samples: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await running.count("cutoverd_recording_samples_total") < samples:
            pass  # each question is a round trip over HTTP: this does not spin


async def _replayed(config: Path, *arguments: str) -> dict[str, Any]:
    code, printed = await cli("replay", "--json", *arguments, config=config)
    assert code == 0, printed
    found: dict[str, Any] = json.loads(printed)["data"]
    return found


async def test_a_trip_is_replayed_as_it_was_while_the_daemon_runs_and_after_it_was_killed(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            new.behaviour = Answer(503)
            await running.said("SUSPECT → TRIPPED")
            await _recorded(running, int(await running.count("cutoverd_probe_results_total")) + 1)
            beside = await _replayed(config)
            assert beside["live"] == {"transitions": 3, "same": True}
            assert [trip["end"] for trip in beside["gates"]["inbound"]["trips"]] == ["stands"]
            sent = await running.count("cutoverd_probe_results_total")
            await running.end(signal.SIGKILL)
        killed = await _replayed(config)
        assert killed["live"] == {"transitions": 3, "same": True}
        assert sent - killed["samples"] <= 2.5 / 0.3, "the last two seconds, at one sample each 300 ms"

        new.behaviour = Answer(200)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            await running.end()
        after = await _replayed(config)
        assert after["live"] == {"transitions": 4, "same": True}
        sooner = await _replayed(config, "--set", "gates.inbound.trip.consecutive=2")
        assert (sooner["live"], len(sooner["gates"]["inbound"]["trips"])) == (None, 1)


async def test_a_recording_that_cannot_be_written_changes_no_answer(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        broken = tmp_path / "night.db.samples"
        broken.write_text("a letter to my grandmother " * 100)
        async with guard(config) as running:
            await running.said("samples are not recorded, and everything else goes on: .* is not an SQLite database")
            await running.do("open")
            await running.answers("OK")
            assert await running.count("cutoverd_recording_failed") == 1
            assert await running.end() == 0
        assert broken.read_text() == "a letter to my grandmother " * 100
