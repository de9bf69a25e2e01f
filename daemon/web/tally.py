"""The webhook's own count of its answers: plain integers, since it is paid for on every call. Read at the scrape."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

BOUNDS_NS = tuple(us * 1_000 for us in (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 250_000, 1_000_000))
"""Upper bounds of the duration's buckets; one more, without a bound, follows."""


class Tally:
    """Implements `daemon.web.webhook.Observer`. Moments are monotonic nanoseconds."""

    __slots__ = (
        "absences",
        "agents",
        "answers",
        "buckets",
        "certificate",
        "last_ns",
        "numbers",
        "refusals",
        "regions",
        "total_ns",
        "used_ns",
    )

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        """By gate and answer."""
        self.regions: Counter[tuple[str, str, str]] = Counter()
        """By gate, answer and the caller's region, where requests are asked for one."""
        self.numbers: Counter[tuple[str, str, str]] = Counter()
        """By gate, answer and the number called, likewise."""
        self.agents: Counter[tuple[str, str]] = Counter()
        """By gate and word, of agent checks."""
        self.absences: Counter[tuple[str, str]] = Counter()
        """By gate and answer, of the reserved key: no callers."""
        self.refusals: Counter[str] = Counter()
        self.last_ns: dict[str, int] = {}
        """When each gate was last asked for."""
        self.used_ns: dict[str, int] = {}
        """When each key was last used: shows when an old one may go."""
        self.buckets = [0] * (len(BOUNDS_NS) + 1)
        self.total_ns = 0
        self.certificate: bool | None = None
        """Whether the certificate on disk is the one in use; None without TLS."""

    def answered(
        self, gate: str, answer: str, key: str, *, began_ns: int, ended_ns: int, region: str = "", number: str = ""
    ) -> None:
        self.answers[gate, answer] += 1
        if region:
            self.regions[gate, answer, region] += 1
        if number:
            self.numbers[gate, answer, number] += 1
        self.last_ns[gate] = self.used_ns[key] = ended_ns
        self.buckets[bisect_left(BOUNDS_NS, ended_ns - began_ns)] += 1
        self.total_ns += ended_ns - began_ns

    def refused(self, reason: str) -> None:
        self.refusals[reason] += 1

    def absent(self, gate: str, answer: str) -> None:
        self.absences[gate, answer] += 1

    def checked(self, gate: str, word: str) -> None:
        self.agents[gate, word] += 1
