"""What would change a gate's verdict from where it stands: each way out, in words, and how soon at the present cadence. Pure.

One function for each state of the gate, as there is one row for each in `gates.machine.TRANSITIONS`. They count what is missing;
whether it comes is for the world to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from daemon.explain import forecast, outlook_rules
from daemon.explain.change import Change
from daemon.explain.forecast import Pace, Span
from gates import verdict, words
from gates.gate import Gate, GateState
from gates.input import Input
from gates.rules.reading import Level
from gates.verdict import is_stale
from probes.sample import Moment


@dataclass(frozen=True, slots=True)
class View:
    """A gate as it is looked at; `paces` by probe."""

    gate: Gate
    paces: Mapping[str, Pace]
    now: Moment

    @property
    def codes(self) -> str:
        """In the order of the configuration: `503/408`."""
        sole = self.gate.spec.sole
        return "/".join(str(code) for code in sole.codes) if sole else ""

    @property
    def threshold(self) -> int:
        return self.gate.spec.threshold

    def inputs(self, probes: Iterable[str]) -> dict[str, Input]:
        return {probe: self.gate.inputs[probe] for probe in probes}

    def failures(self, probe: str, count: int) -> Span:
        return forecast.failures(self.paces[probe], count, now=self.now)

    def passes(self, probe: str, count: int) -> Span:
        return forecast.passes(self.paces[probe], count, now=self.now)

    def each(self, probes: Iterable[str]) -> list[str]:
        """Their names where all of a probe's targets are meant."""
        return [self._of_targets(probe, "each") for probe in probes]

    def one(self, probes: Iterable[str]) -> list[str]:
        """Their names where one of a probe's targets is enough."""
        return [self._of_targets(probe, "one") for probe in probes]

    def _of_targets(self, probe: str, how_many: str) -> str:
        several = words.targets(self.gate, probe)
        return f"{probe} ({how_many} of its {len(several)} targets)" if several else probe

    def ago(self, moment: Moment) -> str:
        return f"{words.seconds(self.now.mono_ns - moment.mono_ns)} ago"


def changes(view: View) -> list[Change]:
    """Every way out of the present state, the most likely to matter first."""
    if view.gate.latched:
        return [Change(GateState.UNKNOWN, "only `reset`: a latched gate stays TRIPPED whatever its probes say")]
    return _FROM[view.gate.state](view) if view.gate.spec.sole else _by_rules(view)


def _by_rules(view: View) -> list[Change]:
    """Of a gate that does more than count failures of one kind."""
    gate, now = view.gate, view.now
    if gate.state is GateState.UNKNOWN:
        return outlook_rules.recovers(gate, 1, now=now)
    stands = verdict.stands(gate, now=now)
    asks = stands and gate.spec.baseline and gate.state in (GateState.SUSPECT, GateState.INCONCLUSIVE)
    ways = _asks_baseline(view) if asks else [] if stands else outlook_rules.trips(gate, now=now)
    turned = [] if gate.degraded else outlook_rules.turns_away(gate)
    back = [] if gate.state is GateState.HEALTHY else outlook_rules.recovers(gate, _enough(view), now=now)
    return [*ways, *turned, *back, *_goes_stale(view)]


def _enough(view: View) -> int:
    """How many PASSes in a row are needed: more where callers were turned away."""
    turned_away = view.gate.degraded or view.gate.state is GateState.INCONCLUSIVE
    return view.gate.spec.recover if turned_away else 1


def _from_unknown(view: View) -> list[Change]:
    missing = [probe for probe in view.gate.spec.needed if _must_pass(view, probe)]
    if not missing:
        return [Change(GateState.HEALTHY, "the next turn of the judging loop")]
    span = forecast.of_each(view.passes(probe, 1) for probe in missing)
    return [Change(GateState.HEALTHY, f"a PASS from {_all(view.one(missing))}; nothing trips from UNKNOWN", span)]


def _must_pass(view: View, probe: str) -> bool:
    known = view.gate.inputs[probe]
    return not known.passes or is_stale(known, max_age_ns=view.gate.spec.max_age_ns, now=view.now)


def _from_healthy(view: View) -> list[Change]:
    needed = view.gate.spec.needed
    first = Change(
        GateState.SUSPECT,
        f"1 failure of {_any(view.each(needed))}, any code: shown, and the answer stays",
        forecast.of_any(view.failures(probe, 1) for probe in needed),
    )
    return [*_trips(view, needed), first, *_turns_away(view, needed), *_goes_stale(view)]


def _from_suspect(view: View) -> list[Change]:
    if verdict.stands(view.gate, now=view.now):
        return [*_asks_baseline(view), *_recovers(view), *_goes_stale(view)]
    failing = [probe for probe, known in view.inputs(view.gate.spec.needed).items() if known.failing]
    nearest = [words.distance(view.gate)[0]] if failing else view.gate.spec.needed
    turned = [] if view.gate.degraded else _turns_away(view, nearest)
    return [*_trips(view, nearest), *_recovers(view), *turned, *_goes_stale(view)]


def _from_tripped(view: View) -> list[Change]:
    inconclusive = _baseline_fails(view) if verdict.stands(view.gate, now=view.now) else []
    return [*_recovers(view), *inconclusive, *_goes_stale(view)]


def _from_inconclusive(view: View) -> list[Change]:
    if verdict.stands(view.gate, now=view.now):
        return [*_baseline_passes(view), *_recovers(view), *_goes_stale(view)]
    return [*_recovers(view), *_trips(view, view.gate.spec.needed), *_goes_stale(view)]


_FROM: dict[GateState, Callable[[View], list[Change]]] = {
    GateState.UNKNOWN: _from_unknown,
    GateState.HEALTHY: _from_healthy,
    GateState.SUSPECT: _from_suspect,
    GateState.TRIPPED: _from_tripped,
    GateState.INCONCLUSIVE: _from_inconclusive,
}


def _trips(view: View, probes: Iterable[str]) -> list[Change]:
    """The rule fulfilled: what is missing on each of `probes`, any of which is enough."""
    missing = {probe: view.threshold - view.gate.inputs[probe].counted for probe in probes}
    span = forecast.of_any(view.failures(probe, count) for probe, count in missing.items())
    least = min(missing.values())
    by = f"{_count(least, view.threshold)} {view.codes} on {_any(view.each(missing))}, without a PASS between"
    if not view.gate.spec.baseline:
        return [Change(GateState.TRIPPED, by, span)]
    both = f"the same, while {_any(view.each(view.gate.spec.baseline))} fails as often: no run"
    return [Change(GateState.TRIPPED, f"{by}, {_and_good(view, missing)}", span), Change(GateState.INCONCLUSIVE, both, span)]


def _and_good(view: View, probes: Iterable[str]) -> str:
    """What the comparison still asks of the baseline path, if the rule is fulfilled on one of `probes`."""
    began = [known.first_counted for known in view.inputs(probes).values()]
    baseline = view.inputs(view.gate.spec.baseline)
    if all(since and _proved(view, known, since) for known in baseline.values() for since in began):
        return f"while {_all(baseline)} stays good: it has passed since the first of them"
    return f"and a PASS of {_all(baseline)} to a request sent after the first of them (asked at once)"


def _turns_away(view: View, probes: Iterable[str]) -> list[Change]:
    """Failures outside the code set count for the answer and for no run."""
    missing = {probe: max(view.threshold - view.gate.inputs[probe].failing, 1) for probe in probes}
    span = forecast.of_any(view.failures(probe, count) for probe, count in missing.items())
    count = min(missing.values())
    by = f"{_failures(count, view.threshold)} of any code on {_any(view.each(missing))}: SUSPECT, and no run"
    return [Change("DEGRADED", by, span)]


def _recovers(view: View) -> list[Change]:
    """Every needed probe must pass, and often enough where callers were turned away."""
    gate, enough = view.gate, _enough(view)
    missing = {probe: count for probe, known in view.inputs(gate.spec.needed).items() if (count := enough - known.passes) > 0}
    if not missing:
        return [Change(GateState.HEALTHY, "the next turn of the judging loop")]
    span = forecast.of_each(view.passes(probe, count) for probe, count in missing.items())
    told = ", ".join(
        f"{_count(count, enough)} PASS of {named}" for named, count in zip(view.one(missing), missing.values(), strict=True)
    )
    return [Change(GateState.HEALTHY, told, span)]


def _count(count: int, whole: int) -> str:
    """`1`, `3 consecutive`, or `2 more` where some of the whole are there already."""
    if count < whole:
        return f"{count} more"
    return f"{count} consecutive" if count > 1 else "1"


def _failures(count: int, whole: int) -> str:
    return f"{_count(count, whole)} failure{'s' if count > 1 else ''}"


def _asks_baseline(view: View) -> list[Change]:
    return [*_baseline_passes(view), *_baseline_fails(view)]


def _baseline_passes(view: View) -> list[Change]:
    """Each baseline probe that has not yet proved good since the trouble began."""
    readings = [member.reading for row in verdict.members(view.gate, now=view.now) for member in row]
    began = [each.since for each in readings if each.level is Level.BAD and each.since]
    since = min(began, key=lambda at: at.mono_ns, default=view.now)
    missing = [probe for probe, known in view.inputs(view.gate.spec.baseline).items() if not _proved(view, known, since)]
    span = forecast.of_each(view.passes(probe, 1) for probe in missing) if missing else None
    asked = _all(view.one(missing or view.gate.spec.baseline))
    by = f"a PASS of {asked} to a request sent after the first counted failure"
    return [Change(GateState.TRIPPED, f"{by} ({view.ago(since)})", span)]


def _proved(view: View, known: Input, since: Moment) -> bool:
    asked_since = known.passes > 0 and known.passed_sent is not None and known.passed_sent.mono_ns > since.mono_ns
    return asked_since and not is_stale(known, max_age_ns=view.gate.spec.max_age_ns, now=view.now)


def _baseline_fails(view: View) -> list[Change]:
    known = view.inputs(view.gate.spec.baseline)
    if not known:
        return []
    nearest = max(known, key=lambda probe: known[probe].failing)
    count = max(view.threshold - known[nearest].failing, 1)
    concerned = _any(view.each([nearest] if known[nearest].failing else known))
    by = f"{_failures(count, view.threshold)} of {concerned}, any code: going back would not help"
    return [Change(GateState.INCONCLUSIVE, by, view.failures(nearest, count))]


def _goes_stale(view: View) -> list[Change]:
    """Silence of our own: no result at all, not even a failure. Outside UNKNOWN every needed input has been heard."""
    hangs_on = verdict.hangs_on(view.gate, now=view.now)
    sent = [(known.sent, probe) for probe, known in view.inputs(view.gate.spec.needed).items() if known.sent]
    oldest = next((pair for pair in sent if pair[0].mono_ns == hangs_on), None)
    if oldest is None:
        return []
    moment, probe = oldest
    left = max(moment.mono_ns + view.gate.spec.max_age_ns - view.now.mono_ns, 0)
    by = f"no result of {probe} for {words.seconds(view.gate.spec.max_age_ns)} (its newest was sent {view.ago(moment)})"
    return [Change(GateState.UNKNOWN, by, Span(left, left))]


def _any(probes: Iterable[str]) -> str:
    named = list(probes)
    return named[0] if len(named) == 1 else f"any of {', '.join(named)}"


def _all(probes: Iterable[str]) -> str:
    named = list(probes)
    return named[0] if len(named) == 1 else f"each of {', '.join(named)}"
