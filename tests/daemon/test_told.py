"""When what callers are told has changed, and how the journal says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.told import judged, tells_otherwise
from gates.cutover import Phase
from gates.gate import GateState, Transition
from gates.lease import Lease
from reverters.entries import Judged
from tests.gates.bench import s

OK = Lease("inbound", GateState.HEALTHY, Phase.OPEN, 7, True, True, "", 0, 0, 0, -1)
NO = replace(OK, may_be_ok=False, reason="tripped", state=GateState.TRIPPED)


def test_the_first_lease_is_news() -> None:
    assert tells_otherwise(None, OK)


def test_the_same_lease_is_not() -> None:
    assert not tells_otherwise(OK, OK)


@pytest.mark.parametrize("state", [GateState.SUSPECT, GateState.UNKNOWN])
def test_a_state_that_changes_no_answer_is_not(state: GateState) -> None:
    assert not tells_otherwise(OK, replace(OK, state=state))


@pytest.mark.parametrize("state", [GateState.TRIPPED, GateState.INCONCLUSIVE])
def test_going_into_and_out_of_a_trip_is_news_although_the_answer_is_held(state: GateState) -> None:
    assert tells_otherwise(OK, replace(OK, state=state))
    assert tells_otherwise(replace(OK, state=state), OK)


def test_another_answer_is_news() -> None:
    assert tells_otherwise(OK, replace(OK, may_be_ok=False, reason="held"))


def test_another_reason_for_the_same_answer_is_not() -> None:
    assert not tells_otherwise(NO, replace(NO, reason="latched"))


def test_a_change_is_told_with_the_arithmetic_of_its_transition() -> None:
    transition = Transition("inbound", GateState.SUSPECT, GateState.TRIPPED, "sample trunk-new#3", "503, 503, 503", s(0))
    assert judged(OK, NO, transition) == Judged(
        "inbound", "HEALTHY", "TRIPPED", "sample trunk-new#3", "503, 503, 503", "DEGRADED", 7
    )


def test_a_change_without_a_transition_is_told_with_its_reason_or_else_its_phase() -> None:
    assert judged(OK, NO, None) == Judged("inbound", "HEALTHY", "TRIPPED", "tripped", "tripped", "DEGRADED", 7)
    assert judged(NO, OK, None) == Judged("inbound", "TRIPPED", "HEALTHY", "open", "phase open", "OK", 7)
