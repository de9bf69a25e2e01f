"""What came of an API's requests, counted under few words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from probes.exchange.budget import TOO_MANY, Figures
from probes.exchange.values import Ended, HttpResponse
from probes.sample import Origin

OUTCOMES = ("1xx", "2xx", "3xx", "4xx", "429", "5xx", "other", "timeout", "transport", "not-usable", "not-asked")
"""`not-usable`: an answer that was too long; `not-asked`: we could not, or DNS could not."""


def outcome(ended: Ended) -> str:
    if isinstance(ended, HttpResponse):
        if ended.status == TOO_MANY:
            return "429"
        named = f"{ended.status // 100}xx"
        return named if named in OUTCOMES else "other"
    if ended.is_ours:
        return "not-asked"
    return {Origin.TIMEOUT: "timeout", Origin.WIRE: "not-usable"}.get(ended.origin, "transport")


@dataclass(frozen=True, slots=True)
class ApiFigures:
    """Since the start: requests by outcome, the time that they waited for their turn, tokens got; and the budget's own.
    `is_locked_out` while the last login gave no token.
    """

    name: str
    requests: Mapping[str, int]
    waited_ns: int
    tokens: int
    budget: Figures | None
    is_locked_out: bool = False


class Tally:
    """Mutable; one for each API."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.waited_ns = 0

    def hear(self, ended: Ended) -> None:
        self.requests[outcome(ended)] += 1
