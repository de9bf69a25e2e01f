"""What an answer says, by the conditions of one probe. Pure.

The first thing that is wrong is told: the status, the body, a condition, the time. A status that does not PASS is the
code itself. An answer with a good status and something else wrong has no code but the one that the configuration gives it
(`counts_as`): to say 503 in the server's place would be a lie, and 200 is no failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from config.probing import Expectation, Extract
from config.units import duration_text, is_accepted
from probes.exchange.document import Json, NotJson, decode
from probes.exchange.values import HttpResponse, NoResponse, Reason
from probes.exchange.verdict import answered, rejected, response_facts, told, unanswered
from probes.http.conditions import extracted, unmet
from probes.sample import Outcome, ProbeResult

RATE_LIMITED = 429
_WITH_CREDENTIALS: Mapping[int, str] = {401: "not-authenticated", 403: "not-permitted"}


@dataclass(frozen=True, slots=True)
class Judge:
    """`has_api`: the request bears credentials of ours, so that an answer that rejects them says nothing of the other side."""

    expect: Expectation
    extract: dict[str, Extract] = field(default_factory=dict)
    has_api: bool = False

    def __call__(self, ended: HttpResponse | NoResponse) -> ProbeResult:
        if isinstance(ended, HttpResponse):
            return self._answered(ended)
        result = unanswered(ended)
        # The server did answer, with more than we read.
        return replace(result, code=self.expect.counts_as) if ended.reason == Reason.BODY_TOO_LONG else result

    def _answered(self, response: HttpResponse) -> ProbeResult:
        if not is_accepted(response.status, self.expect.status):
            return self._rejected(response)
        document: Json = None
        if self.expect.json or self.extract:
            try:
                document = decode(response.body)
            except NotJson as error:
                # Without a condition there is only nothing to take numbers from.
                if self.expect.json:
                    return self._failed(response, "not-json", str(error), {})
        facts = extracted(document, self.extract)
        wrong = unmet(document, self.expect.json)
        if wrong:
            return self._failed(response, "condition", wrong, facts)
        within, took_ns = self.expect.within, response.timings.own_ns
        if within is not None and took_ns > within:
            slow = f"took {_ms(took_ns)}, longer than {duration_text(within)}"
            return self._failed(response, "slow", slow, facts)
        return answered(response, Outcome.PASS, response.status, "accepted", response_facts(response) | facts)

    def _rejected(self, response: HttpResponse) -> ProbeResult:
        reason = _WITH_CREDENTIALS.get(response.status) if self.has_api else None
        if response.status == RATE_LIMITED:
            reason = "rate-limited"
        result = rejected(response)
        return result if reason is None else replace(result, outcome=Outcome.ERROR, reason=reason)

    def _failed(self, response: HttpResponse, reason: str, detail: str, facts: Mapping[str, str | int]) -> ProbeResult:
        found = response_facts(response) | dict(facts) | {"detail": told(detail, response)}
        return answered(response, Outcome.FAIL, self.expect.counts_as, reason, found)


def _ms(ns: int) -> str:
    return f"{ns / 1_000_000:.0f}ms"
