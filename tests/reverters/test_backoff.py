"""The pause before the next try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverters.backoff import BASE_NS, CAP_NS, pause

MS = 1_000_000


@pytest.mark.parametrize(
    ("troubles", "ceiling_ms"),
    [(0, 200), (1, 400), (2, 800), (3, 1_600), (4, 3_200), (5, 6_400), (6, 12_800), (7, 25_600), (8, 30_000), (10_000, 30_000)],
)
def test_the_ceiling_doubles_up_to_thirty_seconds(troubles: int, ceiling_ms: int) -> None:
    assert pause(troubles, fraction=1.0) == ceiling_ms * MS


def test_the_jitter_is_full() -> None:
    assert pause(3, fraction=0.0) == 0
    assert pause(3, fraction=0.25) == 400 * MS


def test_retry_after_is_the_least() -> None:
    assert pause(0, fraction=1.0, retry_after_ns=58_000 * MS) == 58_000 * MS
    assert pause(7, fraction=1.0, retry_after_ns=1_000 * MS) == 25_600 * MS


@given(troubles=st.integers(0, 10**6), fraction=st.floats(0, 1))
def test_a_pause_is_never_negative_nor_longer_than_the_cap(troubles: int, fraction: float) -> None:
    assert 0 <= pause(troubles, fraction=fraction) <= CAP_NS
    assert BASE_NS < CAP_NS
