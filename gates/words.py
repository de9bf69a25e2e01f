"""The arithmetic behind a verdict, in words and numbers."""

from __future__ import annotations

from gates.compare import Side, baseline_side
from gates.gate import Gate, GateState, Input
from probes.sample import NS_PER_S, Moment


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


def _streak(gate: Gate, probe: str, *, now: Moment) -> str:
    known, n = gate.inputs[probe], gate.spec.threshold
    if known.counted:
        relation = "≥" if known.counted >= n else "<"
        any_code = f"; {known.failing} failures of any code ≥ {n}" if known.counted < n <= known.failing else ""
        counted = f"{', '.join(known.streak)}: {known.counted} consecutive {relation} {n}{any_code}"
        return f"{probe}: {counted}; {_last_pass(known, now=now)}"
    return f"{probe}: {known.failing} failures outside the code set, threshold {n}; {_last_pass(known, now=now)}"


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


def evidence(gate: Gate, after: GateState, *, finding: str, now: Moment) -> str:
    """Why `gate` goes to `after`. Called before counters are zeroed."""
    if after is GateState.UNKNOWN:
        ages = ", ".join(f"{probe} {_age(gate.inputs[probe], now=now)}" for probe in gate.spec.needed)
        return f"newest result: {ages}; max_age {seconds(gate.spec.max_age_ns)}"
    if after is GateState.HEALTHY:
        passes = ", ".join(f"{probe}: {gate.inputs[probe].passes} consecutive PASS" for probe in gate.spec.needed)
        return f"{passes}; recover {gate.spec.recover}" if gate.degraded and gate.state is not GateState.UNKNOWN else passes
    failing = [probe for probe in gate.spec.needed if gate.inputs[probe].failing]
    told = "; ".join(_streak(gate, probe, now=now) for probe in failing) or str(finding)
    return told + (_baseline(gate, now=now) if any(gate.inputs[p].counted >= gate.spec.threshold for p in failing) else "")
