"""The arithmetic behind a verdict, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gates.compare import Side, baseline_side
from gates.gate import Gate, GateState, Input
from probes.sample import NS_PER_S, Moment

MOST_NAMED = 4
"""Targets of a probe that one line names."""


def seconds(ns: int) -> str:
    return f"{ns / NS_PER_S:.1f} s"


def distance(gate: Gate) -> tuple[str, int, int]:
    """The needed probe closest to tripping: (probe, counted, threshold)."""
    worst = max(gate.spec.needed, key=lambda probe: (gate.inputs[probe].counted, gate.inputs[probe].failing))
    return worst, gate.inputs[worst].counted, gate.spec.threshold


def tally(known: Input, *, threshold: int) -> str:
    """`503: 2/3`; a mixed streak lists its codes."""
    kinds = list(dict.fromkeys(known.streak))
    return f"{', '.join(kinds) or 'failing'}: {known.counted}/{threshold}"


def _last_pass(known: Input, *, now: Moment) -> str:
    if known.passed_at is None:
        return "no PASS yet"
    return f"last PASS {seconds(now.mono_ns - known.passed_at.mono_ns)} ago"


def targets(gate: Gate, probe: str) -> Mapping[str, Input]:
    """The targets that the probe's name leads to, where they are several; empty for a single one."""
    known = gate.targets.get(probe)
    return known.known if known and len(known.known) > 1 else {}


def _listed(several: Mapping[str, Input], told: Callable[[Input], str]) -> str:
    named = ", ".join(f"{name} {told(known)}" for name, known in list(several.items())[:MOST_NAMED])
    return f"{named}, {len(several) - MOST_NAMED} more" if len(several) > MOST_NAMED else named


def _each(gate: Gate, probe: str, count: Callable[[Input], int]) -> str:
    """` on each of 2 targets (192.0.2.7:5060/udp 3, 192.0.2.8:5060/udp 57)`. What a target counts from before it was the only
    one left is not the path's.
    """
    several, known = targets(gate, probe), gate.targets.get(probe)
    least = min((count(each) for each in known.known.values()), default=0) if known else 0
    since = " since its targets changed" if count(gate.inputs[probe]) < least else ""
    if known and count(gate.inputs[probe]) > least:
        several = several or known.known
        return f" beats whoever was asked (now {_listed(several, lambda each: str(count(each)))})"
    return (f" on each of {len(several)} targets ({_listed(several, lambda each: str(count(each)))})" if several else "") + since


def _streak(gate: Gate, probe: str, *, now: Moment) -> str:
    known, n = gate.inputs[probe], gate.spec.threshold
    if known.counted:
        relation = "≥" if known.counted >= n else "<"
        any_code = f"; {known.failing} failures of any code ≥ {n}" if known.counted < n <= known.failing else ""
        counted = f"{', '.join(known.streak)}: {known.counted} consecutive {relation} {n}"
        each = _each(gate, probe, lambda each: each.counted)
        return f"{probe}: {counted}{each}{any_code}; {_last_pass(known, now=now)}"
    outside = f"{known.failing} failures outside the code set{_each(gate, probe, lambda each: each.failing)}"
    return f"{probe}: {outside}, threshold {n}; {_last_pass(known, now=now)}"


def _baseline(gate: Gate, *, now: Moment) -> str:
    if not gate.spec.baseline:
        return ""
    side = baseline_side(gate, now=now)
    names = ", ".join(gate.spec.baseline)
    return {
        Side.GOOD: f"; baseline good ({names}: PASS to a request sent after the first counted failure)",
        Side.BAD: f"; baseline bad too ({names}): going back would not help",
        Side.UNKNOWN: f"; baseline not yet known ({names})",
    }[side]


def _age(known: Input, *, now: Moment) -> str:
    return "never" if known.sent is None else f"{seconds(now.mono_ns - known.sent.mono_ns)} ago"


def _ages(gate: Gate, probe: str, *, now: Moment) -> str:
    several = targets(gate, probe)
    each = f" ({_listed(several, lambda known: _age(known, now=now))})" if several else ""
    return f"{probe} {_age(gate.inputs[probe], now=now)}{each}"


def _passes(gate: Gate, probe: str) -> str:
    several = targets(gate, probe)
    passing = sum(1 for known in several.values() if known.passes)
    each = f" ({passing} of {len(several)} targets pass)" if several else ""
    return f"{probe}: {gate.inputs[probe].passes} consecutive PASS{each}"


def evidence(gate: Gate, after: GateState, *, finding: str, now: Moment) -> str:
    """Why `gate` goes to `after`. Called before counters are zeroed."""
    if after is GateState.UNKNOWN:
        ages = ", ".join(_ages(gate, probe, now=now) for probe in gate.spec.needed)
        return f"newest result: {ages}; max_age {seconds(gate.spec.max_age_ns)}"
    if after is GateState.HEALTHY:
        passes = ", ".join(_passes(gate, probe) for probe in gate.spec.needed)
        return f"{passes}; recover {gate.spec.recover}" if gate.degraded and gate.state is not GateState.UNKNOWN else passes
    failing = [probe for probe in gate.spec.needed if gate.inputs[probe].failing]
    told = "; ".join(_streak(gate, probe, now=now) for probe in failing) or str(finding)
    return told + (_baseline(gate, now=now) if any(gate.inputs[p].counted >= gate.spec.threshold for p in failing) else "")
