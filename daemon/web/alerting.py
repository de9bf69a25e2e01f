"""`POST /v1/alerts/{probe}`: what Alertmanager sends to its receivers, handed to the probe that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from daemon.web import body
from daemon.web.limits import Limits
from daemon.web.responses import document, failure
from probes.passive.notification import NotAlerts, Notification, parse
from probes.sample import Moment

PREFIX = "/v1/alerts/"
BODY_BYTES = 256 * 1024
"""A notification holds its whole group, each alert with its annotations: a caller's 8 KiB hold five or six."""
TAKEN, MALFORMED = "taken", "malformed"


class Hears(Protocol):
    def hear(self, notification: Notification, *, now: Moment) -> None: ...


class Alerting:
    def __init__(
        self,
        find: Callable[[str], Hears | None] = lambda probe: None,
        *,
        clock: Callable[[], Moment],
        heard: Callable[[str, str], None] = lambda probe, how: None,
    ) -> None:
        """`find` gives what the probe of a name remembers alerts in, None where there is no such probe. `heard` counts, by probe
        and `taken` or `malformed`.
        """
        self._find = find
        self._clock = clock
        self._heard = heard

    async def take(self, request: web.BaseRequest, limits: Limits) -> tuple[str, web.Response]:
        """The response, and the reason why nothing was taken; empty where it was."""
        name = request.path.removeprefix(PREFIX)
        said = await body.read(request, replace(limits, body_bytes=max(limits.body_bytes, BODY_BYTES)))
        if isinstance(said, web.Response):
            return "body", said
        alerts = self._find(name)
        if alerts is None:
            return "unknown-probe", failure(404, "no such probe")
        try:
            notification = parse(said)
        except NotAlerts as fault:
            self._heard(name, MALFORMED)
            return "alerts", failure(400, f"malformed alerts: {fault}")
        alerts.hear(notification, now=self._clock())
        self._heard(name, TAKEN)
        return "", document({"taken": len(notification.alerts)})
