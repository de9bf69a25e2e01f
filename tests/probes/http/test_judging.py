"""What an answer says by the conditions of a probe."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.probing import Expectation, Extract, JsonCondition
from config.quantities import Measure
from probes.exchange.headers import Headers
from probes.exchange.values import HttpResponse, NoResponse, Phase, Reason, Timings
from probes.http.conditions import extracted, unmet
from probes.http.judging import Judge
from probes.sample import Origin, Outcome

MS, S = 1_000_000, 1_000_000_000


def response(body: bytes = b"{}", status: int = 200, *, took_ms: int = 50, **headers: str) -> HttpResponse:
    timings = Timings(dns_ns=2 * MS, connect_ns=3 * MS, tls_ns=9 * MS, waited_ns=S, total_ns=S + took_ms * MS)
    return HttpResponse(
        status=status,
        reason="words",
        headers=Headers.of({name.replace("_", "-"): value for name, value in headers.items()}),
        body=body,
        timings=timings,
        certificate_not_after_ns=1_800_000_000 * S,
        peer="192.0.2.7:443",
        sent=b"GET / HTTP/1.1\r\n\r\n",
    )


def expect(*conditions: JsonCondition, **more: object) -> Judge:
    return Judge(Expectation(json=conditions, **more))  # type: ignore[arg-type]


def below(text: object, pointer: str = "/n", **more: object) -> JsonCondition:
    return JsonCondition(pointer=pointer, below=Measure.parse(text), **more)  # type: ignore[arg-type]


def above(text: object, pointer: str = "/n", **more: object) -> JsonCondition:
    return JsonCondition(pointer=pointer, above=Measure.parse(text), **more)  # type: ignore[arg-type]


def test_an_answer_with_an_accepted_status_passes_with_its_facts() -> None:
    result = expect()(response())
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.PASS, 200, Origin.WIRE, "accepted")
    assert result.duration_ns == 50 * MS
    assert result.facts == {
        "status": 200, "dns_ms": 2, "connect_ms": 3, "tls_ms": 9, "peer": "192.0.2.7:443",
        "certificate_not_after": 1_800_000_000,
    }  # fmt: skip
    assert result.trace is not None
    assert result.trace.sent.startswith(b"GET / ")


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (299, True), (301, False), (404, True), (503, False)])
def test_the_status_set_says_what_passes(status: int, accepted: bool) -> None:
    result = expect(status=("2xx", 404))(response(status=status))
    assert (result.outcome is Outcome.PASS, result.code) == (accepted, status)


def test_a_refusal_fails_by_its_own_status_with_the_servers_words_and_retry_after() -> None:
    result = expect()(response(status=503, Retry_After="30"))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 503, "rejected")
    assert (result.facts["detail"], result.facts["retry_after_s"]) == ("words", 30)


@pytest.mark.parametrize(
    ("status", "has_api", "outcome", "reason"),
    [
        (429, False, Outcome.ERROR, "rate-limited"),
        (429, True, Outcome.ERROR, "rate-limited"),
        (401, True, Outcome.ERROR, "not-authenticated"),
        (403, True, Outcome.ERROR, "not-permitted"),
        (401, False, Outcome.FAIL, "rejected"),
        (403, False, Outcome.FAIL, "rejected"),
    ],
)
def test_what_is_said_of_us_is_not_held_against_the_server(status: int, has_api: bool, outcome: Outcome, reason: str) -> None:
    result = Judge(Expectation(), has_api=has_api)(response(status=status))
    assert (result.outcome, result.code, result.reason) == (outcome, status, reason)


def test_a_429_that_is_expected_passes() -> None:
    assert expect(status=(429,))(response(status=429)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("condition", "found", "told"),
    [
        (JsonCondition(pointer="/n"), b"null", ""),
        (JsonCondition(pointer="/m"), b"1", "/m is not there, not there"),
        (JsonCondition(pointer="/n", equals="UP"), b'"UP"', ""),
        (JsonCondition(pointer="/n", equals="UP"), b'"DOWN"', '/n is "DOWN", not "UP"'),
        (JsonCondition(pointer="/n", equals="1"), b"1", '/n is 1, not "1"'),
        (JsonCondition(pointer="/n", equals=1), b"1.0", ""),
        (JsonCondition(pointer="/n", equals=1), b"true", "/n is true, not 1"),
        (JsonCondition(pointer="/n", equals=True), b"true", ""),
        (JsonCondition(pointer="/n", equals=True), b"1", "/n is 1, not true"),
        (JsonCondition(pointer="/n", equals=False), b"0", "/n is 0, not false"),
        (JsonCondition(pointer="/n", equals="x"), b"{}", '/n is an object, not "x"'),
        (JsonCondition(pointer="/n", equals="x"), b"[]", '/n is a list, not "x"'),
        (JsonCondition(pointer="/n", equals=10**30), b"1", f"/n is 1, not {10**30}"),
        (JsonCondition(pointer="/n", one_of=("UP", 2)), b"2", ""),
        (JsonCondition(pointer="/n", one_of=("UP", 2)), b"3", '/n is 3, not one of "UP", 2'),
        (below(5), b"4.9", ""),
        (below(5), b"5", "/n is 5, not below 5"),
        (below(5), b'"4"', '/n is "4", not below 5'),
        (below(5), b"true", "/n is true, not below 5"),
        (below(5), b"null", "/n is null, not below 5"),
        (below(0), b"-1", ""),
        (below(5), b"18446744073709551615", "/n is 18446744073709551615, not below 5"),
        (above(0), b"0", "/n is 0, not above 0"),
        (above(0), b"0.1", ""),
        (below("5s", unit="s"), b"4.999", ""),
        (below("5s", unit="s"), b"5", "/n is 5, not below 5s"),
        (below("5s", unit="ms"), b"4999", ""),
        (below("5s", unit="ms"), b"5000", "/n is 5000, not below 5s"),
        (above("200ms", unit="s"), b"0.3", ""),
        (above("200ms", unit="s"), b"0.1", "/n is 0.1, not above 200ms"),
    ],
)
def test_a_condition_holds_or_says_what_was_found_instead(condition: JsonCondition, found: bytes, told: str) -> None:
    result = expect(condition, counts_as=503)(response(b'{"n": ' + found + b"}"))
    assert result.facts.get("detail", "") == told
    if told:
        assert (result.outcome, result.code, result.reason, result.origin) == (Outcome.FAIL, 503, "condition", Origin.WIRE)
    else:
        assert result.outcome is Outcome.PASS


def test_a_failed_condition_has_no_code_of_its_own() -> None:
    result = expect(JsonCondition(pointer="/n", equals=1))(response())
    assert (result.outcome, result.code, result.facts["status"]) == (Outcome.FAIL, None, 200)


def test_the_first_condition_that_fails_is_told() -> None:
    conditions = (JsonCondition(pointer="/a"), JsonCondition(pointer="/b"))
    assert expect(*conditions)(response(b'{"a": 1}')).facts["detail"] == "/b is not there, not there"


def test_what_was_found_is_told_in_part_and_without_what_could_not_be_printed() -> None:
    body = b'{"n": "' + b"x" * 500 + b'"}'
    detail = str(expect(JsonCondition(pointer="/n", equals="UP"))(response(body)).facts["detail"])
    assert detail == '/n is "' + "x" * 39 + '…, not "UP"'
    assert str(expect(JsonCondition(pointer="/n", equals="UP"))(response(b'{"n": "\xe2\x80\xae"}')).facts["detail"]).isprintable()


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 5000])
def test_what_is_not_json_fails_where_a_condition_looks_into_it(body: bytes) -> None:
    result = expect(JsonCondition(pointer=""), counts_as=503)(response(body))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 503, "not-json")


@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_what_is_not_json_passes_where_only_numbers_are_taken_out(body: bytes) -> None:
    result = Judge(Expectation(), {"age": Extract(pointer="/age")})(response(body))
    assert result.outcome is Outcome.PASS
    assert "age" not in result.facts


@pytest.mark.parametrize(("took_ms", "outcome"), [(200, Outcome.PASS), (201, Outcome.FAIL)])
def test_an_answer_that_is_too_slow_fails_and_waiting_for_our_own_turn_is_not_slow(took_ms: int, outcome: Outcome) -> None:
    result = expect(within=200 * MS, counts_as=503)(response(took_ms=took_ms))
    assert result.outcome is outcome
    if outcome is Outcome.FAIL:
        assert (result.code, result.reason) == (503, "slow")
        assert result.facts["detail"] == "took 201ms, longer than 200ms"


def test_numbers_are_taken_out_whether_the_answer_passes_or_not() -> None:
    extract = {
        "lag": Extract(pointer="/lag", unit="ms"), "age": Extract(pointer="/age", unit="s"), "depth": Extract(pointer="/depth"),
        "share": Extract(pointer="/share"), "text": Extract(pointer="/text"), "none": Extract(pointer="/none"),
    }  # fmt: skip
    body = b'{"lag": 1.5, "age": 2, "depth": 7, "share": 0.98, "text": "7"}'
    for condition in (JsonCondition(pointer="/lag"), JsonCondition(pointer="/none")):
        facts = Judge(Expectation(json=(condition,)), extract)(response(body)).facts
        assert {name: facts.get(name) for name in extract} == {
            "lag": 1_500_000, "age": 2 * S, "depth": 7, "share": "0.98", "text": None, "none": None,
        }  # fmt: skip


def lost(reason: Reason, origin: Origin, *, is_ours: bool = False) -> NoResponse:
    return NoResponse(reason=reason, origin=origin, is_ours=is_ours, phase=Phase.BODY, status=200)


def test_an_answer_that_was_too_long_counts_as_configured_and_silence_as_408() -> None:
    judge = expect(counts_as=599)
    long = judge(lost(Reason.BODY_TOO_LONG, Origin.WIRE))
    assert (long.outcome, long.code, long.origin, long.reason) == (Outcome.FAIL, 599, Origin.WIRE, "body-too-long")
    assert expect()(lost(Reason.BODY_TOO_LONG, Origin.WIRE)).code is None
    assert judge(lost(Reason.TIMEOUT, Origin.TIMEOUT)).code == 408
    assert judge(lost(Reason.BUDGET, Origin.SELF, is_ours=True)).outcome is Outcome.ERROR


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
CONDITIONS = st.sampled_from(
    [
        JsonCondition(pointer="/a", equals=1),
        JsonCondition(pointer="", one_of=("x", False)),
        below(5, ""),
        above("5s", "/0", unit="s"),
    ]
)


@given(document=JSON, condition=CONDITIONS)
@settings(max_examples=100, deadline=None)
def test_no_document_breaks_a_condition(document: object, condition: JsonCondition) -> None:
    told = unmet(document, (condition,))  # type: ignore[arg-type]
    assert isinstance(told, str)
    extracted(document, {"n": Extract(pointer="", unit="s"), "m": Extract(pointer="/0")})  # type: ignore[arg-type]
