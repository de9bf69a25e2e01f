"""A restart never sends callers to a path that is not theirs: phase, switches and latches are what they were."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.system.guard import CUTOVERD, Dns, Guard, guard, write_settings
from tests.system.test_rollback import CLOSED

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")
ENDS = pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])


async def _open(running: Guard) -> None:
    await running.do("open")
    await running.answers("OK")


@ENDS
async def test_prepared_stays_prepared_and_degraded(tmp_path: Path, end: signal.Signals) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            await running.end(end)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            told = await running.webhook()
            assert (told["cutoverStatus"], told["phase"], told["reason"]) == ("DEGRADED", "prepared", "not-open")


@ENDS
async def test_open_is_degraded_until_fresh_passes_then_ok_with_a_higher_generation(tmp_path: Path, end: signal.Signals) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await _open(running)
            before = await running.webhook()
            await running.end(end)
        new.close()
        async with guard(config) as running:
            told = await running.webhook()
            assert (told["cutoverStatus"], told["phase"], told["state"]) == ("DEGRADED", "open", "UNKNOWN")
            new.open()
            assert (await running.answers("OK"))["generation"] > before["generation"]


@ENDS
async def test_armed_stays_armed_and_still_reverts(tmp_path: Path, end: signal.Signals) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))

        async def moved() -> None:
            await name_server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20")

        async with guard(config) as running:
            digest = await running.prepare(moved)
            await running.end(end)
        async with guard(config) as running:
            assert (await running.status())["armed"] == [digest]
            await running.said("UNKNOWN → HEALTHY")
            new.behaviour = Answer(503)
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == ["192.0.2.1"]


@ENDS
async def test_latched_and_reverted_stay_degraded_although_the_trunk_is_well_again(tmp_path: Path, end: signal.Signals) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))

        async def stays() -> None: ...

        async with guard(config) as running:
            digest = await running.prepare(stays)
            await running.do("trip", plan=digest, reason="drill")
            await running.said(CLOSED)
            await running.end(end)
        async with guard(config) as running:
            await running.metrics()
            told = await running.webhook()
            assert (told["cutoverStatus"], told["state"], told["phase"]) == ("DEGRADED", "TRIPPED", "reverted")
            assert (await running.command("open")).exit == 6
            await running.do("reset")
            assert (await running.webhook())["phase"] == "prepared"


@ENDS
async def test_a_hold_outlives_a_restart_until_it_is_released(tmp_path: Path, end: signal.Signals) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await _open(running)
            await running.do("hold", gate="inbound", answer="DEGRADED", reason="carrier works on it", for_ns=3_600_000_000_000)
            assert (await running.webhook())["reason"] == "held"
            await running.end(end)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            assert (await running.webhook())["reason"] == "held"
            await running.do("release", gate="inbound")
            await running.answers("OK")


@ENDS
async def test_committed_answers_ok_at_once_whatever_the_probes_say(tmp_path: Path, end: signal.Signals) -> None:
    async with knot(tmp_path) as name_server, Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=Dns(name_server.server, name_server.secret))

        async def stays() -> None: ...

        async with guard(config) as running:
            digest = await running.prepare(stays)
            await running.do("commit", plan=[digest])
            await running.end(end)
        new.close()
        async with guard(config) as running:
            told = await running.webhook()
            assert (told["cutoverStatus"], told["phase"], told["validForMs"]) == ("OK", "committed", 0)
            assert (await running.status())["armed"] == []


@ENDS
async def test_halted_stays_halted_until_resume(tmp_path: Path, end: signal.Signals) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await running.do("halt")
            await running.end(end)
        async with guard(config) as running:
            assert (await running.status())["halted"] is True
            await running.do("resume")
            assert (await running.status())["halted"] is False


async def test_a_second_daemon_on_the_same_store_is_refused_in_one_line(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config):
            second = await asyncio.create_subprocess_exec(
                CUTOVERD, "run", "-c", str(config), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            printed, _ = await asyncio.wait_for(second.communicate(), 10)
            assert second.returncode == 6
            assert b"cannot run now" in printed
            assert b"Traceback" not in printed


async def test_a_cutover_opened_without_a_baseline_can_go_back_and_capture_one(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=Dns(name_server.server, name_server.secret))
        async with guard(config) as running:
            await _open(running)
            assert (await running.command("baseline-capture")).exit == 6
            await running.do("reset", reason="the baseline was forgotten")
            assert (await running.webhook())["reason"] == "not-open"
            await running.do("baseline-capture")
            await _open(running)


async def test_a_tsig_secret_that_is_not_base64_is_known_at_start(tmp_path: Path) -> None:
    config = write_settings(tmp_path, new=5060, dns=Dns("127.0.0.1:9", b"not base64!"))
    process = await asyncio.create_subprocess_exec(
        CUTOVERD, "run", "-c", str(config), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 2
    assert b"not base64" in printed
    assert b"not base64!" not in printed.replace(b"not base64, as", b"")
