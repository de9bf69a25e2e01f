"""What a rule makes of one probe's results: the contract of a rule, and what it tells the gate. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from gates.input import Input
from probes.sample import Moment, Sample


class Level(StrEnum):
    """From good to bad. A gate combines them over its probes and rules (`gates.combine`)."""

    FINE = "fine"
    FAILING = "failing"
    """Something failed, and it is not enough: shown, and the answer stays."""
    UNDECIDED = "undecided"
    """Too little is known to say anything."""
    DOUBTFUL = "doubtful"
    """Callers are turned away, and nothing is reverted: failures enough, but not of the kind that this rule counts."""
    BAD = "bad"
    STALE = "stale"
    """The gate says this of an input, and never a rule: its newest result is too old, or none ever came."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`distance` is how far it is to BAD (`503: 2/3`), `arithmetic` the whole sum behind the level, both for people.

    `since` is the sending or arrival of the first result that the level BAD rests on: the baseline path must be asked after it.
    `restarts` is the moment at which a `confirm_for` that runs begins again, None where none does; `confirms` is False while none
    runs, however short it is. `wants_more`: more results would decide, so the probes should hasten. `to_bad` and `to_fine` say in
    words what would bring about the level BAD, or FINE (`2 more failures among the next 7`); empty where nothing is to be said.
    """

    level: Level
    distance: str
    arithmetic: str
    since: Moment | None = None
    restarts: Moment | None = None
    confirms: bool = True
    wants_more: bool = False
    to_bad: str = ""
    to_fine: str = ""


M = TypeVar("M")


class Rule(Protocol[M]):
    """A frozen value: what was configured. Its memory of one probe is another (`M`, None where the Input is memory enough).

    `hear` is told each result that counts (`gates.rule.counts`), in the order of sending, never twice and never late; `known` is
    the probe's Input after it. Where a probe's name leads to several targets, each target's result is a result of its own.
    `read` may be called at any time, also when nothing was heard.
    """

    @property
    def threshold(self) -> int:
        """So many failures in a row, whatever their code, are DOUBTFUL at least."""
        ...

    def fresh(self) -> M: ...

    def hear(self, memory: M, sample: Sample, *, known: Input) -> M: ...

    def read(self, memory: M, *, known: Input, now: Moment) -> Reading: ...

    def describe(self) -> dict[str, str | int | list[int]]:
        """The rule with its resolved values, for `why`: `{"rule": "consecutive", "threshold": 3, "codes": [503, 408]}`."""
        ...
