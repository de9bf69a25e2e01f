"""What a platform's API told, or why it told nothing: the part that all kinds here share. Pure.

These probes ask a platform about something else: a trunk, an agent, a call. That the platform did not tell is not that the trunk
is down, so it has a code of its own, 504, outside the codes that trip a gate unless somebody adds it: n of them answer DEGRADED
and start no run. Where we were not allowed to ask, or asked too often, nothing was measured: ERROR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from probes.exchange.document import Json, NotJson, decode
from probes.exchange.values import HttpResponse, NoResponse
from probes.exchange.verdict import MAX_DETAIL, Facts, answered, cleared, response_facts, unanswered, visible
from probes.sample import Outcome, ProbeResult

OK = 200
UNTOLD = 504
"""A gateway's word for what stands behind it having said nothing in time (RFC 9110 §15.6.5)."""

REQUEST_TIMEOUT = 408

_OURS: Mapping[int, str] = {401: "not-authenticated", 403: "not-permitted", 429: "rate-limited"}


@dataclass(frozen=True, slots=True)
class Untold:
    """`result` is what a probe that needed this answer reports; `status` is HTTP's, None where none came."""

    result: ProbeResult
    status: int | None = None

    @property
    def is_ours(self) -> bool:
        return self.result.outcome is Outcome.ERROR

    @property
    def retry_after_s(self) -> int:
        after = self.result.facts.get("retry_after_s", 0)
        return after if isinstance(after, int) else 0


@dataclass(frozen=True, slots=True)
class Told:
    """The JSON of a 2xx answer, and the answer."""

    document: Json
    response: HttpResponse


def told(ended: HttpResponse | NoResponse) -> Told | Untold:
    if isinstance(ended, NoResponse):
        result = unanswered(ended)
        return Untold(result if ended.is_ours else replace(result, code=UNTOLD))
    if 200 <= ended.status < 300:
        return _document(ended)
    found = response_facts(ended) | _words(ended)
    if ended.status >= 500 or ended.status == REQUEST_TIMEOUT:
        return Untold(answered(ended, Outcome.FAIL, UNTOLD, "platform-error", found), ended.status)
    reason = _OURS.get(ended.status, "rejected")
    return Untold(answered(ended, Outcome.ERROR, None, reason, found), ended.status)


def _document(response: HttpResponse) -> Told | Untold:
    try:
        return Told(decode(response.body), response)
    except NotJson as wrong:
        return malformed(response, str(wrong))


def malformed(response: HttpResponse, why: str) -> Untold:
    """Answered well, by the status, and not with what belongs there."""
    found = response_facts(response) | {"detail": visible(why)}
    return Untold(answered(response, Outcome.FAIL, UNTOLD, "malformed", found), response.status)


def _words(response: HttpResponse) -> Facts:
    """The platform's own code and message; its envelope is `{message, code, status, contextId, …}`."""
    try:
        document = decode(response.body)
    except NotJson:
        document = None
    found = document if isinstance(document, dict) else {}
    words = [word for word in (found.get("code"), found.get("message")) if isinstance(word, str) and word]
    said = ": ".join(words) or response.reason
    return {"detail": visible(_shortened(cleared(said, response)))} if said else {}


def _shortened(words: str) -> str:
    """Beginning and end: which permission is missing stands at the end of a long sentence."""
    if len(words) <= MAX_DETAIL:
        return words
    return f"{words[: MAX_DETAIL // 2]}…{words[-(MAX_DETAIL // 2 - 1) :]}"
