"""The `http` step against a platform over loopback: what it reads, sends, waits for and proves."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from config.steps import BodyOk, Capture, HttpStep, Poll, Send, Verify
from reverters.http import definition
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification
from tests.reverters.http.bench import (
    BASELINE,
    CUTOVER,
    IVR,
    KEEP,
    LIVE,
    Bench,
    Documents,
    S,
    answering,
    bench,
    cut,
    done_and_cut,
    http_step,
    put,
    step,
)

RESTORED = {key: value for key, value in CUTOVER.items() if key not in ("closedHoursFlow", "version")} | BASELINE
JOB = Send(method="POST", path="/api/v2/publish", idempotency="job", expect=(200, 202))


async def applied(here: Bench, settings: HttpStep | None = None) -> Applied | Conflict | Trouble:
    """Inspected and applied, as the runner does."""
    found = await here.reverter.inspect(step(settings))
    assert isinstance(found, Inspection), found
    return await here.reverter.apply(step(settings), found.live)


async def test_a_capture_keeps_what_is_asked_for_and_nothing_else() -> None:
    async with bench() as here:
        found = await here.reverter.capture(definition.expand(http_step()).spec)
    expected = {"name": "Main", "dnis": ["+492"], "openHoursFlow": {"id": "flow-new"}, "closedHoursFlow": {"id": "added"}}
    assert found == expected


async def test_a_capture_that_would_hold_a_secret_is_refused_without_quoting_it() -> None:
    documents = Documents({LIVE: {"name": {"clientSecret": "hunter2"}}})
    async with bench(documents) as here:
        found = await here.reverter.capture(definition.expand(http_step()).spec)
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (False, "secret")
    assert "/name/clientSecret" in found.detail
    assert "hunter2" not in repr(found)


async def test_a_capture_without_what_the_step_would_write_is_refused() -> None:
    settings = http_step(Send(method="PATCH", path=IVR, body={"description": "{baseline/description}"}))
    settings = replace(settings, capture=replace(settings.capture, keep=("/name", "/description")))
    async with bench() as here:
        found = await here.reverter.capture(definition.expand(settings).spec)
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (False, "unfilled")
    assert "{baseline/description}" in found.detail


async def test_an_inspection_says_where_it_differs_and_holds_the_whole_document() -> None:
    async with bench() as here:
        found = await here.reverter.inspect(step())
    assert isinstance(found, Inspection)
    assert not found.at_baseline
    assert found.detail.endswith("differs at /dnis, /openHoursFlow/id, /closedHoursFlow")
    assert found.live["document"] == CUTOVER


async def test_what_is_restored_is_the_baseline_and_nothing_else_is_lost() -> None:
    async with bench() as here:
        answer = await applied(here)
        found = await here.reverter.inspect(step())
    assert isinstance(answer, Applied)
    assert here.documents.held[LIVE] == RESTORED | {"version": 8, "openHoursFlow": {"id": "flow-old", "selfUri": "/flows/new"}}
    assert isinstance(found, Inspection)
    assert found.at_baseline


async def test_the_journal_is_told_of_requests_and_answers_without_secrets() -> None:
    documents = Documents({LIVE: {**CUTOVER, "apiKey": "hunter2"}})
    async with bench(documents) as here:
        answer = await applied(here)
    assert isinstance(answer, Applied)
    assert "hunter2" not in repr(answer)
    read, sent = answer.facts["requests"]
    assert (read["method"], read["path"], read["status"]) == ("GET", LIVE, 200)
    assert (sent["method"], sent["status"], sent["correlation"]) == ("PUT", 200, "c-3")
    assert sent["body"]["version"] == 7
    assert sent["answer"]["version"] == 8


async def test_a_document_that_changed_since_it_was_inspected_is_not_written() -> None:
    async with bench() as here:
        found = await here.reverter.inspect(step())
        assert isinstance(found, Inspection)
        here.documents.held[LIVE]["dnis"] = ["+499"]
        answer = await here.reverter.apply(step(), found.live)
    assert isinstance(answer, Conflict)
    assert "/dnis" in answer.detail
    assert here.documents.sent == []


async def test_a_version_that_somebody_else_took_is_a_conflict() -> None:
    message = {"message": "The version number does not match the current version: 9", "status": 400}
    async with bench(Documents(faults={"PUT": [answering(400, message)]})) as here:
        answer = await applied(here)
    assert isinstance(answer, Conflict)
    assert answer.facts["requests"][-1]["status"] == 400


async def test_a_rate_limit_says_when_to_come_back() -> None:
    async with bench(Documents(faults={"PUT": [answering(429, {}, Retry_After="58")]})) as here:
        answer = await applied(here)
    assert isinstance(answer, Trouble)
    assert (answer.retryable, answer.reason, answer.retry_after_ns) == (True, "rate-limited", 58 * S)
    assert answer.facts["requests"][-1]["status"] == 429


async def test_a_reset_within_the_answer_is_looked_into_before_anything_is_sent_again() -> None:
    async with bench(Documents(faults={"PUT": [cut]})) as here:
        answer = await applied(here)
    assert isinstance(answer, Trouble)
    assert answer.retryable
    assert len(here.documents.sent) == 1


async def test_an_api_that_is_no_longer_configured_is_trouble() -> None:
    async with bench() as here:
        found = await here.reverter.inspect(step(replace(http_step(), api="other")))
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (False, "noapi")


async def test_a_job_of_unknown_outcome_that_is_seen_to_be_done_counts_as_done() -> None:
    documents = Documents()

    async def publishes(request: web.Request) -> web.StreamResponse:
        documents.held[LIVE] = dict(BASELINE)
        return await cut(request)

    documents.faults["POST"] = [publishes]
    async with bench(documents) as here:
        answer = await applied(here, http_step(JOB))
    assert isinstance(answer, Applied)
    assert "found done on reading back" in answer.detail
    assert documents.sent == ["POST /api/v2/publish"]


async def test_a_job_of_unknown_outcome_without_a_trace_is_for_a_human() -> None:
    async with bench(Documents(faults={"POST": [cut]})) as here:
        answer = await applied(here, http_step(JOB))
    assert isinstance(answer, Trouble)
    assert (answer.retryable, answer.reason) == (False, "outcome-unknown")
    assert here.documents.sent == ["POST /api/v2/publish"]


async def test_a_job_that_was_turned_away_may_be_sent_again() -> None:
    async with bench(Documents(faults={"POST": [answering(429, {})]})) as here:
        answer = await applied(here, http_step(JOB))
    assert isinstance(answer, Trouble)
    assert answer.retryable


async def test_work_behind_a_202_is_waited_for() -> None:
    poll = Poll(path="/api/v2/jobs/{response/id}", ok={"/status": "Success"}, failed={"/status": ["Failure"]})
    states = [answering(202), answering(404, {}), answering(200, {"status": "Started"}), answering(200, {"status": "Success"})]
    documents = Documents(faults={"POST": [answering(202, {"id": "j 1"})]})
    async with bench(documents) as here:
        found = await here.reverter.inspect(step(http_step(JOB, poll=poll)))
        assert isinstance(found, Inspection)
        documents.faults["GET"] = list(states)
        answer = await here.reverter.apply(step(http_step(JOB, poll=poll)), found.live)
    assert isinstance(answer, Applied)
    assert documents.asked[1:] == ["POST /api/v2/publish", *["GET /api/v2/jobs/j 1"] * 4]
    assert here.clock.waits == [2 * S] * 3


async def test_work_that_the_platform_says_has_failed_is_for_a_human() -> None:
    poll = Poll(path="/api/v2/jobs/1", ok={"/status": "Success"}, failed={"/status": ["Failure"]})
    documents = Documents({LIVE: dict(CUTOVER), "/api/v2/jobs/1": {"status": "Failure"}}, {"POST": [answering(202, {})]})
    async with bench(documents) as here:
        answer = await applied(here, http_step(JOB, poll=poll))
    assert isinstance(answer, Trouble)
    assert (answer.retryable, answer.reason) == (False, "failed")
    assert '/status is "Failure"' in answer.detail


async def test_a_job_that_does_not_end_is_not_started_again() -> None:
    poll = Poll(path="/api/v2/jobs/1", ok={"/status": "Success"}, timeout=10 * S)
    documents = Documents({LIVE: dict(CUTOVER), "/api/v2/jobs/1": {"status": "Started"}}, {"POST": [answering(202, {})]})
    async with bench(documents) as here:
        answer = await applied(here, http_step(JOB, poll=poll))
    assert isinstance(answer, Trouble)
    assert (answer.retryable, answer.reason) == (False, "outcome-unknown")
    assert sum(here.clock.waits) == 10 * S


async def test_work_that_goes_on_is_awaited_before_the_object_is_judged() -> None:
    settings = http_step(JOB, poll=Poll(ok={"/done": True}, running={"/working": True}))
    documents = Documents({LIVE: dict(BASELINE)})
    documents.faults["GET"] = [answering(200, {**CUTOVER, "working": True})] * 2
    async with bench(documents) as here:
        found = await here.reverter.inspect(step(settings))
    assert isinstance(found, Inspection)
    assert found.at_baseline
    assert here.clock.waits == [2 * S] * 2


async def test_work_that_does_not_end_is_asked_after_later() -> None:
    settings = http_step(JOB, poll=Poll(ok={"/done": True}, running={"/working": True}))
    async with bench(Documents({LIVE: {**CUTOVER, "working": True}})) as here:
        found = await here.reverter.inspect(step(settings))
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (True, "running")
    assert here.clock.now_ns == 180 * S


async def test_readings_must_agree_so_many_times_in_a_row() -> None:
    documents = Documents({LIVE: dict(BASELINE)})
    stale = answering(200, CUTOVER)
    documents.faults["GET"] = [None, stale, answering(404, {}), None, None, None]
    async with bench(documents) as here:
        found = await here.reverter.verify(step(http_step(verify=Verify(stable=3))))
    assert isinstance(found, Verification)
    assert found.holds
    assert len(documents.asked) == 6


async def test_a_200_that_did_nothing_is_not_restored() -> None:
    async with bench(Documents(faults={"PUT": [answering(200, BASELINE)]})) as here:
        answer = await applied(here)
        proof = await here.reverter.verify(step())
    assert isinstance(answer, Applied)
    assert isinstance(proof, Trouble)
    assert (proof.retryable, proof.reason) == (False, "not-restored")
    assert here.clock.now_ns == 60 * S


async def test_an_error_hidden_in_a_200_is_refused() -> None:
    settings = http_step(put(body_ok=BodyOk(absent_or_zero=("/errorCount",))))
    async with bench(Documents(faults={"PUT": [answering(200, {"errorCount": 1})]})) as here:
        answer = await applied(here, settings)
    assert isinstance(answer, Trouble)
    assert (answer.retryable, answer.reason) == (False, "hidden-error")


async def test_later_requests_are_made_of_earlier_answers() -> None:
    first = put(id="route")
    second = Send(
        method="POST", path="/api/v2/notes", body={"of": "{route/version}", "last": "{response/name}"}, idempotency="action"
    )
    async with bench(Documents(faults={"POST": [answering(200, {})]})) as here:
        answer = await applied(here, http_step(first, second))
    assert isinstance(answer, Applied)
    assert here.documents.bodies[-1] == {"of": 8, "last": "Main"}


async def test_an_object_that_stands_within_the_answer_is_found_there() -> None:
    settings = http_step(capture=Capture(path=IVR, at="/list/0", keep=KEEP))
    async with bench(Documents({LIVE: {"list": [dict(BASELINE)]}})) as here:
        found = await here.reverter.inspect(step(settings))
        nothing = await here.reverter.inspect(step(replace(settings, capture=replace(settings.capture, at="/list/1"))))
    assert isinstance(found, Inspection)
    assert found.at_baseline
    assert isinstance(nothing, Trouble)
    assert nothing.reason == "no-object"


async def test_a_write_that_was_done_and_not_heard_of_is_seen_when_it_is_looked_for() -> None:
    documents = Documents()
    documents.faults["PUT"] = [done_and_cut(documents)]
    async with bench(documents) as here:
        answer = await applied(here)
        found = await here.reverter.inspect(step())
    assert isinstance(answer, Trouble)
    assert isinstance(found, Inspection)
    assert found.at_baseline
