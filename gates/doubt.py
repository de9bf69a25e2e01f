"""Whether a failure may be held against its target, or the trouble was planned, or is perhaps our own.

Two things make a FAIL an ERROR before any gate sees it. *Planned work*: what was sent within a period of maintenance. *Control
targets*: they must be healthy whatever happens, so while more than half of them fail we suspect ourselves, and what failed in
that time says nothing. A PASS is left as it is: no illness of ours makes a trunk answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from probes.sample import Moment, Origin, Outcome, ProbeResult, Sample

Key = tuple[str, str]
"""A probe, and the target among those that its name leads to; empty for a single one."""


@dataclass(frozen=True, slots=True)
class Period:
    """Of all probes, unless some are named. From `from_utc_ns` on, and before `until_utc_ns`."""

    from_utc_ns: int
    until_utc_ns: int
    reason: str
    probes: frozenset[str] = frozenset()

    def covers(self, probe: str, *, utc_ns: int) -> bool:
        return self.from_utc_ns <= utc_ns < self.until_utc_ns and (not self.probes or probe in self.probes)


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest result of one control target. `failing`: the newest of its results that was no ERROR is a FAIL."""

    sequence: int
    sent: Moment
    outcome: Outcome
    failing: bool


@dataclass(frozen=True, slots=True)
class Control:
    """`ill_from` is the sending of the first failure that the present illness rests on, and `ill_until` that of the PASS that
    ended the last one. Both are monotonic nanoseconds.
    """

    probes: frozenset[str] = frozenset()
    newest: Mapping[Key, Heard] = field(default_factory=dict)
    ill_from_ns: int | None = None
    ill_until_ns: int | None = None

    @property
    def is_ill(self) -> bool:
        return self.ill_from_ns is not None and self.ill_until_ns is None

    def was_ill(self, *, sent_ns: int) -> bool:
        """Whether we were ill, or are, when something was sent."""
        if self.ill_from_ns is None or sent_ns < self.ill_from_ns:
            return False
        return self.ill_until_ns is None or sent_ns <= self.ill_until_ns

    def proven(self, *, since_ns: int) -> bool:
        """Whether more than half of the control targets passed when asked after `since_ns`. True where there are none."""
        passed = sum(1 for each in self.newest.values() if each.outcome is Outcome.PASS and each.sent.mono_ns > since_ns)
        return not self.probes or 2 * passed > max(len(self.newest), len(self.probes))

    def failing(self) -> list[str]:
        """The control probes of which a target fails, sorted."""
        return sorted({probe for (probe, _), each in self.newest.items() if each.failing})


def heard(control: Control, sample: Sample) -> Control:
    """`control` after a sample of any probe."""
    if sample.probe not in control.probes:
        return control
    key = sample.probe, sample.result.target
    known = control.newest.get(key)
    if known is not None and known.sequence >= sample.sequence:
        return control
    newest = _newest(control.newest, key, sample)
    failed = [each for each in newest.values() if each.failing]
    # Who was not heard yet counts as well: one failure at start is not "all that we know".
    ill = 2 * len(failed) > max(len(newest), len(control.probes))
    if ill and not control.is_ill:
        began = min(each.sent.mono_ns for each in failed)
        return replace(control, newest=newest, ill_from_ns=began, ill_until_ns=None)
    if not ill and control.is_ill:
        return replace(control, newest=newest, ill_until_ns=sample.sent.mono_ns)
    return replace(control, newest=newest)


def _newest(before: Mapping[Key, Heard], key: Key, sample: Sample) -> dict[Key, Heard]:
    """What could not be asked goes on failing, or not, as it did: an ERROR makes nobody well, and proves nothing."""
    result = sample.result
    blind = result.outcome is Outcome.ERROR
    stay = {other for other in before if other[0] != sample.probe or other[1] in result.among}
    if blind and not result.target:  # nobody was asked, so nobody has left
        stay = set(before)
        of_probe = [other for other in before if other[0] == sample.probe]
        told = [other for other in of_probe if before[other].sequence < sample.sequence] if of_probe else [key]
    else:
        told = [key]
    heard_now = {
        each: Heard(
            sample.sequence,
            sample.sent,
            result.outcome,
            failing=(each in before and before[each].failing) if blind else result.outcome is Outcome.FAIL,
        )
        for each in told
    }
    return {**{other: each for other, each in before.items() if other in stay}, **heard_now}


def anew(control: Control, probes: frozenset[str], afresh: frozenset[str]) -> Control:
    """By a reload. Control targets that it does not concern are not forgotten: nor is the illness that they tell of."""
    known = {key: each for key, each in control.newest.items() if key[0] in probes - afresh}
    return replace(control, probes=probes, newest=known) if known else Control(probes)


def doubted(sample: Sample, periods: Iterable[Period], control: Control) -> Sample:
    """What the gates are told: `sample`, or the same as ERROR."""
    if sample.result.outcome is not Outcome.FAIL or sample.probe in control.probes:
        return sample
    period = next((each for each in periods if each.covers(sample.probe, utc_ns=sample.sent.utc_ns)), None)
    if period is not None:
        return _unheld(sample, "maintenance", period.reason)
    if control.was_ill(sent_ns=sample.sent.mono_ns):
        return _unheld(sample, "control-failing", ", ".join(control.failing()) or "control targets failed when it was sent")
    return sample


def _unheld(sample: Sample, reason: str, detail: str) -> Sample:
    result = sample.result
    error = ProbeResult(
        Outcome.ERROR,
        None,
        Origin.SELF,
        reason,
        result.duration_ns,
        {"detail": detail},
        result.target,
        result.among,
        result.trace,
    )
    return Sample(sample.probe, sample.vantage, sample.sequence, sample.sent, sample.at, error)
