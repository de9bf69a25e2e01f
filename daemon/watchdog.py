"""Pets systemd's watchdog from the judge's own turns: a judge that hangs is restarted, whatever else still runs."""

from __future__ import annotations

from typing import Protocol

from daemon.notify import Notifier
from probes import clock
from probes.sample import NS_PER_S


class Lag(Protocol):
    def lagged(self, seconds: float) -> None: ...


class Watchdog:
    """`interval_ns` is how often systemd wants to hear from us; None when it does not watch."""

    def __init__(self, notifier: Notifier, interval_ns: int | None, lag: Lag) -> None:
        self._notifier = notifier
        self._interval_ns = interval_ns
        self._lag = lag
        self._petted_ns = 0

    def turned(self, lag_ns: int) -> None:
        self._lag.lagged(lag_ns / NS_PER_S)
        if self._interval_ns is None:
            return
        now_ns = clock.read().mono_ns
        if now_ns - self._petted_ns >= self._interval_ns:
            self._petted_ns = now_ns
            self._notifier.watchdog()
