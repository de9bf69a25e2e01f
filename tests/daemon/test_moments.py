"""Whether we were unwell between two turns."""

from __future__ import annotations

import pytest

from daemon.moments import disturbance
from probes.sample import NS_PER_S, Moment

BEFORE = Moment(utc_ns=1_000 * NS_PER_S, mono_ns=50 * NS_PER_S)


def after(mono_s: float, utc_s: float | None = None) -> Moment:
    utc_s = mono_s if utc_s is None else utc_s
    return Moment(BEFORE.utc_ns + round(utc_s * NS_PER_S), BEFORE.mono_ns + round(mono_s * NS_PER_S))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (after(0), ""),
        (after(0.25), ""),
        (after(1), ""),
        (after(1.000000001), "loop lagged 1.0 s"),
        (after(12.34), "loop lagged 12.3 s"),
        (after(0.25, 1.25), ""),
        (after(0.25, 1.250000001), "clock jumped +1.0 s"),
        (after(0.25, -0.75), ""),
        (after(0.25, -4.75), "clock jumped -5.0 s"),
        (after(3, -10), "loop lagged 3.0 s"),
    ],
)
def test_a_standstill_or_a_jump_of_more_than_a_second_is_told(now: Moment, told: str) -> None:
    assert disturbance(BEFORE, now) == told
