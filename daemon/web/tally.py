"""The webhook's own count of its answers: plain integers, since it is paid for on every call. Read at the scrape."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

BOUNDS_NS = tuple(us * 1_000 for us in (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 250_000, 1_000_000))
"""Upper bounds of the duration's buckets; one more, without a bound, follows."""
ANSWERS = ("OK", "DEGRADED")


class Tally:
    """Implements `daemon.web.webhook.Observer`. Moments are monotonic nanoseconds."""

    __slots__ = (
        "absences",
        "agents",
        "alerts",
        "answers",
        "buckets",
        "certificate",
        "certificate_ends",
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
        self.alerts: Counter[tuple[str, str]] = Counter()
        """By probe and `taken` or `malformed`, of what Alertmanager sent."""
        self.refusals: Counter[str] = Counter()
        self.last_ns: dict[str, int] = {}
        """When each gate was last asked for."""
        self.used_ns: dict[str, int] = {}
        """When each key was last used: shows when an old one may go."""
        self.buckets = [0] * (len(BOUNDS_NS) + 1)
        self.total_ns = 0
        self.certificate: bool | None = None
        """Whether the certificate on disk is the one in use; None without TLS."""
        self.certificate_ends: int | None = None
        """When the one in use ends, in UTC seconds; None without TLS."""

    def answered(
        self, gate: str, answer: str, key: str, *, began_ns: int, ended_ns: int, region: str = "", number: str = ""
    ) -> None:
        answers, regions, numbers = self.answers, self.regions, self.numbers
        given = gate, answer
        answers[given] = answers.get(given, 0) + 1  # on a Counter, += takes three times as long
        if region:
            of_region = gate, answer, region
            regions[of_region] = regions.get(of_region, 0) + 1
        if number:
            of_number = gate, answer, number
            numbers[of_number] = numbers.get(of_number, 0) + 1
        self.last_ns[gate] = self.used_ns[key] = ended_ns
        self.buckets[bisect_left(BOUNDS_NS, ended_ns - began_ns)] += 1
        self.total_ns += ended_ns - began_ns

    def callers(self, gate: str, region: str | None = None) -> int:
        """How often callers were answered so far. Who was refused, and the reserved key, are none."""
        if region is None:
            return sum(self.answers[gate, answer] for answer in ANSWERS)
        return sum(self.regions[gate, answer, region] for answer in ANSWERS)

    def heard(self, probe: str, how: str) -> None:
        """Alertmanager sent something for a probe: `taken` or `malformed`."""
        self.alerts[probe, how] += 1

    def used(self, key: str, *, now_ns: int) -> None:
        """A key was shown for something else than a caller's question."""
        self.used_ns[key] = now_ns

    def refused(self, reason: str) -> None:
        self.refusals[reason] += 1

    def absent(self, gate: str, answer: str) -> None:
        self.absences[gate, answer] += 1

    def checked(self, gate: str, word: str) -> None:
        self.agents[gate, word] += 1
