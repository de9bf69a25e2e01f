"""What an exchange says of the trunk: the rules of RFC 3261 §8.1.3.1, with where each verdict comes from kept apart."""

from __future__ import annotations

from collections.abc import Callable

from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.exchanged import Answered, Broken, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.target import Endpoint
from probes.sip.engine.trace import trace
from probes.sip.messages.uri import host_text

REQUEST_TIMEOUT, SERVICE_UNAVAILABLE = 408, 503
"""What silence and a fatal transport error count as (RFC 3261 §8.1.3.1)."""

MAX_DETAIL = 120

# By other names: looking a member up in its class takes as long as calling a function.
_ACCEPTED, _REJECTED, _WIRE = (Outcome.PASS, "accepted"), (Outcome.FAIL, "rejected"), Origin.WIRE

Facts = dict[str, str | int]


def judge(exchanged: Exchanged, accepts: Callable[[int], bool]) -> ProbeResult:
    """PASS where `accepts` takes the final status; ERROR where it was ourselves."""
    if isinstance(exchanged, Answered):
        return _answered(exchanged, accepts)
    seen = trace(exchanged)
    match exchanged:
        case Silent():
            return _silent(exchanged)
        case Refused(elapsed_ns=elapsed):
            facts = _facts(exchanged.peer) | {"errno": exchanged.errno}
            if exchanged.offender is not None:
                facts["offender"] = exchanged.offender
            return ProbeResult(Outcome.FAIL, SERVICE_UNAVAILABLE, Origin.TRANSPORT, "refused", elapsed, facts, trace=seen)
        case Broken(how=how, elapsed_ns=elapsed):
            facts = _facts(exchanged.peer) | _detail(exchanged.detail)
            return ProbeResult(Outcome.FAIL, SERVICE_UNAVAILABLE, Origin.TRANSPORT, str(how), elapsed, facts, trace=seen)
        case SelfTrouble(elapsed_ns=elapsed):
            return ProbeResult(Outcome.ERROR, None, Origin.SELF, str(exchanged.reason), elapsed, _detail(exchanged.detail))


def _silent(silent: Silent) -> ProbeResult:
    facts = _facts(silent.peer, silent.copies)
    if silent.provisional is not None:
        facts["provisional"] = silent.provisional
    reason = "silent" if silent.copies else "not-connected"
    if silent.elsewhere is not None:
        reason, facts["answered_from"] = "answered-elsewhere", host_text(*silent.elsewhere)
    return ProbeResult(Outcome.FAIL, REQUEST_TIMEOUT, Origin.TIMEOUT, reason, silent.elapsed_ns, facts, trace=trace(silent))


def _answered(answered: Answered, accepts: Callable[[int], bool]) -> ProbeResult:
    response = answered.response
    facts = _facts(answered.peer, answered.copies)
    if answered.connect_ns:
        facts["connect_us"] = answered.connect_ns // 1000
    if answered.certificate_not_after is not None:
        facts["certificate_not_after"] = answered.certificate_not_after
    if response.retry_after is not None:
        facts["retry_after_s"] = response.retry_after.seconds
    if response.reason:
        facts["detail"] = _visible(response.reason)
    outcome, reason = _ACCEPTED if accepts(response.status) else _REJECTED
    return ProbeResult(outcome, response.status, _WIRE, reason, answered.rtt_ns, facts, trace=trace(answered))


def _facts(peer: Endpoint, copies: int = 1) -> Facts:
    facts: Facts = {"peer": host_text(*peer)}
    if copies > 1:
        facts["copies"] = copies
    return facts


def _detail(words: str) -> Facts:
    return {"detail": _visible(words)} if words else {}


def _visible(words: str) -> str:
    """The peer's words end up in logs and on a page: visible characters only, and not too many of them."""
    words = words[:MAX_DETAIL]
    return words if words.isprintable() else "".join(char if char.isprintable() else "�" for char in words)
