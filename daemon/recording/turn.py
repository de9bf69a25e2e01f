"""One turn of the judge as it is recorded: when it was, and everything that moved gates in it, in order. Values only.

A turn without events is recorded too. The gates are told in each turn that time has passed, so the moments of the turns are all
that a replay needs to know of time, whatever its thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gates.gate import Transition
from gates.machine import Disturbed, Latch, Reset
from probes.sample import Moment, Sample


@dataclass(frozen=True, slots=True)
class Given:
    """What one gate was told that is no sample."""

    gate: str
    event: Latch | Reset | Disturbed


@dataclass(frozen=True, slots=True)
class Unlatched:
    """The run that latched a gate could not be journaled: what the gate is taken back to."""

    gate: str
    ran: frozenset[str]
    latched: bool


@dataclass(frozen=True, slots=True)
class Began:
    """The daemon started: every gate afresh, but for these, which the journal holds latched, each with the plans that ran."""

    at: Moment
    latched: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anew:
    """What a reload of the configuration made anew: gates, with the plans that ran where the journal holds one latched, and
    probes, of which nothing is known any more.
    """

    at: Moment
    gates: Mapping[str, frozenset[str] | None]
    probes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lost:
    """A gap: so many samples before this were judged and not recorded."""

    samples: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A transition as it was live."""

    transition: Transition


Mark = Given | Unlatched | Began | Anew | Lost | Seen
Event = Sample | Mark


@dataclass(frozen=True, slots=True)
class Turn:
    """`ticked` is after how many of the events the gates were told that time has passed; None: they were not."""

    now: Moment
    events: tuple[Event, ...] = ()
    ticked: int | None = 0

    @property
    def samples(self) -> list[Sample]:
        return [event for event in self.events if isinstance(event, Sample)]

    @property
    def marks(self) -> list[Mark]:
        return [event for event in self.events if not isinstance(event, Sample)]


def follow(standing: dict[str, frozenset[str]], mark: Mark) -> None:
    """Which gates are latched after a mark, each with the plans that ran since."""
    match mark:
        case Given(gate, Latch(plan)):
            standing[gate] = standing.get(gate, frozenset()) | {plan}
        case Given(gate, Reset()):
            standing.pop(gate, None)
        case Unlatched(gate, ran, latched):
            standing.pop(gate, None)
            if latched:
                standing[gate] = ran
        case Began(latched=latched):
            standing.clear()
            standing.update(latched)
        case Anew(gates=gates):
            for name, plans in gates.items():
                standing.pop(name, None)
                standing.update({} if plans is None else {name: plans})
