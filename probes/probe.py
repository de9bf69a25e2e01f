"""The contract between a probe kind and `probes.runner`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from probes.sample import ProbeResult

Cancel = Callable[[], None]


class Report(Protocol):
    """Takes an attempt's results. The attempt is over with the `last`."""

    def __call__(self, result: ProbeResult, *, last: bool = True) -> None: ...


class Probe(Protocol):
    """One thing that can be asked once. Attempts may overlap, so an attempt keeps its state to itself."""

    def begin(self, report: Report) -> Cancel:
        """Ask once and report within the probe's own `timeout`, perhaps before this returns.

        Not a coroutine: ten thousand trunks a second are asked without a task for each. An exception becomes ERROR in
        `probes.runner`. What was cancelled reports nothing any more.
        """
        ...
