"""What `success_ratio` promises, measured with seeded chance: python -m bench.ratio

How often each basis is wrong of a path whose true rate is known, after how many calls, and how long a path that was good and
breaks goes unnoticed. Beside Wald's test as it is: the same with its passes forgotten while the path is accepted (Page's CUSUM).
And what a result costs each rule, in processor time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from gates import rule
from gates.input import Input
from gates.rules.agreement import Agreement
from gates.rules.failures import Failures
from gates.rules.newest import Newest
from gates.rules.point import PointRatio
from gates.rules.ratio import SequentialRatio, Tested, Verdict, Walk
from gates.rules.reading import Rule
from gates.rules.stable import StableFor
from gates.rules.value import Value
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample

WALD = SequentialRatio(good=0.99, bad=0.90, alpha=0.05, beta=0.05, at_most=200)
POINT = PointRatio(at_least=0.95, of=20)
RATES = (0.90, 0.95, 0.99)
ROUNDS, WARM, LONGEST = 2_000, 300, 100_000
PASS = ProbeResult(Outcome.PASS, 200, Origin.WIRE, "", 1_000_000, {"agreed": 50, "asked": 50, "flaps": 0})
FAIL = ProbeResult(Outcome.FAIL, 503, Origin.WIRE, "", 1_000_000)


def once(rate: float, rng: random.Random) -> tuple[Verdict, int]:
    """One test: its verdict, and after how many calls."""
    walk = Walk()
    while (verdict := WALD.decided(walk)) is None:
        passed = rng.random() < rate
        walk = Walk(walk.passes + passed, walk.failures + (not passed))
    return verdict, walk.count


def decisions() -> None:
    rng = random.Random(1)
    print(f"{ROUNDS} decisions: 99% is to be accepted, 90% to be refused, 95% is neither; α = β = 5%")
    for rate in RATES:
        told = [once(rate, rng) for _ in range(ROUNDS)]
        refused = sum(verdict is Verdict.REFUSED for verdict, _ in told) / ROUNDS
        calls = sum(count for _, count in told) / ROUNDS
        below = sum(sum(rng.random() < rate for _ in range(POINT.of)) < 19 for _ in range(ROUNDS)) / ROUNDS
        print(
            f"  true rate {rate:.0%}: sequential refuses {refused:.1%} after {calls:.1f} calls on average; "
            f"point (at least 95% of 20) {below:.1%} after 20"
        )


class Sequential:
    """Wald's test, again and again; `is_page`: passes do not speak for a path that is accepted."""

    def __init__(self, *, is_page: bool) -> None:
        self.tested = Tested()
        self.is_page = is_page

    def __call__(self, passed: bool) -> bool:
        tested = WALD.hear(self.tested, told(passed), known=Input())
        if self.is_page and tested.verdict is Verdict.ACCEPTED and WALD.weight(tested.walk) > 0:
            tested = Tested(Walk(), tested.verdict, tested.last, tested.became)
        self.tested = tested
        return tested.verdict is Verdict.REFUSED


class Point:
    def __init__(self) -> None:
        self.failed = Newest(POINT.of)

    def __call__(self, passed: bool) -> bool:
        self.failed = self.failed.add(NOW, None if passed else "503")
        return self.failed.heard >= POINT.of and self.failed.marked >= POINT.suffice


NOW = Moment(0, 0)


def told(passed: bool, at: int = 0) -> Sample:
    now = Moment(at, at)
    return Sample("trunk", "local", at, now, now, PASS if passed else FAIL)


def watching() -> None:
    """Calls until a path that was good for a while is found bad: of one that breaks, the fewer the better; else a false alarm."""
    kinds: dict[str, Callable[[], Callable[[bool], bool]]] = {
        "sequential": lambda: Sequential(is_page=False),
        "page": lambda: Sequential(is_page=True),
        "point": Point,
    }
    print(f"calls until BAD, after {WARM} calls at 99%")
    for name, kind in kinds.items():
        means = ", ".join(f"{rate:.0%}: {_until_bad(kind, rate):.1f}" for rate in (0.99, *RATES[1::-1], 0.5))
        print(f"  {name}: true rate {means}")


def _until_bad(kind: Callable[[], Callable[[bool], bool]], rate: float) -> float:
    rng, rounds = random.Random(2), 400
    total = heard = 0
    while heard < rounds:
        hear = kind()
        if [hear(rng.random() < 0.99) for _ in range(WARM)][-1]:
            continue
        heard += 1
        total += next((calls for calls in range(1, LONGEST) if hear(rng.random() < rate)), LONGEST)
    return total / rounds


def costs() -> None:
    """One result told and read, with memories as full as they become."""
    rules: dict[str, tuple[Rule[Any], int]] = {
        "failures 3 of 10": (Failures(3, 10, (503, 408)), 2_000),
        "failures 500 of 1,000": (Failures(500, 1_000, (503, 408)), 2_000),
        "point, 20": (POINT, 2_000),
        "point, 100,000": (PointRatio(0.95, 100_000), 100_500),
        "sequential": (WALD, 2_000),
        "value, 300 samples": (Value("duration", 95, NS_PER_S, False, True, 300, 20), 2_000),
        "value, 10,000 samples": (Value("duration", 95, NS_PER_S, False, True, 1_000_000, 20), 12_000),
        "stable_for": (StableFor(120 * NS_PER_S), 2_000),
        "agreement": (Agreement(0.98), 2_000),
    }
    for name, (judged, count) in rules.items():
        print(f"  {name}: {_cost(judged, count):.1f} µs for one result, told and read")


def _cost(judged: Rule[Any], count: int, last: int = 500) -> float:
    rng, memory, known = random.Random(3), judged.fresh(), Input()
    samples = [told(rng.random() < 0.97, at) for at in range(count)]
    began = 0
    for at, sample in enumerate(samples):
        if at == count - last:
            began = time.process_time_ns()
        known = rule.count(known, sample, codes=frozenset({503}), threshold=3)
        memory = judged.hear(memory, sample, known=known)
        if at >= count - last:
            judged.read(memory, known=known, now=sample.at)
    return (time.process_time_ns() - began) / last / 1_000


if __name__ == "__main__":
    decisions()
    watching()
    costs()
