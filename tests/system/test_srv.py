"""A trunk behind a name: the installed daemon asks each place that the name leads to, by a real name server's word."""

from __future__ import annotations

import json
from pathlib import Path

from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.system.guard import Dns, cli, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")


async def test_the_trunk_works_while_one_of_its_places_does_and_fails_when_all_have(tmp_path: Path) -> None:
    async with Uas() as first, Uas(host="127.0.0.2") as second:
        records = [
            f"_sip._udp.sbc 60 SRV 10 50 {first.port} sbc1",
            f"_sip._udp.sbc 60 SRV 20 50 {second.port} sbc2",
            "sbc1 60 A 127.0.0.1",
            "sbc2 60 A 127.0.0.2",
        ]
        (tmp_path / "knot").mkdir()
        async with knot(tmp_path / "knot", records=records) as server:
            config = write_settings(tmp_path, new=first.port, dns=NOWHERE)
            text = config.read_text().replace(f'"sip:127.0.0.1:{first.port}"', '"sip:sbc.example.net"', 1)
            config.write_text(f'{text}resolvers: ["{server.server}"]\n')
            async with guard(config) as running:
                await running.said("UNKNOWN → HEALTHY")
                second.behaviour = Answer(503)
                places = [f"127.0.0.1:{first.port}/udp", f"127.0.0.2:{second.port}/udp"]
                while await running.count("cutoverd_probe_target_up", probe="trunk-new", target=places[1]) != 0:
                    pass
                assert await running.count("cutoverd_probe_target_up", probe="trunk-new", target=places[0]) == 1
                failures = await running.count("cutoverd_probe_results_total", probe="trunk-new", outcome="fail")
                while await running.count("cutoverd_probe_results_total", probe="trunk-new", outcome="fail") < failures + 5:
                    pass
                assert (await running.webhook())["state"] == "HEALTHY"
                _, printed = await cli("why", "trunk-new", "--json", config=config)
                assert sorted(each["target"] for each in json.loads(printed)["data"]["targets"]) == places
                first.behaviour = Answer(503)
                await running.said("SUSPECT → TRIPPED")
