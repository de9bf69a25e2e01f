"""The journal's bodies, their bytes, and what `verify` says about a chain that somebody touched."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reverters.entries import JSON_TYPES, KINDS, Body, Finished, Intended, Interrupted, Unreadable, decode, encode
from reverters.journal import GENESIS, JournalEntry, chain, seal, verify

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    TEXT | NUMBERS | st.booleans() | st.none(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(TEXT, x, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(TEXT, JSON, max_size=3)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXT,
    "int": NUMBERS,
    "bool": st.booleans(),
    "Document": DOCUMENTS,
    "list[str]": st.lists(TEXT, max_size=3),
}
BODIES: st.SearchStrategy[Body] = st.one_of(
    [st.builds(kind, **{each.name: OF_TYPE[str(each.type)] for each in fields(kind)}) for kind in KINDS.values()]
)
ENVELOPES = st.fixed_dictionaries({"at_utc_ns": NUMBERS, "actor": TEXT, "run": TEXT})


def written(items: list[tuple[Body, dict[str, Any]]]) -> list[JournalEntry]:
    entries: list[JournalEntry] = []
    previous = GENESIS
    for seq, (body, envelope) in enumerate(items, start=1):
        entries.append(seal(previous, body, seq=seq, **envelope))
        previous = entries[-1].hash
    return entries


def journal(length: int, actor: str = "daemon") -> list[JournalEntry]:
    return written([(Finished(f"step-{n}", "restored"), {"at_utc_ns": n, "actor": actor, "run": "r"}) for n in range(length)])


def resealed(entry: JournalEntry, previous: bytes, **changes: Any) -> JournalEntry:
    moved = replace(entry, **changes)
    values = {each.name: getattr(moved, each.name) for each in fields(moved) if each.name != "hash"}
    return replace(moved, hash=chain(previous, **values))


def numbered(entries: list[JournalEntry]) -> list[JournalEntry]:
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, start=1)]


def how(entries: list[JournalEntry], **witnessed: Any) -> tuple[int, str] | None:
    flaw = verify(entries, **witnessed)[2]
    return (flaw.seq, flaw.how) if flaw else None


JOURNALS = st.lists(st.tuples(BODIES, ENVELOPES), min_size=1, max_size=7).map(written)
LONGER = st.lists(st.tuples(st.builds(Finished, TEXT, TEXT), ENVELOPES), min_size=3, max_size=7).map(written)


# bodies and their bytes


@settings(deadline=None)
@given(BODIES)
def test_every_kind_comes_back_from_its_bytes(body: Body) -> None:
    assert decode(body.kind, 1, encode(body)) == body


@settings(deadline=None)
@given(BODIES)
def test_canonical_bytes_do_not_change_by_being_read_and_written(body: Body) -> None:
    assert encode(decode(body.kind, 1, encode(body))) == encode(body)


def test_canonical_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert encode(Intended("s", 1, {"a": 1, "b": 2}, {})) == encode(Intended("s", 1, {"b": 2, "a": 1}, {}))


def test_the_bytes_and_hash_of_an_entry_are_what_they_were_at_the_first_release() -> None:
    entry = seal(GENESIS, Finished("p/dns/dns/sip.", "restored"), seq=1, at_utc_ns=7, actor="daemon", run="r1")
    assert entry.payload == b'{"outcome":"restored","step":"p/dns/dns/sip."}'
    assert entry.hash == hashlib.sha256(bytes(32) + b'[1,7,"daemon","r1","finished",1,46]\n' + entry.payload).digest()


def test_every_field_of_every_kind_has_a_stored_type() -> None:
    assert {str(each.type) for kind in KINDS.values() for each in fields(kind)} <= set(JSON_TYPES)


@pytest.mark.parametrize(
    ("kind", "version", "payload"),
    [
        ("unheard-of", 1, b"{}"),
        ("finished", 2, b'{"outcome":"restored","step":"s"}'),
        ("finished", 1, b"\xff"),
        ("finished", 1, b"[]"),
        ("finished", 1, b'{"step":"s"}'),
        ("finished", 1, b'{"outcome":"restored","step":"s","more":1}'),
        ("finished", 1, b'{"outcome":"restored","step":1}'),
        ("intended", 1, b'{"attempt":true,"expected":{},"step":"s","wanted":{}}'),
    ],
)
def test_an_unreadable_payload_raises_the_declared_exception(kind: str, version: int, payload: bytes) -> None:
    with pytest.raises(Unreadable):
        _ = JournalEntry(1, 0, "a", "", kind, version, payload, bytes(32)).body


# a chain that holds


@settings(deadline=None)
@given(JOURNALS)
def test_a_journal_as_written_holds_to_its_head(entries: list[JournalEntry]) -> None:
    last = entries[-1]
    assert verify(entries, expected_head=(last.seq, last.hash)) == (len(entries), last.hash, None)


def test_an_empty_journal_holds() -> None:
    assert verify([], expected_head=(0, GENESIS)) == (0, GENESIS, None)


@settings(deadline=None)
@given(JOURNALS)
def test_a_head_witnessed_earlier_still_holds_when_the_journal_has_grown(entries: list[JournalEntry]) -> None:
    assert all(verify(entries, expected_head=(each.seq, each.hash))[2] is None for each in entries)


# edited


@settings(deadline=None)
@given(JOURNALS, st.data())
def test_any_byte_changed_in_any_stored_field_is_found(entries: list[JournalEntry], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from([each.name for each in fields(JournalEntry)]))
    original = getattr(entries[index], name)
    if isinstance(original, int):
        width = original.to_bytes(8, "big", signed=True)
        altered: Any = int.from_bytes(flipped(width, data), "big", signed=True)
    elif isinstance(original, bytes):
        altered = flipped(original, data)
    else:
        place = data.draw(st.integers(0, len(original)))
        altered = original[:place] + data.draw(st.characters(exclude_categories=["Cs"])) + original[place + 1 :]
    assume(altered != original)
    entries[index] = replace(entries[index], **{name: altered})
    holds, head, flaw = verify(entries)
    assert flaw is not None
    assert flaw.how == "edited" or (name == "seq" and flaw.how in ("cut", "reordered"))
    assert (holds, head) == (index, entries[index - 1].hash if index else GENESIS)


def flipped(content: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, len(content) - 1))
    return content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]


def test_an_edited_entry_is_named_by_its_seq() -> None:
    entries = journal(5)
    entries[2] = replace(entries[2], actor="nobody")
    assert how(entries) == (3, "edited")


def test_an_altered_hash_counts_as_edited() -> None:
    entries = journal(5)
    entries[2] = replace(entries[2], hash=bytes(32))
    assert how(entries) == (3, "edited")


def test_an_edited_entry_before_a_gap_counts_as_edited() -> None:
    entries = journal(6)
    entries[2] = replace(entries[2], actor="nobody")
    assert how(entries[:3] + entries[4:]) == (3, "edited")


def test_a_journal_altered_throughout_counts_as_edited_from_its_first_entry() -> None:
    assert how([replace(entry, actor="nobody") for entry in journal(5)]) == (1, "edited")


def test_an_entry_sealed_again_in_place_breaks_at_its_successor() -> None:
    entries = journal(5)
    entries[2] = resealed(entries[2], entries[1].hash, actor="nobody")
    assert how(entries) == (4, "edited")


def test_a_journal_written_anew_shows_against_a_witnessed_head() -> None:
    genuine, forged = journal(5), journal(5, actor="nobody")
    assert how(forged) is None
    assert how(forged, expected_head=(4, genuine[3].hash)) == (4, "edited")


# cut


@settings(deadline=None)
@given(LONGER, st.data())
def test_any_entry_removed_before_the_end_is_a_cut(entries: list[JournalEntry], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(entries) - 2))
    removed = entries.pop(index)
    assert how(entries) == (removed.seq + 1, "cut")


@settings(deadline=None)
@given(LONGER, st.data())
def test_a_cut_tail_shows_against_a_witnessed_head(entries: list[JournalEntry], data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(entries) - 1))
    assert how(entries[:left]) is None
    assert how(entries[:left], expected_head=(entries[-1].seq, entries[-1].hash)) == (left + 1, "cut")


@pytest.mark.parametrize("removed", [1, 2, 3])
def test_a_cut_is_recognised_when_the_rest_was_numbered_anew(removed: int) -> None:
    entries = journal(8)
    assert how(numbered(entries[:2] + entries[2 + removed :])) == (3, "cut")


def test_a_number_that_was_skipped_is_a_cut_even_where_the_chain_holds() -> None:
    entries = journal(2)
    assert how([*entries, resealed(entries[1], entries[1].hash, seq=4)]) == (4, "cut")


# reordered


@settings(deadline=None)
@given(LONGER, st.data())
def test_any_two_entries_swapped_are_reordered(entries: list[JournalEntry], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(entries) - 2))
    second = data.draw(st.integers(first + 1, len(entries) - 1))
    assume(content(entries[first]) != content(entries[second]))
    entries[first], entries[second] = entries[second], entries[first]
    assert how(entries) == (entries[first].seq, "reordered")
    assert how(numbered(entries)) == (first + 1, "reordered")


def content(entry: JournalEntry) -> JournalEntry:
    return replace(entry, seq=0, hash=b"")


@settings(deadline=None)
@given(LONGER, st.data())
def test_any_entry_written_twice_is_reordered(entries: list[JournalEntry], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    place = data.draw(st.integers(index + 1, len(entries)))
    entries.insert(place, entries[index])
    assert how(entries) == (index + 1, "reordered")
    assert how(numbered(entries)) == (place + 1, "reordered")


# unchained


def test_an_entry_of_another_journal_in_the_place_of_ours_is_unchained() -> None:
    entries, foreign = journal(6), journal(6, actor="foreign")
    entries[2] = foreign[2]
    assert how(entries) == (3, "unchained")


@pytest.mark.parametrize("predecessor", [0, 1, 2])
def test_an_entry_hashed_upon_another_entry_than_the_last_is_unchained(predecessor: int) -> None:
    entries = journal(3)
    previous = GENESIS if predecessor == 0 else entries[predecessor - 1].hash
    foreign = seal(previous, Interrupted("made up"), seq=4, at_utc_ns=9, actor="nobody", run="")
    assert how([*entries, foreign]) == (4, "unchained")


def test_an_entry_numbered_backwards_that_follows_from_nothing_is_unchained() -> None:
    foreign = seal(b"?" * 32, Interrupted("made up"), seq=2, at_utc_ns=9, actor="nobody", run="")
    assert how([*journal(3), foreign]) == (2, "unchained")


# unreadable


def test_an_entry_of_a_newer_program_is_unreadable_and_the_chain_holds() -> None:
    entries = journal(2)
    entries.append(resealed(entries[1], entries[1].hash, seq=3, kind="teleported", version=4))
    holds, head, flaw = verify(entries)
    assert (holds, head) == (3, entries[2].hash)
    assert flaw is not None
    assert (flaw.seq, flaw.how) == (3, "unreadable")
    assert flaw.detail == "entry 3: unknown kind 'teleported'"


def test_a_broken_chain_outranks_an_unreadable_entry() -> None:
    entries = journal(2)
    entries[0] = resealed(entries[0], GENESIS, payload=orjson.dumps({"odd": 1}))
    entries[1] = resealed(entries[1], entries[0].hash)
    assert how(entries) == (1, "unreadable")
    assert how([entries[0], replace(entries[1], run="x")]) == (2, "edited")
