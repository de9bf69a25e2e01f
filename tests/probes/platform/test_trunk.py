"""A trunk's document, and several trunks in one result."""

from __future__ import annotations

import pytest

from probes.exchange.document import Json
from probes.platform.telling import Untold
from probes.platform.trunk import Down, Up, fold, standing
from probes.sample import Origin, Outcome, ProbeResult

UNTOLD = Untold(ProbeResult(Outcome.FAIL, 504, Origin.TIMEOUT, "timeout", 7, {"phase": "response"}), None)
LIMITED = Untold(ProbeResult(Outcome.ERROR, None, Origin.WIRE, "rate-limited", 7), 429)
DOWN = Down("b", "not-connected")


def document(**fields: Json) -> Json:
    return {"id": "1", "name": "carrier", "inService": True, "connectedStatus": {"connected": True}, **fields}


def registers(*states: Json) -> Json:
    return document(registersStatus=[{"registerState": state, "errorInfo": {"code": "503", "text": "x"}} for state in states])


@pytest.mark.parametrize("states", [(True,), (True, False), (False, True), (None, True)])
def test_one_proxy_that_holds_the_registration_is_enough(states: tuple[Json, ...]) -> None:
    assert standing("1", registers(*states), ("registered",)) == Up("carrier")


def test_a_trunk_is_not_registered_when_no_proxy_holds_it() -> None:
    assert standing("1", registers(False, False), ("registered",)) == Down("carrier", "not-registered", "503 x; 503 x")


@pytest.mark.parametrize(
    "told",
    [document(), registers(), registers(None), document(registersStatus={}), document(registersStatus=[1]), registers("true")],
    ids=["absent", "empty", "null", "object", "number", "text"],
)
def test_registrations_that_are_not_told_are_not_measured(told: Json) -> None:
    found = standing("1", told, ("registered",))
    assert isinstance(found, Untold)
    assert (found.result.outcome, found.result.reason) == (Outcome.ERROR, "not-told")


@pytest.mark.parametrize("value", [None, "true", 1, {}])
def test_in_service_is_true_or_false_and_nothing_else(value: Json) -> None:
    assert isinstance(standing("1", document(inService=value), ("in_service",)), Untold)


def test_what_is_worst_is_told_first() -> None:
    told = document(inService=False, connectedStatus={"connected": False})
    assert standing("1", told, ("connected", "in_service")) == Down("carrier", "out-of-service")


def test_a_trunk_without_a_name_goes_by_its_id() -> None:
    assert standing("1", {"id": "1", "inService": True}, ("in_service",)) == Up("1")


@pytest.mark.parametrize("need", [1, 2])
def test_what_was_not_told_is_the_result_where_it_would_decide(need: int) -> None:
    trunks = [Up("a"), UNTOLD] if need == 1 else [DOWN, UNTOLD]
    result = fold(trunks, need=need)
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "timeout")
    assert result.facts == {"phase": "response", "read": 1, "unread": 1}


def test_what_was_not_told_does_not_matter_where_enough_are_down() -> None:
    result = fold([DOWN, LIMITED], need=1)
    assert (result.outcome, result.code, result.facts["unread"]) == (Outcome.FAIL, 503, 1)


def test_what_was_not_told_does_not_matter_where_too_few_could_be_down() -> None:
    result = fold([Up("a"), LIMITED], need=2)
    assert (result.outcome, result.facts["agreed"], result.facts["asked"]) == (Outcome.PASS, 1, 1)


def test_an_unknown_trunk_gives_the_code_only_where_no_known_one_is_down() -> None:
    unknown = Down("c", "unknown-trunk", code=404)
    assert fold([unknown, DOWN], need=1).code == 503
    assert fold([unknown, Up("a")], need=1).code == 404


def test_the_trunks_that_are_down_are_named_and_not_too_many_of_them() -> None:
    detail = str(fold([Down(f"carrier-{number}", "not-connected") for number in range(50)], need=1).facts["detail"])
    assert detail.startswith("carrier-0: not-connected; carrier-1: not-connected")
    assert len(detail) <= 120
