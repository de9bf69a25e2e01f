"""What answers and silences mean for a step: done, not yet, somebody was faster, try again, a human. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from config.steps import Answer, BodyOk, Send
from config.templates import MERGE, holes
from config.units import is_accepted
from probes.exchange.document import MISSING, Json, NotJson, at, decode
from probes.exchange.limits_told import retry_after_ns
from probes.exchange.values import HttpResponse, NoResponse, Reason
from probes.exchange.verdict import visible
from reverters.http.places import same

ACCEPTED, NOT_FOUND = 202, 404
NOT_DONE = frozenset({429, 503})
"""Statuses that say: not now, and nothing was done."""
UNKNOWN = frozenset({408, 500, 502, 504})
"""Statuses after which nobody knows what was done."""
_HOPELESS = frozenset({Reason.LOGIN_REJECTED, Reason.OUTSIDE, Reason.UNSENDABLE})
UNFINISHED, ABSENT = "unfinished", "not-found"
_REASONS = {401: "not-authenticated", 403: "not-permitted", NOT_FOUND: ABSENT}
_VERSION = (Answer(status=(409, 412)), Answer(status=(400,), contains="does not match the current version"))


class Meaning(StrEnum):
    DONE = "done"
    CONFLICT = "conflict"
    AGAIN = "again"
    """Nothing was done; later it may be."""
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a token, `detail` for people, without secrets."""

    meaning: Meaning
    reason: str = ""
    detail: str = ""
    retry_after_ns: int | None = None


def document_of(response: HttpResponse) -> Json:
    """An answer's JSON; None where it has none."""
    try:
        return decode(response.body)
    except NotJson:
        return None


def judge_read(ended: HttpResponse | NoResponse, expect: tuple[int | str, ...], body_ok: BodyOk, *, now_utc_ns: int) -> Verdict:
    """Of a GET: DONE, AGAIN or REFUSED. A 202 is never a whole answer, whatever is expected."""
    if isinstance(ended, NoResponse):
        return _harmless(_silent(ended))
    if ended.status == ACCEPTED:
        after = retry_after_ns(ended.headers, now_utc_ns=now_utc_ns)
        return Verdict(Meaning.AGAIN, UNFINISHED, "202: the answer is not ready", after)
    if not is_accepted(ended.status, expect):
        return _harmless(_rejected(ended, now_utc_ns))
    try:
        document = decode(ended.body)
    except NotJson as error:
        return Verdict(Meaning.REFUSED, "not-json", str(error))
    return _hidden(document, body_ok) or Verdict(Meaning.DONE)


def judge_send(ended: HttpResponse | NoResponse, send: Send, *, now_utc_ns: int) -> Verdict:
    if isinstance(ended, NoResponse):
        return _silent(ended)
    document = document_of(ended)
    if any(_is(ended, document, answer) for answer in _conflicts(send)):
        return Verdict(Meaning.CONFLICT, "conflict", _told(ended))
    if send.busy is not None and _is(ended, document, send.busy):
        return Verdict(Meaning.AGAIN, "busy", _told(ended), retry_after_ns(ended.headers, now_utc_ns=now_utc_ns))
    if send.already is not None and _is(ended, document, send.already):
        return Verdict(Meaning.DONE, "already", _told(ended))
    if not is_accepted(ended.status, send.expect):
        return _rejected(ended, now_utc_ns)
    return _hidden(document, send.body_ok) or Verdict(Meaning.DONE, detail=_told(ended))


def wants_current(send: Send) -> bool:
    """Whether the request is made of the document as it is now."""
    named = [*holes(send.path), *(hole for each in send.query.values() for hole in holes(each)), *holes(send.body)]
    return any(hole.name == "current" for hole in named) or merges(send.body)


def merges(body: Any) -> bool:
    if isinstance(body, dict):
        return MERGE in body or any(merges(each) for each in body.values())
    return isinstance(body, list) and any(merges(each) for each in body)


def unmet(document: Json, conditions: Mapping[str, Any]) -> str:
    """The first place that does not hold what it should; "" where all do."""
    for pointer, wanted in conditions.items():
        found = at(document, pointer)
        if not any(same(found, each) for each in (wanted if isinstance(wanted, list) else [wanted])):
            return f"{pointer or 'the whole'} is {'not there' if found is MISSING else _scalar(found)}"
    return ""


def _conflicts(send: Send) -> tuple[Answer, ...]:
    if send.conflict is not None:
        return (send.conflict,)
    return _VERSION if wants_current(send) else ()


def _is(response: HttpResponse, document: Json, answer: Answer) -> bool:
    if not is_accepted(response.status, answer.status):
        return False
    if answer.codes and at(document, "/code") not in answer.codes:
        return False
    return answer.contains is None or answer.contains in response.body.decode("utf-8", "replace")


def _hidden(document: Json, body_ok: BodyOk) -> Verdict | None:
    for pointer in body_ok.absent_or_zero:
        if (found := at(document, pointer)) is not MISSING and not (found is None or same(found, 0)):
            return Verdict(Meaning.REFUSED, "hidden-error", f"the status is good, and {pointer} is {_scalar(found)}")
    for pointer in body_ok.absent_or_empty:
        if (found := at(document, pointer)) is not MISSING and found not in (None, "", [], {}):
            return Verdict(Meaning.REFUSED, "hidden-error", f"the status is good, and {pointer} is {_scalar(found)}")
    return None


def _harmless(verdict: Verdict) -> Verdict:
    """Reading changes nothing: what became of the question does not matter. Only an answer too long stays too long."""
    if verdict.meaning is not Meaning.UNKNOWN:
        return verdict
    meaning = Meaning.REFUSED if verdict.reason == Reason.BODY_TOO_LONG else Meaning.AGAIN
    return replace(verdict, meaning=meaning)


def _silent(ended: NoResponse) -> Verdict:
    detail = visible(ended.detail) or f"no answer ({ended.phase})"
    if ended.reason in _HOPELESS and not ended.is_sent:
        return Verdict(Meaning.REFUSED, str(ended.reason), detail)
    return Verdict(Meaning.UNKNOWN if ended.is_sent else Meaning.AGAIN, str(ended.reason), detail)


def _rejected(response: HttpResponse, now_utc_ns: int) -> Verdict:
    after = retry_after_ns(response.headers, now_utc_ns=now_utc_ns)
    if response.status in NOT_DONE:
        return Verdict(Meaning.AGAIN, "rate-limited" if response.status == 429 else "unavailable", _told(response), after)
    if response.status in UNKNOWN:
        return Verdict(Meaning.UNKNOWN, "server-error", _told(response), after)
    return Verdict(Meaning.REFUSED, _REASONS.get(response.status, "rejected"), _told(response))


def _told(response: HttpResponse) -> str:
    """Status, and the platform's own code: a token of its documentation. Its sentences may quote anything."""
    code = at(document_of(response), "/code")
    return (
        f"{response.status} {visible(code)}"
        if isinstance(code, str)
        else f"{response.status} {visible(response.reason)}".rstrip()
    )


def _scalar(found: Json) -> str:
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    return visible(orjson.dumps(found).decode())
