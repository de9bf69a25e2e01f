"""SIP is tried on both event loops: raw sockets behave differently on them where the kernel reports errors."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest
import uvloop

from probes.sip.engine.engine import SipEngine
from tests.probes.sip.attacker import bound
from tests.probes.sip.peer import Peer


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def engine() -> Iterator[SipEngine]:
    engine = SipEngine()
    yield engine
    engine.close()


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20261205)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


@pytest.fixture
async def untroubled() -> AsyncIterator[None]:
    """Whatever arrives, no exception reaches the loop."""
    reached: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reached.append(context))
    yield
    assert reached == []


@pytest.fixture
def trunk() -> Iterator[socket.socket]:
    with bound() as made:
        yield made


@pytest.fixture
def other() -> Iterator[socket.socket]:
    with bound() as made:
        yield made
