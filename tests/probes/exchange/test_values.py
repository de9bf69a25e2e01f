"""JSON of others, places in it, joined URLs, packed bodies, verdicts: pure parts of an exchange."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.exchange import attempts, verdict
from probes.exchange.document import MISSING, NotJson, at, decode
from probes.exchange.headers import Headers
from probes.exchange.joining import joined
from probes.exchange.tally import OUTCOMES, outcome
from probes.exchange.unpacking import Body, TooLong, Unreadable
from probes.exchange.values import HttpResponse, NoResponse, Phase, Reason, Timings
from probes.sample import Origin, Outcome, ProbeResult

MS = 1_000_000

# RFC 6901 §5
DOCUMENT = b'{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\\\j": 5, "k\\"l": 6, " ": 7, "m~n": 8}'


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5),
     ('/k"l', 6), ("/ ", 7), ("/m~0n", 8)],
)  # fmt: skip
def test_a_pointer_leads_where_the_rfc_says(pointer: str, found: object) -> None:
    assert at(decode(DOCUMENT), pointer) == found


def test_the_empty_pointer_is_the_whole_document() -> None:
    assert at(decode(b"[1]"), "") == [1]


@pytest.mark.parametrize("pointer", ["/none", "/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/foo/²", "/foo/0/x", "/foo/99999999999"])
def test_a_pointer_to_nothing_is_missing(pointer: str) -> None:
    assert at(decode(DOCUMENT), pointer) is MISSING


def test_null_is_something() -> None:
    assert at(decode(b'{"a": null}'), "/a") is None


def test_of_a_member_that_is_named_twice_the_last_counts() -> None:
    assert at(decode(b'{"a": 1, "a": 2}'), "/a") == 2


NESTED = [
    b"[" + b",".join([b"[[[[[[]]]]]]"] * 30_000) + b"]",
    b'{"a":' * 75_001 + b"[" * 75_000,
    b'["",' + b'"",' * 500_000 + b'""]',
]


@pytest.mark.parametrize("body", NESTED)
def test_what_would_hold_the_loop_is_not_read(body: bytes) -> None:
    with pytest.raises(NotJson, match="too many parts"):
        decode(body)


def test_a_long_answer_of_the_usual_kind_is_read() -> None:
    body = b"[" + b",".join([b'{"id": "0123456789", "state": [1, 2]}'] * 25_000) + b"]"
    assert len(decode(body)) == 25_000  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body", [b"", b"NaN", b"[Infinity]", b"1e999", b"\xff", b"{'a': 1}", b"[1,]", b"[" * 100_000, b"1" * 500]
)
def test_what_is_not_json_is_told_without_quoting_it(body: bytes) -> None:
    with pytest.raises(NotJson) as raised:
        decode(body)
    assert str(raised.value).startswith("not JSON: ")


@pytest.mark.parametrize(
    ("base", "url", "leads"),
    [
        ("https://h", "/a", "https://h/a"),
        ("https://h/v2/", "/a?x=1", "https://h/v2/a?x=1"),
        ("https://h", "/../a", "https://h/../a"),
        ("https://h", "/@evil", "https://h/@evil"),
        ("https://h", "https://h/a", "https://h/a"),
        ("https://h", "https://H:443/a", "https://H:443/a"),
        ("http://h:80", "http://h/a", "http://h/a"),
        (None, "http://h/a", "http://h/a"),
        (None, "/a", None),
        ("https://h", "//evil/a", None),
        ("https://h", "http://h/a", None),
        ("https://h", "https://h:444/a", None),
        ("https://h", "https://evil/a", None),
        ("https://h", "https://h@evil/a", None),
        ("https://h", "https://user:pw@h/a", None),
        (None, "https://h\\@evil/a", None),
        (None, "https://h\\evil/a", None),
        ("https://h", "https://h\\@evil/a", None),
        ("https://h", "https://evil\\.h/a", None),
        ("https://h", "https://h.evil/a", None),
        ("https://h", "ftp://h/a", None),
        ("https://h", "a", None),
        ("https://h", "", None),
        ("https://h", "https://h:99999/", None),
        ("https://h", "https://[::1/", None),
    ],
)
def test_a_url_leads_to_the_api_or_nowhere(base: str | None, url: str, leads: str | None) -> None:
    assert joined(base, url) == leads


def test_headers_are_found_whatever_their_case() -> None:
    headers = Headers((("X-A", "1"), ("x-a", "2"), ("B", "3")))
    assert list(headers.all("X-a")) == ["1", "2"]
    assert headers.get("x-A") == "1"
    assert headers.replaced("X-A", "9").pairs == (("B", "3"), ("X-A", "9"))
    assert headers.with_default("b", "0") is headers
    assert "c" not in headers


@given(body=st.binary(max_size=3000), most=st.integers(0, 2000), cut=st.integers(1, 50), layers=st.integers(0, 2))
@settings(max_examples=80, deadline=None)
def test_a_packed_body_is_unpacked_whole_or_not_at_all(body: bytes, most: int, cut: int, layers: int) -> None:
    packed = body
    for _ in range(layers):
        packed = gzip.compress(packed)
    reading = Body(", ".join(["gzip"] * layers), most)
    try:
        for start in range(0, len(packed), cut):
            reading.feed(packed[start : start + cut])
        assert reading.end() == body
        assert len(body) <= most
    except TooLong:
        assert max(len(packed), len(body)) > most or layers == 2


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_takes_no_more_memory_than_the_limit(layers: int) -> None:
    bomb = b"\0" * 50_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    reading = Body(", ".join(["gzip"] * layers), 100_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLong):
            reading.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@given(body=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_garbage_that_claims_to_be_packed_breaks_nothing(body: bytes) -> None:
    for encoding in ("gzip", "deflate", "gzip, deflate"):
        reading = Body(encoding, 10_000)
        try:
            reading.feed(body)
            reading.end()
        except (TooLong, Unreadable):
            continue


def test_a_body_packed_three_times_or_otherwise_is_not_unpacked() -> None:
    for encoding in ("gzip, gzip, gzip", "br", "zstd"):
        with pytest.raises(Unreadable):
            Body(encoding, 100)


def lost(reason: Reason, origin: Origin, *, is_ours: bool = False, phase: Phase = Phase.RESPONSE) -> NoResponse:
    timings = Timings(dns_ns=3 * MS, waited_ns=10 * MS, total_ns=30 * MS)
    return NoResponse(
        reason=reason, origin=origin, is_ours=is_ours, phase=phase, detail="a\nb" * 100, peer="h:1", timings=timings
    )


@pytest.mark.parametrize(
    ("ended", "outcome_", "code"),
    [
        (lost(Reason.TIMEOUT, Origin.TIMEOUT), Outcome.FAIL, 408),
        (lost(Reason.REFUSED, Origin.TRANSPORT), Outcome.FAIL, 503),
        (lost(Reason.TLS_EXPIRED, Origin.TRANSPORT), Outcome.FAIL, 503),
        (lost(Reason.BUDGET, Origin.SELF, is_ours=True), Outcome.ERROR, None),
        (lost(Reason.LOGIN_UNAVAILABLE, Origin.TIMEOUT, is_ours=True), Outcome.ERROR, None),
    ],
)
def test_no_answer_is_a_verdict_by_whose_trouble_it_is(ended: NoResponse, outcome_: Outcome, code: int | None) -> None:
    result = verdict.unanswered(ended)
    assert (result.outcome, result.code, result.origin, result.reason) == (outcome_, code, ended.origin, ended.reason)
    assert result.duration_ns == 20 * MS
    assert result.facts["phase"] == "response"
    assert result.facts["dns_ms"] == 3
    detail = str(result.facts["detail"])
    assert detail.isprintable()
    assert len(detail) <= verdict.MAX_DETAIL


def test_an_answer_is_traced_without_its_cookies_and_no_further_than_people_read() -> None:
    headers = Headers((("Set-Cookie", "session=hunter2"), ("X-A", "b")))
    seen = verdict.trace(HttpResponse(status=200, reason="OK", headers=headers, body=b"x" * 10_000, sent=b"GET / HTTP/1.1"))
    assert seen.received.startswith(b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nxxx")
    assert len(seen.received) == verdict.MAX_TRACED
    assert b"hunter2" not in seen.received


@pytest.mark.parametrize(
    ("ended", "named"),
    [
        (HttpResponse(status=204), "2xx"),
        (HttpResponse(status=301), "3xx"),
        (HttpResponse(status=404), "4xx"),
        (HttpResponse(status=429), "429"),
        (HttpResponse(status=503), "5xx"),
        (HttpResponse(status=999), "other"),
        (lost(Reason.TIMEOUT, Origin.TIMEOUT), "timeout"),
        (lost(Reason.RESET, Origin.TRANSPORT), "transport"),
        (lost(Reason.BODY_TOO_LONG, Origin.WIRE), "not-usable"),
        (lost(Reason.LOGIN_UNAVAILABLE, Origin.TIMEOUT, is_ours=True), "not-asked"),
    ],
)
def test_what_came_of_a_request_is_counted_under_few_words(ended: HttpResponse | NoResponse, named: str) -> None:
    assert outcome(ended) == named
    assert named in OUTCOMES


class Reports:
    def __init__(self) -> None:
        self.results: list[ProbeResult] = []

    def __call__(self, result: ProbeResult, *, last: bool = True) -> None:
        self.results.append(result)


async def test_an_attempt_that_raises_is_an_error_and_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> ProbeResult:
        raise KeyError("hunter2")

    reports = Reports()
    attempts.begin(broken(), reports)
    async with asyncio.timeout(5):
        while not reports.results:
            await asyncio.sleep(0)
    (result,) = reports.results
    assert (result.outcome, result.reason, result.facts) == (Outcome.ERROR, "exception", {"detail": "KeyError"})
    assert "an attempt over HTTP raised" in caplog.text
    await asyncio.sleep(0)
    assert not attempts._TASKS


async def test_a_cancelled_attempt_reports_nothing() -> None:
    ended = asyncio.Event()

    async def endless() -> ProbeResult:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    reports = Reports()
    cancel = attempts.begin(endless(), reports)
    await asyncio.sleep(0)
    cancel()
    async with asyncio.timeout(5):
        await ended.wait()
    await asyncio.sleep(0)
    assert reports.results == []
