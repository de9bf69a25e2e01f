"""What the judge keeps in mind beside its gates: control targets, soak clocks, and which runs it has said do not start.

Each question is answered by a pure function (`gates.doubt`, `gates.interlock`, `daemon.unasked`); here stands only what they
need from one turn to the next.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from daemon import unasked
from daemon.board import Board
from daemon.moments import Window
from daemon.oversight import Oversight
from daemon.unasked import Kept, Situation
from gates import admit, doubt, machine
from gates.cutover import Cutover
from gates.doubt import Control
from gates.gate import Gate, GateState
from probes.sample import NS_PER_S, Moment, Sample
from reverters.entries import Body, Operated
from reverters.plan import Plan

log = logging.getLogger(__name__)

KEPT_FROM_STARTING = "interlocked"
WOULD_RUN = "would-run"
SAID_AGAIN_NS = 60 * NS_PER_S
"""What comes and goes is journaled no more often than this."""


class Watch:
    def __init__(self, oversight: Oversight) -> None:
        self.oversight = oversight
        self.control = Control(oversight.control)
        self.kept: tuple[Kept, ...] = ()
        """Runs that are due and do not start, as of the last turn."""
        self._soaked: dict[str, tuple[int, int]] = {}
        self._said: dict[tuple[str, str, str], int] = {}
        self._foretold: set[tuple[str, str]] = set()
        self._suspect: frozenset[str] = frozenset()

    def replace(self, oversight: Oversight, afresh: frozenset[str]) -> None:
        """By a reload."""
        self.oversight = oversight
        self.control = doubt.anew(self.control, oversight.control, afresh)

    def heard(self, sample: Sample) -> Sample:
        """What the gates are told of it."""
        before, self.control = self.control, doubt.heard(self.control, sample)
        if self.control.is_ill and not before.is_ill:
            log.error("control targets fail (%s): failures are not held against trunks", ", ".join(self.control.failing()))
        elif before.is_ill and not self.control.is_ill:
            log.warning("control targets pass again")
        return doubt.doubted(sample, self.oversight.periods, self.control)

    def share(self, gate: str, cutover: Cutover) -> int:
        """Of callers that may take the new path, in ten-thousandths."""
        return admit.share(self.oversight.admission.get(gate, ()), cutover.admitted.get(gate))

    def situation(
        self,
        gates: Mapping[str, Gate],
        cutover: Cutover,
        plans: Mapping[str, Plan],
        window: Window,
        queued: frozenset[str],
        *,
        now: Moment,
    ) -> Situation:
        soaking = {name: since for name, (since, _) in self._soaked.items()}
        return Situation(gates, cutover, plans, self.oversight, self.control, window, queued, soaking, now)

    def show(self, board: Board) -> None:
        board.oversight, board.control, board.kept = self.oversight, self.control, self.kept

    def interrupted(self, gate: str) -> None:
        """Its state or answer has changed, and within one turn it may have been bad and be HEALTHY again; or we stood still."""
        self._soaked.pop(gate, None)

    def soak(self, situation: Situation, *, impaired: bool) -> None:
        """To be told of every turn, or a gate that was not HEALTHY between two of them would seem to have soaked on. While we are
        impaired nobody is let in, so nothing soaks.
        """
        self._soaked = {} if impaired else unasked.soaked(situation, self._soaked)

    def news(self, kept: tuple[Kept, ...], shadows: Mapping[str, Gate], *, now: Moment) -> list[Body]:
        """For the journal: which interlock has begun to keep a run from starting, and what a shadow would have started."""
        self._said = {name: at for name, at in self._said.items() if now.mono_ns - at < SAID_AGAIN_NS}
        known = {_name(each) for each in self.kept} | self._said.keys()
        self._said |= {_name(each): now.mono_ns for each in kept if _name(each) not in known}
        self.kept = kept
        found: list[Body] = [
            Operated(
                KEPT_FROM_STARTING,
                {
                    "gate": each.gate,
                    "plan": each.plan,
                    "interlock": each.objection.name,
                    "says": each.objection.says,
                },
            )
            for each in kept
            if _name(each) not in known
        ]
        tripped = {name for name, gate in shadows.items() if gate.state is GateState.TRIPPED}
        self._foretold = {each for each in self._foretold if each[0] in tripped}
        for gate, plan, evidence in unasked.foretold(shadows, now=now):
            if (gate, plan) not in self._foretold:
                self._foretold.add((gate, plan))
                found.append(Operated(WOULD_RUN, {"gate": gate, "plan": plan, "evidence": evidence}))
        return found

    def pace(self, gates: Iterable[Gate], *, now: Moment) -> tuple[frozenset[str], frozenset[str]] | None:
        """Who is asked at `suspect_every` from now on, and who at once; None while that has not changed.

        Control targets hasten with the others: a run by itself waits for their word.
        """
        hasty = [gate for gate in gates if machine.cadence(gate, now=now)]
        beside = {probe for gate in hasty for probe in gate.spec.baseline} | (self.oversight.control if hasty else set())
        suspect = frozenset(probe for gate in hasty for probe in gate.spec.needed) | beside
        if suspect == self._suspect:
            return None
        before, self._suspect = self._suspect, suspect
        return suspect, frozenset(beside) - before


def _name(kept: Kept) -> tuple[str, str, str]:
    return kept.gate, kept.plan, kept.objection.name
