"""Where the judge writes down what it is given. Costs a list's append each time, and never blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daemon.recording.turn import Began, Event, Given, Seen, Turn, Unlatched
from gates.gate import Gate, Transition
from gates.machine import Disturbed, Latch, Reset, Tick
from probes.sample import Moment, Sample

Sink = Callable[[Turn], None]


class Tape:
    """`sink` takes each turn when it is over, and must not block. None: nothing is recorded."""

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink
        self._events: list[Event] = []
        self._ticked: int | None = None

    def began(self, gates: Mapping[str, Gate]) -> None:
        self._events.append(Began({name: gate.ran for name, gate in gates.items() if gate.latched}))

    def heard(self, sample: Sample) -> None:
        """A sample as it was given to the judge, before anybody doubted it, whether or not a gate knows its probe."""
        self._events.append(sample)

    def told(self, gate: str, event: object, transition: Transition | None) -> None:
        """What a gate was told, and the transition that came of it. Samples are written down as `heard`."""
        if isinstance(event, Latch | Reset | Disturbed):
            self._events.append(Given(gate, event))
        elif isinstance(event, Tick) and self._ticked is None:
            self._ticked = len(self._events)
        if transition is not None:
            self._events.append(Seen(transition))

    def unlatched(self, gate: Gate) -> None:
        self._events.append(Unlatched(gate.spec.name, gate.ran, gate.latched))

    def turned(self, now: Moment) -> None:
        events, ticked = tuple(self._events), self._ticked
        self._events.clear()
        self._ticked = None
        if self._sink is not None:
            self._sink(Turn(now, events, ticked))
