"""`cutoverd why`, installed, against the installed daemon and trunks of the lab."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lab.sip import Answer, Uas
from tests.system.guard import Dns, cli, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")


async def test_why_follows_a_gate_from_unknown_to_a_trip_that_is_not_armed(tmp_path: Path) -> None:
    async with Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=NOWHERE, confirm_for="1h")
        async with guard(config) as running:
            await running.said("UNKNOWN → HEALTHY")
            code, text = await cli("why", "inbound", config=config)
            assert code == 1
            assert "lifted by `open`" in text
            await running.do("open")
            await running.answers("OK")
            new.behaviour = Answer(503, retry_after=10)
            await running.said("→ TRIPPED")
            code, text = await cli("why", "inbound", config=config)
            assert code == 4
            # The trunk goes on failing while `why` is started.
            assert re.fullmatch(r"gate inbound: DEGRADED \(tripped\), TRIPPED, 503: \d+/3", text.splitlines()[0])
            assert "blocked: not armed, until `arm`" in text
            assert "Retry-After 10 s" in text
            assert "SUSPECT → TRIPPED" in text


async def test_why_tells_of_a_probe_what_the_trunk_answered(tmp_path: Path) -> None:
    async with Uas(Answer(480)) as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config) as running:
            await running.said("480: failing")
            code, printed = await cli("why", "trunk-new", "--json", config=config)
            told = json.loads(printed)["data"]
            assert (code, told["verdict"], told["needed_by"][0]["gate"]) == (3, "UNKNOWN", "inbound")
            newest = told["failures"][0]
            assert (newest["code"], newest["origin"], newest["facts"]["peer"]) == (480, "wire", f"127.0.0.1:{new.port}")


async def test_why_of_an_unknown_name_is_exit_2_and_names_what_there_is(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=NOWHERE)
        async with guard(config):
            code, text = await cli("why", "trunk-newer", config=config)
            assert code == 2
            assert text.splitlines() == [
                "why: no gate or probe is named 'trunk-newer'; did you mean 'trunk-new'?",
                "gates: inbound",
                "probes: trunk-new",
            ]
