"""Gates in the file: rules, how they are combined, how callers are admitted, what keeps a run from starting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from config.quantities import ANY, Combine, Measure, Ratio
from config.rules import Between, OrSingle, not_empty
from config.units import Duration, DurationOrZero, Instant, Name, OneOrMore

S = 1_000_000_000
RULES = ("consecutive", "failures", "success_ratio", "value", "stable_for", "agreement")
Count = Annotated[int, Between(1, 1000)]
Calls = Annotated[int, Between(1, 100_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consecutive:
    consecutive: Count = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRatio:
    """The share of attempts that pass. `sequential` decides as soon as the evidence suffices (Wald's test); `point` compares the
    share of the last `of` with `at_least`.
    """

    at_least: Ratio = 0.95
    """For `point`."""
    of: Calls = 20
    """For `point`: how many of the newest attempts are looked at; fewer decide nothing."""
    basis: Literal["sequential", "point"] = "sequential"
    good: Ratio = 0.99
    """For `sequential`: the rate that must be accepted."""
    bad: Ratio = 0.90
    """For `sequential`: the rate that must be refused."""
    alpha: Ratio = 0.05
    """For `sequential`: how often a path as good as `good` may be refused."""
    beta: Ratio = 0.05
    """For `sequential`: how often a path as bad as `bad` may be accepted."""
    at_most: Calls = 200
    """For `sequential`: after so many attempts without a decision the likelier of the two is taken."""

    def __post_init__(self) -> None:
        if not 0 < self.bad < self.good < 1:
            raise ValueError("bad must be below good, and both between 0% and 100%")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise ValueError("alpha and beta must be between 0% and 50%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A percentile of what probes measure, over a window of time. A FAIL counts as a value beyond the bound."""

    fact: Name = "duration"
    """How long the attempt took, or a fact of the probe's results (`extract` of an http probe names some)."""
    percentile: Annotated[int, Between(1, 100)] = 95
    below: Measure | None = None
    above: Measure | None = None
    window: Duration = 300 * S
    at_least_samples: Annotated[int, Between(1, 10_000)] = 20

    def __post_init__(self) -> None:
        if (self.below is None) == (self.above is None):
            raise ValueError("say either below or above: where the value belongs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule over some probes: `consecutive`, `failures`, `success_ratio`, `value`, `stable_for` or `agreement`.

    Default: consecutive 3.
    """

    probes: OneOrMore[Name]
    combine: Combine = ANY
    """How many of the probes must be bad: any, all, or {quorum: 2}."""
    codes: OneOrMore[Annotated[int, Between(300, 699)]] = (503, 408)
    """What counts as a failure, for `consecutive` and `failures`."""
    consecutive: Count | None = None
    failures: Count | None = None
    of: Count | None = None
    """With `failures`: among so many of the newest results."""
    success_ratio: SuccessRatio | None = None
    value: Value | None = None
    stable_for: Duration | None = None
    """Bad from a flap (a failure after a pass, or a rise of the fact `flaps`) until a PASS shows that nothing has flapped for so
    long. While the path passes, that starts no run."""
    agreement: Ratio | None = None
    """The share that a probe's results say agree (facts `agreed` of `asked`); bad when three in a row say less."""
    missing: Literal["unknown", "passing", "failing"] = "unknown"
    """What a rule that has too few results to decide is taken for. Stale inputs are UNKNOWN whatever stands here."""

    def __post_init__(self) -> None:
        given = [kind for kind in RULES if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"one rule, not {' and '.join(given)}: give a list of rules")
        if (self.failures is None) != (self.of is None):
            raise ValueError("failures and of belong together: failures: 3, of: 10")
        if self.failures is not None and self.of is not None and self.failures > self.of:
            raise ValueError(f"{self.failures} failures of {self.of} cannot happen")

    @property
    def kind(self) -> str:
        return next((kind for kind in RULES if getattr(self, kind) is not None), "consecutive")

    @property
    def threshold(self) -> int:
        """After so many failures in a row, whatever their code, callers are turned away."""
        return self.consecutive or self.failures or 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTrip:
    run: Name
    confirm_for: DurationOrZero = 10 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A share of the callers for so long. The clock runs while the gate is HEALTHY, and begins again when it was not."""

    share: Ratio
    soak: Duration | None = None
    """None: until an operator raises it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    trip: Annotated[tuple[Rule, ...], OrSingle(), not_empty]
    """A rule, or a list of them."""
    combine: Combine = ANY
    """How many of the rules must be bad."""
    compare_with: tuple[Name, ...] = ()
    recover: Consecutive = Consecutive()
    max_age: Duration | None = None
    """Default: 3 × every + timeout of the slowest probe."""
    on_trip: tuple[OnTrip, ...] = ()
    shadow: bool = False
    """Judges, counts, and says what it would have done; touches neither the webhook nor the plans."""
    admit: tuple[Admission, ...] = ()
    """How the share of callers on the new path grows after `open`; default: all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Planned work: what fails then does not count. Of all probes, unless some are named."""

    from_: Instant
    until: Instant
    reason: str
    probes: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """How much may be reverted by itself within some time: so many gates, or such a share of the new path's probes."""

    gates: Count | None = None
    trunks: Ratio | None = None
    within: Duration = 3_600 * S

    def __post_init__(self) -> None:
        if self.gates is None and self.trunks is None:
            raise ValueError("say how much: gates: 1, trunks: 50%, or both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """No run starts by itself in this time."""

    from_: Instant
    until: Instant
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A run may start only while at least so many of these gates are HEALTHY without the one that starts it."""

    name: Name
    gates: OneOrMore[Name]
    at_least: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Gating:
    """Runs of these plans may start only while each of these gates is HEALTHY."""

    name: Name
    plans: OneOrMore[Name]
    needs: OneOrMore[Name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlocks:
    """What keeps a run from starting. None of them ever changes an answer."""

    blast_radius: BlastRadius | None = None
    between_runs: Duration | None = None
    """From the end of one run to the start of the next by itself."""
    blocked: tuple[Blocked, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    gating: tuple[Gating, ...] = ()
