"""A definition as plain JSON: back again whole, covered by the digest, and named in the baseline."""

from __future__ import annotations

from dataclasses import replace

from config.steps import Answer, BodyOk, Capture, Poll, Send, Verify
from reverters import planner
from reverters.http import definition
from reverters.planner import PlanSpec, StageSpec
from tests.reverters.http.bench import BASELINE, IVR, KEEP, S, http_step, put

FULL = http_step(
    put(id="first", conflict=Answer(status=(409, "5xx"), codes=("x",), contains="y")),
    Send(method="POST", path="/p/{ivrId}", body=["{first/id}", {"a": None}], idempotency="job"),
    poll=Poll(ok={"/state": ["done", "over"]}, match={"/id": "{response/id}"}, running={"/busy": [True]}, every=S),
    capture=Capture(path=IVR, keep=KEEP, at="/ivr", query={"a": "b"}, body_ok=BodyOk(absent_or_zero=("/errors",))),
    verify=Verify(stable=3),
)


def test_a_definition_comes_back_as_it_was() -> None:
    assert definition.read(definition.expand(FULL).spec) == FULL
    assert definition.read(definition.expand(http_step()).spec) == http_step()


def _digest(settings: object) -> str:
    assert isinstance(settings, type(FULL))
    spec = definition.expand(settings)
    plan = PlanSpec("rollback", (StageSpec("routing", (spec,)),))
    return planner.plan(plan, baseline="b", objects={spec.object: BASELINE}).digest


def test_the_digest_covers_all_of_the_definition() -> None:
    assert _digest(FULL) == _digest(FULL)
    others = [replace(FULL, timeout=S), replace(FULL, verify=Verify(stable=4)), replace(FULL, revert=FULL.revert[1:])]
    assert len({_digest(each) for each in (FULL, *others)}) == 4


def test_an_object_that_is_read_in_another_way_is_another_in_the_baseline() -> None:
    less = replace(FULL, capture=replace(FULL.capture, keep=("/name",)))
    assert definition.expand(less).object != definition.expand(FULL).object
    assert definition.expand(replace(FULL, timeout=S)).object == definition.expand(FULL).object


def test_people_read_where_the_object_is() -> None:
    assert definition.expand(FULL).target == "genesys:/api/v2/architect/ivrs/i-1?a=b"
