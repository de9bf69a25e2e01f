"""What a scrape tells of the recording."""

from __future__ import annotations

from daemon.metrics.recording import RecordingMetrics
from daemon.recording.reel import Tally


def test_a_scrape_tells_what_is_recorded_and_what_is_not() -> None:
    tally = Tally(samples=90, dropped=20, dropped_before=3, bytes=4_096, failed=True, saved_utc_ns=1_500_000_000)
    found = {sample.name: sample.value for family in RecordingMetrics(tally).collect() for sample in family.samples}
    assert found == {
        "cutoverd_recording_samples_total": 90,
        "cutoverd_recording_dropped_total": 23,
        "cutoverd_recording_bytes": 4_096,
        "cutoverd_recording_failed": 1,
        "cutoverd_recording_last_write_timestamp_seconds": 1.5,
    }
