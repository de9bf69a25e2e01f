"""What a registrar's last word means, as a result for gates and people. Pure.

The reasons are a closed set: `registered`; `not-registered`, `other-contact` and `lost` where the registrar works and does
not hold what it should; `query-refused` where it will not tell; `unknown-aor`, `interval-too-brief` and `not-accepted` for
other statuses; `registrar-resting` where it was spared because its last word was a refusal or silence; `rejected` (final:
silence follows) and `login-failed` for who we are; `deferred` and `pending` where nothing was asked yet; and those of
`probes.sip.verdict` for what never reached the registrar or never came back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from probes.sample import NS_PER_S, Origin, Outcome, ProbeResult
from probes.sip.digest.login import Rejected
from probes.sip.engine.exchanged import Answered, Exchanged
from probes.sip.registering.attempt import INTERVAL_TOO_BRIEF, Verdict
from probes.sip.registering.pacing import REQUEST_TIMEOUT
from probes.sip.verdict import judge

NOT_FOUND, TEMPORARILY_UNAVAILABLE = 404, 480
"""480 is what a proxy tells a caller when the AOR is known and nothing is bound to it (RFC 3261 §21.4.18): the code of every
result that says so, though the registrar's own status was 200. A 404 on the wire says that the AOR itself is unknown."""

QUERY_REFUSALS = frozenset({400, 403, 405, 420, 421, INTERVAL_TOO_BRIEF, 488, 501})

_REASONS = {NOT_FOUND: "unknown-aor", INTERVAL_TOO_BRIEF: "interval-too-brief"}


def is_success(status: int) -> bool:
    return 200 <= status < 300


def registered(answered: Answered, facts: Mapping[str, str | int]) -> ProbeResult:
    result = judge(answered, is_success)
    return replace(result, reason="registered", facts={**result.facts, **facts})


def unbound(answered: Answered, reason: str, facts: Mapping[str, str | int]) -> ProbeResult:
    """The registrar answered well, and what it holds is not what it should hold."""
    result = judge(answered, is_success)
    return replace(result, outcome=Outcome.FAIL, code=TEMPORARILY_UNAVAILABLE, reason=reason, facts={**result.facts, **facts})


def failed(verdict: Verdict, *, is_query: bool = False) -> ProbeResult:
    """For every word but a success."""
    result = judge(verdict.exchanged, is_success)
    if result.origin is not Origin.WIRE or result.code is None:
        return result
    if verdict.rejected is not None:
        return replace(result, reason=_login_reason(verdict.rejected), facts={**result.facts, **_why(verdict.rejected)})
    if is_query and result.code in QUERY_REFUSALS:
        return replace(result, reason="query-refused")
    return replace(result, reason=_REASONS.get(result.code, "not-accepted"))


def _login_reason(rejected: Rejected) -> str:
    return "rejected" if rejected.is_final else "login-failed"


def _why(rejected: Rejected) -> dict[str, str]:
    return {"login": f"{rejected.reason}: {rejected.detail}" if rejected.detail else rejected.reason}


def remembered(result: ProbeResult, asked_ns: int) -> ProbeResult:
    """`result` once more, `asked_ns` after the registrar was really asked: nothing was sent, and so it took no time."""
    return replace(result, duration_ns=0, trace=None, facts={**result.facts, "asked_s": asked_ns // NS_PER_S})


def unasked(reason: str, duration_ns: int) -> ProbeResult:
    """Our own doing, and never held against the registrar."""
    return ProbeResult(Outcome.ERROR, None, Origin.SELF, reason, duration_ns)


def unanswered(result: ProbeResult) -> ProbeResult:
    """Our credentials were shown too often to a registrar that never said whether they are right: final."""
    if result.outcome is Outcome.FAIL:
        return replace(result, reason="rejected")
    return replace(result, outcome=Outcome.FAIL, code=REQUEST_TIMEOUT, origin=Origin.TIMEOUT, reason="rejected")


def resting(word: Exchanged, asked_ns: int) -> ProbeResult:
    """Nobody was asked, for `word` was the registrar's last, `asked_ns` ago, and it is spared meanwhile: it is still down."""
    return replace(remembered(failed(Verdict(word), is_query=True), asked_ns), reason="registrar-resting")


def deferred(duration_ns: int, load: Mapping[str, int]) -> ProbeResult:
    """`load` is what the pace of the registrar says of itself."""
    return replace(unasked("deferred", duration_ns), facts=dict(load))
