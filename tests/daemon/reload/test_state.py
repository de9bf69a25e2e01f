"""What a reload leaves alone, and what begins afresh: seen by the peers, by the gates and by those who look on."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from daemon.reply import Exit
from gates.gate import GateState
from lab.registrar import Registrar
from lab.sip import Answer, Uas
from probes.runner import _Beat
from probes.sip.locating.location import Location
from probes.sip.options import OptionsProbe
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.permits import PacedPermits
from reverters.entries import Operated
from tests.daemon.reload.bench import Bench, daemon, gate, trunk

AOR = "sip:sbc@lab.test"


def registration(port: int, more: str = "") -> str:
    return (
        f'{{kind: sip_register, path: new, target: "sip:127.0.0.1:{port}", aor: "{AOR}", mode: bind, dedicated: true, '
        f"credentials: {{username: sbc, password: {{env: PASSWORD}}}}, every: 100ms, timeout: 2s{more}}}"
    )


def scraped(bench: Bench, name: str, **labels: str) -> float | None:
    return bench.app.metrics.registry.get_sample_value(name, labels)


async def test_an_equal_file_changes_nothing_and_is_journaled_with_both_digests(tmp_path: Path) -> None:
    async with Uas() as new, daemon(tmp_path, {"new": trunk(new.port)}, {"inbound": gate("new")}) as bench:
        await bench.passed("new")
        await bench.until(lambda: bench.gate().state is GateState.HEALTHY)
        jobs, before = dict(bench.app.probing.jobs()), bench.app.live.digest
        reply = await bench.reload()
        assert (reply.exit, reply.message) == (Exit.OK, "reloaded: nothing has changed")
        assert bench.gate().state is GateState.HEALTHY
        assert all(bench.app.probing.jobs()[name] is job for name, job in jobs.items())
        assert bench.commands()[-1] == ("reload", {"before": before, "after": before, "begun": [], "renewed": []})
        assert bench.entries[-1].actor == "op"


async def test_a_gate_that_is_not_concerned_keeps_its_state_while_another_begins_unknown(tmp_path: Path) -> None:
    async with Uas() as new, Uas() as other:
        probes = {"new": trunk(new.port), "other": trunk(other.port)}
        gates = {"inbound": gate("new"), "aside": gate("other")}
        async with daemon(tmp_path, probes, gates) as bench:
            await bench.until(lambda: {bench.gate(name).state for name in gates} == {GateState.HEALTHY})
            judged, other.behaviour = bench.gate("inbound"), Answer(503)
            sequence = max(sample.sequence for sample in bench.samples if sample.probe == "other")
            bench.write({**probes, "other": trunk(other.port, ", accept: [2xx, 404]")}, gates)
            reply = await bench.reload()
            assert "probes: 1 changed (other); UNKNOWN until fresh samples come: aside" in reply.message
            assert bench.gate("aside").state is GateState.UNKNOWN
            assert bench.gate("inbound").state is GateState.HEALTHY
            assert bench.gate("inbound").spec is judged.spec
            await bench.passed("new")
            await bench.until(lambda: [s for s in bench.samples if s.probe == "other" and s.sequence > sequence])


async def test_a_registration_that_is_not_concerned_is_not_registered_again(tmp_path: Path) -> None:
    async with Uas() as new, Registrar() as registrar:
        probes = {"new": trunk(new.port), "kept": registration(registrar.port)}
        async with daemon(tmp_path, probes, {"inbound": gate("new")}) as bench:
            await registrar.until_bound(1)
            await bench.passed("kept")
            arrived = len(registrar.log.arrived)
            bench.write(
                {"new": trunk(new.port, ", accept: [2xx, 404]"), "kept": registration(registrar.port)}, {"inbound": gate("new")}
            )
            assert (await bench.reload()).ok
            await bench.passed("kept", "new")
            assert len(registrar.log.arrived) == arrived
            assert AOR in registrar.bindings


async def test_a_registration_that_changed_is_taken_back_before_it_is_made_anew(tmp_path: Path) -> None:
    async with Uas() as new, Registrar() as registrar:
        gates = {"inbound": gate("new")}
        async with daemon(tmp_path, {"new": trunk(new.port), "kept": registration(registrar.port)}, gates) as bench:
            await registrar.until_bound(1)
            await bench.passed("kept")
            (before,) = registrar.bindings[AOR].values()
            arrived = len(registrar.log.arrived)
            bench.write({"new": trunk(new.port), "kept": registration(registrar.port, ", expires: 120s")}, gates)
            assert (await bench.reload()).ok
            await bench.passed("kept")
            (after,) = registrar.bindings[AOR].values()
            assert after.call_id != before.call_id
            assert len(registrar.log.arrived) >= arrived + 3  # expires=0, and a challenged REGISTER


async def test_a_registration_that_is_removed_is_taken_back_and_gone_from_the_scrape(tmp_path: Path) -> None:
    async with Uas() as new, Registrar() as registrar:
        gates = {"inbound": gate("new")}
        async with daemon(tmp_path, {"new": trunk(new.port), "kept": registration(registrar.port)}, gates) as bench:
            await bench.passed("kept")
            assert scraped(bench, "cutoverd_sip_registered", probe="kept") == 1
            assert scraped(bench, "cutoverd_probe_up", probe="kept", path="new") == 1
            bench.write({"new": trunk(new.port)}, gates)
            assert (await bench.reload()).ok
            await bench.until(lambda: AOR not in registrar.bindings)
            for name, labels in {
                "cutoverd_sip_registered": {"probe": "kept"},
                "cutoverd_probe_up": {"probe": "kept", "path": "new"},
                "cutoverd_probe_consecutive_failures": {"probe": "kept", "path": "new"},
            }.items():
                assert scraped(bench, name, **labels) is None
            assert b'probe="kept"' not in bench.app.metrics.render()[0]


async def test_a_registrar_that_rejected_us_is_asked_again_after_an_operators_reload_and_not_after_a_lists(
    tmp_path: Path,
) -> None:
    async with Uas() as new, Registrar(lambda _: "another") as registrar:
        gates = {"inbound": gate("new")}
        async with daemon(tmp_path, {"new": trunk(new.port), "kept": registration(registrar.port)}, gates) as bench:
            await bench.until(lambda: [s for s in bench.samples if s.probe == "kept" and "asked_s" in s.result.facts])
            arrived = len(registrar.log.arrived)
            assert (await bench.reload("file_sd")).ok
            await bench.passed("new")
            assert len(registrar.log.arrived) == arrived
            assert (await bench.reload("op")).ok
            await bench.until(lambda: len(registrar.log.arrived) > arrived)


async def test_a_password_that_changed_in_its_place_makes_the_probe_anew(tmp_path: Path) -> None:
    async with Uas() as new, Registrar(lambda _: "another") as registrar:
        gates = {"inbound": gate("new")}
        async with daemon(tmp_path, {"new": trunk(new.port), "kept": registration(registrar.port)}, gates) as bench:
            await bench.until(lambda: [s for s in bench.samples if s.probe == "kept"])
            bench.environ["PASSWORD"] = "another"
            reply = await bench.reload("file_sd")
            assert "1 changed (kept)" in reply.message
            await bench.passed("kept")


async def test_a_secret_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    async with Uas() as new, daemon(tmp_path, {"new": trunk(new.port)}, {"inbound": gate("new")}) as bench:
        await bench.passed("new")
        del bench.environ["IVR"]
        reply = await bench.reload()
        assert (reply.exit, "server.webhook.keys[0].secret" in reply.message) == (Exit.USAGE, True)
        assert scraped(bench, "cutoverd_config_last_reload_successful") == 0
        assert bench.app.live.failure is not None


async def test_a_reload_that_cannot_be_journaled_is_not_done(tmp_path: Path) -> None:
    async with Uas() as new, daemon(tmp_path, {"new": trunk(new.port)}, {"inbound": gate("new")}) as bench:
        await bench.passed("new")
        settings = bench.app.settings
        bench.app.writer._closed = True
        bench.write({"new": trunk(new.port, ", accept: [2xx, 404]")}, {"inbound": gate("new")})
        reply = await bench.reload()
        bench.app.writer._closed = False
        assert (reply.exit, "not durable, so not done" in reply.message) == (Exit.REFUSED, True)
        assert bench.app.settings is settings


async def test_two_reloads_at_once_are_done_one_after_the_other(tmp_path: Path) -> None:
    async with Uas() as new, daemon(tmp_path, {"new": trunk(new.port)}, {"inbound": gate("new")}) as bench:
        bench.write({"new": trunk(new.port), "more": trunk(new.port)}, {"inbound": gate("new")})
        first, second = await asyncio.gather(bench.reload("one"), bench.reload("two"))
        assert "1 added (more)" in first.message
        assert second.message == "reloaded: nothing has changed"


async def test_a_removed_gate_has_no_answer_and_no_series(tmp_path: Path) -> None:
    async with Uas() as new, daemon(tmp_path, {"new": trunk(new.port)}, {"inbound": gate("new"), "more": gate("new")}) as bench:
        await bench.until(lambda: bench.gate("more").state is GateState.HEALTHY)
        bench.write({"new": trunk(new.port)}, {"inbound": gate("new")})
        assert (await bench.reload()).ok
        assert set(bench.app.board.leases) == {"inbound"}
        assert b'gate="more"' not in bench.app.metrics.render()[0]
        assert bench.gate().state is GateState.HEALTHY


def counted() -> dict[str, int]:
    """What could leak, by number: descriptors, tasks, and objects of the kinds that a reload makes."""
    gc.collect()
    kinds = (Location, PacedPermits, OptionsProbe, RegisterBindProbe, _Beat)
    live = {kind.__name__: 0 for kind in kinds}
    for each in gc.get_objects():
        if isinstance(each, kinds):
            live[type(each).__name__] += 1
    return {**live, "descriptors": len(list(Path("/proc/self/fd").iterdir())), "tasks": len(asyncio.all_tasks())}


async def test_two_hundred_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    """Each changes a trunk, a name that is looked up, a registration and a gate, and every second one brings another probe."""
    async with Uas() as new, Registrar(lambda _: "secret") as registrar:

        def written(turn: int) -> tuple[dict[str, str], dict[str, str]]:
            name = (
                f'{{kind: sip_options, path: new, target: "sip:localhost:{new.port}", every: 100ms, timeout: {90 + turn % 2}ms}}'
            )
            probes = {"new": trunk(new.port, f", accept: [2xx, {400 + turn % 2}]"), "name": name, "still": trunk(new.port)}
            if turn % 2:
                probes["more"] = trunk(new.port)
            expires = f", every: 1h, expires: {300 + turn % 2}s"
            probes["kept"] = registration(registrar.port).replace(", every: 100ms", expires)
            return probes, {"inbound": gate("new", more=f", consecutive: {3 + turn % 2}"), "still": gate("still")}

        async with daemon(tmp_path, *written(0)) as bench:
            for turn in (1, 2, 3, 4):
                bench.write(*written(turn))
                assert (await bench.reload()).ok
            await bench.until(lambda: not bench.app.probing.leaving)
            # A name that leads to both versions of IP opens a socket for each, once.
            await bench.until(lambda: len([sample for sample in bench.samples if sample.probe == "name"]) > 4)
            before = counted()
            for turn in range(5, 205):
                bench.write(*written(turn))
                assert (await bench.reload()).ok
            await bench.until(lambda: not bench.app.probing.leaving)
            # Attempts that were under way hold their probes until they have ended.
            await bench.until(lambda: all(number <= before[what] for what, number in counted().items()))
            assert bench.gate("still").state is GateState.HEALTHY
            assert sum(isinstance(entry.body, Operated) and entry.body.command == "reload" for entry in bench.entries) == 204
