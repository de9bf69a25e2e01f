"""A reload of the installed daemon: by command, by SIGHUP and by a list of targets; all of it, or nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
from pathlib import Path

from daemon.reply import Exit
from lab.registrar import Registrar
from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.peers.sipp import answers, sipp
from tests.system.guard import Dns, Guard, cli, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")
PASSED = "cutoverd_probe_results_total"


async def until(running: Guard, met: float, name: str, **labels: str) -> None:
    """Scrapes again and again: each is a round trip, so this does not spin."""
    async with asyncio.timeout(20):
        while await running.count(name, **labels) != met:
            pass


def edited(config: Path, old: str, new: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


async def test_what_a_reload_does_not_concern_keeps_its_counters_and_its_word(tmp_path: Path) -> None:
    scenario = answers(200, 200, 503)
    async with Uas() as other, sipp(scenario) as peer:
        more = {"beside": f'kind: sip_options, path: new, target: "sip:127.0.0.1:{other.port}", every: 300ms'}
        config = write_settings(tmp_path, new=peer.port, dns=NOWHERE, every="700ms", timeout="600ms", more=more)
        edited(config, "consecutive: 3, probes", "consecutive: 9, probes")
        async with guard(config) as running:
            await running.said("503: 2/9")
            edited(config, "every: 300ms", "every: 400ms")
            exit_code, told = await cli("reload", config=config)
            assert (exit_code, "1 changed (beside)" in told) == (0, True), told
            assert "begin" not in told
            await running.said(r"503: [3-9]/9")
            before = await running.count(PASSED, probe="beside", outcome="pass")
            assert before > 0
            assert (await running.status())["gates"][0]["state"] == "SUSPECT"


async def test_a_bad_file_changes_nothing_and_says_what_is_wrong_at_its_place(tmp_path: Path) -> None:
    async with Uas() as trunk:
        config = write_settings(tmp_path, new=trunk.port, dns=NOWHERE)
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            await running.do("open")
            await running.answers("OK")
            good = config.read_text()
            edited(config, "consecutive: 3, probes: [trunk-new]", "consecutive: none, probes: [trunk-mew]")
            exit_code, told = await cli("reload", config=config)
            assert exit_code == Exit.USAGE
            assert "gates.inbound.trip.consecutive" in told
            assert "trunk-mew" in told
            assert await running.count("cutoverd_config_last_reload_successful") == 0
            assert (await running.status())["configuration"]["failure"]["why"]
            assert (await running.webhook())["cutoverStatus"] == "OK"
            config.write_text(good)
            running.process.send_signal(signal.SIGHUP)
            await running.said("reloaded: nothing has changed, by SIGHUP")
            assert await running.count("cutoverd_config_last_reload_successful") == 1
            assert (await running.status())["configuration"]["failure"] is None


async def test_sighup_without_a_good_file_logs_each_problem(tmp_path: Path) -> None:
    async with Uas() as trunk:
        config = write_settings(tmp_path, new=trunk.port, dns=NOWHERE)
        async with guard(config) as running:
            edited(config, "recover: {consecutive: 3}", "recover: {consecutive: 0}")
            edited(config, "confirm_for: 0s", "confirm_for: soon")
            running.process.send_signal(signal.SIGHUP)
            await running.said(r"changed nothing: .*night.yaml:\d+:\d+: gates.inbound.recover.consecutive")
            await running.said(r"changed nothing: .*confirm_for")


async def test_armed_and_latched_a_reload_that_would_touch_either_is_refused_and_one_that_does_not_is_done(
    tmp_path: Path,
) -> None:
    async with knot(tmp_path, records=["api A 192.0.2.2"]) as name_server, Uas() as new:

        async def cut_over() -> None:
            await name_server.knsupdate("update delete sip A", "update add sip 60 A 198.51.100.20")

        config = write_settings(tmp_path, new=new.port, dns=Dns(name_server.server, name_server.secret))
        edited(config, "plans:", "  other: {trip: {probes: [trunk-new]}}\nplans:")
        good = config.read_text()
        async with guard(config) as running:
            digest = await running.prepare(cut_over)
            edited(config, "{name: sip, type: A}", "{name: api, type: A}")
            exit_code, told = await cli("reload", config=config)
            assert exit_code == Exit.REFUSED
            assert f"plan rollback is armed as {digest[:12]}…" in told
            assert (await running.status())["armed"] == [digest]
            config.write_text(good)
            edited(config, "recover: {consecutive: 3}", "recover: {consecutive: 4}")
            await running.do("reload")
            assert (await running.status())["armed"] == [digest]
            await running.answers("OK")
            new.behaviour = Answer(503)
            await running.said(r"journal #\d+ closed: restored")
            config.write_text(config.read_text().replace("  inbound:", "  outbound:"))
            reply = await running.command("reload")
            assert (reply.exit, "gate inbound is latched and would be removed" in reply.message) == (Exit.REFUSED, True)
            assert [gate["latched"] for gate in (await running.status())["gates"]] == [True, False]
            assert await running.count("cutoverd_gate_latched", gate="inbound") == 1


async def test_sighup_keeps_a_registration_that_the_registrar_does_not_see_again(tmp_path: Path) -> None:
    async with Uas() as trunk, Registrar() as registrar:
        (tmp_path / "sbc").touch(mode=0o600)
        (tmp_path / "sbc").write_text("secret")
        kept = (
            f'kind: sip_register, path: new, target: "sip:127.0.0.1:{registrar.port}", aor: "sip:sbc@lab.test", mode: bind, '
            "dedicated: true, credentials: {username: sbc, password: {file: sbc}}, every: 200ms, timeout: 2s"
        )
        config = write_settings(tmp_path, new=trunk.port, dns=NOWHERE, more={"kept": kept})
        async with guard(config) as running:
            await until(running, 1, "cutoverd_sip_registered", probe="kept")
            arrived = len(registrar.log.arrived)
            edited(config, "timeout: 250ms", "timeout: 240ms")
            running.process.send_signal(signal.SIGHUP)
            await running.said("reloaded: probes: 1 changed")
            passed = await running.count(PASSED, probe="kept", outcome="pass")
            async with asyncio.timeout(20):
                while await running.count(PASSED, probe="kept", outcome="pass") < passed + 2:
                    pass
            assert len(registrar.log.arrived) == arrived


async def test_a_list_of_targets_is_followed_by_itself_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    async with Uas() as first, Uas() as second:
        fleet = tmp_path / "fleet.json"
        fleet.write_text(json.dumps([{"targets": [f"127.0.0.1:{first.port}"]}]))
        more = {"fleet": "kind: sip_options, path: new, targets: {file: fleet.json}, every: 300ms, timeout: 250ms"}
        config = write_settings(tmp_path, new=first.port, dns=NOWHERE, more=more)
        edited(config, "probes: [trunk-new]", "probes: [fleet]")
        one, two = (f"fleet-127-0-0-1-{uas.port}" for uas in (first, second))
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            fleet.write_text(json.dumps([{"targets": [f"127.0.0.1:{uas.port}" for uas in (first, second)]}]))
            await running.said(f"reloaded: probes: 1 added \\({two}\\).*, by file_sd")
            await until(running, 1, "cutoverd_probe_up", probe=two)
            before = await running.count(PASSED, probe=one)
            assert before > 0
            fleet.write_text("[{]")
            assert "fleet.json:1:" in (await running.command("reload")).message
            assert await running.count("cutoverd_config_last_reload_successful") == 0
            assert await running.count("cutoverd_probe_up", probe=two) == 1


def ask(port: int, key: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/gates/inbound", headers={"X-Api-Key": key})
        return connection.getresponse().status
    finally:
        connection.close()


async def test_a_key_is_rotated_without_a_moment_in_which_neither_works(tmp_path: Path) -> None:
    async with Uas() as trunk:
        config = write_settings(tmp_path, new=trunk.port, dns=NOWHERE)
        async with guard(config) as running:
            old = (tmp_path / "ivr.key").read_text().strip()
            (tmp_path / "next.key").touch(mode=0o600)
            (tmp_path / "next.key").write_text("another-key\n")
            both = "keys: [{name: ivr, secret: {file: ivr.key}}, {name: next, secret: {file: next.key}}]"
            edited(config, "keys: [{name: ivr, secret: {file: ivr.key}}]", both)
            assert [await asyncio.to_thread(ask, running.webhook_port, key) for key in (old, "another-key")] == [200, 401]
            await running.do("reload")
            assert [await asyncio.to_thread(ask, running.webhook_port, key) for key in (old, "another-key")] == [200, 200]
            edited(config, both, "keys: [{name: next, secret: {file: next.key}}]")
            await running.do("reload")
            assert [await asyncio.to_thread(ask, running.webhook_port, key) for key in (old, "another-key")] == [401, 200]
            (tmp_path / "next.key").write_text("rotated-in-place\n")
            data = await running.do("reload")
            assert data["changes"]["server.webhook.keys"]["changed"]["names"] == ["next"]
            assert [await asyncio.to_thread(ask, running.webhook_port, key) for key in ("another-key", "rotated-in-place")] == [
                401,
                200,
            ]


async def test_json_names_what_changed_and_the_journal_keeps_it(tmp_path: Path) -> None:
    async with Uas() as trunk:
        config = write_settings(tmp_path, new=trunk.port, dns=NOWHERE)
        async with guard(config):
            edited(config, "recover: {consecutive: 3}", "recover: {consecutive: 4}")
            process = await cli("reload", "--json", config=config)
            told = json.loads(process[1])
            assert told["data"]["changes"]["gates"] == {"changed": {"count": 1, "names": ["inbound"]}}
            _, journal = await cli("journal", "show", config=config)
            assert "reload" in journal
