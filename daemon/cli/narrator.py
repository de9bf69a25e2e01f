"""Tells a person what the daemon does, as it does it: an observer like metrics, only in sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from daemon.observe import Observers
from gates import words
from gates.gate import Gate, Transition
from probes import clock
from probes.sample import NS_PER_MS, NS_PER_S, Outcome, Sample
from reverters.entries import Closed, Finished, Halted, Inspected, Intended, Judged, Planned, Responded, Verified, Waited
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
        result = sample.result
        if result.outcome is not Outcome.FAIL or sample.probe not in gate.spec.needed or gate.latched:
            return
        tally = words.tally(gate.inputs[sample.probe], threshold=gate.spec.threshold)
        after = f", Retry-After {result.facts['retry_after_s']} s" if "retry_after_s" in result.facts else ""
        self.say(f"{sample.probe:<11} {result.origin} {result.reason}{after}   →  {tally}")

    def judged(self, transition: Transition, gate: Gate) -> None:
        self.say(f"gate {gate.spec.name}: {transition.before} → {transition.after}   ({transition.evidence})")

    def appended(self, entry: JournalEntry, seconds: float) -> None:
        told = _told(entry)
        if told:
            self.say(f"  {told}")


def zone(now: datetime) -> str:
    local = now.astimezone()
    return f"times are UTC; it is {now:%H:%M:%S} UTC, {local:%H:%M:%S %Z} here"


def _time(utc_ns: int) -> str:
    seconds, rest = divmod(utc_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{rest // NS_PER_MS:03d}Z"


def _told(entry: JournalEntry) -> str:
    match entry.body:
        case Judged(gate=gate, answer=answer, generation=generation):
            return f"journal #{entry.seq}: the IVR is told {answer} by {gate}, generation {generation}"
        case Planned(plan=plan, cause=cause):
            return f"journal #{entry.seq}: run of {plan} begins ({cause})"
        case _:
            return _step_told(entry)


def _step_told(entry: JournalEntry) -> str:
    match entry.body:
        case Inspected(step=step, at_baseline=at_baseline, live=live):
            return f"inspect  {step}: live {_values(live)}{', at baseline already' if at_baseline else ''}"
        case Intended(step=step, wanted=wanted):
            return f"intend   {step}: baseline {_values(wanted)}"
        case Responded(step=step, phase=phase, verdict=verdict, detail=detail):
            return f"{phase:<8} {step}: {verdict} {detail}"
        case Verified(step=step, holds=holds, live=live):
            return f"verify   {step}: {_values(live)} {'holds' if holds else 'not yet'}"
        case _:
            return _end_told(entry)


def _end_told(entry: JournalEntry) -> str:
    match entry.body:
        case Finished(step=step, outcome=outcome):
            return f"finish   {step}: {outcome}"
        case Waited(stage=stage, for_ns=for_ns):
            return f"waited   {for_ns / NS_PER_S:g} s after stage {stage}"
        case Halted(step=step, reason=reason, detail=detail):
            return f"HALTED   {step}: {reason}: {detail}"
        case Closed(outcome=outcome, recovery_ns=recovery_ns):
            return f"run closed: {outcome}, {recovery_ns / NS_PER_S:.1f} s after the first failed sample"
        case _:
            return ""


def _values(state: object) -> str:
    values = state.get("values") if isinstance(state, dict) else None
    return " ".join(values) if values else "none"
