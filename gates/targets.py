"""A probe whose name leads to several targets (RFC 3263): what each of them told, and what the path makes of it.

A caller whom one server refuses asks the next (RFC 3263 §4.3). So the path has failed when each target that the name leads to
now has, and it passes in a beat in which one of them does. A *beat* is one place in the order of sending: each attempt asks
every target. What is folded here reads like the Input of a probe with a single target, and is judged as one:

* `counted` and `failing` are those of the target with the fewest. Only a failure raises them, and by one: a name that stops
  leading to the one target that worked says nothing of the others that was not known, and trips nothing by itself. A target
  that joins has no history and may work, so until it has failed as often the path has not.
* `passes` are beats in a row in which a target passed, whichever it was: a caller got through in each of them. When a beat
  begins and every target was heard since the last that passed, one failed; where a target could not be measured, who knows.
* `sent` is the youngest among the targets that pass, for a PASS proves nothing longer than it is fresh itself; while all fail,
  the oldest, for that verdict needs each of them. While neither can be said (a target has joined and was not heard yet) the
  last PASS, or the verdict that all failed, grows old.

Once every result of a beat is there, none of this depends on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from gates import rule
from gates.gate import Input, Targets
from probes.sample import Moment, Outcome, Sample


def heard(
    path: Input, targets: Targets, sample: Sample, *, codes: frozenset[int], threshold: int
) -> tuple[Input, Targets] | None:
    """The path and its targets after a result that counts (`gates.rule.counts`); None where it came late.

    A result without a target is about the name as a whole, and so about each of its targets.
    """
    present = _present(targets, sample)
    told = {
        name: rule.count(present[name], sample, codes=codes, threshold=threshold)
        for name in ([sample.result.target] if sample.result.target else present)
        if name in present and not rule.is_late(present[name], sample)
    }
    if not told:
        return None
    after = _beat(targets, present, {**present, **told}, sample)
    return _folded(path, present.values(), after, sample), after


def _present(targets: Targets, sample: Sample) -> Mapping[str, Input]:
    """The targets that the name leads to, by the newest result. Who stays keeps its history; who joins has none, and what was
    asked of it before it joined is late.
    """
    if not sample.result.target or sample.sequence <= targets.newest:
        return targets.known
    named = dict.fromkeys((*(sample.result.among or targets.known), sample.result.target))
    if named.keys() == targets.known.keys():
        return targets.known
    joins = Input(judged=targets.newest)
    return {name: targets.known.get(name, joins) for name in named}


def _beat(targets: Targets, before: Mapping[str, Input], after: Mapping[str, Input], sample: Sample) -> Targets:
    passes, passed, passed_sent = targets.passes, targets.passed, targets.passed_sent
    if sample.sequence > targets.newest and min(each.judged for each in before.values()) > passed:
        passes = 0
    if sample.result.outcome is Outcome.PASS:
        passes = passes + 1 if sample.sequence > passed else max(passes, 1)
        passed = max(passed, sample.sequence)
        passed_sent = max(passed_sent or sample.sent, sample.sent, key=lambda sent: sent.mono_ns)
    return Targets(after, max(targets.newest, sample.sequence), passed, passes, passed_sent)


def _folded(path: Input, before: Collection[Input], after: Targets, sample: Sample) -> Input:
    known, at = after.known.values(), sample.at
    counted, first_counted = _streak(path.counted, path.first_counted, _counted(before), _counted(known), at)
    failing, first_failed = _streak(path.failing, path.first_failed, _failing(before), _failing(known), at)
    decides = min(known, key=lambda each: each.counted)
    passing = [each for each in known if each.passes]
    passed_sent = max(passing, key=_sent_ns).passed_sent if passing else after.passed_sent
    sent = min(known, key=_sent_ns).sent if failing else passed_sent if passing or path.passes else path.sent
    return Input(
        judged=after.newest,
        sent=sent,
        passed_sent=passed_sent,
        passed_at=at if sample.result.outcome is Outcome.PASS else path.passed_at,
        first_failed=first_failed,
        first_counted=first_counted,
        counted=counted,
        failing=failing,
        passes=after.passes if passing else 0,
        streak=decides.streak[-counted:] if counted else (),
    )


def _streak(
    stood: int, first: Moment | None, before: Iterable[int], after: Iterable[int], at: Moment
) -> tuple[int, Moment | None]:
    """Consecutive failures of the path, and when the first of them was seen: when the last of its targets failed too."""
    lowest, now = min(before), min(after)
    stands = min(stood, lowest)
    count = min(now, stands + max(now - lowest, 0))
    return count, (first if stands else at) if count else None


def _counted(known: Iterable[Input]) -> list[int]:
    return [each.counted for each in known]


def _failing(known: Iterable[Input]) -> list[int]:
    return [each.failing for each in known]


def _sent_ns(known: Input) -> int:
    return known.sent.mono_ns if known.sent else -1


def zeroed(targets: Targets) -> Targets:
    """Counters forgotten, place in the sequence kept, as `gates.rule.zeroed` does to each."""
    return replace(targets, known={name: rule.zeroed(known) for name, known in targets.known.items()}, passes=0)


def forgotten(targets: Targets) -> Targets:
    """Nothing is left but what makes a result late."""
    known = {name: Input(judged=known.judged) for name, known in targets.known.items()}
    return Targets(known, newest=targets.newest, passed=targets.passed)
