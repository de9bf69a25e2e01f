"""Which of Alertmanager's alerts fire, as far as it told us: a firing one with the wanted labels makes the probe fail. Pure.

A notification holds all of its group that still fires, and those that have ended since the last. So what an earlier one of
the same group said is replaced: a "resolved" that got lost does not fail the probe for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from probes.passive.notification import Alert, Notification
from probes.probe import Cancel, Report
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult

FIRING = 503
MOST = 1_000
"""Alerts that one probe remembers. One suffices to fail, and Alertmanager sends the rest again."""
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """`labels` fail the probe. `alive`, where it is not empty, are those of an alert that always fires."""

    labels: Mapping[str, str]
    alive: Mapping[str, str]
    alive_within_ns: int


@dataclass(frozen=True, slots=True)
class _Firing:
    group: str
    name: str
    ends_utc_ns: int | None
    since: Moment


class Alerts:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._firing: dict[str, _Firing] = {}
        self._heard: Moment | None = None
        self._alive: Moment | None = None

    def hear(self, notification: Notification, *, now: Moment) -> None:
        self._heard = now
        known = self._firing
        if notification.whole:
            self._firing = {mark: each for mark, each in known.items() if each.group != notification.group}
        for alert in notification.alerts:
            if self._wanted.alive and _has(alert, self._wanted.alive):
                self._alive = now if alert.firing else None
            if _has(alert, self._wanted.labels):
                self._note(alert, notification.group, known.get(alert.fingerprint), now)

    def _note(self, alert: Alert, group: str, before: _Firing | None, now: Moment) -> None:
        if not alert.firing:
            self._firing.pop(alert.fingerprint, None)
        elif before is not None:
            self._firing[alert.fingerprint] = replace(before, group=group, ends_utc_ns=alert.ends_utc_ns)
        elif len(self._firing) < MOST:
            self._firing[alert.fingerprint] = _Firing(group, _shown(alert), alert.ends_utc_ns, now)

    def standing(self, *, now: Moment) -> ProbeResult:
        """Silence of an Alertmanager that should be heard is no news, neither good nor bad. A firing alert is, however old."""
        for mark in [mark for mark, each in self._firing.items() if _has_ended(each, now)]:
            del self._firing[mark]
        if self._firing:
            first = next(iter(self._firing.values()))
            since_s = (now.mono_ns - first.since.mono_ns) // NS_PER_S
            facts: dict[str, str | int] = {"firing": len(self._firing), "alert": first.name, "since_s": since_s}
            return ProbeResult(Outcome.FAIL, FIRING, Origin.WIRE, "firing", 0, facts)
        if self._wanted.alive and not self._is_alive(now):
            return ProbeResult(Outcome.ERROR, None, Origin.SELF, "alertmanager-silent", 0, self._heard_ago(self._alive, now))
        return ProbeResult(Outcome.PASS, None, Origin.WIRE, "quiet", 0, self._heard_ago(self._heard, now))

    def _is_alive(self, now: Moment) -> bool:
        return self._alive is not None and now.mono_ns - self._alive.mono_ns <= self._wanted.alive_within_ns

    @staticmethod
    def _heard_ago(heard: Moment | None, now: Moment) -> dict[str, str | int]:
        return {} if heard is None else {"heard_s": (now.mono_ns - heard.mono_ns) // NS_PER_S}


def _has(alert: Alert, labels: Mapping[str, str]) -> bool:
    return all(alert.labels.get(name) == value for name, value in labels.items())


def _has_ended(each: _Firing, now: Moment) -> bool:
    return each.ends_utc_ns is not None and each.ends_utc_ns <= now.utc_ns


def _shown(alert: Alert) -> str:
    """For people, who read it in `why` and in evidence: what cannot be printed is not."""
    name = alert.labels.get("alertname", "")
    return "".join(character for character in name if character.isprintable())[:_SHOWN]


class AlertmanagerProbe:
    def __init__(self, alerts: Alerts, *, clock: Callable[[], Moment]) -> None:
        self._alerts = alerts
        self._clock = clock

    def begin(self, report: Report) -> Cancel:
        report(self._alerts.standing(now=self._clock()))
        return _nothing_to_cancel


def _nothing_to_cancel() -> None:
    """It has been reported already."""
