"""From the settings of a passive probe to the probe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from config.probing import AlertmanagerProbe as AlertmanagerSettings
from config.probing import WebhookSilenceProbe
from probes import clock
from probes.passive.alerts import AlertmanagerProbe, Alerts, Wanted
from probes.passive.silence import Bounds, SilenceProbe

Callers = Callable[[str, str | None], int]
"""How many callers were answered so far: of a gate, and of a region of it unless that is None."""


def nobody(gate: str, region: str | None) -> int:
    """Where there is no webhook."""
    return 0


def webhook_silence(settings: WebhookSilenceProbe, callers: Callers) -> SilenceProbe:
    bounds = Bounds(settings.at_least, settings.at_most, settings.window)
    return SilenceProbe(partial(callers, settings.gate, settings.region), bounds, clock=clock.read)


def alertmanager(alerts: Alerts) -> AlertmanagerProbe:
    return AlertmanagerProbe(alerts, clock=clock.read)


def alerts(settings: AlertmanagerSettings) -> Alerts:
    return Alerts(Wanted(settings.labels, settings.alive, settings.alive_within))
