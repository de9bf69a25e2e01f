"""The one place that reads the clocks. Everything that decides is told the time instead."""

from __future__ import annotations

import time

from probes.sample import Moment


def read() -> Moment:
    return Moment(utc_ns=time.time_ns(), mono_ns=time.monotonic_ns())


mono_ns = time.monotonic_ns
"""The monotonic half alone, for whoever measures a duration."""
