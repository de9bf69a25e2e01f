"""Every combination of up to five members, against what the words mean: whether it could be bad, in every world there may be."""

from __future__ import annotations

import itertools

import pytest

from gates.combine import combined
from gates.rules.reading import Level

BAD, DOUBTFUL, FAILING, UNDECIDED, STALE, FINE = (
    Level.BAD, Level.DOUBTFUL, Level.FAILING, Level.UNDECIDED, Level.STALE, Level.FINE,
)  # fmt: skip
ALL = [
    (members, need)
    for count in range(1, 6)
    for members in itertools.combinations_with_replacement(Level, count)
    for need in range(1, count + 1)
]


def worlds(members: tuple[Level, ...], unknown: set[Level]) -> set[tuple[bool, ...]]:
    """Who is bad, in each world that is possible while nobody knows of the `unknown` ones."""
    choices = [(True, False) if member in unknown else (member is BAD,) for member in members]
    return set(itertools.product(*choices))


def meant(members: tuple[Level, ...], need: int) -> Level:
    silent = worlds(tuple(member for member in members if member is STALE), {STALE})
    verdicts = {sum(world) >= need for world in worlds(members, {STALE, UNDECIDED})}
    if any(sum(world) >= need for world in silent) or (STALE in members and len(verdicts) > 1):
        return STALE
    if verdicts == {True}:
        return BAD
    if sum(member in (BAD, DOUBTFUL) for member in members) >= need:
        return DOUBTFUL
    if {BAD, DOUBTFUL, FAILING} & set(members):
        return FAILING
    undecided = worlds(tuple(member for member in members if member is UNDECIDED), {UNDECIDED})
    return UNDECIDED if any(sum(world) >= need for world in undecided) else FINE


def test_every_combination_is_what_the_words_mean() -> None:
    assert len(ALL) == 1_980
    wrong = [
        (members, need, combined(members, need)) for members, need in ALL if combined(members, need) is not meant(members, need)
    ]
    assert not wrong


def test_the_order_of_the_members_does_not_matter() -> None:
    for members, need in ALL:
        if len(members) <= 3:
            assert len({combined(order, need) for order in itertools.permutations(members)}) == 1


def test_with_any_one_stale_member_is_enough_to_know_nothing() -> None:
    assert all(combined(members, 1) is STALE for members, _ in ALL if STALE in members)


def test_never_bad_or_fine_while_enough_members_are_silent() -> None:
    assert all(combined(members, need) is STALE for members, need in ALL if members.count(STALE) >= need)


def test_what_is_stale_stays_stale_as_more_members_age() -> None:
    for members, need in ALL:
        if combined(members, need) is STALE:
            for index in range(len(members)):
                assert combined((*members[:index], STALE, *members[index + 1 :]), need) is STALE


@pytest.mark.parametrize(
    ("members", "need", "level"),
    [
        ((BAD, FINE), 1, BAD),
        ((BAD, FINE), 2, FAILING),
        ((BAD, BAD), 2, BAD),
        ((BAD, BAD, FINE), 2, BAD),
        ((BAD, BAD, STALE), 2, BAD),
        ((BAD, FINE, STALE), 2, STALE),
        ((FINE, FINE, STALE), 2, FINE),
        ((BAD, DOUBTFUL, FINE), 2, DOUBTFUL),
        ((FAILING, UNDECIDED), 1, FAILING),
        ((FINE, UNDECIDED), 1, UNDECIDED),
        ((FINE, UNDECIDED), 2, FINE),
        ((FINE, UNDECIDED, STALE), 2, STALE),
    ],
)
def test_some_that_people_ask_about(members: tuple[Level, ...], need: int, level: Level) -> None:
    assert combined(members, need) is level
