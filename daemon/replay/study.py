"""What a recording says of gates: the trips, what was live, and what other values of their rules would have done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from daemon.oversight import Oversight
from daemon.recording.turn import Lost, Seen, Turn
from daemon.replay.course import Course, Incident
from daemon.replay.replay import Replay
from daemon.replay.variants import Variant
from gates.gate import Gate, GateSpec, Transition
from probes.sample import Moment, Sample


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that were judged and not recorded, before this moment."""

    before: Moment
    samples: int


@dataclass(slots=True)
class Read:
    """How much was replayed and told, which the warm-up is not, and what it lacks."""

    first: Moment | None = None
    last: Moment | None = None
    turns: int = 0
    samples: int = 0
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one variant of a gate did: its trips, and the nanoseconds from the first failing result to each of them."""

    variant: Variant
    trips: int
    false: int
    detected_ns: tuple[int, ...]


class Study:
    """Turn by turn. What happens before `from_utc_ns` warms the gates up and is not told."""

    def __init__(
        self,
        specs: Mapping[str, GateSpec],
        oversight: Oversight,
        variants: Iterable[Variant],
        *,
        as_it_was: bool,
        from_utc_ns: int = 0,
    ) -> None:
        self.read = Read()
        self.live: list[Transition] = []
        self.replayed: list[Transition] = []
        self._from_utc_ns = from_utc_ns
        self._names = {spec.name for spec in specs.values()}
        self._courses = {name: Course() for name in specs}
        self._replay = Replay(specs, oversight, self._told, as_it_was=as_it_was)
        self._variants = {f"{each.parameter}={each.written}": each for each in variants}
        self._others = {label: Course() for label in self._variants}
        others = {label: each.spec for label, each in self._variants.items()}
        self._what_if = Replay(others, oversight, self._told_otherwise, as_it_was=False)

    def turn(self, turn: Turn) -> None:
        self._count(turn)
        for replay, courses in ((self._replay, self._courses), (self._what_if, self._others)):
            replay.turn(turn)
            for label, course in courses.items():
                course.turned(replay.gates[label], turn.now)

    def _count(self, turn: Turn) -> None:
        read, is_told = self.read, self._tells(turn.now)
        if is_told:
            read.first, read.last = read.first or turn.now, turn.now
            read.turns += 1
        for event in turn.events:
            if isinstance(event, Sample):
                read.samples += is_told
            elif isinstance(event, Lost):
                read.gaps.append(Gap(turn.now, event.samples))
            elif isinstance(event, Seen) and event.transition.gate in self._names and self._tells(event.transition.at):
                self.live.append(event.transition)

    def _tells(self, at: Moment) -> bool:
        return at.utc_ns >= self._from_utc_ns

    def _told(self, label: str, gate: Gate, transition: Transition) -> None:
        self._courses[label].told(gate, transition)
        if self._tells(transition.at):
            self.replayed.append(transition)

    def _told_otherwise(self, label: str, gate: Gate, transition: Transition) -> None:
        self._others[label].told(gate, transition)

    def trips(self, name: str) -> list[Incident]:
        return self._since(self._courses[name])

    def outcomes(self, name: str, *, false_within_ns: int) -> list[Outcome]:
        found = []
        for label, variant in self._variants.items():
            if variant.gate == name:
                trips = self._since(self._others[label])
                false = sum(1 for each in trips if each.is_false(false_within_ns))
                taken = (each.after_ns(each.tripped) for each in trips)
                found.append(Outcome(variant, len(trips), false, tuple(ns for ns in taken if ns is not None)))
        return found

    def _since(self, course: Course) -> list[Incident]:
        return [each for each in course.trips if each.tripped and self._tells(each.tripped)]

    def differs(self) -> tuple[Transition | None, Transition | None] | None:
        """The first transition that is not as it was live: the live one and the replayed one, if any. None: all are the same."""
        for index in range(max(len(self.live), len(self.replayed))):
            live = self.live[index] if index < len(self.live) else None
            replayed = self.replayed[index] if index < len(self.replayed) else None
            if _moved(live) != _moved(replayed):
                return live, replayed
        return None


def _moved(transition: Transition | None) -> tuple[object, ...] | None:
    """All but the words, which another version may choose otherwise."""
    if transition is None:
        return None
    return transition.gate, transition.before, transition.after, transition.cause, transition.at
