"""What a real SIP peer does to the gate: sipp answers, the installed daemon judges."""

from __future__ import annotations

from pathlib import Path

from lab.sip import Uas
from tests.peers.sipp import SILENT, answers, sipp
from tests.system.guard import Dns, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")
TRIPPED = r"gate inbound: SUSPECT → TRIPPED: "


async def test_a_trunk_that_answers_200_is_healthy_and_ok_once_open(tmp_path: Path) -> None:
    async with sipp(answers(200)) as peer, guard(write_settings(tmp_path, new=peer.port, dns=NOWHERE)) as running:
        await running.said("UNKNOWN → HEALTHY")
        assert (await running.webhook())["reason"] == "not-open"
        await running.do("open")
        told = await running.answers("OK")
        assert (told["route"], told["state"], told["phase"]) == ("new", "HEALTHY", "open")


async def test_two_failures_and_a_pass_do_not_trip_three_do_on_the_third_request_the_peer_saw(tmp_path: Path) -> None:
    scenario = answers(200, 503, 503, 200, 503, 503, 503, retry_after=30)
    async with sipp(scenario) as peer:
        config = write_settings(tmp_path, new=peer.port, dns=NOWHERE, every="800ms", timeout="700ms")
        async with guard(config) as running:
            await running.said(r"503: 2/3")
            await running.said(r"SUSPECT → HEALTHY")
            await running.said(r"503: 1/3")
            assert "TRIPPED" not in running.told()
            found = await running.said(TRIPPED + "(.*)")
            assert peer.requests() == 7
            assert "503, 503, 503: 3 consecutive ≥ 3" in found[1]


async def test_retry_after_is_recorded_and_does_not_delay_the_confirming_probe(tmp_path: Path) -> None:
    scenario = answers(200, 503, retry_after=30)
    async with sipp(scenario) as peer, guard(write_settings(tmp_path, new=peer.port, dns=NOWHERE)) as running:
        await running.said(TRIPPED, within_s=5)
        assert await running.count("cutoverd_probe_results_total", outcome="fail", code="503", origin="wire") >= 3


async def test_a_408_from_the_wire_is_told_from_silence(tmp_path: Path) -> None:
    async with sipp(answers(200, 408)) as peer, guard(write_settings(tmp_path, new=peer.port, dns=NOWHERE)) as running:
        found = await running.said(TRIPPED + "(.*)")
        assert "trunk-new: 408, 408, 408: 3 consecutive ≥ 3" in found[1]
        assert await running.count("cutoverd_probe_results_total", code="408", origin="wire") >= 3


async def test_silence_counts_as_408_with_origin_timeout(tmp_path: Path) -> None:
    async with Uas() as trunk, guard(write_settings(tmp_path, new=trunk.port, dns=NOWHERE)) as running:
        await running.said("UNKNOWN → HEALTHY")
        trunk.close()
        async with sipp(SILENT, port=trunk.port) as peer:
            found = await running.said(TRIPPED + "(.*)")
            assert "408 timeout" in found[1]
            assert peer.requests() >= 1
            assert await running.count("cutoverd_probe_results_total", code="408", origin="timeout") >= 1


async def test_a_silent_sipp_never_makes_the_gate_healthy(tmp_path: Path) -> None:
    async with sipp(SILENT) as peer, guard(write_settings(tmp_path, new=peer.port, dns=NOWHERE)) as running:
        await running.said("408 timeout: 3/3")
        assert (await running.webhook())["state"] == "UNKNOWN"
        assert peer.requests() >= 3


async def test_a_closed_port_counts_as_503_with_origin_transport(tmp_path: Path) -> None:
    async with Uas() as trunk, guard(write_settings(tmp_path, new=trunk.port, dns=NOWHERE)) as running:
        await running.said("UNKNOWN → HEALTHY")
        trunk.close()
        found = await running.said(TRIPPED + "(.*)")
        assert "503 transport, 503 transport, 503 transport: 3 consecutive ≥ 3" in found[1]
        assert await running.count("cutoverd_probe_results_total", code="503", origin="transport") >= 3
