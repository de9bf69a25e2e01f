"""What answers mean for a step."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from config.steps import Answer, BodyOk, Send
from probes.exchange.headers import Headers
from probes.exchange.values import HttpResponse, NoResponse, Phase, Reason
from probes.sample import Origin
from reverters.http.judging import Meaning, Verdict, judge_read, judge_send, unmet

S = 1_000_000_000
PLAIN = Send(method="PUT", path="/x", body={"a": 1})
VERSIONED = Send(method="PUT", path="/x", body={"version": "{current/version}"})


def response(status: int, document: Any = None, **headers: str) -> HttpResponse:
    pairs = Headers.of([(name.replace("_", "-"), value) for name, value in headers.items()])
    return HttpResponse(status=status, headers=pairs, body=orjson.dumps(document))


def silence(*, is_sent: bool, reason: str = Reason.RESET) -> NoResponse:
    return NoResponse(reason=reason, origin=Origin.WIRE, is_ours=False, phase=Phase.BODY, is_sent=is_sent)


def read(ended: HttpResponse | NoResponse, body_ok: BodyOk | None = None) -> Verdict:
    return judge_read(ended, (200,), body_ok or BodyOk(), now_utc_ns=0)


def sent(ended: HttpResponse | NoResponse, send: Send = PLAIN) -> Verdict:
    return judge_send(ended, send, now_utc_ns=0)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 202])
def test_reading_is_tried_again_after(status: int) -> None:
    assert read(response(status, {})).meaning is Meaning.AGAIN


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301])
def test_reading_is_refused_by(status: int) -> None:
    assert read(response(status, {})).meaning is Meaning.REFUSED


@pytest.mark.parametrize(("status", "meaning"), [(429, Meaning.AGAIN), (503, Meaning.AGAIN), (500, Meaning.UNKNOWN)])
def test_a_busy_platform_has_done_nothing_and_a_broken_one_nobody_knows_what(status: int, meaning: Meaning) -> None:
    assert sent(response(status)).meaning is meaning


def test_a_silence_after_the_request_left_is_an_unknown_outcome_and_before_it_is_none() -> None:
    assert sent(silence(is_sent=True)).meaning is Meaning.UNKNOWN
    assert sent(silence(is_sent=False)).meaning is Meaning.AGAIN
    assert sent(silence(is_sent=False, reason=Reason.LOGIN_REJECTED)).meaning is Meaning.REFUSED
    assert read(silence(is_sent=True)).meaning is Meaning.AGAIN
    assert read(silence(is_sent=True, reason=Reason.BODY_TOO_LONG)).meaning is Meaning.REFUSED


def test_retry_after_is_honoured() -> None:
    assert sent(response(429, None, Retry_After="58")).retry_after_ns == 58 * S
    assert read(response(503, None, Retry_After="7")).retry_after_ns == 7 * S


@pytest.mark.parametrize(
    ("status", "message"), [(409, "x"), (412, "x"), (400, "version: 3 does not match the current version: 4")]
)
def test_a_request_made_of_the_document_now_conflicts_by(status: int, message: str) -> None:
    assert sent(response(status, {"message": message}), VERSIONED).meaning is Meaning.CONFLICT
    assert sent(response(status, {"message": message}), PLAIN).meaning is Meaning.REFUSED


def test_another_400_is_no_conflict() -> None:
    assert sent(response(400, {"message": "name is missing"}), VERSIONED).meaning is Meaning.REFUSED


def test_the_platforms_own_code_tells_answers_of_one_status_apart() -> None:
    send = Send(
        method="POST",
        path="/x",
        busy=Answer(status=(409,), codes=("in.progress",)),
        already=Answer(status=(409,), codes=("exists",)),
    )
    assert sent(response(409, {"code": "in.progress"}), send).meaning is Meaning.AGAIN
    assert sent(response(409, {"code": "exists"}), send).meaning is Meaning.DONE
    assert sent(response(409, {"code": "other"}), send).meaning is Meaning.REFUSED


@pytest.mark.parametrize(
    ("document", "is_good"),
    [({}, True), ({"errorCount": 0, "error": ""}, True), ({"errorCount": 2}, False), ({"error": {"code": 5}}, False)],
)
def test_an_error_within_a_good_status_is_an_error(document: Any, is_good: bool) -> None:
    body_ok = BodyOk(absent_or_zero=("/errorCount",), absent_or_empty=("/error",))
    send = Send(method="PUT", path="/x", body_ok=body_ok)
    for verdict in (read(response(200, document), body_ok), sent(response(200, document), send)):
        assert verdict.meaning is (Meaning.DONE if is_good else Meaning.REFUSED)
        assert is_good or verdict.reason == "hidden-error"


def test_a_detail_bears_the_platforms_code_and_not_its_sentence() -> None:
    assert sent(response(400, {"code": "bad.request", "message": "hunter2"})).detail == "400 bad.request"


def test_conditions_hold_by_any_of_their_values() -> None:
    assert unmet({"status": "off"}, {"/status": ["off", "complete"]}) == ""
    assert unmet({"status": "on"}, {"/status": ["off", "complete"]}) == '/status is "on"'
    assert unmet({}, {"/status": "off"}) == "/status is not there"
