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
from gates.gate import Gate, GateSpec, Transition, as_disturbed, concerned, fresh, relatched
from gates.machine import Latch, Tick
from probes.sample import Moment, Sample

BY_A_GATE = "gate "
"""How the actor of a run begins that a gate started by itself."""

Told = Callable[[str, Gate, Transition], None]
"""The label of a gate, the gate after it, and the transition."""


class Replay:
    """Gates through a recording, each under a label of its own: of one gate there may be several, each with another rule.

    `as_it_was` keeps the runs that gates started then.
    """

    def __init__(self, specs: Mapping[str, GateSpec], oversight: Oversight, told: Told, *, as_it_was: bool) -> None:
        self._specs = specs
        self._concerned = concerned(specs)
        self._labels = _by_name(specs)
        self._told = told
        self._as_it_was = as_it_was
        self._periods = oversight.periods
        self._control = Control(oversight.control)
        self.gates = {label: fresh(spec) for label, spec in specs.items()}

    def turn(self, turn: Turn) -> None:
        for place, event in enumerate(turn.events):
            if place == turn.ticked:
                self._tick(turn.now)
            self._take(event, turn.now)
        if turn.ticked == len(turn.events):
            self._tick(turn.now)

    def _tick(self, now: Moment) -> None:
        for label in self.gates:
            self._advance(label, Tick(), now)

    def _take(self, event: Event, now: Moment) -> None:
        match event:
            case Sample():
                self._hear(event, now)
            case Began(at, latched):
                self._begin(latched, at)
            case Anew():
                self._renew(event)
            case Given(name, given) if self._happens(given):
                for label in self._labels.get(name, ()):
                    self._advance(label, given, now)
            case Unlatched(name):
                self._unlatch(event, self._labels.get(name, ()))

    def _renew(self, mark: Anew) -> None:
        self._control = doubt.anew(self._control, self._control.probes, mark.probes)
        for name, ran in mark.gates.items():
            for label in self._labels.get(name, ()):
                self.gates[label] = as_disturbed(self._made(label, ran, mark.at), self.gates.values())

    def _unlatch(self, mark: Unlatched, labels: Iterable[str]) -> None:
        for label in labels:
            if self._as_it_was or self.gates[label].latched:
                self.gates[label] = replace(self.gates[label], ran=mark.ran, latched=mark.latched)

    def _begin(self, latched: Mapping[str, frozenset[str]], at: Moment) -> None:
        """A start of the daemon: nothing is known but what was durable."""
        self._control = Control(self._control.probes)
        for label, spec in self._specs.items():
            self.gates[label] = self._made(label, latched.get(spec.name), at)

    def _made(self, label: str, ran: frozenset[str] | None, at: Moment) -> Gate:
        """`ran` is not None where the journal held the gate latched. By other values that counts only of a trip by hand."""
        spec = self._specs[label]
        is_latched = ran is not None and (self._as_it_was or self.gates[label].latched)
        return relatched(spec, ran or frozenset(), now=at) if is_latched else fresh(spec)

    def _happens(self, event: object) -> bool:
        return self._as_it_was or not (isinstance(event, Latch) and event.by.startswith(BY_A_GATE))

    def _hear(self, sample: Sample, now: Moment) -> None:
        self._control = doubt.heard(self._control, sample)
        told = doubt.doubted(sample, self._periods, self._control)
        for label in self._concerned.get(sample.probe, ()):
            self._advance(label, told, now)

    def _advance(self, label: str, event: machine.Event, now: Moment) -> None:
        self.gates[label], transition = machine.advance(self.gates[label], event, now=now)
        if transition is not None:
            self._told(label, self.gates[label], transition)


def _by_name(specs: Mapping[str, GateSpec]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for label, spec in specs.items():
        found[spec.name] = (*found.get(spec.name, ()), label)
    return found


def transitions(
    turns: Iterable[Turn], specs: Mapping[str, GateSpec], oversight: Oversight, *, as_it_was: bool = True
) -> list[Transition]:
    """All of them, in order."""
    found: list[Transition] = []
    replay = Replay(specs, oversight, lambda label, gate, transition: found.append(transition), as_it_was=as_it_was)
    for turn in turns:
        replay.turn(turn)
    return found
