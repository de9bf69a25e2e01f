"""A block of turns: what is kept to the last nanosecond, what is left out, and what a damaged one says."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recording.block import Block, decode
from daemon.recording.columns import pack, unpack
from daemon.recording.documents import LONGEST_FACT, Unreadable
from daemon.recording.turn import Anew, Began, Given, Lost, Turn, Unlatched
from gates.machine import Disturbed, Latch, Reset
from probes.sample import Moment, Sample, Trace
from tests.daemon.recording.turns import sample, turn, turns
from tests.gates.bench import PASS, SILENCE, s

WHOLE = st.integers(-(2**62), 2**62)


def _block(*given: Turn) -> bytes:
    block = Block({"inbound": frozenset({"rollback"})})
    for each in given:
        block.add(each)
    return block.encode()


def _kept(facts: dict[str, str | int]) -> dict[str, str | int]:
    told = replace(sample(0), result=replace(PASS, facts=facts))
    (event,) = decode(_block(Turn(s(1), (told,), 1))).turns[0].events
    assert isinstance(event, Sample)
    return dict(event.result.facts)


@given(st.lists(WHOLE, max_size=50))
def test_a_column_comes_back_as_it_was(values: list[int]) -> None:
    assert unpack(pack(values)) == values


def test_a_column_that_is_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="cut"):
        unpack(pack([1, 2])[:-1])


moments = st.builds(Moment, st.integers(0, 2**61), st.integers(0, 2**61))
samples = st.builds(
    Sample,
    st.sampled_from(["a", "b"]),
    st.just("local"),
    st.integers(0, 2**40),
    moments,
    moments,
    st.sampled_from([PASS, SILENCE, replace(PASS, target="192.0.2.1", among=("192.0.2.1",), duration_ns=7, facts={"flaps": 3})]),
)


@settings(max_examples=50)
@given(st.lists(st.tuples(moments, st.lists(samples, max_size=3), st.booleans()), max_size=6))
def test_any_moments_and_places_come_back_to_the_nanosecond(given: list[tuple[Moment, list[Sample], bool]]) -> None:
    made = [Turn(now, tuple(heard), len(heard) if ticked else None) for now, heard, ticked in given]
    assert list(decode(_block(*made)).turns) == made


def test_every_mark_comes_back_at_its_place() -> None:
    marks = (
        Began(s(1), {"inbound": frozenset({"a", "b"})}),
        Given("inbound", Latch("rollback", "alice")),
        Given("inbound", Reset("bob")),
        Given("inbound", Disturbed("loop lagged 1.2 s")),
        Unlatched("inbound", frozenset({"a"}), True),
        Anew(s(2), {"inbound": None, "outbound": frozenset({"a"})}, frozenset({"trunk-new"})),
        Lost(7),
    )
    made = Turn(s(1), (marks[0], sample(0), *marks[1:4], sample(1), *marks[4:]), 4)
    assert decode(_block(made)).turns == (made,)


def test_the_gates_that_were_latched_before_it_are_kept() -> None:
    assert decode(_block(turn(0))).standing == {"inbound": frozenset({"rollback"})}


def test_what_was_on_the_wire_is_left_out() -> None:
    told = replace(sample(0), result=replace(PASS, trace=Trace(b"Authorization: hunter2", b"SIP/2.0 200 OK")))
    data = _block(Turn(s(1), (told,), 1))
    assert b"hunter2" not in zlib.decompress(data)
    assert decode(data).turns[0].events == (replace(told, result=PASS),)


def test_numbers_and_short_words_of_facts_are_kept() -> None:
    facts: dict[str, str | int] = {"flaps": 3, "agreed": 98, "asked": 100, "extracted": "in service"}
    assert _kept(facts) == facts


def test_a_long_fact_is_cut_and_one_beyond_any_number_is_text() -> None:
    kept = _kept({"detail": "x" * 5_000, "huge": 2**70, "broken": "\ud800"})
    assert kept == {"detail": "x" * LONGEST_FACT, "huge": str(2**70), "broken": "?"}


def test_identical_results_are_one_run_whose_length_hardly_costs_anything() -> None:
    """A thousand results a second apart to the nanosecond, of which only the count differs from ten."""
    assert len(_block(*turns(0, 1_000))) < len(_block(*turns(0, 10))) + 250


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"", lambda data: data[:40] + b"x" + data[41:]])
def test_a_damaged_block_says_so(damage: object) -> None:
    with pytest.raises(Unreadable):
        decode(damage(_block(*turns(0, 50))))  # type: ignore[operator]


@pytest.mark.parametrize("raw", [b"", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x05[1,2]", b"\xff\xff\xff\xff{"])
def test_bytes_of_something_else_are_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(zlib.compress(raw))


def test_a_block_of_a_newer_cutoverd_is_refused_by_its_version() -> None:
    raw = zlib.decompress(_block(turn(0))).replace(b'"version":1', b'"version":2')
    with pytest.raises(Unreadable, match="version 2, this cutoverd knows 1"):
        decode(zlib.compress(raw))


def test_a_block_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _block(*turns(0, 50))
    monkeypatch.setattr("daemon.recording.block.MOST_BYTES", 100)
    with pytest.raises(Unreadable, match="too large"):
        decode(data)
