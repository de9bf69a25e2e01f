"""The plans as they stand: of the specification and the latest baseline."""

from __future__ import annotations

from daemon.planbook import NO_BASELINE, PlanBook
from reverters.baseline import Baseline
from tests.daemon.desk import baseline, plan_spec


def book() -> PlanBook:
    return PlanBook({"rollback": plan_spec("rollback"), "other": plan_spec("other")})


def test_without_a_baseline_there_are_no_plans_and_the_problem_says_what_to_do() -> None:
    fresh = book()
    assert (fresh.plans, fresh.problem, fresh.baseline) == ({}, NO_BASELINE, None)
    assert "cutoverd baseline capture" in NO_BASELINE


def test_a_baseline_makes_every_plan() -> None:
    made, captured = book(), baseline()
    made.use(captured)
    assert (set(made.plans), made.problem, made.baseline) == ({"rollback", "other"}, "", captured)
    assert made.plans["rollback"].baseline == captured.id


def test_a_plan_is_found_by_its_digest() -> None:
    made = book()
    made.use(baseline())
    assert made.by_digest(made.plans["other"].digest) is made.plans["other"]
    assert made.by_digest("0" * 64) is None


def test_a_baseline_that_lacks_an_object_makes_no_plan_at_all() -> None:
    made = book()
    made.use(Baseline.of(captured_utc_ns=1, actor="op", objects={}))
    assert made.plans == {}
    assert "memory:a" in made.problem


def test_a_baseline_that_is_taken_away_takes_the_plans_along() -> None:
    made = book()
    made.use(baseline())
    made.use(None)
    assert (made.plans, made.problem) == ({}, NO_BASELINE)


def test_another_baseline_makes_another_digest() -> None:
    made = book()
    made.use(baseline())
    before = made.plans["rollback"].digest
    made.use(baseline("203.0.113.7"))
    assert made.plans["rollback"].digest != before
