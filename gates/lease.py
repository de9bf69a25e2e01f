"""What the webhook may say, and until when.

OK is a lease, not a state: the handler computes it again at the moment of answering, from the youngest and oldest needed
input and the last turn of the judging loop. A judge that hangs, or probes that stop, take OK away without any help.
"""

from __future__ import annotations

from dataclasses import dataclass

from gates import compare, verdict
from gates.admit import ALL
from gates.cutover import Cutover, Hold, Phase
from gates.gate import Gate, GateState
from probes.sample import NS_PER_MS, NS_PER_S, Moment
from probes.values import fast_dataclass

LAG_LIMIT_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Lease:
    """Published by the judge on each turn. `may_be_ok` is the verdict; the moments bound how long it lasts.

    `leased` is False for a committed cutover, whose OK needs no fresh input. `reason` says why not OK. `oldest_ns` is the
    sending of the input that the OK hangs on: where several must be stale before the gate is, not the oldest of all.
    """

    gate: str
    state: GateState
    phase: Phase
    generation: int
    may_be_ok: bool
    leased: bool
    reason: str
    youngest_ns: int
    oldest_ns: int
    expires_ns: int
    undisturbed_ns: int
    admitted: int = ALL
    """Which share of the callers an OK is for, in ten-thousandths (`gates.admit`)."""


@fast_dataclass(frozen=True, slots=True)
class Answer:
    ok: bool
    reason: str
    age_ms: int
    valid_for_ms: int


def _verdict(gate: Gate, cutover: Cutover, hold: Hold | None) -> str:
    """Why the answer is DEGRADED; empty when it may be OK."""
    if cutover.phase is Phase.PREPARED:
        return "not-open"
    if cutover.phase is Phase.REVERTED:
        return "reverted"
    if gate.latched and cutover.phase is not Phase.COMMITTED:
        return "latched"
    if hold is not None:
        return _held(gate, hold)
    if cutover.phase is Phase.COMMITTED:
        return ""
    if gate.degraded:
        return {GateState.UNKNOWN: "unknown", GateState.TRIPPED: "tripped"}.get(gate.state, "degraded")
    return ""


def _held(gate: Gate, hold: Hold) -> str:
    """A held OK stands against failures, not against ignorance: at start and without fresh results there is nothing to hold."""
    if not hold.ok:
        return "held"
    return "unknown" if gate.state is GateState.UNKNOWN else ""


def lease(gate: Gate, cutover: Cutover, *, impaired: str, now: Moment, admitted: int = ALL) -> Lease:
    """`impaired` names what is wrong with ourselves (`journal`, `inbox-full`), empty when nothing is."""
    hold = cutover.hold(gate.spec.name, now=now)
    # Committed is the new path always: a full disk must not send callers to a platform that is no longer theirs.
    unwell = "" if cutover.phase is Phase.COMMITTED else impaired
    reason = unwell or _verdict(gate, cutover, hold)
    youngest_ns = max([sent.mono_ns if (sent := known.sent) else -1 for known in compare.needed(gate)])
    oldest_ns = verdict.hangs_on(gate, now=now)
    return Lease(
        gate=gate.spec.name,
        state=gate.state,
        phase=cutover.phase,
        generation=cutover.generation,
        may_be_ok=not reason,
        leased=cutover.phase is not Phase.COMMITTED,
        reason=reason,
        youngest_ns=youngest_ns,
        oldest_ns=oldest_ns,
        expires_ns=oldest_ns + gate.spec.max_age_ns if oldest_ns >= 0 else -1,
        undisturbed_ns=gate.undisturbed_ns,
        admitted=ALL if cutover.phase is Phase.COMMITTED else admitted,
    )


def answer(lease: Lease, *, now_ns: int, turned_ns: int, ticket: int | None = None) -> Answer:
    """The answer at this very moment; `turned_ns` is the judge's last turn. Both are monotonic nanoseconds.

    `ticket` is the caller's (`gates.admit.ticket`); None where the request does not say whose call it is.
    """
    reason = lease.reason
    if lease.may_be_ok and lease.leased:
        reason = _lapsed(lease, now_ns=now_ns, turned_ns=turned_ns)
    if not reason and lease.admitted < ALL and (ticket is None or ticket >= lease.admitted):
        reason = "no-conversation" if ticket is None and lease.admitted else "not-admitted"
    age_ms = max(now_ns - lease.youngest_ns, 0) // NS_PER_MS if lease.youngest_ns >= 0 else -1
    valid_ms = max(lease.expires_ns - now_ns, 0) // NS_PER_MS if not reason and lease.leased else 0
    return Answer(ok=not reason, reason=reason, age_ms=age_ms, valid_for_ms=valid_ms)


def _lapsed(lease: Lease, *, now_ns: int, turned_ns: int) -> str:
    if now_ns - turned_ns > LAG_LIMIT_NS:
        return "judge-lagging"
    if lease.oldest_ns < 0 or now_ns >= lease.expires_ns:
        return "stale"
    if lease.oldest_ns <= lease.undisturbed_ns:
        return "disturbed"
    return ""
