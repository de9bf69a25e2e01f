"""What the probes of a gate have told it, by probe and by target. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from probes.sample import Moment
from probes.values import fast_dataclass

_NO_KINDS: Mapping[str, int] = MappingProxyType({})


@fast_dataclass(frozen=True, slots=True)
class Input:
    """What one probe has told us. Moments are None until the first such result.

    `counted` are consecutive failures in the code set, `failing` consecutive failures of any code, `passes` consecutive
    passes. `judged` is the highest sequence that counted for anything. `streak` are the newest of those counted, `kinds` all of
    them by code and origin (`503`, `503 transport`): shown apart, counted together.
    """

    judged: int = -1
    sent: Moment | None = None
    passed_sent: Moment | None = None
    passed_at: Moment | None = None
    first_failed: Moment | None = None
    first_counted: Moment | None = None
    counted: int = 0
    failing: int = 0
    passes: int = 0
    streak: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=lambda: _NO_KINDS)


@dataclass(frozen=True, slots=True)
class Since:
    """The path and its targets as they were when one vanished that had failed less often than the others."""

    path: Input
    known: Mapping[str, Input]


class Told(StrEnum):
    """What one result tells a beat of its target."""

    COUNTED = "counted"  # FAIL, in the code set
    FAILED = "failed"  # FAIL, outside it
    PASSED = "passed"
    UNMEASURED = "unmeasured"  # ERROR
    NOTHING = "nothing"  # late, or silence that we may have slept through


@dataclass(frozen=True, slots=True)
class Beat:
    """Results of one place in the order of sending: who has not reported, the latest arrival, and what was told by whom."""

    waiting: frozenset[str]
    at: Moment
    told: Mapping[str, Told] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


NOWHERE = -2
"""Before any place in the order of sending."""


@dataclass(frozen=True, slots=True)
class Row:
    """Consecutive beats in which nobody got through (`gates.beats`): `counted` by codes of the set, `failing` by any.

    `open` are the beats after `judged` that were heard of, `passed` the newest with a PASS. `errors` counts ERRORs in a row by
    target of the beat judged last; a target whose results were all ERROR since it joined is above the threshold at once.
    """

    open: Mapping[int, Beat] = field(default_factory=dict)
    judged: int = NOWHERE
    passed: int = -1
    counted: int = 0
    failing: int = 0
    first_counted: Moment | None = None
    first_failed: Moment | None = None
    streak: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=lambda: _NO_KINDS)
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Targets:
    """What each target has told us that a probe's name leads to (`gates.targets`).

    `newest` is the highest sequence that told anything, `passed` the highest in which a target passed, `passes` how many in a
    row, `passed_sent` the latest sending of any PASS. Failures of the path count from `since` on, or are those of `row`.
    """

    known: Mapping[str, Input]
    newest: int = -1
    passed: int = -1
    passes: int = 0
    passed_sent: Moment | None = None
    since: Since | None = None
    row: Row = field(default_factory=Row)
