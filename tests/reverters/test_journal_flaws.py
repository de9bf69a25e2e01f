"""What `verify` tells people about a broken chain: the entry it names, and the sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reverters.entries import Finished, Interrupted
from reverters.journal import GENESIS, Flaw, JournalEntry, seal, verify
from tests.reverters import world

Chain = list[JournalEntry]


def journal(length: int, outcome: str = "restored") -> Chain:
    return world.journal(*(Finished(f"step-{n}", outcome) for n in range(length)))


def numbered(entries: Chain) -> Chain:
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, start=1)]


def foreign(previous: bytes, seq: int) -> JournalEntry:
    return seal(previous, Interrupted("made up"), seq=seq, at_utc_ns=9, actor="nobody", run="")


def changed(index: int, **values: object) -> Chain:
    entries = journal(5)
    entries[index] = replace(entries[index], **values)  # type: ignore[arg-type]
    return entries


def swapped() -> Chain:
    first, second, *rest = journal(5)
    return numbered([second, first, *rest])


TOLD: dict[str, tuple[Callable[[], Chain], Flaw]] = {
    "edited": (lambda: changed(2, actor="nobody"), Flaw(3, "edited", "entry 3 does not match its hash")),
    "hash": (lambda: changed(2, hash=bytes(32)), Flaw(3, "edited", "the stored hash of entry 3 was altered")),
    "numbered up": (lambda: changed(2, seq=9), Flaw(9, "edited", "entry 3 is numbered 9")),
    "numbered down": (lambda: changed(2, seq=1), Flaw(1, "edited", "entry 3 is numbered 1")),
    "cut": (lambda: journal(5)[2:], Flaw(3, "cut", "entry 3 stands where 1 belongs")),
    "cut and numbered": (
        lambda: numbered(journal(6)[2:]),
        Flaw(1, "cut", "entries before 1 are missing and the rest was numbered anew"),
    ),
    "swapped and numbered": (swapped, Flaw(1, "reordered", "what was written as entry 1 stands at 2")),
    "twice": (lambda: [*journal(3), journal(3)[1]], Flaw(2, "reordered", "entry 2 is a copy of one that stands before it")),
    "hashed elsewhere": (
        lambda: [*journal(3), foreign(GENESIS, 4)],
        Flaw(4, "unchained", "entry 4 was hashed upon another entry than the one before it"),
    ),
    "numbered backwards": (
        lambda: [*journal(3), foreign(b"?" * 32, 2)],
        Flaw(2, "unchained", "entry 2 stands where 4 belongs and follows from nothing here"),
    ),
    "slipped in before the last": (
        lambda: [*journal(2), journal(3, "unchanged")[2], *journal(4)[3:]],
        Flaw(3, "unchained", "entry 3 fits neither what stands before it nor what follows"),
    ),
    "slipped in": (
        lambda: [*journal(2), journal(3, "unchanged")[2], *journal(5)[3:]],
        Flaw(3, "unchained", "entry 3 fits neither what stands before it nor what follows"),
    ),
}


@pytest.mark.parametrize(("broken", "flaw"), TOLD.values(), ids=list(TOLD))
def test_each_flaw_names_the_entry_and_says_what_is_wrong(broken: Callable[[], Chain], flaw: Flaw) -> None:
    assert verify(broken())[2] == flaw


def test_a_tail_that_was_cut_tells_where_it_ends_and_where_its_head_was_seen() -> None:
    entries = journal(5)
    told = Flaw(4, "cut", "the chain ends at 3, its head was seen at 5")
    assert verify(entries[:3], expected_head=(5, entries[4].hash))[2] == told


def test_a_journal_written_anew_tells_up_to_where() -> None:
    told = Flaw(4, "edited", "entry 4 is not the one that was seen: written anew up to here")
    assert verify(journal(5, "unchanged"), expected_head=(4, journal(5)[3].hash))[2] == told


@pytest.mark.parametrize(("removed", "how"), [(1_000, "cut"), (1_001, "edited")])
def test_a_renumbered_cut_is_recognised_up_to_a_thousand_entries(removed: int, how: str) -> None:
    entries = journal(removed + 3)
    flaw = verify(numbered(entries[removed:]))[2]
    assert flaw is not None
    assert flaw.how == how
