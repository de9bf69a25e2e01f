"""What Alertmanager sends to a webhook: version "4" of its payload, read within limits. Pure.

As Alertmanager's documentation has it under `webhook_config`: `status`, `groupKey`, `truncatedAlerts` and `alerts`, each with
`status`, `labels`, `startsAt`, `endsAt` (the year 1 while it fires) and `fingerprint`. The rest (annotations) is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from probes.sample import NS_PER_S

VERSION = "4"
MOST_ALERTS = 2_000
MOST_LABELS = 64
MOST_TEXT = 1_024


class NotAlerts(ValueError):
    """Not what Alertmanager sends. The text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`ends_utc_ns` None: not known yet, which is so while it fires."""

    fingerprint: str
    firing: bool
    labels: Mapping[str, str]
    ends_utc_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """What stands of one group of alerts. `whole`: none was left out for want of room."""

    group: str
    whole: bool
    alerts: tuple[Alert, ...]


def parse(body: bytes) -> Notification:
    """Raises NotAlerts."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotAlerts("not JSON") from None
    if not isinstance(said, dict) or said.get("version") != VERSION:
        raise NotAlerts(f'not an object with version "{VERSION}"')
    alerts, truncated = said.get("alerts"), said.get("truncatedAlerts", 0)
    if not isinstance(alerts, list) or len(alerts) > MOST_ALERTS:
        raise NotAlerts(f"alerts is no list of {MOST_ALERTS} at most")
    if type(truncated) is not int or truncated < 0:
        raise NotAlerts("truncatedAlerts is no count")
    return Notification(_text(said.get("groupKey"), "groupKey"), not truncated, tuple(_alert(each) for each in alerts))


def _alert(said: Any) -> Alert:
    if not isinstance(said, dict):
        raise NotAlerts("an alert is no object")
    status, labels = said.get("status"), said.get("labels")
    if status not in ("firing", "resolved"):
        raise NotAlerts("an alert's status is neither firing nor resolved")
    if not isinstance(labels, dict) or len(labels) > MOST_LABELS:
        raise NotAlerts(f"an alert's labels are no object with {MOST_LABELS} members at most")
    return Alert(
        fingerprint=_text(said.get("fingerprint"), "fingerprint"),
        firing=status == "firing",
        labels={name: _text(value, "a label") for name, value in labels.items()},
        ends_utc_ns=_ends(said.get("endsAt"), _instant(said.get("startsAt"))),
    )


def _text(said: Any, what: str) -> str:
    if not isinstance(said, str) or len(said) > MOST_TEXT:
        raise NotAlerts(f"{what} is no text of {MOST_TEXT} characters at most")
    return said


def _instant(said: Any) -> int:
    try:
        at = datetime.fromisoformat(_text(said, "a time"))
        return round(at.timestamp()) * NS_PER_S if at.tzinfo is not None else _no_time()
    except (ValueError, OverflowError):
        return _no_time()


def _no_time() -> int:
    raise NotAlerts("startsAt or endsAt is no time as of RFC 3339")


def _ends(said: Any, starts_utc_ns: int) -> int | None:
    """Alertmanager's word for not yet is the year 1."""
    ends = _instant(said)
    return ends if ends >= starts_utc_ns else None
