"""Which share of the callers takes the new path, and who belongs to it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.admit import ALL, Admitted, Step, following, raised, share, ticket

STEPS = (Step(500, 10), Step(2_500, 20), Step(ALL, None))


def test_without_a_schedule_everybody_is_let_in() -> None:
    assert share((), None) == ALL
    assert following((), None) is None


def test_a_schedule_begins_with_its_first_share() -> None:
    assert share(STEPS, None) == 500
    assert following(STEPS, None) == (2_500, 10)


def test_each_share_has_its_own_soak() -> None:
    assert following(STEPS, Admitted(2_500, by_schedule=True)) == (ALL, 20)
    assert following(STEPS, Admitted(ALL, by_schedule=True)) is None


@pytest.mark.parametrize(("now", "to"), [(109, None), (110, 2_500), (500, 2_500)])
def test_a_share_is_raised_when_its_soak_has_passed(now: int, to: int | None) -> None:
    assert raised(STEPS, None, since_ns=100, now_ns=now) == to


def test_an_operators_word_ends_the_schedule() -> None:
    by_hand = Admitted(500, by_schedule=False)
    assert share(STEPS, by_hand) == 500
    assert raised(STEPS, by_hand, since_ns=0, now_ns=1_000) is None


def test_a_share_between_two_steps_goes_on_to_the_next() -> None:
    assert following(STEPS, Admitted(1_000, by_schedule=True)) == (2_500, 10)


def test_a_step_without_a_soak_waits_for_an_operator() -> None:
    paused = (Step(500, None), Step(ALL, None))
    assert following(paused, None) is None


def test_a_ticket_is_always_the_same_and_written_down() -> None:
    assert ticket("7f3c1f0e-5a9b-4a0e-9d1c-2b1f6c8d9e10") == ticket("7f3c1f0e-5a9b-4a0e-9d1c-2b1f6c8d9e10")
    # Another release must let the same conversations in.
    assert [ticket(name) for name in ("a", "b", "")] == [3_343, 9_333, 9_876]


@given(st.text(max_size=40))
def test_every_conversation_has_a_ticket(conversation: str) -> None:
    assert 0 <= ticket(conversation) < ALL


def test_tickets_are_spread_evenly() -> None:
    tenths = Counter(ticket(f"conversation-{number}") * 10 // ALL for number in range(20_000))
    assert set(tenths) == set(range(10))
    assert all(1_800 <= count <= 2_200 for count in tenths.values())


def test_a_schedule_that_is_gone_keeps_nobody_out_and_an_operators_word_does() -> None:
    assert share((), Admitted(2_500, by_schedule=True)) == ALL
    assert share((), Admitted(2_500, by_schedule=False)) == 2_500


def test_a_schedule_that_is_given_back_below_its_first_share_goes_there_first() -> None:
    assert following(STEPS, Admitted(100, by_schedule=True)) == (500, 10)
    assert following((Step(500, None), Step(ALL, None)), Admitted(100, by_schedule=True)) is None
