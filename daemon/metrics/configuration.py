"""How the last reload went, and since when the settings in force are."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from daemon.live import Live
from daemon.metrics.families import gauge
from probes.sample import NS_PER_S


class Configuration(Collector):
    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        told = "1: the file was read and taken over, 0: the last reload changed nothing"
        yield gauge("config_last_reload_successful", told, self._live.failure is None)
        told = "When the configuration in force was taken over"
        yield gauge("config_last_reload_success_timestamp_seconds", told, self._live.loaded_utc_ns / NS_PER_S)
