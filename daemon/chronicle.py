"""The log's view of the night: an observer that turns failures, transitions and journal entries into log lines."""

from __future__ import annotations

import logging

from daemon.cli.journal_text import told
from daemon.observe import Observers
from gates import rule, words
from gates.gate import Gate, GateState, Transition
from probes.sample import Outcome, Sample
from reverters.journal import JournalEntry

log = logging.getLogger("cutoverd")

_LOUD = (GateState.TRIPPED, GateState.INCONCLUSIVE)


def observe(observers: Observers) -> None:
    observers.counted.register("log", _counted)
    observers.transition.register("log", _transited)
    observers.entry.register("log", _recorded)


def _counted(gate: Gate, sample: Sample) -> None:
    """Each failure on the way to a trip; what follows says nothing new. Where a name leads to several targets each is told by
    its own count, for that of the path stands still while one of them works.
    """
    result, path = sample.result, gate.inputs[sample.probe]
    known = words.targets(gate, sample.probe).get(result.target, path)
    if result.outcome is Outcome.PASS or known.failing > gate.spec.patience(sample.probe):
        return
    of = f"{sample.probe}: {result.target}" if result.target else sample.probe
    tally = words.progress(gate, sample.probe, known, now=sample.at)
    about = {"gate": gate.spec.name, "probe": sample.probe}
    log.warning("%s: %s: %s", of, rule.label(result), tally, extra=about)


def _transited(transition: Transition, gate: Gate) -> None:
    level = logging.ERROR if transition.after in _LOUD else logging.WARNING
    if transition.after is GateState.HEALTHY:
        level = logging.INFO
    told_ = f"{transition.before} → {transition.after}: {transition.evidence}"
    log.log(level, "gate %s: %s", transition.gate, told_, extra={"gate": transition.gate})


def _recorded(entry: JournalEntry, seconds: float) -> None:
    level = logging.ERROR if entry.kind == "halted" else logging.INFO
    step = getattr(entry.body, "step", "")
    log.log(level, "journal #%d %s: %s", entry.seq, entry.kind, told(entry), extra={"run": entry.run, "step": step})
