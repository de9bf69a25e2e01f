"""A platform's own test call, from what it answers to the start and to each question after it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from probes.exchange.document import at
from probes.exchange.values import HttpResponse, NoResponse
from probes.exchange.verdict import REQUEST_TIMEOUT, SERVICE_UNAVAILABLE, Facts, answered, visible
from probes.platform.telling import OK, Told, Untold, malformed, told
from probes.sample import Origin, Outcome, ProbeResult

Scalar = str | int | float | bool

MOST_ID = 200
_OURS = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class Reads:
    """Where in the answers the call's id and state stand (RFC 6901), and which states end it how."""

    id: str
    state: str
    passed: Collection[Scalar]
    failed: Collection[Scalar]


@dataclass(frozen=True, slots=True)
class Started:
    """A call to ask after."""

    id: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Under way; `state` as the platform calls it."""

    state: str


def started(ended: HttpResponse | NoResponse, reads: Reads) -> Started | ProbeResult:
    """The answer to the start. An answer of 2xx with a state that ends a call needs no question after it.

    Whether a call was started where no answer came nobody knows, and it is not for us to start another in its place.
    """
    answer = told(ended)
    if isinstance(answer, Untold):
        return _not_started(answer)
    result = _ended(answer, reads)
    if result is not None:
        return result
    id = at(answer.document, reads.id)
    if isinstance(id, bool) or not isinstance(id, str | int) or not 0 < len(str(id)) <= MOST_ID or not str(id).isprintable():
        return malformed(answer.response, f"no id of a call at {reads.id or 'the root'}").result
    return Started(str(id))


def _not_started(answer: Untold) -> ProbeResult:
    """A platform that will not start this call has failed, with its own status; we have where we may not, or asked too often."""
    status = answer.status
    if status is None or status in _OURS or not answer.is_ours:
        return answer.result
    return replace(answer.result, outcome=Outcome.FAIL, code=status, reason="start-rejected")


def asked(ended: HttpResponse | NoResponse, reads: Reads) -> ProbeResult | Pending | Untold:
    """The answer to a question after a call. A 404 right after the start is a replica that has not heard of the call yet."""
    answer = told(ended)
    if isinstance(answer, Untold):
        return answer
    result = _ended(answer, reads)
    if result is not None:
        return result
    state = at(answer.document, reads.state)
    if isinstance(state, Scalar):
        return Pending(visible(str(state)))
    return malformed(answer.response, f"no state of a call at {reads.state or 'the root'}")


def is_final(answer: Untold) -> bool:
    """Asking again would be answered the same."""
    return answer.status in (401, 403)


def _ended(answer: Told, reads: Reads) -> ProbeResult | None:
    state = at(answer.document, reads.state)
    facts: Facts = {"state": visible(str(state))}
    if _is_one(state, reads.passed):
        return answered(answer.response, Outcome.PASS, OK, "passed", facts)
    if _is_one(state, reads.failed):
        return answered(answer.response, Outcome.FAIL, SERVICE_UNAVAILABLE, "failed", facts)
    return None


def _is_one(value: object, states: Collection[Scalar]) -> bool:
    """In JSON true is not 1."""
    return any(value == state and isinstance(value, bool) == isinstance(state, bool) for state in states)


def overdue(newest: Pending | Untold | None) -> ProbeResult:
    """No result in time: silence of the call where the platform still says that it is under way, of the platform otherwise."""
    if isinstance(newest, Untold):
        return newest.result
    facts: Facts = {} if newest is None else {"state": newest.state}
    return ProbeResult(Outcome.FAIL, REQUEST_TIMEOUT, Origin.TIMEOUT, "no-result", 0, facts)
