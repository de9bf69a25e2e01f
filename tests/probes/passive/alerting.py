"""Notifications as Alertmanager writes them."""

from __future__ import annotations

from typing import Any

import orjson

NEVER = "0001-01-01T00:00:00Z"


def alert(
    name: str = "TrunkDown", *, status: str = "firing", fingerprint: str = "", ends: str = NEVER, **labels: str
) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": "a trunk is down"},
        "startsAt": "2026-12-05T23:00:00.123456789Z",
        "endsAt": ends,
        "generatorURL": "http://prometheus.example.net/graph",
        "fingerprint": fingerprint or f"{name}{sorted(labels.items())}",
    }


def payload(*alerts: dict[str, Any], group: str = "{}:{}", **more: Any) -> bytes:
    return orjson.dumps(
        {
            "version": "4",
            "groupKey": group,
            "truncatedAlerts": 0,
            "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
            "receiver": "cutoverd",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.net",
            "alerts": list(alerts),
            **more,
        }
    )
