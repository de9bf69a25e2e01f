"""One gate through a replay: when there was trouble, how long it took to be noticed, and how each trip ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from gates import machine
from gates.gate import Gate, GateState, Transition
from probes.sample import NS_PER_S, Moment

FALSE_WITHIN_NS = 300 * NS_PER_S

UNWELL = frozenset({GateState.SUSPECT, GateState.TRIPPED, GateState.INCONCLUSIVE})


class End(StrEnum):
    RECOVERED = "recovered"  # by itself
    RUN = "run"  # a run started, or a human tripped
    RESET = "reset"
    UNKNOWN = "unknown"  # inputs grew old, or we were unwell
    STANDS = "stands"  # at the end of what was replayed


@dataclass(frozen=True, slots=True)
class Incident:
    """From the first failure to the end of the trouble. `first_failed` is the arrival of the first failing result of those that
    the gate's verdict rests on, where it rests on failures; `due` is when the first run of `on_trip` would have started, armed.
    """

    gate: str
    began: Moment
    first_failed: Moment | None
    degraded: Moment | None = None
    tripped: Moment | None = None
    evidence: str = ""
    due: Moment | None = None
    ended: Moment | None = None
    end: End = End.STANDS

    def after_ns(self, moment: Moment | None) -> int | None:
        """From the first failing result to `moment`."""
        if moment is None or self.first_failed is None:
            return None
        return moment.mono_ns - self.first_failed.mono_ns

    def is_false(self, within_ns: int) -> bool:
        """A trip from which the gate recovered by itself, soon, before anything was reverted. It may have been a real outage that
        passed; nobody but the people who were there can tell.
        """
        if self.tripped is None or self.ended is None or self.end is not End.RECOVERED:
            return False
        return self.ended.mono_ns - self.tripped.mono_ns <= within_ns


_ENDS = {GateState.HEALTHY: End.RECOVERED, GateState.UNKNOWN: End.UNKNOWN}


@dataclass(slots=True)
class Course:
    """Told of each transition of its gate, and of the gate at the end of each turn. A trip by a human is none of the gate's."""

    closed: list[Incident] = field(default_factory=list)
    open: Incident | None = None

    def told(self, gate: Gate, transition: Transition) -> None:
        at, after = transition.at, transition.after
        incident = self.open
        if after in _ENDS:
            if incident is not None:
                end = End.RESET if transition.cause.startswith("reset by ") else _ENDS[after]
                self._close(replace(incident, ended=at, end=end))
            return
        first = machine.first_failed(gate, now=at)
        incident = incident or Incident(gate.spec.name, at, first)
        if gate.latched:
            self._close(replace(incident, due=incident.due or (at if incident.tripped else None), ended=at, end=End.RUN))
            return
        if gate.degraded and incident.degraded is None:
            incident = replace(incident, degraded=at)
        if after is GateState.TRIPPED and incident.tripped is None:
            incident = replace(incident, tripped=at, evidence=transition.evidence, first_failed=incident.first_failed or first)
        self.open = incident

    def turned(self, gate: Gate, now: Moment) -> None:
        incident = self.open
        if incident is None or incident.tripped is None:
            return
        if incident.due is None and machine.due_plans(gate, now=now):
            self.open = replace(incident, due=now)

    def _close(self, incident: Incident) -> None:
        self.closed.append(incident)
        self.open = None

    @property
    def incidents(self) -> list[Incident]:
        return [*self.closed, *([self.open] if self.open else [])]

    @property
    def trips(self) -> list[Incident]:
        return [each for each in self.incidents if each.tripped is not None]
