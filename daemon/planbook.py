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
        self.baseline, self.plans, self.problem = baseline, {}, NO_BASELINE
        if baseline is None:
            return
        try:
            self.plans = {
                name: planner.plan(spec, baseline=baseline.id, objects=baseline.objects) for name, spec in self.specs.items()
            }
            self.problem = ""
        except BaselineMissing as missing:
            self.problem = str(missing)

    def by_digest(self, digest: str) -> Plan | None:
        return next((plan for plan in self.plans.values() if plan.digest == digest), None)
