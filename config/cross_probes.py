"""What can only be judged across the fields of a probe, or across probes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config import cross_platform, cross_sip
from config.finding import Finding
from config.probing import Probe, SipOptionsProbe, SipRegisterProbe
from config.problem import Path
from config.units import duration_text

MS = 1_000_000
LEAST_EVERY_NS = 10 * MS


def errors(probes: Mapping[str, Probe]) -> Iterator[Finding]:
    rates: dict[str, tuple[str, int | None]] = {}
    for name, probe in probes.items():
        path = ("probes", name)
        yield from _times(path, probe)
        if isinstance(probe, SipOptionsProbe | SipRegisterProbe):
            yield from cross_sip.errors(path, name, probe, rates)
        if isinstance(probe, cross_platform.PlatformProbe):
            yield from cross_platform.errors(path, probe)


def warnings(probes: Mapping[str, Probe]) -> Iterator[Finding]:
    for name, probe in probes.items():
        if isinstance(probe, SipOptionsProbe | SipRegisterProbe):
            yield from cross_sip.warnings(("probes", name), probe)


def _times(path: Path, probe: Probe) -> Iterator[Finding]:
    every = (*path, "every")
    if probe.every < LEAST_EVERY_NS:
        yield Finding(every, f"more often than every {duration_text(LEAST_EVERY_NS)} is a flood, not a probe", reads=(every,))
    suspect = probe.suspect_every
    if suspect is not None and suspect > probe.every:
        message = f"{duration_text(suspect)} is longer than every ({duration_text(probe.every)}): a suspect is asked more often"
        yield Finding((*path, "suspect_every"), message, reads=(every,))
    if suspect is not None and suspect < LEAST_EVERY_NS:
        message = f"more often than every {duration_text(LEAST_EVERY_NS)} is a flood, not a probe"
        yield Finding((*path, "suspect_every"), message)
