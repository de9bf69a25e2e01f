"""A plan is a function of its specification and the baseline, and so is its digest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverters.plan import Plan, Stage, Step, Wait
from reverters.planner import BaselineMissing, PlanSpec, StageSpec, StepSpec, plan

A = StepSpec("dns", "dns", "sip.example.net./A", "dns:a", {"server": "ns1"})
B = StepSpec("dns", "dns", "sip.example.net./AAAA", "dns:b", {"server": "ns1"})
SPEC = PlanSpec("rollback", (StageSpec("dns", (A, B), Wait(30, "caches")), StageSpec("trunk", (replace(A, id="again"),))))
OBJECTS = {"dns:a": {"values": ["192.0.2.1"]}, "dns:b": {"values": []}, "unused": {"values": ["x"]}}


def test_each_step_has_its_key_and_the_value_of_the_baseline() -> None:
    made = plan(SPEC, baseline="b1", objects=OBJECTS)
    assert made == Plan(
        "rollback",
        "b1",
        (
            Stage(
                "dns",
                (
                    Step("rollback/dns/dns/sip.example.net./A", "dns", A.target, A.spec, {"values": ["192.0.2.1"]}),
                    Step("rollback/dns/dns/sip.example.net./AAAA", "dns", B.target, B.spec, {"values": []}),
                ),
                Wait(30, "caches"),
            ),
            Stage("trunk", (Step("rollback/trunk/again/sip.example.net./A", "dns", A.target, A.spec, OBJECTS["dns:a"]),)),
        ),
    )


def test_a_baseline_without_an_object_is_refused_and_every_such_object_named() -> None:
    with pytest.raises(BaselineMissing) as refused:
        plan(SPEC, baseline="b1", objects={"dns:b": {}})
    assert refused.value.objects == ["dns:a"]
    assert str(refused.value).startswith("plan rollback: not in the baseline: dns:a: run")
    assert "cutoverd baseline capture" in str(refused.value)


def test_the_digest_is_the_same_for_the_same_plan() -> None:
    first, second = (plan(SPEC, baseline="b1", objects=dict(reversed(OBJECTS.items()))) for _ in range(2))
    assert first.digest == second.digest == plan(SPEC, baseline="b1", objects=OBJECTS).digest


@pytest.mark.parametrize(
    "other",
    [
        plan(replace(SPEC, name="rollback2"), baseline="b1", objects=OBJECTS),
        plan(SPEC, baseline="b2", objects=OBJECTS),
        plan(SPEC, baseline="b1", objects={**OBJECTS, "dns:a": {"values": ["192.0.2.2"]}}),
        plan(replace(SPEC, stages=SPEC.stages[:1]), baseline="b1", objects=OBJECTS),
        plan(replace(SPEC, stages=SPEC.stages[::-1]), baseline="b1", objects=OBJECTS),
        plan(replace(SPEC, stages=(replace(SPEC.stages[0], wait=None), SPEC.stages[1])), baseline="b1", objects=OBJECTS),
        plan(replace(SPEC, stages=(replace(SPEC.stages[0], steps=(B, A)), SPEC.stages[1])), baseline="b1", objects=OBJECTS),
        plan(
            replace(SPEC, stages=(replace(SPEC.stages[0], steps=(replace(A, spec={"server": "ns2"}), B)), SPEC.stages[1])),
            baseline="b1",
            objects=OBJECTS,
        ),
    ],
    ids=["name", "baseline", "value", "stages", "order of stages", "wait", "order of steps", "where the object lives"],
)
def test_the_digest_covers(other: Plan) -> None:
    assert other.digest != plan(SPEC, baseline="b1", objects=OBJECTS).digest


def test_an_object_that_no_step_restores_is_not_in_the_digest() -> None:
    without = {name: document for name, document in OBJECTS.items() if name != "unused"}
    assert plan(SPEC, baseline="b1", objects=without).digest == plan(SPEC, baseline="b1", objects=OBJECTS).digest


def test_a_plan_goes_through_the_document_that_the_journal_keeps() -> None:
    made = plan(SPEC, baseline="b1", objects=OBJECTS)
    document = made.document()
    assert [stage["name"] for stage in document["stages"]] == ["dns", "trunk"]
    assert document["stages"][0]["wait"] == {"for_ns": 30, "reason": "caches"}
    assert document["stages"][1]["wait"] is None
    assert [step["key"] for stage in document["stages"] for step in stage["steps"]] == [step.key for step in made.steps()]
