"""One rule on a bench: results are written down, time is told, and the probe's Input is kept as the gate keeps it."""

from __future__ import annotations

from typing import Any

from gates import rule
from gates.input import Input
from gates.rules.reading import Reading, Rule
from probes.sample import NS_PER_MS, Moment, Origin, Outcome, ProbeResult, Sample

CODES = (503, 408)
PASS = ProbeResult(Outcome.PASS, 200, Origin.WIRE, "", 5 * NS_PER_MS)
SILENCE = ProbeResult(Outcome.FAIL, 408, Origin.TIMEOUT, "timeout", 2_000 * NS_PER_MS)


def fail(code: int | None = 503, **facts: str | int) -> ProbeResult:
    return ProbeResult(Outcome.FAIL, code, Origin.WIRE, "", 5 * NS_PER_MS, facts)


def passed(duration_ms: float = 5, **facts: str | int) -> ProbeResult:
    return ProbeResult(Outcome.PASS, 200, Origin.WIRE, "", round(duration_ms * NS_PER_MS), facts)


def s(seconds: float) -> Moment:
    """`seconds` after the bench was set up; both clocks run alike."""
    ns = round(seconds * 1_000_000_000)
    return Moment(utc_ns=1_800_000_000_000_000_000 + ns, mono_ns=9_000_000_000_000 + ns)


class RuleBench:
    def __init__(self, judged: Rule[Any]) -> None:
        self.rule = judged
        self.memory = judged.fresh()
        self.known = Input()
        self.sequence = 0

    def hear(self, result: ProbeResult, when: float) -> Reading:
        """A result that comes `when` seconds after the start; what the rule says then."""
        sample = Sample("trunk-new", "local", self.sequence, s(when), s(when), result)
        self.sequence += 1
        self.known = rule.count(self.known, sample, codes=frozenset(CODES), threshold=self.rule.threshold)
        self.memory = self.rule.hear(self.memory, sample, known=self.known)
        return self.read(when)

    def run(self, results: list[ProbeResult], start: float = 0, every: float = 1) -> Reading:
        """One result after the other; what the rule says at the last."""
        for index, result in enumerate(results):
            self.hear(result, start + index * every)
        return self.read(start + max(len(results) - 1, 0) * every)

    def read(self, when: float) -> Reading:
        return self.rule.read(self.memory, known=self.known, now=s(when))
