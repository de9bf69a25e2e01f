"""Of each probe the newest result of every target, in order of sending: what a probe's gauges say. Pure but for its memory.

A probe with one fixed target has a single one, without a name. Where a name leads to several (RFC 3263) the probe is up while
one of them is, as a gate takes it; here results count as they are, whatever any gate makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from probes.sample import Outcome, Sample

MOST_TARGETS = 32
"""Targets of one probe that are told apart: what a name leads to is for its owner to say, and series are not free."""
CERTIFICATE = "certificate_not_after"
"""The fact of a result that says when the peer's certificate ends, in UTC seconds."""


@dataclass(slots=True)
class _Target:
    judged: int = -1
    failing: int = 0
    outcome: Outcome | None = None
    certificate: int | None = None

    def hear(self, sample: Sample) -> None:
        self.judged, self.outcome = sample.sequence, sample.result.outcome
        if self.outcome is not Outcome.ERROR:
            self.failing = 0 if self.outcome is Outcome.PASS else self.failing + 1
        ends = sample.result.facts.get(CERTIFICATE)
        if isinstance(ends, int):
            self.certificate = ends


@dataclass(slots=True)
class _Name:
    newest: int = -1
    targets: dict[str, _Target] = field(default_factory=dict)

    def follow(self, sample: Sample) -> None:
        """Where the name leads, by the newest result that says so. Who joins was not asked before."""
        if sample.result.target and sample.sequence > self.newest:
            among = dict.fromkeys((*sample.result.among, sample.result.target))
            self.targets = {each: self.targets.get(each) or _Target(self.newest) for each in among}
        self.newest = max(self.newest, sample.sequence)


class Reach:
    """`hear` each sample; the rest is read at any time."""

    def __init__(self) -> None:
        self._fixed: dict[str, _Target] = {}
        self._names: dict[str, _Name] = {}

    def hear(self, sample: Sample) -> tuple[Outcome, int] | None:
        """How the probe stands after a result; None where it came late and says nothing of how things are.

        The outcome is that of the last beat: PASS while a target passes, FAIL once each fails, else ERROR. The number are FAILs
        of any code since the last PASS, of the target with the fewest.
        """
        if sample.result.target or sample.probe in self._names:
            return self._hear_of_several(sample)
        fixed = self._fixed.get(sample.probe)
        if fixed is None:
            fixed = self._fixed[sample.probe] = _Target()
        if sample.sequence <= fixed.judged:
            return None
        fixed.hear(sample)
        return sample.result.outcome, fixed.failing

    def _hear_of_several(self, sample: Sample) -> tuple[Outcome, int] | None:
        """A result without a target is about all that the name leads to."""
        name = self._names.get(sample.probe)
        if name is None:
            fixed = self._fixed.pop(sample.probe, _Target())
            name = self._names[sample.probe] = _Name(fixed.judged)
        name.follow(sample)
        concerned = [sample.result.target] if sample.result.target else list(name.targets)
        heard = [name.targets[each] for each in concerned if each in name.targets and sample.sequence > name.targets[each].judged]
        for target in heard:
            target.hear(sample)
        return _standing(name.targets) if heard else None

    def forget(self, probe: str) -> None:
        self._fixed.pop(probe, None)
        self._names.pop(probe, None)

    def several(self) -> Iterator[tuple[str, str, Outcome | None]]:
        """(probe, target, its last outcome), for names that lead to more than one; None for a target not heard yet."""
        for probe, name in self._names.items():
            if len(name.targets) > 1:
                yield from ((probe, target, name.targets[target].outcome) for target in list(name.targets)[:MOST_TARGETS])

    def certificates(self) -> dict[str, int]:
        """By probe, when the first of its targets' certificates ends, in UTC seconds."""
        fixed = {probe: [target.certificate] for probe, target in self._fixed.items()}
        ends = fixed | {probe: [each.certificate for each in name.targets.values()] for probe, name in self._names.items()}
        known = {probe: [end for end in found if end is not None] for probe, found in ends.items()}
        return {probe: min(found) for probe, found in known.items() if found}


def _standing(targets: Mapping[str, _Target]) -> tuple[Outcome, int]:
    outcomes = {target.outcome for target in targets.values()}
    up = Outcome.PASS if Outcome.PASS in outcomes else Outcome.FAIL if outcomes == {Outcome.FAIL} else Outcome.ERROR
    return up, min(target.failing for target in targets.values())
