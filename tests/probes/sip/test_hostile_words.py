"""What a peer's words may become for people who read them, and what of ours somebody could guess."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from dataclasses import replace
from pathlib import Path

import pytest

import config
from config.load import load
from probes.sip.engine.engine import SipEngine
from probes.sip.messages.message import Request, parse, serialise
from probes.sip.verdict import MAX_DETAIL
from tests.probes.sip.asking import asked_once, options_probe
from tests.probes.sip.attacker import LONG_NS, until
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import Local, ok

pytestmark = pytest.mark.usefixtures("untroubled")


@pytest.mark.parametrize(
    "phrase",
    ["x" * 60_000, "\x00\x1b[2J\x07\x7f", "a\u2028b\u2029c\x85d", "\u202e\u2066evil\u2069", "\udcff" * 500, "𝟘" * 200, " " * 200],
    ids=["long", "controls", "line separators", "directions", "no UTF-8", "astral", "blanks"],
)
async def test_a_peers_words_reach_nobody_unescaped_or_at_length(
    engine: SipEngine, trunk: socket.socket, rng: random.Random, phrase: str
) -> None:
    host, port = trunk.getsockname()
    attempt = asyncio.ensure_future(asked_once(options_probe(engine, rng, port, host, timeout_ns=LONG_NS)))
    received: list[tuple[bytes, Local]] = []

    def arrived() -> bool:
        with contextlib.suppress(BlockingIOError):
            received.append(trunk.recvfrom(65_535))
        return bool(received)

    await until(arrived)
    data, local = received[0]
    asked = parse(data)
    assert isinstance(asked, Request)
    retry = b"Retry-After: 4294967295 (" + phrase[:100].encode("utf-8", "surrogateescape") + b")\r\nTo:"
    trunk.sendto(serialise(replace(ok(asked, 503), reason=phrase)).replace(b"To:", retry, 1), local)
    facts = dict((await attempt).facts)
    assert set(facts) == {"peer", "detail", "retry_after_s"}
    assert facts["retry_after_s"] == 2**32 - 1
    assert isinstance(facts["detail"], str)
    assert facts["detail"].isprintable()
    assert 0 < len(facts["detail"]) <= MAX_DETAIL
    facts["detail"].encode()


class Counting(random.Random):
    """Notes how many bits were drawn at a time."""

    def __init__(self) -> None:
        super().__init__(0)
        self.bits: list[int] = []

    def getrandbits(self, k: int, /) -> int:
        self.bits.append(k)
        return super().getrandbits(k)


async def test_a_forged_answer_would_have_to_guess_192_bits(engine: SipEngine, peer: Peer) -> None:
    rng = Counting()
    host, port = peer.address
    await asked_once(options_probe(engine, rng, port, host))
    assert rng.bits == [192]  # one identifier in branch, From tag and Call-ID, all of which must match


async def test_the_daemon_draws_from_the_systems_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a few hundred branches that one trunk sees, the Mersenne Twister's next, which another trunk sees, can be told."""

    class Composed(Exception):
        """Far enough."""

    def composed(*_: object, rng: random.Random, **__: object) -> None:
        raise Composed(rng)

    from daemon.cli import serve

    monkeypatch.setattr("daemon.app.composed", composed)
    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", lambda *_: None, raising=False)
    example = Path(config.__file__).parent / "examples/cutoverd.yaml"
    with pytest.raises(Composed) as reached:
        await serve._run(load(example), str(example))
    assert type(reached.value.args[0]) is random.SystemRandom
