"""Two hundred thousand spoilt messages: each parses or is malformed by a known reason, and none leaves anything behind."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from probes.sip.messages.fields import is_typed
from probes.sip.messages.message import Malformation, MalformedMessage, Request, Response, parse, serialise
from tests.probes.sip.mutations import PIECES, mutated, options, valid
from tests.probes.sip.samples import REQUEST, RESPONSE, TORTUOUS
from tests.probes.sip.test_message_memo import MEMOS
from tests.probes.sip.test_torture_invalid import INVALID
from tests.probes.sip.test_torture_ipv6 import ACCEPTED as IPV6
from tests.probes.sip.test_torture_semantics import ACCEPTED
from tests.probes.sip.test_torture_valid import VALID

SEED = 20261124
MUTANTS = 200_000
TOO_BRIEF = RESPONSE.replace("Content-Length", "Expires: 60\r\nMin-Expires: 120\r\nContent-Length")
TRACED = 15_000


def mutants(number: int, seed: int) -> Iterator[bytes]:
    """Of answers to our questions, of the torture tests and of what was made of either before."""
    rng = random.Random(seed)
    asked = [options(serial, rng) for serial in range(50)]
    torture = [message.data for cases in (VALID, INVALID, IPV6, ACCEPTED) for message in cases]
    seeds = [REQUEST.encode(), TORTUOUS.encode(), TOO_BRIEF.encode(), *(valid(request, rng) for request in asked), *torture]
    for _ in range(number):
        data = rng.choice(seeds)
        spoilt = mutated(data, rng.choice(asked), rng) if rng.random() < 0.1 else scratched(data, rng)
        if rng.random() < 0.01:
            # Faults on top of faults reach further; the first seeds stay, so that there is always something to spoil.
            seeds[rng.randrange(3, len(seeds))] = spoilt[:2_000]
            seeds[rng.randrange(3, len(seeds))] = valid(rng.choice(asked), rng)
        yield spoilt


def scratched(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = int(rng.random() * len(data))
        until = at + int(rng.random() * 4)
        data = data[:at] + rng.choice([b"", rng.choice(PIECES), data[until : until + 12]]) + data[until:]
    return data


def judged(data: bytes) -> Request | Response | Malformation:
    try:
        return parse(data)
    except MalformedMessage as fault:
        return fault.reason


def test_every_mutant_parses_or_is_malformed_by_a_known_reason() -> None:
    seen: Counter[Malformation | type] = Counter()
    for at, data in enumerate(mutants(MUTANTS, SEED)):
        message = judged(data)
        if isinstance(message, Malformation):
            seen[message] += 1
            continue
        seen[type(message)] += 1
        # What could not be read, and need not be in a response, is kept as it came and not written again.
        if at % 10 == 0 and not any(is_typed(name) for name, _ in message.headers):
            assert parse(serialise(message)) == message
    assert seen.total() == MUTANTS
    # No mutant is so large or empty, and no request that they are made of carries the last two.
    beyond = {Malformation.TOO_LARGE, Malformation.EMPTY, Malformation.EXPIRES, Malformation.MIN_EXPIRES}
    assert set(seen) >= {Request, Response} | set(Malformation) - beyond


def test_nothing_of_a_mutant_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    for memo in MEMOS.values():
        # What is remembered has a bound and a test of its own; here it would hide a leak.
        monkeypatch.setattr(memo, "_budget", 20_000)
    held = []
    tracemalloc.start()
    try:
        for at, data in enumerate(mutants(TRACED, SEED + 1), 1):
            judged(data)
            if at % (TRACED // 6) == 0:
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(held[3:]) <= max(held[:3]) + 100_000
