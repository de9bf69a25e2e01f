"""The whole motion against a real name server: knot's record moves, the trunk breaks, and kdig sees the record come back."""

from __future__ import annotations

import base64
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lab.sip import Answer, Uas
from tests.peers.knot import Knot, knot
from tests.peers.relay import Hold, relay
from tests.system.guard import Dns, cli, guard, write_settings

NEW = "198.51.100.20"
BASELINE = "192.0.2.1"
CLOSED = r"journal #\d+ closed: (\w+)"
STEP = "rollback/stage-sip/dns/sip.example.net.:A"


def _moves(name_server: Knot, *names: str) -> Callable[[], Awaitable[None]]:
    async def move() -> None:
        for name in names or ("sip",):
            said = await name_server.knsupdate(f"update delete {name} A", f"update add {name} 60 A {NEW}")
            assert "NOERROR" in said, said

    return move


async def test_a_tripped_gate_puts_the_record_back_and_callers_stay_on_the_baseline_path(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))
        async with guard(config) as running:
            await running.prepare(_moves(name_server))
            assert await name_server.kdig("sip.example.net", "A") == [NEW]
            new.behaviour = Answer(503, retry_after=30)
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
            assert name_server.changes() == 2
            told = await running.webhook()
            assert (told["cutoverStatus"], told["phase"], told["reason"]) == ("DEGRADED", "reverted", "reverted")
            assert (await cli("journal", "verify", config=config))[0] == 0
            assert (await cli("status", config=config))[0] == 4


async def test_a_wrong_tsig_key_halts_the_run_names_the_step_and_nothing_else_runs(tmp_path: Path) -> None:
    async with knot(tmp_path, records=["api A 192.0.2.2"]) as name_server, Uas() as new, Uas() as old:
        dns = Dns(name_server.server, base64.b64encode(b"not the key of this server at all"), records=("sip", "api"))
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=dns)
        async with guard(config) as running:
            await running.prepare(_moves(name_server, "sip", "api"))
            new.behaviour = Answer(503)
            halted = await running.said(r"journal #\d+ halted: (.*)")
            assert halted[1].startswith(f"at {STEP}")
            assert "TSIG key" in halted[1]
            assert (await cli("status", config=config))[0] == 5
            told = await running.webhook()
            assert (told["cutoverStatus"], told["state"]) == ("DEGRADED", "TRIPPED")
            assert name_server.changes() == 2
            assert not [record for record in running.log if "stage-api" in record["message"] and "inspected" in record["message"]]
            assert dns.secret.decode() not in running.told()
            (tmp_path / "tsig.key").write_bytes(name_server.secret + b"\n")
            await running.do("retry")
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
            assert await name_server.kdig("api.example.net", "A") == ["192.0.2.2"]


@pytest.mark.parametrize("hold", [Hold.REQUEST, Hold.RESPONSE], ids=["before the name server got it", "after it got it"])
async def test_kill_between_intend_and_finish_inspects_first_and_restores_once(tmp_path: Path, hold: Hold) -> None:
    async with knot(tmp_path) as name_server, relay(name_server.server) as between, Uas() as new, Uas() as old:
        dns = Dns(between.server, name_server.secret, authoritative=name_server.server)
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=dns)
        async with guard(config) as running:
            await running.prepare(_moves(name_server))
            between.hold = hold
            new.behaviour = Answer(503)
            held = await between.next_held()
            running.kill()
            await running.process.wait()
            held.drop()
        already = await name_server.kdig("sip.example.net", "A")
        assert already == ([BASELINE] if hold is Hold.RESPONSE else [NEW])
        between.hold = Hold.NOTHING
        async with guard(config) as running:
            first = await running.said(r"journal #\d+ (inspected|intended|responded|verified|finished): (.*)")
            assert first[1] == "inspected"
            assert (await running.said(CLOSED))[1] == "restored"
            assert (await running.webhook())["cutoverStatus"] == "DEGRADED"
        assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
        assert name_server.changes() == 2
        code, printed = await cli("journal", "verify", config=config)
        assert code == 0, printed


async def test_sigterm_during_a_run_is_journaled_and_the_run_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, relay(name_server.server) as between, Uas() as new, Uas() as old:
        dns = Dns(between.server, name_server.secret, authoritative=name_server.server)
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=dns)
        async with guard(config) as running:
            await running.prepare(_moves(name_server))
            between.hold = Hold.REQUEST
            new.behaviour = Answer(503)
            held = await between.next_held()
            assert await running.end(signal.SIGTERM) == 0
            assert "interrupted" in running.told()
            held.drop()
        between.hold = Hold.NOTHING
        async with guard(config) as running:
            assert (await running.said(CLOSED))[1] == "restored"
        assert await name_server.kdig("sip.example.net", "A") == [BASELINE]


async def test_halt_stops_a_run_before_its_next_request_and_resume_finishes_it(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, relay(name_server.server) as between, Uas() as new, Uas() as old:
        dns = Dns(between.server, name_server.secret, authoritative=name_server.server)
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=dns)
        async with guard(config) as running:
            await running.prepare(_moves(name_server))
            between.hold = Hold.REQUEST
            new.behaviour = Answer(503)
            held = await between.next_held()
            await running.do("halt", reason="look first")
            assert (await cli("status", config=config))[0] == 5
            held.drop()
            await running.said(r"run .*: stopped")
            asked = between.queries
            between.hold = Hold.NOTHING
            assert (await running.command("arm", plan=["x"])).exit == 6
            assert between.queries == asked
            await running.do("resume")
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]


async def test_a_manual_trip_reverts_whatever_the_probes_say_and_reset_leads_to_prepared(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))
        async with guard(config) as running:
            digest = await running.prepare(_moves(name_server))
            code, printed = await cli("trip", "--plan", digest, "--reason", "callers hear nothing", config=config)
            assert code == 0, printed
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
            assert (await running.webhook())["reason"] == "reverted"
            await running.do("reset", reason="the night is over")
            assert (await running.webhook())["phase"] == "prepared"


async def test_a_record_that_is_at_baseline_already_is_left_alone(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))

        async def nothing_moved() -> None: ...

        async with guard(config) as running:
            digest = await running.prepare(nothing_moved)
            await running.do("trip", plan=digest, reason="drill")
            assert (await running.said(r"journal #\d+ finished: (.*)"))[1] == f"{STEP}: unchanged"
            await running.said(CLOSED)
            assert name_server.updates() == 0
