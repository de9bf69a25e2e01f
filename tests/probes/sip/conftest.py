"""SIP is tried on both event loops: raw sockets behave differently on them where the kernel reports errors."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import uvloop

from probes.sip.transport import SipEngine
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
