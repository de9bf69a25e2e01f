"""Every test of the servers runs on both loops: uvloop is what the daemon uses, asyncio's own is what it falls back to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiohttp import ClientSession, ClientTimeout

from daemon.web.certificates import Files
from daemon.web.keys import Keys
from daemon.web.listener import Limits, Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from tests.daemon.web.secured import install
from tests.daemon.web.world import DEADLINE_S, NEW, OLD, World
from tests.peers.certificates import Authority, Pair, authority

Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Loops:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def pairs(ca: Authority) -> tuple[Pair, Pair]:
    return ca.issue("IP:127.0.0.1", common_name="first"), ca.issue("IP:127.0.0.1", common_name="second")


@pytest.fixture
def files(tmp_path: Path, pairs: tuple[Pair, Pair]) -> Files:
    files = Files(str(tmp_path / "web.pem"), str(tmp_path / "web.key"))
    install(pairs[0], files)
    return files


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def limits() -> Limits:
    """Small enough that a test need not wait; the rules are the same."""
    return Limits(idle_s=0.3, body_s=0.2, drain_s=0.2, connections=8)


@pytest.fixture
async def webhook(world: World, tally: Tally, limits: Limits) -> AsyncIterator[Listener]:
    keys = Keys([("old", OLD.encode()), ("new", NEW.encode())])
    listener = await Webhook(world.board, keys, now_ns=world.mono_ns, observer=tally, limits=limits).serve("127.0.0.1", 0)
    yield listener
    await listener.close()


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=DEADLINE_S)) as session:
        yield session


class _Records(logging.Handler):
    """Every record: pytest's own `caplog` keeps those of a test and those of its teardown apart."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
async def untroubled() -> AsyncIterator[None]:
    """Fails the test if anything was logged as our trouble, or an exception reached the loop."""
    reached: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reached.append(context))
    handler = _Records()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    assert reached == []
    troubles = [record for record in handler.records if record.levelno >= logging.WARNING or record.exc_info]
    assert [record.getMessage() for record in troubles] == []


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log at its most talkative."""
    with caplog.at_level(logging.DEBUG):
        yield caplog
