"""How bytes are divided among reads changes nothing, no bytes raise anything but the declared error, and none are slow."""

from __future__ import annotations

import gc
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from probes.sip.engine.framing import MAX_MESSAGE, Framer, KeepAlive
from probes.sip.messages.malformed import Malformation
from probes.sip.messages.message import serialise
from tests.probes.sip.framed import cut, frames
from tests.probes.sip.mutations import SEED, campaign, valid
from tests.probes.sip.samples import RESPONSE, TORTUOUS

MUTATED = 200_000
SAMPLES = [RESPONSE.encode(), TORTUOUS.encode(), RESPONSE.replace("Content-Length: 0\r\n", "l:\r\n 4\r\n").encode() + b"body"]
SPOILERS = [b"\r", b"\n", b"\x00", b"SIP/2.0 ", b"Content-Length: 3\r\n", b"l: 1\r\n", b"\r\n \r\n", b"x" * 40_000]

streams = st.lists(
    st.one_of(st.sampled_from(SAMPLES), st.sampled_from([b"\r\n", b"\r\n\r\n", *SPOILERS]), st.binary(max_size=6)), max_size=8
).map(b"".join)


def pieces(data: bytes, rng: random.Random, most: int) -> list[bytes]:
    cuts = sorted({0, len(data), *(rng.randrange(len(data) + 1) for _ in range(rng.randint(0, most)))})
    return [data[start:end] for start, end in pairwise(cuts)]


@given(stream=streams, rng=st.randoms(use_true_random=False))
def test_any_division_of_the_same_bytes_gives_the_same_frames(stream: bytes, rng: random.Random) -> None:
    whole = frames(stream)
    assert frames(*pieces(stream, rng, 12)) == whole


@given(stream=streams)
def test_a_byte_at_a_time_gives_the_same_frames_as_all_at_once(stream: bytes) -> None:
    assert frames(*(bytes([byte]) for byte in stream)) == frames(stream)


@given(stream=streams)
def test_what_is_handed_over_is_what_came_in_its_order(stream: bytes) -> None:
    rest = stream
    for frame in frames(stream):
        if isinstance(frame, bytes):
            before, found, rest = rest.partition(frame)
            assert found
            assert not before.strip(b"\r\n")
            assert len(frame) <= MAX_MESSAGE


class Looks(bytearray):
    """A buffer that counts how many bytes were looked at by searching it."""

    searched = 0

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        end = len(self) if end is None else min(end, len(self))
        found = super().find(sub, start, end)
        Looks.searched += (found if found >= 0 else end) - start + len(sub)
        return found


def looks(data: bytes, size: int) -> int:
    """How many bytes are looked at to find the end of a head that comes in pieces of `size`."""
    framer = Framer()
    framer._buffer = Looks()
    Looks.searched = 0
    found = cut(framer, (data[at : at + size] for at in range(0, len(data), size)))
    assert len(found) == 1
    return Looks.searched


def test_a_byte_at_a_time_costs_a_bounded_number_of_looks_at_each_byte() -> None:
    long = RESPONSE.replace("Content-Length", f"Subject: {'x' * 30_000}\r\nContent-Length").encode()
    assert looks(long, 1) <= 8 * len(long)
    assert looks(long, len(long)) <= 2 * len(long)


def mutants() -> Iterator[bytes]:
    """Streams: spoilt messages end to end, then cut, joined and spoilt again, from one seed."""
    rng = random.Random(SEED)
    plan = campaign()
    whole = [valid(asked, rng) for asked in plan.asked[:50]]
    for mutant in plan.mutants:
        yield mutant.data
        yield rng.choice(whole) + mutant.data + rng.choice(whole)
    while True:
        data = bytearray(rng.choice(plan.mutants).data[:2_000])
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(9)] = rng.choice((rng.randbytes(1), b"", b" ", b"9", *SPOILERS[2:-1]))
        yield bytes(data) + rng.choice(whole)


def held() -> tuple[int, int]:
    """Objects, and pages in memory."""
    gc.collect()
    return sys.getallocatedblocks(), int(Path("/proc/self/statm").read_text().split()[1])


def test_two_hundred_thousand_mutated_streams_raise_only_what_is_declared_and_leave_nothing_behind() -> None:
    rng = random.Random(SEED)
    ends: Counter[str] = Counter()
    longest = 0
    before = (0, 0)
    for serial, data in enumerate(islice(mutants(), MUTATED)):
        framer = Framer()
        found = cut(framer, pieces(data, rng, 2))
        longest = max(longest, len(framer._buffer))
        last = found[-1] if found else None
        ends[str(last) if isinstance(last, Malformation) else type(last).__name__] += 1
        if serial == MUTATED // 4:
            before = held()
    blocks, pages = (after - earlier for after, earlier in zip(held(), before, strict=True))
    print(f"\n{MUTATED} mutated streams, seed {SEED}: {dict(ends.most_common())}; {blocks:+} objects, {pages:+} pages")
    assert longest <= MAX_MESSAGE
    assert blocks < 2_000
    assert pages < 1_000
    assert len(ends) > 6
    assert ends["bytes"] > MUTATED // 10


def test_one_framer_holds_no_more_after_a_hundred_thousand_messages() -> None:
    framer = Framer()
    one = serialise_one()
    held = set()
    for _ in range(1_000):
        assert len(cut(framer, [one * 100])) == 100
        held.add(framer._buffer.__sizeof__())
    assert max(held) < 4 * 100 * len(one)
    assert not framer.is_within_message


def serialise_one() -> bytes:
    asked = campaign().asked[0]
    return serialise(asked)


def test_a_flood_of_line_ends_is_taken_in_one_pass() -> None:
    framer = Framer()
    found = cut(framer, [b"\r\n" * 200_000])
    assert found == [KeepAlive.PING] * 100_000
    assert cut(framer, [b"\n" * 1_000_000]) == []
