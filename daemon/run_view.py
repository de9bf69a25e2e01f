"""A run as an onlooker sees it: which stage is where, and how long each step took. Pure, folded from journal entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from probes.sample import NS_PER_S
from reverters.entries import Body, Closed, Finished, Inspected, Intended, Planned, Responded, Verified
from reverters.journal import JournalEntry
from reverters.plan import Document
from reverters.progress import Last, Progress, note


class StageState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    HALTED = "halted"


@dataclass(slots=True)
class RunView:
    """The newest run of one plan. Instants are UTC: a run may have begun before this process did."""

    plan: str
    stages: list[Document]
    progress: Progress = field(default_factory=Progress)
    began_utc_ns: dict[str, int] = field(default_factory=dict)

    def states(self) -> Iterator[tuple[str, StageState]]:
        """(stage, state) in the plan's order."""
        reached = False
        for stage in self.stages:
            state = StageState.PENDING if reached else self._state(stage)
            reached = reached or state is not StageState.DONE
            yield stage["name"], state

    def _state(self, stage: Document) -> StageState:
        if self.progress.is_halted:
            return StageState.HALTED if not self._is_done(stage) else StageState.DONE
        if self._is_done(stage):
            return StageState.DONE
        return StageState.WAITING if self._is_finished(stage) else StageState.RUNNING

    def _is_finished(self, stage: Document) -> bool:
        return all(self.progress.step(step["key"]).last is Last.FINISHED for step in stage["steps"])

    def _is_done(self, stage: Document) -> bool:
        waited = not stage["wait"] or stage["name"] in self.progress.waited
        return self._is_finished(stage) and waited


@dataclass(slots=True)
class Runs:
    """The newest run of each plan, and how long the last recovery took."""

    by_plan: dict[str, RunView] = field(default_factory=dict)
    by_run: dict[str, RunView] = field(default_factory=dict)
    recovery_s: float | None = None

    def follow(self, entry: JournalEntry) -> tuple[Body, float | None] | None:
        """Fold one entry. Returns its body, with the seconds that a step took if the entry ends one; None if of no run."""
        if not entry.run:
            return None
        body = entry.body
        if isinstance(body, Planned):
            view = RunView(body.plan, list(body.document["stages"]))
            self.by_plan[body.plan] = self.by_run[entry.run] = view
        if isinstance(body, Closed) and body.outcome == "restored":
            self.recovery_s = body.recovery_ns / NS_PER_S
        return body, self._note(entry, body)

    def _note(self, entry: JournalEntry, body: Body) -> float | None:
        view = self.by_run.get(entry.run)
        if view is None:
            return None
        view.progress = note(view.progress, entry)
        if isinstance(body, Closed):
            del self.by_run[entry.run]
        if not isinstance(body, Inspected | Intended | Responded | Verified | Finished):
            return None
        began_utc_ns = view.began_utc_ns.setdefault(body.step, entry.at_utc_ns)
        return (entry.at_utc_ns - began_utc_ns) / NS_PER_S if isinstance(body, Finished) else None
