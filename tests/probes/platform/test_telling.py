"""What an answer of the platform is, and what it is not."""

from __future__ import annotations

import pytest

from probes.exchange.headers import Headers
from probes.exchange.values import HttpResponse, NoResponse, Phase, Timings
from probes.platform.agent import is_last, members, states
from probes.platform.telling import Told, Untold, told
from probes.sample import Origin, Outcome


def untold(status: int, body: bytes = b"", **headers: str) -> Untold:
    found = told(HttpResponse(status=status, reason="Because", headers=Headers.of(headers), body=body))
    assert isinstance(found, Untold)
    return found


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_is_told(status: int) -> None:
    answer = HttpResponse(status=status, body=b'{"a": 1}')
    assert told(answer) == Told({"a": 1}, answer)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_a_server_that_fails_is_the_platforms_silence(status: int) -> None:
    found = untold(status)
    assert (found.result.outcome, found.result.code, found.result.reason) == (Outcome.FAIL, 504, "platform-error")
    assert (found.result.facts["status"], found.is_ours) == (status, False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "not-authenticated"),
        (403, "not-permitted"),
        (429, "rate-limited"),
        (404, "rejected"),
        (400, "rejected"),
        (301, "rejected"),
    ],
)
def test_a_request_that_is_turned_down_measured_nothing(status: int, reason: str) -> None:
    found = untold(status)
    assert (found.result.outcome, found.result.code, found.result.reason, found.is_ours) == (Outcome.ERROR, None, reason, True)


def test_no_answer_is_504_with_where_it_was_lost() -> None:
    lost = NoResponse(reason="reset", origin=Origin.TRANSPORT, is_ours=False, phase=Phase.RESPONSE, timings=Timings(total_ns=5))
    found = told(lost)
    assert isinstance(found, Untold)
    assert (found.result.outcome, found.result.code, found.result.origin) == (Outcome.FAIL, 504, Origin.TRANSPORT)
    assert (found.result.reason, found.result.duration_ns) == ("reset", 5)


def test_trouble_of_our_own_is_error() -> None:
    found = told(NoResponse(reason="budget-exhausted", origin=Origin.SELF, is_ours=True, phase=Phase.BUDGET))
    assert isinstance(found, Untold)
    assert (found.result.outcome, found.result.code, found.is_ours) == (Outcome.ERROR, None, True)


def test_the_platforms_own_words_are_the_detail() -> None:
    assert (
        untold(500, b'{"code": "internal.server.error", "message": "oops"}').result.facts["detail"]
        == "internal.server.error: oops"
    )
    assert untold(500, b'["x"]').result.facts["detail"] == "Because"
    assert untold(500, b'{"code": 7, "message": ""}').result.facts["detail"] == "Because"


def test_of_long_words_the_beginning_and_the_end_are_kept_and_made_visible() -> None:
    detail = str(untold(403, b'{"code": "begin", "message": "' + b"x" * 500 + b'\\u0007 end"}').result.facts["detail"])
    assert detail.startswith("begin: xxx")
    assert detail.endswith("� end")
    assert len(detail) == 120


def test_retry_after_is_read_in_seconds() -> None:
    assert untold(429, **{"Retry-After": "58"}).retry_after_s == 58
    assert untold(429).retry_after_s == 0


def test_of_a_page_only_what_is_in_form_is_taken() -> None:
    page = {"entities": [{"id": "a", "state": "active"}, {"id": 1, "state": "active"}, {"id": "b"}, "c"]}
    assert states(page) == {"a": "active"}
    joined = {"entities": [{"id": "a", "joined": True}, {"id": "b", "joined": "yes"}, {"joined": True}, None]}
    assert list(members(joined)) == ["a"]
    assert states([]) == members(None) == {}


@pytest.mark.parametrize(
    ("count", "more", "last"), [(0, True, True), (0, False, True), (1, False, True), (1, True, False), (2, False, False)]
)
def test_a_listing_ends_with_a_page_that_is_not_full_and_names_no_next(count: int, more: bool, last: bool) -> None:
    page = {"entities": [{}] * count} | ({"nextUri": "/x"} if more else {})
    assert is_last(page, size=2) is last
