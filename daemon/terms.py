"""What the judge goes by, as a reload replaces it, and the facts that an operator's command is weighed by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon import unasked
from daemon.moments import Window
from daemon.oversight import Oversight
from daemon.planbook import PlanBook
from daemon.unasked import Situation
from gates.command import Facts
from gates.cutover import Cutover
from gates.gate import Gate, GateSpec, GateState, as_disturbed, fresh, relatched
from probes.sample import Moment


@dataclass(frozen=True, slots=True)
class Terms:
    """`kept` are the gates whose state stands; all others begin afresh. `afresh` are the probes that do."""

    specs: Mapping[str, GateSpec]
    window: Window
    oversight: Oversight
    kept: frozenset[str] = frozenset()
    afresh: frozenset[str] = field(default_factory=frozenset)


def begun(specs: Mapping[str, GateSpec], cutover: Cutover, *, now: Moment) -> dict[str, Gate]:
    """Gates that know nothing yet. One that the journal holds latched stays latched."""
    return {
        name: relatched(spec, cutover.latched[name], now=now) if name in cutover.latched else fresh(spec)
        for name, spec in specs.items()
    }


def gates_under(terms: Terms, before: Mapping[str, Gate], cutover: Cutover, *, now: Moment) -> dict[str, Gate]:
    """In the order of the configuration. That we stood still is not forgotten: what was sent before comes in all the same."""
    made = begun({name: spec for name, spec in terms.specs.items() if name not in terms.kept}, cutover, now=now)
    found = {name: before[name] if name in terms.kept else made[name] for name in terms.specs}
    return {name: gate if name in terms.kept else as_disturbed(gate, before.values()) for name, gate in found.items()}


def facts(situation: Situation, book: PlanBook) -> Facts:
    gates, interlocks = situation.gates, situation.oversight.interlocks
    return Facts(
        now_utc_ns=situation.now.utc_ns,
        opens_utc_ns=situation.window.opens_utc_ns,
        closes_utc_ns=situation.window.closes_utc_ns,
        digests=tuple(plan.digest for plan in situation.plans.values()),
        unhealthy=tuple(f"{name} is {gate.state}" for name, gate in gates.items() if gate.state is not GateState.HEALTHY),
        gates=frozenset(gates),
        shadows=situation.oversight.shadows,
        problem=book.problem if book.specs else "",
        objections=unasked.objections_by_hand(situation),
        interlocks=interlocks.names,
    )
