"""The contract between a probe kind and `probes.runner`."""

from __future__ import annotations

from typing import Protocol

from probes.sample import ProbeResult


class Probe(Protocol):
    """One thing that can be asked once. Attempts may overlap, so an attempt keeps its state to itself."""

    async def attempt(self) -> ProbeResult:
        """Ask once and answer within the probe's own `timeout`. An exception becomes ERROR in `probes.runner`."""
        ...
