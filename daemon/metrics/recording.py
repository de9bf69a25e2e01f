"""The recording of samples, read at the scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from daemon.metrics.families import count, gauge
from daemon.recording.reel import Tally
from probes.sample import NS_PER_S


class RecordingMetrics(Collector):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        yield count("recording_samples", "Samples recorded for replay", [], {(): tally.samples})
        dropped = tally.dropped + tally.dropped_before
        yield count("recording_dropped", "Samples judged but not recorded: the disk did not keep up", [], {(): dropped})
        yield gauge("recording_bytes", "What the recording uses on disk", tally.bytes)
        yield gauge("recording_failed", "1 while samples cannot be recorded", tally.failed)
        yield gauge("recording_last_write_timestamp_seconds", "When the newest recorded turn was", tally.saved_utc_ns / NS_PER_S)
