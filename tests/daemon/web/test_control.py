"""The control server over its real socket, asked by aiohttp, by raw bytes and by the command line's own client."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, UnixConnector

from daemon import client as cli_client
from daemon.reply import Exit, Reply
from daemon.web.claim import ControlBusy
from daemon.web.control import Control
from daemon.web.listener import Limits
from tests.daemon.web.world import DEADLINE_S

STATUS = Reply(Exit.TRIPPED, "inbound is TRIPPED", {"phase": "open"})


class Commands:
    """Stands where the judge's inbox stands: remembers what came, and refuses `arm`."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, Any], str]] = []

    async def handle(self, command: str, arguments: dict[str, Any], actor: str) -> Reply:
        self.came.append((command, arguments, actor))
        if command == "arm":
            return Reply(Exit.REFUSED, "outside the cutover window")
        if command == "broken":
            raise RuntimeError("our own mistake")
        return Reply(Exit.OK, f"{command} done", {"generation": 17})


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acme.sock"


@pytest.fixture
async def control(commands: Commands, path: Path, limits: Limits) -> AsyncIterator[Control]:
    served = Control(commands.handle, lambda: STATUS, commands={"open", "arm", "broken"}, limits=limits)
    await served.open(path)
    yield served
    await served.close()


@pytest.fixture
async def local(control: Control, path: Path) -> AsyncIterator[ClientSession]:
    connector = UnixConnector(path=str(path))
    async with ClientSession("http://cutoverd", connector=connector, timeout=ClientTimeout(total=DEADLINE_S)) as session:
        yield session


async def test_status_is_asked_with_get(local: ClientSession) -> None:
    async with local.get("/v1/status") as response:
        assert response.status == 200
        assert await response.json() == STATUS.document()


async def test_a_command_reaches_its_handler_with_arguments_and_actor(local: ClientSession, commands: Commands) -> None:
    async with local.post("/v1/open", json={"reason": "go"}) as response:
        assert await response.json() == {"ok": True, "exit": 0, "message": "open done", "data": {"generation": 17}}
    [(command, arguments, actor)] = commands.came
    assert (command, arguments) == ("open", {"reason": "go"})
    assert actor.startswith(f"uid:{os.getuid()}(")
    assert actor.endswith(f" pid:{os.getpid()}")


async def test_a_refusal_was_understood_and_is_200(local: ClientSession) -> None:
    async with local.post("/v1/arm", json={}) as response:
        assert response.status == 200
        assert await response.json() == {"ok": False, "exit": 6, "message": "outside the cutover window", "data": {}}


async def test_a_command_without_a_body_has_no_arguments(local: ClientSession, commands: Commands) -> None:
    async with local.post("/v1/open"):
        pass
    assert commands.came[0][1] == {}


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "message"),
    [
        ("POST", "/v1/explode", b"{}", 404, "no such command"),
        ("POST", "/v1/", b"{}", 404, "no such command"),
        ("POST", "/open", b"{}", 404, "no such command"),
        ("GET", "/v1/open", b"", 405, "open is sent with POST"),
        ("POST", "/v1/status", b"{}", 405, "status is asked with GET"),
        ("POST", "/v1/open", b"[1]", 400, "the body is not a JSON object"),
        ("POST", "/v1/open", b"x" * 65537, 413, "the body is too large"),
    ],
)
async def test_what_is_not_understood_carries_a_reply_all_the_same(
    local: ClientSession, commands: Commands, method: str, target: str, body: bytes, status: int, message: str
) -> None:
    async with local.request(method, target, data=body) as response:
        assert response.status == status
        assert await response.json() == {"ok": False, "exit": 2, "message": message, "data": {}}
    assert commands.came == []


@pytest.mark.parametrize("body", [b"{", b"nonsense", b'{"a": NaN}', b"\xff\xfe", b'{"a":' * 5000])
async def test_a_body_that_is_not_json_is_400_and_says_so(local: ClientSession, commands: Commands, body: bytes) -> None:
    async with local.post("/v1/open", data=body) as response:
        assert response.status == 400
        assert (await response.json())["message"].startswith("the body is not JSON: ")
    assert commands.came == []


async def test_our_own_mistake_is_logged_and_still_answered(local: ClientSession, caplog: pytest.LogCaptureFixture) -> None:
    async with local.post("/v1/broken", json={}) as response:
        assert response.status == 500
        assert (await response.json())["message"] == "the daemon failed to answer: see its log"
    assert "our own mistake" in caplog.text
    async with local.get("/v1/status") as response:
        assert response.status == 200


async def test_the_command_lines_client_understands_every_answer(control: Control, path: Path) -> None:
    assert await asyncio.to_thread(cli_client.ask, path, "status") == STATUS
    assert (await asyncio.to_thread(cli_client.ask, path, "open", {})).ok
    refused = await asyncio.to_thread(cli_client.ask, path, "arm", {"plan": ["ab"]})
    assert (refused.exit, refused.message) == (Exit.REFUSED, "outside the cutover window")
    unknown = await asyncio.to_thread(cli_client.ask, path, "explode", {})
    assert (unknown.exit, unknown.message) == (Exit.USAGE, "no such command")


async def test_a_command_goes_on_when_its_client_leaves(path: Path) -> None:
    began, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(command: str, arguments: dict[str, Any], actor: str) -> Reply:
        began.set()
        await go_on.wait()
        done.set()
        return Reply(Exit.OK, "done")

    control = Control(slow, lambda: STATUS, commands={"open"})
    await control.open(path)
    _, writer = await asyncio.open_unix_connection(path)
    writer.write(b"POST /v1/open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    async with asyncio.timeout(DEADLINE_S):
        await began.wait()
        writer.transport.abort()
        go_on.set()
        await done.wait()
    await control.close()


async def test_a_live_daemon_refuses_a_second_and_goes_on(control: Control, path: Path, local: ClientSession) -> None:
    second = Control(Commands().handle, lambda: STATUS, commands=())
    with pytest.raises(ControlBusy):
        await second.open(path)
    await second.close()
    async with local.get("/v1/status") as response:
        assert response.status == 200


async def test_closing_removes_the_socket_and_another_can_open(control: Control, path: Path) -> None:
    await control.close()
    assert not path.exists()
    again = Control(Commands().handle, lambda: STATUS, commands=())
    await again.open(path)
    assert path.is_socket()
    await again.close()
