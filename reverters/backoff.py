"""How long to wait before asking again: exponential with full jitter, Retry-After honoured as the least."""

from __future__ import annotations

BASE_NS = 200_000_000
CAP_NS = 30_000_000_000


def pause(troubles: int, *, fraction: float, retry_after_ns: int | None = None) -> int:
    """Nanoseconds before attempt `troubles` + 1. `fraction` is the caller's random number in 0…1."""
    ceiling = min(BASE_NS << min(troubles, 20), CAP_NS)
    return max(int(ceiling * fraction), retry_after_ns or 0)
