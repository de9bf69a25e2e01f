"""RFC 3261 §17.1.2 over UDP: the schedule to the nanosecond, and every row of the table."""

from __future__ import annotations

from types import NoneType

import pytest

from probes.sip.engine.transaction import (
    TIMER_F,
    TRANSITIONS,
    Effect,
    FinalReceived,
    Input,
    NonInviteClientTransaction,
    ProvisionalReceived,
    Send,
    State,
    TimedOut,
    TransportFailed,
)
from probes.sip.messages.message import Response
from tests.probes.sip.samples import RESPONSE, response

MS = 1_000_000
START = 7_000 * MS
FINAL = response()
PROVISIONAL = response(RESPONSE.replace("200 OK", "100 Trying"))


def transaction(deadline_ms: int | None = None) -> NonInviteClientTransaction:
    deadline = None if deadline_ms is None else START + deadline_ms * MS
    return NonInviteClientTransaction(b"request", branch="z9hG4bK1", method="OPTIONS", now=START, deadline_ns=deadline)


def run(asked: NonInviteClientTransaction) -> list[tuple[int, Effect]]:
    """Advance exactly when it asks to be, until it is over: what happened, in milliseconds after the start."""
    happened = []
    while (at := asked.deadline) is not None:
        effect = asked.advance(now=at)
        assert effect is not None
        happened.append(((at - START) // MS, effect))
    return happened


def sends(happened: list[tuple[int, Effect]]) -> list[int]:
    return [at for at, effect in happened if isinstance(effect, Send)]


def test_the_request_is_sent_again_after_t1_doubling_to_t2_until_timer_f() -> None:
    happened = run(transaction())
    assert sends(happened) == [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    assert happened[-1] == (32_000, TimedOut(by_owner=False, elapsed_ns=TIMER_F))


def test_the_owner_may_give_up_before_timer_f() -> None:
    happened = run(transaction(deadline_ms=2000))
    assert sends(happened) == [500, 1500]
    assert happened[-1] == (2000, TimedOut(by_owner=True, elapsed_ns=2000 * MS))


def test_timer_f_ends_it_even_if_the_owner_would_wait_longer() -> None:
    assert run(transaction(deadline_ms=60_000))[-1] == (32_000, TimedOut(by_owner=False, elapsed_ns=TIMER_F))


def test_a_deadline_that_falls_on_a_retransmission_gives_up_instead_of_sending() -> None:
    assert run(transaction(deadline_ms=500)) == [(500, TimedOut(by_owner=True, elapsed_ns=500 * MS))]


def test_a_provisional_response_switches_timer_e_to_t2_when_it_next_fires() -> None:
    asked = transaction()
    assert asked.receive(PROVISIONAL, now=START + 100 * MS) == ProvisionalReceived(PROVISIONAL)
    assert asked.state is State.PROCEEDING
    happened = run(asked)
    assert sends(happened) == [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]
    assert happened[-1][0] == 32_000


def test_a_final_response_ends_it_and_its_copies_are_not_reported() -> None:
    asked = transaction()
    assert asked.receive(FINAL, now=START + 3 * MS) == FinalReceived(FINAL, 3 * MS)
    assert asked.receive(FINAL, now=START + 4 * MS) is None
    assert asked.deadline is None
    assert asked.state is State.TERMINATED


def test_a_final_response_after_a_provisional_ends_it() -> None:
    asked = transaction()
    assert asked.receive(PROVISIONAL, now=START + 1 * MS) == ProvisionalReceived(PROVISIONAL)
    assert asked.receive(FINAL, now=START + 2 * MS) == FinalReceived(FINAL, 2 * MS)
    assert asked.state is State.TERMINATED


@pytest.mark.parametrize("deadline_ms", [None, 700])
def test_over_a_reliable_transport_nothing_is_sent_again(deadline_ms: int | None) -> None:
    deadline = None if deadline_ms is None else START + deadline_ms * MS
    asked = NonInviteClientTransaction(
        b"request", branch="z9hG4bK1", method="OPTIONS", now=START, deadline_ns=deadline, is_reliable=True
    )
    elapsed_ms = 32_000 if deadline_ms is None else deadline_ms
    assert run(asked) == [(elapsed_ms, TimedOut(by_owner=deadline_ms is not None, elapsed_ns=elapsed_ms * MS))]


def test_a_reliable_transport_gives_no_second_copy_after_a_provisional() -> None:
    asked = NonInviteClientTransaction(b"request", branch="z9hG4bK1", method="OPTIONS", now=START, is_reliable=True)
    asked.receive(PROVISIONAL, now=START + 1 * MS)
    assert asked.advance(now=START + 20_000 * MS) is None


@pytest.mark.parametrize(("old", "new"), [("branch=z9hG4bK1", "branch=z9hG4bK2"), ("1 OPTIONS", "1 INVITE")])
def test_a_response_with_another_branch_or_method_is_not_its_own(old: str, new: str) -> None:
    asked = transaction()
    assert asked.receive(response(RESPONSE.replace(old, new)), now=START) is None
    assert asked.state is State.TRYING


def test_a_transport_failure_ends_it() -> None:
    asked = transaction()
    assert asked.fail(now=START + 1 * MS) == TransportFailed(1 * MS)
    assert asked.deadline is None


def test_a_refusal_of_an_earlier_copy_does_not_undo_an_answer() -> None:
    asked = transaction()
    asked.receive(FINAL, now=START)
    assert asked.fail(now=START + 1 * MS) is None


def test_lateness_does_not_add_up() -> None:
    asked = transaction()
    asked.advance(now=START + 503 * MS)
    assert asked.deadline == START + 1500 * MS


def test_a_stall_is_made_up_for_by_one_copy() -> None:
    asked = transaction()
    assert asked.advance(now=START + 9000 * MS) == Send(b"request", 2)
    assert asked.deadline == START + 10_000 * MS


def test_nothing_happens_before_it_is_due() -> None:
    asked = transaction()
    assert asked.advance(now=START + 499 * MS) is None


def test_copies_counts_what_was_sent() -> None:
    asked = transaction()
    asked.advance(now=START + 500 * MS)
    assert asked.copies == 2


def test_every_state_has_a_row_for_every_input() -> None:
    assert {state: set(rows) for state, rows in TRANSITIONS.items()} == {state: set(Input) for state in State}


ROWS = {
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, ProvisionalReceived),
    (State.TRYING, Input.FINAL): (State.TERMINATED, FinalReceived),
    (State.TRYING, Input.TIMER_E): (State.TRYING, Send),
    (State.TRYING, Input.TIMER_F): (State.TERMINATED, TimedOut),
    (State.TRYING, Input.DEADLINE): (State.TERMINATED, TimedOut),
    (State.TRYING, Input.TRANSPORT_FAILED): (State.TERMINATED, TransportFailed),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, ProvisionalReceived),
    (State.PROCEEDING, Input.FINAL): (State.TERMINATED, FinalReceived),
    (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, Send),
    (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, TimedOut),
    (State.PROCEEDING, Input.DEADLINE): (State.TERMINATED, TimedOut),
    (State.PROCEEDING, Input.TRANSPORT_FAILED): (State.TERMINATED, TransportFailed),
}
"""What each input does; an input that is not named here changes nothing and says nothing."""


def in_state(state: State, given: Input) -> NonInviteClientTransaction:
    asked = transaction(deadline_ms=900 if given is Input.DEADLINE else None)
    if state is State.PROCEEDING:
        asked.receive(PROVISIONAL, now=START)
    elif state is State.TERMINATED:
        asked.fail(now=START)
    assert asked.state is state
    return asked


def give(asked: NonInviteClientTransaction, given: Input) -> Effect | None:
    responses: dict[Input, Response] = {Input.PROVISIONAL: PROVISIONAL, Input.FINAL: FINAL}
    times = {Input.TIMER_E: 500 * MS, Input.TIMER_F: TIMER_F, Input.DEADLINE: 900 * MS}
    if given in responses:
        return asked.receive(responses[given], now=START)
    if given is Input.TRANSPORT_FAILED:
        return asked.fail(now=START)
    return asked.advance(now=START + times[given])


PAIRS = [(state, given) for state in State for given in Input]


@pytest.mark.parametrize(("state", "given"), PAIRS, ids=lambda value: value.name)
def test_each_input_in_each_state_does_what_its_row_says(state: State, given: Input) -> None:
    asked = in_state(state, given)
    after, said = ROWS.get((state, given), (state, NoneType))
    assert type(give(asked, given)) is said
    assert asked.state is after
