"""What is our own trouble and not the target's, and the end of an engine."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from lab.sip import Silent, Uas
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, SelfTrouble
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import Request
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import Local, options, udp

S = 1_000_000_000


@pytest.mark.parametrize(
    ("destination", "source", "reason"),
    [
        ("192.0.2.1", "127.0.0.1", Trouble.NO_ROUTE),
        ("127.0.0.1", "192.0.2.77", Trouble.NO_SOURCE),
        ("127.0.0.1", "::1", Trouble.NO_SOURCE),
        ("255.255.255.255", None, Trouble.FORBIDDEN),
    ],
)
async def test_what_we_cannot_ask_is_our_own_trouble(
    engine: SipEngine, destination: str, source: str | None, reason: Trouble
) -> None:
    result = await engine.exchange(udp((destination, 5060), source), options, timeout_ns=5 * S)
    assert isinstance(result, SelfTrouble)
    assert result.reason is reason


async def test_a_request_too_long_for_a_datagram_is_our_own_trouble(engine: SipEngine, peer: Peer) -> None:
    def build(local: Local) -> Request:
        return replace(options(local), body=b"x" * 70_000)

    result = await engine.exchange(udp(peer.address), build, timeout_ns=5 * S)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.TOO_LONG


async def test_running_out_of_descriptors_is_our_own_trouble(engine: SipEngine, peer: Peer) -> None:
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        result = await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.NO_SOCKET
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=5 * S), Answered)


async def test_a_name_instead_of_an_address_is_illegal_use(engine: SipEngine) -> None:
    with pytest.raises(ValueError, match="not a numeric address"):
        await engine.exchange(udp(("localhost", 5060)), options, timeout_ns=5 * S)


async def test_a_branch_in_use_is_illegal_use(engine: SipEngine, peer: Peer) -> None:
    await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
    again = peer.requests[0][0]
    with pytest.raises(ValueError, match="branch of its own"):
        await engine.exchange(udp(peer.address), lambda _: again, timeout_ns=5 * S)


async def test_closing_ends_those_who_wait_and_may_be_repeated(engine: SipEngine) -> None:
    async with Uas(Silent()) as uas:
        waiting = asyncio.ensure_future(engine.exchange(udp(("127.0.0.1", uas.port)), options, timeout_ns=5 * S))
        await asyncio.sleep(0)
        engine.close()
        engine.close()
        result = await waiting
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.CLOSED


async def test_a_closed_engine_asks_nobody(engine: SipEngine, peer: Peer) -> None:
    engine.close()
    assert await engine.exchange(udp(peer.address), options, timeout_ns=5 * S) == SelfTrouble(Trouble.CLOSED, 0)


async def test_closing_gives_every_descriptor_back(peer: Peer) -> None:
    before = descriptors()
    engine = SipEngine()
    await engine.exchange(udp(peer.address), options, timeout_ns=5 * S)
    engine.close()
    assert descriptors() == before


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
