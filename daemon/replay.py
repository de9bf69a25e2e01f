"""Recorded turns judged again: the same pure machine, told the same things in the same order at the same moments.

With the configuration of then, a recording gives exactly the transitions that were live: state, cause, evidence and moment. With
another one it gives what would have been; then runs that gates started live are left out, because a latched gate says nothing.
Resets, disturbances of ourselves and trips by humans happened whatever the thresholds were, and stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from daemon.oversight import Oversight
from daemon.recording.turn import Anew, Began, Event, Given, Turn, Unlatched
from gates import doubt, machine
from gates.doubt import Control
from gates.gate import Gate, GateSpec, Transition, concerned, fresh, relatched
from gates.machine import Latch, Tick
from probes.sample import Moment, Sample

BY_A_GATE = "gate "
"""How the actor of a run begins that a gate started by itself."""

Told = Callable[[Gate, Transition], None]


def unlatched(gate: Gate, mark: Unlatched) -> Gate:
    return replace(gate, ran=mark.ran, latched=mark.latched)


class Replay:
    """Gates through a recording. `told` hears of each transition, with the gate after it; `as_it_was` keeps the runs of then."""

    def __init__(self, specs: Mapping[str, GateSpec], oversight: Oversight, told: Told, *, as_it_was: bool) -> None:
        self._specs = specs
        self._concerned = concerned(specs)
        self._told = told
        self._as_it_was = as_it_was
        self._periods = oversight.periods
        self._control = Control(oversight.control)
        self.gates = {name: fresh(spec) for name, spec in specs.items()}

    def turn(self, turn: Turn) -> None:
        for place, event in enumerate(turn.events):
            if place == turn.ticked:
                self._tick(turn.now)
            self._take(event, turn.now)
        if turn.ticked == len(turn.events):
            self._tick(turn.now)

    def stands(self, latched: Mapping[str, frozenset[str]], now: Moment) -> None:
        """Every gate as at a start of the daemon."""
        self._control = Control(self._control.probes)
        for name, spec in self._specs.items():
            ran = latched.get(name) if self._as_it_was else None
            self.gates[name] = fresh(spec) if ran is None else relatched(spec, ran, now=now)

    def _tick(self, now: Moment) -> None:
        for name in self.gates:
            self._advance(name, Tick(), now)

    def _take(self, event: Event, now: Moment) -> None:
        match event:
            case Sample():
                self._hear(event, now)
            case Began(latched):
                self.stands(latched, now)
            case Anew(gates):
                self.gates.update({name: fresh(self._specs[name]) for name in gates if name in self._specs})
            case Given(gate, given) if gate in self.gates and self._happens(given):
                self._advance(gate, given, now)
            case Unlatched(gate) if gate in self.gates and (self._as_it_was or self.gates[gate].latched):
                self.gates[gate] = unlatched(self.gates[gate], event)

    def _happens(self, event: object) -> bool:
        return self._as_it_was or not (isinstance(event, Latch) and event.by.startswith(BY_A_GATE))

    def _hear(self, sample: Sample, now: Moment) -> None:
        self._control = doubt.heard(self._control, sample)
        told = doubt.doubted(sample, self._periods, self._control)
        for name in self._concerned.get(sample.probe, ()):
            self._advance(name, told, now)

    def _advance(self, name: str, event: machine.Event, now: Moment) -> None:
        self.gates[name], transition = machine.advance(self.gates[name], event, now=now)
        if transition is not None:
            self._told(self.gates[name], transition)


def transitions(
    turns: Iterable[Turn], specs: Mapping[str, GateSpec], oversight: Oversight, *, as_it_was: bool = True
) -> list[Transition]:
    """All of them, in order."""
    found: list[Transition] = []
    replay = Replay(specs, oversight, lambda gate, transition: found.append(transition), as_it_was=as_it_was)
    for turn in turns:
        replay.turn(turn)
    return found
