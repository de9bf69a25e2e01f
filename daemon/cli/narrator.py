"""Tells a person what the daemon does, as it does it: an observer like metrics, only in sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from daemon.cli.journal_text import told
from daemon.observe import Observers
from gates import rule, words
from gates.gate import Gate, Transition
from gates.input import Input
from probes import clock
from probes.sample import NS_PER_MS, NS_PER_S, Outcome, Sample
from reverters.journal import JournalEntry


class Narrator:
    """`say` prints a line. Each line begins with the UTC time; `zone` says once how local time differs."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._print = say

    def observe(self, observers: Observers) -> None:
        observers.counted.register("narrator", self.counted)
        observers.transition.register("narrator", self.judged)
        observers.entry.register("narrator", self.appended)

    def say(self, text: str) -> None:
        self._print(f"{_time(clock.read().utc_ns)}  {text}" if text else "")

    def counted(self, gate: Gate, sample: Sample) -> None:
        result, path = sample.result, gate.inputs[sample.probe]
        known = words.targets(gate, sample.probe).get(result.target, path)
        if (
            result.outcome is not Outcome.FAIL
            or sample.probe not in gate.spec.needed
            or known.failing > gate.spec.patience(sample.probe)
        ):
            return
        of = f"{result.target}   " if result.target else ""
        after = f"   Retry-After {result.facts['retry_after_s']} s" if "retry_after_s" in result.facts else ""
        self.say(f"{sample.probe:<11} {of}{rule.label(result)}: {_progress(gate, sample, path)}{after}")

    def judged(self, transition: Transition, gate: Gate) -> None:
        changed = (
            f"{transition.before} → {transition.after}" if transition.before is not transition.after else f"stays {gate.state}"
        )
        self.say(f"gate {gate.spec.name}: {changed}   ({transition.evidence})")

    def appended(self, entry: JournalEntry, seconds: float) -> None:
        self.say(f"  #{entry.seq:<3} {entry.kind:<9} {told(entry)}")


def _progress(gate: Gate, sample: Sample, path: Input) -> str:
    """`2/3` where failures are counted in a row, behind the code that stands there already."""
    told = words.progress(gate, sample.probe, path, now=sample.at)
    return told.rpartition(": ")[2] if gate.spec.sole else told


def zone(now: datetime) -> str:
    local = now.astimezone()
    return f"times are UTC; it is {now:%H:%M:%S} UTC, {local:%H:%M:%S %Z} here"


def _time(utc_ns: int) -> str:
    seconds, rest = divmod(utc_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{rest // NS_PER_MS:03d}Z"
