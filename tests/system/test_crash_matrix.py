"""Killed at every point of a run, before and after each write and each request, and started again: it always comes out right."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon import client
from daemon.store import open_readonly
from lab.dns import DnsServer, serving
from lab.sip import Uas
from lab.zone import Zone
from reverters import journal
from reverters.entries import Closed
from tests.system.guard import Dns, write_settings

PROGRAM = Path(__file__).with_name("crashing.py")
SECRET = "Y3Jhc2ggbWF0cml4IGtleSwgbm90IGEgc2VjcmV0ISE="
NAMES = ("one", "two", "three")
ZONE = "@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n"
BASELINE = {"one": "192.0.2.1", "two": "192.0.2.2", "three": "192.0.2.3"}
WITHIN_S = 20


def _zone(address: str | None = None) -> Zone:
    lines = [f"{name} 300 IN A {address or BASELINE[name]}" for name in NAMES]
    return Zone.from_text(ZONE + "\n".join(lines) + "\n", "example.net.")


class Daemon:
    """The fragile daemon as a process."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self.process = process
        self.socket = socket

    async def line(self) -> str:
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), WITHIN_S)).decode()

    async def ask(self, command: str, **arguments: object) -> dict[str, object]:
        reply = await asyncio.to_thread(client.ask, self.socket, command, arguments)
        assert reply.ok, reply.message
        return dict(reply.data)


@contextlib.asynccontextmanager
async def fragile(config: Path, point: int = 0, number: str = "SIGKILL") -> AsyncIterator[Daemon]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(config), str(point), number,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Daemon(process, config.parent / "night.sock")
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            _, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
        finally:
            if process.returncode is None:
                process.kill()
        assert b"Traceback" not in errors, errors.decode()


async def _prepared(config: Path, server: DnsServer) -> str:
    """Baseline captured, records moved, open: the plan's digest. The folder then serves as the template of every case."""
    async with fragile(config) as running:
        assert "listening" in await running.line()
        await running.ask("baseline-capture")
        server.zone = _zone("198.51.100.9")
        await running.ask("open")
        plan = await running.ask("plan")
        return str(plan["plans"][0]["digest"])  # type: ignore[index]


async def _trip(running: Daemon, digest: str) -> None:
    """By hand; the daemon may die while it answers."""
    with contextlib.suppress(client.Unanswered):
        await running.ask("trip", plan=digest, reason="crash matrix")


async def _entries(config: Path) -> list[journal.JournalEntry]:
    reader = await open_readonly(config.parent / "night.db")
    try:
        return await reader.entries()
    finally:
        await reader.close()


async def _until_closed(config: Path, running: Daemon, digest: str) -> list[journal.JournalEntry]:
    """To the run's end. A trip that was not durable when the process died is made again, as an operator would."""
    async with asyncio.timeout(WITHIN_S):
        if not any(entry.kind == "planned" for entry in await _entries(config)):
            await _trip(running, digest)
        while True:
            entries = await _entries(config)
            if running.process.returncode is not None or any(isinstance(entry.body, Closed) for entry in entries):
                return entries


def _check(server: DnsServer, entries: list[journal.JournalEntry], requests: int, point: str) -> None:
    assert {name: server.values(f"{name}.example.net.", "A") for name in NAMES} == {n: [v] for n, v in BASELINE.items()}, point
    count, _, flaw = journal.verify(entries)
    assert flaw is None, point
    assert count == len(entries)
    for name in NAMES:
        _check_updates(server, name, requests, point)


def _check_updates(server: DnsServer, name: str, requests: int, point: str) -> None:
    """From the name server's own log: between two updates of one record somebody looked."""
    looked = True
    for event in server.log[requests:]:
        if name not in event.subject.split(".")[0].split(" "):
            continue
        if event.what == "update":
            assert looked, f"{point}: {name} was updated twice without a look between"
            looked = False
        else:
            looked = True


async def _count(config: Path, digest: str) -> int:
    async with fragile(config) as running:
        assert "listening" in await running.line()
        await _until_closed(config, running, digest)
        running.process.terminate()
        return int((await running.line()).split()[1])


async def _case(config: Path, digest: str, point: int, number: str) -> list[journal.JournalEntry]:
    async with fragile(config, point, number) as running:
        if "listening" in await running.line():
            await _trip(running, digest)
            await asyncio.wait_for(running.process.wait(), WITHIN_S)
    async with fragile(config) as running:
        assert "listening" in await running.line()
        return await _until_closed(config, running, digest)


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
async def test_every_point_of_a_three_step_run(tmp_path: Path, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    server = DnsServer(_zone(), {"cutover": SECRET})
    async with serving(server), Uas() as trunk:
        template = tmp_path / "template"
        template.mkdir()
        # The folder's path is in the configuration, so every case runs in the same one.
        live = tmp_path / "live"
        live.mkdir()
        dns = Dns(server.address, SECRET.encode(), records=NAMES)
        config = write_settings(live, new=trunk.port, dns=dns, every="30s", timeout="1s")
        digest = await _prepared(config, server)
        shutil.copytree(live, template, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock*"))
        points = await _count(config, digest)
        assert points > 40
        for point in range(1, points + 1):
            shutil.rmtree(live)
            shutil.copytree(template, live)
            server.zone = _zone("198.51.100.9")
            requests = len(server.log)
            entries = await _case(config, digest, point, number)
            _check(server, entries, requests, f"{number} at point {point}")
        with capsys.disabled():
            print(f"\n{points} points, {number} at each: records at baseline, no blind second update, the journal holds")
