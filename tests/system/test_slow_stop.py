"""SIGTERM ends the daemon within 5 s, however long a request of a run may still take."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.peers.relay import Hold, relay
from tests.system.guard import Dns, guard, write_settings
from tests.system.test_rollback import BASELINE, CLOSED, NEW


async def test_a_request_of_fifteen_seconds_does_not_hold_up_the_end_and_the_run_goes_on_after_it(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, relay(name_server.server) as between, Uas() as new:
        dns = Dns(between.server, name_server.secret, authoritative=name_server.server)
        config = write_settings(tmp_path, new=new.port, dns=dns)
        config.write_text(config.read_text().replace("timeout: 1s", "timeout: 15s"))

        async def move() -> None:
            await name_server.knsupdate("update delete sip A", f"update add sip 60 A {NEW}")

        async with guard(config) as running:
            await running.prepare(move)
            between.hold = Hold.REQUEST
            new.behaviour = Answer(503)
            held = await between.next_held()
            running.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(running.process.wait(), 5) == 0
            assert "interrupted" in running.told()
            held.drop()
        between.hold = Hold.NOTHING
        async with guard(config) as running:
            assert (await running.said(CLOSED))[1] == "restored"
        assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
