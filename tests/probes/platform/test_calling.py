"""What an answer says of a test call."""

from __future__ import annotations

import json

import pytest

from probes.exchange.values import HttpResponse
from probes.platform.calling import Pending, Reads, Started, asked, overdue, started
from probes.platform.telling import Untold
from probes.sample import Origin, Outcome, ProbeResult


def answer(document: object) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(document).encode())


def reads(passed: object, failed: object, state: str = "/done") -> Reads:
    return Reads("/id", state, (passed,), (failed,))


@pytest.mark.parametrize(
    ("value", "outcome"), [(True, Outcome.PASS), (1, None), (1.0, None), ("true", None), (False, Outcome.FAIL), (0, None)]
)
def test_true_is_neither_1_nor_a_text(value: object, outcome: Outcome | None) -> None:
    told = asked(answer({"done": value}), reads(True, False))
    assert (told.outcome if isinstance(told, ProbeResult) else None) is outcome
    assert isinstance(told, ProbeResult | Pending)


def test_1_is_not_true() -> None:
    assert asked(answer({"done": True}), reads(1, 0)) == Pending("True")


def test_a_state_may_be_the_whole_answer() -> None:
    told = asked(answer("completed"), reads("completed", "failed", ""))
    assert isinstance(told, ProbeResult)
    assert told.outcome is Outcome.PASS


@pytest.mark.parametrize("state", [None, {}, []])
def test_a_state_that_is_no_scalar_is_not_told(state: object) -> None:
    told = asked(answer({"done": state}), reads("completed", "failed"))
    assert isinstance(told, Untold)
    assert (told.result.reason, told.result.facts["detail"]) == ("malformed", "no state of a call at /done")


@pytest.mark.parametrize(("id", "length"), [("x" * 200, 200), (12, 2)])
def test_an_id_is_a_text_or_a_number(id: object, length: int) -> None:
    begun = started(answer({"id": id}), reads("completed", "failed"))
    assert isinstance(begun, Started)
    assert len(begun.id) == length


@pytest.mark.parametrize("id", ["x" * 201, 1.5, None, {}])
def test_anything_else_is_no_id(id: object) -> None:
    begun = started(answer({"id": id}), reads("completed", "failed"))
    assert isinstance(begun, ProbeResult)
    assert (begun.code, begun.reason, begun.facts["detail"]) == (504, "malformed", "no id of a call at /id")


def test_a_call_that_nobody_asked_after_in_time_is_silence() -> None:
    result = overdue(None)
    assert (result.outcome, result.code, result.origin, dict(result.facts)) == (Outcome.FAIL, 408, Origin.TIMEOUT, {})
