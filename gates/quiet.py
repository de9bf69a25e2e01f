"""A gate of which everything passes: until when neither time nor another PASS can change what it says.

Most gates are that nearly all night, and one over a thousand probes would otherwise look at each of them for each result. What
is said here follows from the inputs, and leaves out nothing but work: while a gate is quiet, `gates.machine.find` is PASSING.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gates.gate import Gate, GateState
from gates.input import Input
from probes.sample import Moment


def is_quiet(gate: Gate, *, now: Moment) -> bool:
    return passes(gate) and now.mono_ns <= gate.quiet_until_ns


def passes(gate: Gate) -> bool:
    """HEALTHY, with callers never turned away since it last was, and every needed input passing, however old."""
    return gate.quiet_until_ns >= 0 and gate.state is GateState.HEALTHY and not gate.degraded


def after(gate: Gate, told: Iterable[Input]) -> int:
    """`quiet_until_ns` of the gate when these take the place of other inputs. Who is young stays as young as it was."""
    until_ns = gate.quiet_until_ns
    for known in told:
        if until_ns < 0 or known.failing or not known.passes or known.sent is None:
            return -1
        until_ns = min(until_ns, known.sent.mono_ns + gate.spec.max_age_ns)
    return until_ns


def begun(gate: Gate, *, now: Moment) -> Gate:
    """`gate`, quiet from `now` on where it can be: this looks at every input, and so only when what was known has run out."""
    if gate.state is not GateState.HEALTHY or gate.degraded or not gate.spec.counts_only or now.mono_ns <= gate.quiet_until_ns:
        return gate
    sent = [
        known.sent.mono_ns
        for seats in gate.spec.seats
        for seat in seats
        if (known := gate.inputs[seat.key]).sent is not None and known.passes and not known.failing
    ]
    until_ns = min(sent) + gate.spec.max_age_ns if len(sent) == sum(map(len, gate.spec.seats)) else -1
    return gate if until_ns < now.mono_ns else replace(gate, quiet_until_ns=until_ns)
