"""Turns to record: one sample each, a second apart."""

from __future__ import annotations

from dataclasses import replace

from daemon.recording.turn import Mark, Turn
from probes.sample import NS_PER_S, ProbeResult, Sample
from tests.gates.bench import NEW, PASS, s


def sample(n: int, result: ProbeResult = PASS, *, probe: str = NEW) -> Sample:
    return Sample(probe, "local", n, s(n), s(n + 0.01), replace(result, facts={"peer": "192.0.2.1"}))


def turn(n: int, *marks: Mark, result: ProbeResult = PASS) -> Turn:
    return Turn(s(n + 0.02), (*marks, sample(n, result)), 1 + len(marks))


def turns(first: int, until: int) -> list[Turn]:
    return [turn(n) for n in range(first, until)]


HOUR_NS = 3_600 * NS_PER_S
