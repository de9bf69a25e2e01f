"""Those who only look on: metrics, logs, history and pages, told of samples, transitions, journal entries and answers.

What goes wrong in an observer is its own trouble. It is logged once, counted, and never reaches the core.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Generic, ParamSpec

from gates.gate import Gate, Transition
from probes.sample import Sample
from reverters.journal import JournalEntry

logger = logging.getLogger("cutoverd.observe")

P = ParamSpec("P")


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
