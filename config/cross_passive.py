"""What can only be judged across the fields of probes that ask nobody, and what the webhook must have for them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.finding import Finding
from config.probing import AlertmanagerProbe, Probe, WebhookSilenceProbe
from config.problem import Path, did_you_mean, quoted
from config.server import Server
from config.units import duration_text

REGIONS: Path = ("server", "webhook", "regions")
LONGEST_WINDOW_NS = 24 * 3_600 * 1_000_000_000


def errors(probes: Mapping[str, Probe], server: Server | None, *, gates: frozenset[str]) -> Iterator[Finding]:
    """`server` is None where it is unsound, `gates` are the names that the file gives."""
    for name, probe in probes.items():
        match probe:
            case WebhookSilenceProbe():
                yield from _gate(("probes", name), probe, gates)
                yield from _bounds(("probes", name), probe)
                if server is not None and probe.region is not None:
                    yield from _region((*("probes", name), "region"), probe.region, server)
            case AlertmanagerProbe():
                yield from _alive(("probes", name), probe)


def warnings(probes: Mapping[str, Probe]) -> Iterator[Finding]:
    for name, probe in probes.items():
        if isinstance(probe, AlertmanagerProbe) and not probe.alive:
            path: Path = ("probes", name)
            message = "without alive, an Alertmanager that has ended, or cannot reach us, passes for good news"
            yield Finding((*path, "labels"), message, reads=((*path, "alive"),), at_key=True)


def _gate(path: Path, probe: WebhookSilenceProbe, gates: frozenset[str]) -> Iterator[Finding]:
    if probe.gate not in gates:
        known = sorted(gates)
        hint = did_you_mean(probe.gate, known) or (f"; known: {', '.join(known)}" if known else "")
        yield Finding((*path, "gate"), f"unknown gate {quoted(probe.gate)}{hint}")


def _bounds(path: Path, probe: WebhookSilenceProbe) -> Iterator[Finding]:
    least, most = probe.at_least, probe.at_most
    if most is not None and most < least:
        message = f"{most} is less than at_least ({least}): no number of callers would pass"
        yield Finding((*path, "at_most"), message, reads=((*path, "at_least"),))
    if most is None and not least:
        yield Finding(
            (*path, "at_least"), "any number of callers would pass: give at_most, or at_least 1", reads=((*path, "at_most"),)
        )
    if probe.window > LONGEST_WINDOW_NS:
        yield Finding((*path, "window"), f"{duration_text(probe.window)} is too long: at most {duration_text(LONGEST_WINDOW_NS)}")


def _region(path: Path, region: str, server: Server) -> Iterator[Finding]:
    regions = server.webhook.regions
    if regions is None:
        yield Finding(
            path, "callers are not counted by region: say in server.webhook.regions where requests tell it", reads=(REGIONS,)
        )
    elif region not in regions.values:
        known = sorted(regions.values)
        hint = did_you_mean(region, known) or f"; known: {', '.join(known)}"
        yield Finding(path, f"unknown region {quoted(region)}{hint}", reads=((*REGIONS, "values"),))


def _alive(path: Path, probe: AlertmanagerProbe) -> Iterator[Finding]:
    if probe.alive and probe.labels.items() <= probe.alive.items():
        message = "an alert with these labels has those of labels as well: it always fires, and so would every sample fail"
        yield Finding((*path, "alive"), message, reads=((*path, "labels"),))
    if probe.alive and probe.alive_within < probe.every:
        message = f"{duration_text(probe.alive_within)} is shorter than every ({duration_text(probe.every)})"
        yield Finding((*path, "alive_within"), message, reads=((*path, "every"),))
