"""Those who only look on: metrics, logs, history and pages, told of samples, transitions, journal entries and answers.

What goes wrong in an observer is its own trouble. It is logged once, counted, and never reaches the core.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, ParamSpec

from gates.gate import Gate, Transition
from probes.sample import Outcome, Sample
from reverters.journal import JournalEntry

logger = logging.getLogger("cutoverd.observe")

P = ParamSpec("P")

KEPT = 20
"""Results of each kind that are remembered for each probe."""


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

    Oldest first, in order of arrival. `judged` maps gate and probe to the sequence numbers of the results that told the gate
    something. Register `sampled` and `counted`.
    """

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self.results: dict[str, deque[Sample]] = {}
        self.failures: dict[str, deque[Sample]] = {}
        self.judged: dict[tuple[str, str], deque[int]] = {}

    def observe(self, observers: Observers) -> None:
        observers.sample.register("probe history", self.sampled)
        observers.counted.register("probe history", self.counted)

    def sampled(self, sample: Sample, path: str) -> None:
        self._keep(self.results, sample)
        if sample.result.outcome is not Outcome.PASS:
            self._keep(self.failures, sample)

    def counted(self, gate: Gate, sample: Sample) -> None:
        self.judged.setdefault((gate.spec.name, sample.probe), deque(maxlen=self._kept)).append(sample.sequence)

    def _keep(self, where: dict[str, deque[Sample]], sample: Sample) -> None:
        where.setdefault(sample.probe, deque(maxlen=self._kept)).append(sample)
