"""Somebody who wants us deaf, slow, or wrong about who refused: floods, and errors that nobody on the path has sent."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.icmp import ORIGIN_ICMP, ExtendedError
from probes.sip.engine.trouble import Trouble
from probes.sip.engine.udp import BYTES_PER_READ, READS_PER_WAKEUP, UdpSocket
from probes.sip.messages.message import serialise
from tests.probes.sip.attacker import MOST_TURNS, REASONS, ask, bound, until
from tests.probes.sip.samples import Local, ok, options

MS = 1_000_000
DEADLINE_S = 30.0

pytestmark = pytest.mark.usefixtures("untroubled")


# Floods


def garbage(rng: random.Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 200))
    return serialise(ok(options(("127.0.0.1", 5060))))[: None if kind == 1 else rng.randrange(1, 150)]


async def test_fifty_thousand_datagrams_of_garbage_starve_nobody(
    engine: SipEngine, trunk: socket.socket, other: socket.socket, rng: random.Random
) -> None:
    flood, size = 50_000, 400
    rubbish = [garbage(rng) for _ in range(size)]
    slowest = 0
    for _ in range(flood // size):
        asked = await ask(engine, trunk)
        for datagram in rubbish[: size // 2]:
            other.sendto(datagram, asked.local)
        trunk.sendto(serialise(ok(asked.request)), asked.local)
        for datagram in rubbish[size // 2 :]:
            other.sendto(datagram, asked.local)
        slowest = max(slowest, await until(asked.result.done))
        assert isinstance(asked.result.result(), Answered)
        await asked.heard(other)
    assert sum(asked.ignored().values()) == flood
    assert set(asked.ignored()) <= REASONS
    # Before the answer stand 200 others, 64 to a turn; a few turns more for the task to be told.
    assert slowest <= -(-size // 2 // READS_PER_WAKEUP) + 6


class Turns:
    """What one socket hands over in each turn of the loop."""

    def __init__(self) -> None:
        self.arrived = 0
        self.socket = UdpSocket(
            asyncio.get_running_loop(), socket.AF_INET, "127.0.0.1", on_datagram=self._count, on_error=lambda *_: None
        )

    def _count(self, data: bytes, peer: Local, socket: UdpSocket) -> None:
        self.arrived += 1

    async def most(self, sender: socket.socket, count: int, size: int) -> int:
        """The most that a turn took of `count` datagrams."""
        for _ in range(count):
            sender.sendto(bytes(size), ("127.0.0.1", self.socket.port))
        each = [0]
        while self.arrived < count:
            before = self.arrived
            await asyncio.sleep(0)
            each.append(self.arrived - before)
            assert len(each) < MOST_TURNS
        self.socket.close()
        return max(each)


async def test_one_turn_reads_a_bounded_number(trunk: socket.socket) -> None:
    assert await Turns().most(trunk, count=300, size=20) == READS_PER_WAKEUP


async def test_one_turn_reads_a_bounded_number_of_bytes(trunk: socket.socket) -> None:
    size = READS_PER_WAKEUP * BYTES_PER_READ // 4
    assert await Turns().most(trunk, count=12, size=size) == 4


async def test_silence_while_datagrams_were_lost_is_our_own_trouble(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk, timeout_ns=100 * MS)
    with bound() as flooder:
        for _ in range(10_000):  # without a turn of the loop: more than the receive buffer holds
            flooder.sendto(bytes(20), asked.local)
    trunk.sendto(serialise(ok(asked.request)), asked.local)
    result = await asked.result
    assert isinstance(result, SelfTrouble)
    assert result.reason is Trouble.NO_BUFFER
    assert isinstance(await clean(engine, trunk), Answered)


async def clean(engine: SipEngine, trunk: socket.socket) -> Exchanged:
    asked = await ask(engine, trunk)
    trunk.sendto(serialise(ok(asked.request)), asked.local)
    return await asked.result


async def test_silence_after_an_earlier_loss_is_the_targets_again(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk)
    for _ in range(10_000):
        trunk.sendto(bytes(20), asked.local)
    assert isinstance(await (await ask(engine, trunk, timeout_ns=50 * MS)).result, Silent)


async def test_a_flood_of_provisionals_does_not_put_off_the_deadline(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk, timeout_ns=100 * MS)
    provisional = serialise(ok(asked.request, 183))
    async with asyncio.timeout(DEADLINE_S):
        while not asked.result.done():
            trunk.sendto(provisional, asked.local)
            await asyncio.sleep(0)
    result = await asked.result
    assert isinstance(result, Silent)
    assert result.provisional == 183


@pytest.mark.parametrize("status", [100, 200])
async def test_copies_of_an_answer_take_no_memory(engine: SipEngine, trunk: socket.socket, status: int) -> None:
    asked = await ask(engine, trunk)
    copy = serialise(ok(asked.request, status))
    for _ in range(50):
        await asked.heard(trunk, *[copy] * 100)
    assert len(engine._alarm.deadlines._heap) <= 3
    assert len(engine._pending) == (1 if status == 100 else 0)


# Errors that nobody on the path has sent


REFUSAL = ExtendedError(111, ORIGIN_ICMP, 3, 3, "192.0.2.66")


async def test_an_error_that_quotes_no_branch_ends_nothing_while_the_trunk_answers(engine: SipEngine) -> None:
    # Linux quotes 576 octets at most: with a URI that long the branch is not among them, as in an error that is forged.
    with bound() as closed:
        target = closed.getsockname()
    asked = await ask(engine, target, build=lambda local: options(local, "sip:" + "a" * 700))
    with bound(port=target[1]) as trunk:
        trunk.sendto(serialise(ok(asked.request)), asked.local)
        assert isinstance(await asked.result, Answered)


async def test_an_error_that_quotes_no_branch_explains_a_silence(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk, timeout_ns=50 * MS)
    engine._on_error(REFUSAL, trunk.getsockname(), b"")
    assert not asked.result.done()
    result = await asked.result
    assert isinstance(result, Refused)
    assert (result.errno, result.offender, result.elapsed_ns >= 50 * MS) == ("ECONNREFUSED", "192.0.2.66", True)


async def test_errors_about_another_destination_or_branch_are_charged_to_nobody(
    engine: SipEngine, trunk: socket.socket, other: socket.socket
) -> None:
    asked = await ask(engine, trunk)
    quoted = serialise(asked.request)
    engine._on_error(REFUSAL, other.getsockname(), quoted)
    engine._on_error(REFUSAL, ("127.0.0.2", trunk.getsockname()[1]), quoted)
    engine._on_error(REFUSAL, trunk.getsockname(), serialise(options(asked.local)))
    engine._on_error(REFUSAL, other.getsockname(), b"")
    assert asked.ignored() == {"icmp:late": 4}
    trunk.sendto(serialise(ok(asked.request)), asked.local)
    assert isinstance(await asked.result, Answered)
