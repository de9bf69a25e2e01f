"""A journal that cannot be written: callers go to the baseline path, no run starts, and it all goes on once there is room."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

from lab.sip import Answer, Uas
from tests.peers.knot import knot
from tests.system.guard import Dns, Guard, cli, guard, write_settings
from tests.system.test_rollback import BASELINE, CLOSED, NEW


def _room(running: Guard, *, has_room: bool) -> None:
    """The kernel refuses every further byte in a file of this process, or does not: what a full disk looks like from inside."""
    limit = resource.RLIM_INFINITY if has_room else 0
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


async def test_a_disk_without_space_degrades_starts_no_run_and_recovers_when_space_returns(tmp_path: Path) -> None:
    """ENOSPC itself: the store stands on a tmpfs of two megabytes that only the daemon sees, and something else fills it."""
    store = tmp_path / "store"
    store.mkdir()
    mounted = ("unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=2m tmpfs "{store}" && exec "$@"', "sh")
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))
        config.write_text(config.read_text().replace("/night.db", "/store/night.db"))

        async def move() -> None:
            await name_server.knsupdate("update delete sip A", f"update add sip 60 A {NEW}")

        async with guard(config, within=mounted) as running:
            await running.prepare(move)
            filler = Path(f"/proc/{running.process.pid}/root{store}/filler")
            _fill(filler)
            new.behaviour = Answer(503)
            await running.said("the journal cannot be written: .*(full|space)")
            assert (await running.answers("DEGRADED"))["reason"] == "journal"
            assert await name_server.kdig("sip.example.net", "A") == [NEW]
            assert "planned" not in running.told()
            filler.unlink()
            await running.said("the journal can be written again")
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass


async def test_a_disk_that_takes_nothing_degrades_starts_no_run_and_recovers(tmp_path: Path) -> None:
    async with knot(tmp_path) as name_server, Uas() as new, Uas() as old:
        config = write_settings(tmp_path, new=new.port, old=old.port, dns=Dns(name_server.server, name_server.secret))

        async def move() -> None:
            await name_server.knsupdate("update delete sip A", f"update add sip 60 A {NEW}")

        async with guard(config) as running:
            await running.prepare(move)
            _room(running, has_room=False)
            new.behaviour = Answer(503)
            await running.said("SUSPECT → TRIPPED")
            assert (await running.answers("DEGRADED"))["reason"] in ("journal", "tripped", "latched")
            await running.said("the journal cannot be written")
            assert (await running.command("open")).exit == 6
            assert (await running.webhook())["reason"] == "journal"
            assert await running.count("cutoverd_impaired") == 1
            assert (await running.command("hold", gate="inbound", answer="DEGRADED", reason="x", for_ns=10**9)).exit == 6
            assert await name_server.kdig("sip.example.net", "A") == [NEW]
            assert "planned" not in running.told()
            _room(running, has_room=True)
            await running.said("journal #.* journal-outage")
            assert (await running.said(CLOSED))[1] == "restored"
            assert await name_server.kdig("sip.example.net", "A") == [BASELINE]
            assert await running.count("cutoverd_impaired") == 0
        code, printed = await cli("journal", "verify", config=config)
        assert code == 0, printed


async def test_halt_works_on_a_full_disk(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=Dns("127.0.0.1:9", b"c2VjcmV0"))
        async with guard(config) as running:
            _room(running, has_room=False)
            reply = await running.command("halt", reason="stop")
            assert reply.ok
            assert "a restart would forget it" in reply.message
            assert (await running.status())["halted"] is True
            _room(running, has_room=True)
