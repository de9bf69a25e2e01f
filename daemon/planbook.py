"""The plans as they stand now: of the specification and the latest baseline, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from reverters import planner
from reverters.baseline import Baseline
from reverters.plan import Plan
from reverters.planner import BaselineMissing, PlanSpec

NO_BASELINE = "no baseline: run `cutoverd baseline capture`"


class PlanBook:
    """`problem` says why there are no plans; empty when every one of them can be carried out."""

    def __init__(self, specs: Mapping[str, PlanSpec]) -> None:
        self.specs = specs
        self.baseline: Baseline | None = None
        self.plans: Mapping[str, Plan] = {}
        self.problem = NO_BASELINE

    def use(self, baseline: Baseline | None) -> None:
        self.baseline, (self.plans, self.problem) = baseline, _planned(self.specs, baseline)

    def under(self, specs: Mapping[str, PlanSpec]) -> tuple[Mapping[str, Plan], str]:
        """What the plans would be with other specifications, and the problem."""
        return _planned(specs, self.baseline)

    def replace(self, specs: Mapping[str, PlanSpec]) -> None:
        self.specs = specs
        self.use(self.baseline)

    def by_digest(self, digest: str) -> Plan | None:
        return next((plan for plan in self.plans.values() if plan.digest == digest), None)


def _planned(specs: Mapping[str, PlanSpec], baseline: Baseline | None) -> tuple[Mapping[str, Plan], str]:
    if baseline is None:
        return {}, NO_BASELINE
    try:
        return {name: planner.plan(spec, baseline=baseline.id, objects=baseline.objects) for name, spec in specs.items()}, ""
    except BaselineMissing as missing:
        return {}, str(missing)
