"""Where the judge writes down what it is given. Costs a list's append each time, and never blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from daemon.recording.turn import Anew, Began, Event, Given, Seen, Turn, Unlatched
from gates import machine
from gates.gate import Gate, Transition
from gates.machine import Disturbed, Latch, Reset, Tick
from probes.sample import Moment, Sample

Sink = Callable[[Turn], None]


class Tape:
    """`sink` takes each turn when it is over, and must not block. None: nothing is written down."""

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink
        self._events: list[Event] = []
        self._ticked: int | None = None

    def began(self, gates: Mapping[str, Gate], *, now: Moment) -> None:
        self._events.append(Began(now, {name: gate.ran for name, gate in gates.items() if gate.latched}))

    def anew(self, gates: Iterable[Gate], probes: frozenset[str], *, now: Moment) -> None:
        """What a reload of the configuration made anew."""
        self._events.append(Anew(now, {gate.spec.name: gate.ran if gate.latched else None for gate in gates}, probes))

    def heard(self, sample: Sample) -> Sample:
        """As it was given to the judge, before anybody doubted it, whether or not a gate knows its probe."""
        if self._sink is not None:
            self._events.append(sample)
        return sample

    def advance(self, gate: Gate, event: machine.Event, *, now: Moment) -> tuple[Gate, Transition | None]:
        """`gates.machine.advance`, and what it was told: but for samples, which are written down as they were heard."""
        after, transition = machine.advance(gate, event, now=now)
        if isinstance(event, Tick):
            if self._ticked is None:
                self._ticked = len(self._events)
        elif isinstance(event, Latch | Reset | Disturbed):
            self._events.append(Given(gate.spec.name, event))
        if transition is not None:
            self._events.append(Seen(transition))
        return after, transition

    def unlatched(self, gate: Gate) -> Gate:
        """What a gate is taken back to whose run could not be journaled."""
        self._events.append(Unlatched(gate.spec.name, gate.ran, gate.latched))
        return gate

    def turned(self, now: Moment) -> None:
        """The turn is over."""
        turn = Turn(now, tuple(self._events), self._ticked)
        self._events.clear()
        self._ticked = None
        if self._sink is not None:
            self._sink(turn)
