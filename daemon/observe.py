"""Those who only look on: metrics, logs, history and pages, told of samples, transitions, journal entries and answers.

What goes wrong in an observer is its own trouble. It is logged once, counted, and never reaches the core.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Generic, ParamSpec

from gates.gate import Gate, Transition
from probes.sample import Outcome, Sample
from reverters.journal import JournalEntry

logger = logging.getLogger("cutoverd.observe")

P = ParamSpec("P")

KEPT, KEPT_LEAST, KEPT_IN_ALL = 20, 3, 4_000
"""Results of each kind that are remembered for each probe, messages and all: fewer where there are hundreds of probes."""


def kept_for(probes: int) -> int:
    return max(KEPT_LEAST, min(KEPT, KEPT_IN_ALL // max(probes, 1)))


class Channel(Generic[P]):
    """Something that is told to several. Observers register before the loop turns and stay."""

    __slots__ = ("_failures", "_observers")

    def __init__(self, failures: Counter[str]) -> None:
        self._failures = failures
        self._observers: list[tuple[str, Callable[P, None]]] = []

    def register(self, name: str, observer: Callable[P, None]) -> None:
        self._observers.append((name, observer))

    def __call__(self, *told: P.args, **named: P.kwargs) -> None:
        for name, observer in self._observers:
            try:
                observer(*told, **named)
            except Exception:
                self._failed(name)

    def _failed(self, name: str) -> None:
        if not self._failures[name]:
            logger.exception("observer %s failed; it goes on being told, further failures are only counted", name)
        self._failures[name] += 1


class Observers:
    """The channels. `failures` counts by the observer's name."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self.sample: Channel[[Sample, str]] = Channel(self.failures)
        """A sample, and the path (`new`, `baseline`, `control`) of its probe."""
        self.counted: Channel[[Gate, Sample]] = Channel(self.failures)
        """A gate after a sample that told it something."""
        self.transition: Channel[[Transition, Gate]] = Channel(self.failures)
        """How a gate got there, and the gate as it is now."""
        self.entry: Channel[[JournalEntry, float]] = Channel(self.failures)
        """An entry that is durable, and the seconds that the commit took."""


class LastTransitions(dict[str, Transition]):
    """Each gate's last transition, by name. Register `judged`."""

    def judged(self, transition: Transition, gate: Gate) -> None:
        self[gate.spec.name] = transition


class ProbeHistory:
    """Of each probe the last `kept` results, and the last `kept` that were no PASS: a good hour must not wash a bad minute away.

    Oldest first, in order of arrival. Where a name leads to several targets, `kept` is for each of them, and for all together
    that it no longer leads to. `judged` maps gate and probe to the results that told the gate something, each as its place in
    the sequence and its target. Register `sampled` and `counted`.
    """

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self.results: dict[str, deque[Sample]] = {}
        self.failures: dict[str, deque[Sample]] = {}
        self.judged: dict[tuple[str, str], deque[tuple[int, str]]] = {}
        self._among: dict[str, tuple[str, ...]] = {}

    def observe(self, observers: Observers) -> None:
        observers.sample.register("probe history", self.sampled)
        observers.counted.register("probe history", self.counted)

    def forget(self, probes: Collection[str], gates: Collection[str]) -> None:
        """Results of these probes, and what told these gates something."""
        for kept in (self.results, self.failures):
            for probe in probes:
                kept.pop(probe, None)
        for probe in probes:
            self._among.pop(probe, None)
        self.judged = {key: told for key, told in self.judged.items() if key[0] not in gates and key[1] not in probes}

    def sampled(self, sample: Sample, path: str) -> None:
        if sample.result.target:
            self._among[sample.probe] = sample.result.among
        self._keep(self.results, sample)
        if sample.result.outcome is not Outcome.PASS:
            self._keep(self.failures, sample)

    def counted(self, gate: Gate, sample: Sample) -> None:
        told = self.judged.setdefault((gate.spec.name, sample.probe), deque())
        told.append((sample.sequence, sample.result.target))
        while len(told) > self._kept * (1 + len(self._among.get(sample.probe, ()))):
            told.popleft()

    def _keep(self, where: dict[str, deque[Sample]], sample: Sample) -> None:
        kept = where.setdefault(sample.probe, deque())
        kept.append(sample)
        among = self._among.get(sample.probe)
        if among is not None:
            where[sample.probe] = _newest(kept, among, self._kept)
        elif len(kept) > self._kept:
            kept.popleft()


def _newest(samples: deque[Sample], among: Collection[str], most: int) -> deque[Sample]:
    """Of each target at most so many, the newest; of all that are not `among` the targets, together as many."""
    found: Counter[str] = Counter()
    kept: deque[Sample] = deque()
    for sample in reversed(samples):
        target = sample.result.target if sample.result.target in among else ""
        found[target] += 1
        if found[target] <= most:
            kept.appendleft(sample)
    return kept
