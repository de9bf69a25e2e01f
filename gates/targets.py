"""A probe whose name leads to several targets (RFC 3263): what each of them told, and what the path makes of it.

A caller whom one server refuses asks the next (RFC 3263 §4.3). So the path has failed when each target that the name leads to
now has, and it passes in a beat in which one of them does. A *beat* is one place in the order of sending: each attempt asks
every target. What is folded here reads like the Input of a probe with a single target, and is judged as one:

* `counted` and `failing` are those of the target with the fewest. Only a failure raises these, and by one: that a name no longer
  leads to the one target that worked tells nothing new of the others and trips nothing by itself, so from then on each of them
  must fail once more for the path to have. A target that joins has no history and may work: until it has failed too, the path
  has not.
* `passes` are beats in a row in which a target passed, whichever it was: a caller got through in each of them. When a beat
  begins and every target was heard since the last that passed, one failed; where a target could not be measured, who knows.
* Whose targets are others at each look-up has no target with a history, and one that can only be measured as ERROR never fails.
  So beats in which nobody got through are counted as well (`gates.beats`), whoever was asked: while each target that can be
  measured fails, `counted` and `failing` are at least those beats. A target that cannot be measured is left out of the verdict
  and of its age while another one can; what it had counted is still a lower bound to what the others bring about by themselves.
* `sent` is the youngest among the targets that pass, for a PASS proves nothing longer than it is fresh itself; while all fail,
  the oldest, for that verdict needs each of them. While neither can be said (a target has joined and was not heard yet) the
  last PASS, or the verdict that all failed, grows old.

Once every result of a beat is there, none of this depends on the order in which they came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from gates import beats, rule
from gates.input import Input, Since, Targets, Told
from probes.sample import Moment, Outcome, Sample


def heard(
    path: Input, targets: Targets, sample: Sample, *, codes: frozenset[int], threshold: int, counts: bool
) -> tuple[Input, Targets] | None:
    """The path and its targets after a result, whether it `counts` (`gates.rule.counts`) or not; None where it tells nothing.

    A result without a target is about the name as a whole, and so about each of its targets.
    """
    before = _retargeted(path, targets, sample, counts=counts)
    told = {
        name: rule.count(before.known[name], sample, codes=codes, threshold=threshold)
        for name in ([sample.result.target] if sample.result.target else before.known)
        if counts and name in before.known and not rule.is_late(before.known[name], sample)
    }
    if not told and not beats.awaits(targets.row, sample):
        return None
    after = _beat(before, {**before.known, **told}, sample, threshold) if told else before
    if told:
        after = replace(after, row=beats.measured(after.row, sample))
    if beats.awaits(after.row, sample):
        tells = _tells(before, told, sample, codes, counts=counts)
        newest = {name: known.judged for name, known in after.known.items() if known.sent}
        after = replace(after, row=beats.report(after.row, sample, tells, newest=newest, threshold=threshold))
    if not any(known.sent for known in after.known.values()):
        return path, after
    return _folded(path, before, after, sample, threshold), after


def _tells(before: Targets, told: Collection[str], sample: Sample, codes: frozenset[int], *, counts: bool) -> Told:
    """A target that left before its result came is heard all the same; who stayed and was heard since, or slept through, not."""
    if not counts:
        return Told.UNMEASURED if sample.result.target and sample.result.outcome is Outcome.ERROR else Told.NOTHING
    everybody = len(told) == (1 if sample.result.target else len(before.known))
    left = bool(sample.result.target) and sample.result.target not in before.known
    return beats.told(sample, codes=codes) if everybody or left else Told.NOTHING


def _retargeted(path: Input, targets: Targets, sample: Sample, *, counts: bool) -> Targets:
    """Where the name leads now, by the newest result that counts. Who stays keeps its history; who joins has none, and what was
    asked of it before it joined is late.
    """
    if not sample.result.target or sample.sequence <= targets.newest or (targets.known and not counts):
        return targets
    named = dict.fromkeys((*(sample.result.among or targets.known), sample.result.target))
    if named.keys() == targets.known.keys():
        return targets
    joins = Input(judged=targets.newest)
    known = {name: targets.known.get(name, joins) for name in named}
    least = min(each.counted for each in known.values()), min(each.failing for each in known.values())
    since = Since(path, known) if least[0] > path.counted or least[1] > path.failing else None
    return replace(targets, known=known, since=since)


def _beat(before: Targets, known: Mapping[str, Input], sample: Sample, threshold: int) -> Targets:
    passes, passed, passed_sent, since = before.passes, before.passed, before.passed_sent, before.since
    if sample.sequence > before.newest and min(each.judged for each in _measured(before, threshold)) > passed:
        passes = 0
    if sample.result.outcome is Outcome.PASS:
        passes = passes + 1 if sample.sequence > passed else max(passes, 1)
        passed = max(passed, sample.sequence)
        passed_sent = max(passed_sent or sample.sent, sample.sent, key=lambda sent: sent.mono_ns)
        since = None
    return Targets(known, max(before.newest, sample.sequence), passed, passes, passed_sent, since, before.row)


def _folded(path: Input, before: Targets, after: Targets, sample: Sample, threshold: int) -> Input:
    known, at, row = _measured(after, threshold), sample.at, after.row
    fewest, least = min(after.known.values(), key=_counted), _least(after, _counted)
    down = all(each.failing for each in known)
    counted = max(least, row.counted) if down else least
    failing = max(_least(after, _failing), row.failing) if down else _least(after, _failing)
    passing = [each for each in known if each.passes]
    passed_sent = max(passing, key=_sent_ns).passed_sent if passing else after.passed_sent
    sent = min(known, key=_sent_ns).sent if failing else passed_sent if passing or path.passes else path.sent
    streak = (row.streak if row.counted > least else fewest.streak)[-counted:] if counted else ()
    first_failed = path.first_failed if _least(before, _failing) else at
    first_counted = path.first_counted if _least(before, _counted) else at
    return Input(
        judged=after.newest,
        sent=sent,
        passed_sent=passed_sent,
        passed_at=at if sample.result.outcome is Outcome.PASS and after.known is not before.known else path.passed_at,
        first_failed=_first(first_failed if _least(after, _failing) else None, row.first_failed, failing),
        first_counted=_first(first_counted if least else None, row.first_counted, counted),
        counted=counted,
        failing=failing,
        passes=after.passes if passing else 0,
        streak=streak,
        kinds=_kinds(row.kinds if row.counted > least else fewest.kinds, streak, counted),
    )


def _kinds(kinds: Mapping[str, int], streak: tuple[str, ...], counted: int) -> Mapping[str, int]:
    """A path that counts less than its target of fewest has no history of its own: as much of it as the streak still shows."""
    return kinds if sum(kinds.values()) == counted else Counter(streak)


def _measured(targets: Targets, threshold: int) -> list[Input]:
    """All but the targets that cannot be measured; where that leaves none that was heard, every target."""
    out = {name for name, errors in targets.row.errors.items() if errors >= threshold}
    rest = [each for name, each in targets.known.items() if name not in out]
    return rest if any(each.sent for each in rest) else list(targets.known.values())


def _least(targets: Targets, count: Callable[[Input], int]) -> int:
    """Consecutive failures of the path: those of the target with the fewest."""
    since = targets.since
    if since is None:
        return min(count(each) for each in targets.known.values())
    return count(since.path) + min(count(each) - count(since.known[name]) for name, each in targets.known.items())


def _first(last: Moment | None, beat: Moment | None, count: int) -> Moment | None:
    """When a streak was seen first: with the failure of the last of the targets to fail, or with the first of the beats."""
    return min((began for began in (last, beat) if began), key=lambda began: began.mono_ns, default=None) if count else None


def _counted(known: Input) -> int:
    return known.counted


def _failing(known: Input) -> int:
    return known.failing


def _sent_ns(known: Input) -> int:
    return known.sent.mono_ns if known.sent else -1


def zeroed(targets: Targets) -> Targets:
    """Counters forgotten, place in the sequence kept, as `gates.rule.zeroed` does to each."""
    known = {name: rule.zeroed(known) for name, known in targets.known.items()}
    return replace(targets, known=known, passes=0, since=None, row=beats.zeroed(targets.row))


def forgotten(targets: Targets) -> Targets:
    """Nothing is left but what makes a result late."""
    known = {name: Input(judged=known.judged) for name, known in targets.known.items()}
    return Targets(known, newest=targets.newest, passed=targets.passed, row=beats.forgotten(targets.row))
