"""The guide's test call, through the real client, against the lab's platform."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from config.platform_probing import PlatformTestCallProbe as Settings
from config.platform_probing import Request
from lab.platform.organisation import Call
from lab.platform.trouble import Drops, Garbage, Hangs, Refuses
from probes.platform import kinds
from probes.probe import Probe
from probes.sample import NS_PER_MS, NS_PER_S, Origin, Outcome, ProbeResult
from tests.probes.platform.stage import Stage

CALLS = "/api/v2/architect/flows/f-8473625190/test-calls"
BODY = json.dumps(
    {
        "flowId": "f-8473625190",
        "flowVersionId": "v-1029384756",
        "testData": {"callerId": "+15550001234", "dnis": "+15550005678", "input": "Press 1 for support"},
    }
)
GUIDE = Settings(
    kind="platform_test_call",
    path="new",
    api="genesys",
    start=Request(url=CALLS, body=BODY),
    poll=f"{CALLS}/{{id}}",
    poll_every=10 * NS_PER_MS,
    passed=("completed",),
    failed=("failed", "misrouted"),
    timeout=5 * NS_PER_S,
)
SHORT = replace(GUIDE, timeout=400 * NS_PER_MS)


def probe(stage: Stage, settings: Settings = GUIDE) -> Probe:
    return kinds.platform_test_call(settings, stage.api)


async def logged_in(stage: Stage) -> None:
    """The token is there already, so that a short timeout is the call's own."""
    await stage.ask(probe(stage))
    stage.platform.requests.clear()


def starts(stage: Stage) -> int:
    return len(stage.asked(f"POST {CALLS}"))


async def test_a_call_is_accepted_and_asked_after_until_it_has_a_result(stage: Stage) -> None:
    stage.organisation.test_call_takes_ns = 60 * NS_PER_MS
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.PASS, 200, "passed")
    assert (result.facts["call"], result.facts["state"]) == ("tc-1", "completed")
    assert result.facts["polls"] == len(stage.asked(f"GET {CALLS}/tc-1")) > 1
    assert int(result.facts["result_ms"]) >= 60
    assert starts(stage) == 1


@pytest.mark.parametrize("state", ["failed", "misrouted"])
async def test_a_call_that_ends_badly_fails_with_503_from_the_wire(stage: Stage, state: str) -> None:
    stage.organisation.test_call_state = state
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.FAIL, 503, Origin.WIRE, "failed")
    assert result.facts["state"] == state
    assert result.trace is not None
    assert state.encode() in result.trace.received


async def test_a_call_that_never_ends_is_silence(stage: Stage) -> None:
    await logged_in(stage)
    stage.organisation.test_calls_end = False
    result = await stage.ask(probe(stage, SHORT))
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.FAIL, 408, Origin.TIMEOUT, "no-result")
    assert result.facts["state"] == "running"
    assert result.duration_ns >= SHORT.timeout


async def test_a_start_of_which_nobody_knows_is_not_repeated(stage: Stage) -> None:
    await logged_in(stage)
    stage.platform.troubles.add(f"POST {CALLS}", Drops(done=True))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TRANSPORT)
    assert starts(stage) == 1
    assert len(stage.organisation.test_calls) == 2  # with the one of `logged_in`


async def test_a_start_without_an_answer_is_not_repeated(stage: Stage) -> None:
    await logged_in(stage)
    stage.platform.troubles.add(f"POST {CALLS}", Hangs())
    result = await stage.ask(probe(stage, SHORT))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TIMEOUT)
    assert starts(stage) == 1


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_a_start_that_is_rejected_fails_with_the_status(stage: Stage, status: int) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Refuses(status, "bad.request", "no such flow version"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, status, "start-rejected")
    assert result.facts["detail"] == "bad.request: no such flow version"


@pytest.mark.parametrize(("status", "reason"), [(403, "not-permitted"), (429, "rate-limited")])
async def test_a_start_that_we_may_not_make_was_not_measured(stage: Stage, status: int, reason: str) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Refuses(status, "x", "y"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason, starts(stage)) == (Outcome.ERROR, None, reason, 1)


async def test_a_server_error_at_the_start_is_the_platforms(stage: Stage) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Refuses(500, "internal.server.error", "oops"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason, starts(stage)) == (Outcome.FAIL, 504, "platform-error", 1)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"id": ""}', b'{"id": true}', b'{"id": ["x"]}', b'{"id": "a\\nb"}', b"null", b"<html>"]
)
async def test_a_start_whose_answer_names_no_call_is_malformed(stage: Stage, body: bytes) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Garbage(body))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "malformed")


async def test_a_result_in_the_answer_to_the_start_is_taken_at_once(stage: Stage) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Garbage(b'{"id": "1", "status": "completed"}'))
    result = await stage.ask(probe(stage))
    assert (result.outcome, stage.asked("GET")) == (Outcome.PASS, [])


async def test_an_id_that_is_a_number_is_asked_after(stage: Stage) -> None:
    stage.platform.troubles.add(f"POST {CALLS}", Garbage(b'{"call": {"number": 7}}'))
    stage.organisation.test_calls["7"] = Call("7", "f-8473625190", 0, "completed", None)
    result = await stage.ask(probe(stage, replace(GUIDE, id="/call/number")))
    assert (result.outcome, result.facts["call"]) == (Outcome.PASS, "7")


async def test_an_id_is_one_step_of_the_path_whatever_it_holds(stage: Stage) -> None:
    await logged_in(stage)
    stage.platform.troubles.add(f"POST {CALLS}", Garbage(b'{"id": "../../../users"}'))
    await stage.ask(probe(stage, SHORT))
    assert set(stage.asked("GET")) == {f"GET {CALLS}/..%2F..%2F..%2Fusers"}


@pytest.mark.parametrize(
    "trouble",
    [Refuses(500, "x", "y"), Refuses(404, "not.found", "not yet"), Garbage(), Garbage(b"{}"), Drops()],
    ids=["500", "404", "no-json", "no-state", "dropped"],
)
async def test_a_question_that_is_lost_is_asked_again(stage: Stage, trouble: Refuses | Garbage | Drops) -> None:
    stage.platform.troubles.add(f"GET {CALLS}", trouble, times=2)
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.facts["polls"]) == (Outcome.PASS, 3)


async def test_after_a_429_the_next_question_waits_as_long_as_it_is_told(stage: Stage) -> None:
    stage.platform.troubles.add(f"GET {CALLS}", Refuses(429, "too.many.requests", "slow", retry_after_s=30), times=1)
    result = await stage.ask(probe(stage, replace(GUIDE, timeout=500 * NS_PER_MS)))
    assert (result.outcome, result.reason, result.facts["polls"]) == (Outcome.ERROR, "rate-limited", 1)


async def test_a_question_that_we_may_not_ask_ends_the_attempt(stage: Stage) -> None:
    stage.platform.troubles.add(f"GET {CALLS}", Refuses(403, "missing.permissions", "no"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.reason, result.facts["polls"]) == (Outcome.ERROR, "not-permitted", 1)


async def test_a_platform_that_says_nothing_of_the_call_to_the_end_is_not_a_silent_call(stage: Stage) -> None:
    await logged_in(stage)
    stage.platform.troubles.add(f"GET {CALLS}", Refuses(503, "service.unavailable", "down"))
    result = await stage.ask(probe(stage, SHORT))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "platform-error")


async def test_questions_that_hang_are_the_platforms_silence(stage: Stage) -> None:
    await logged_in(stage)
    stage.platform.troubles.add(f"GET {CALLS}", Hangs())
    result = await stage.ask(probe(stage, SHORT))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TIMEOUT)


async def test_an_attempt_while_a_call_is_under_way_starts_no_other(stage: Stage) -> None:
    await logged_in(stage)
    stage.organisation.test_calls_end = False
    asked, results = probe(stage, SHORT), list[ProbeResult]()
    both = asyncio.Event()

    def report(result: ProbeResult, *, last: bool = True) -> None:
        results.append(result)
        if len(results) == 2:
            both.set()

    asked.begin(report)
    asked.begin(report)
    async with asyncio.timeout(5):
        await both.wait()
    assert [result.reason for result in results] == ["under-way", "no-result"]
    assert results[0].outcome is Outcome.ERROR
    assert starts(stage) == 1


async def test_after_a_call_that_was_cancelled_the_next_may_start(stage: Stage) -> None:
    await logged_in(stage)
    stage.organisation.test_calls_end = False
    asked = probe(stage)
    stop = asked.begin(lambda result, *, last=True: None)
    async with asyncio.timeout(5):
        while not stage.asked(f"GET {CALLS}"):
            await asyncio.sleep(0)
    stop()
    await asyncio.sleep(0)
    stage.organisation.test_calls_end = True
    assert (await stage.ask(asked)).outcome is Outcome.PASS


async def test_a_start_without_a_body_says_nothing_of_json(stage: Stage) -> None:
    result = await stage.ask(probe(stage, replace(GUIDE, start=Request(url=CALLS))))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 400, "start-rejected")
    result = await stage.ask(probe(stage, replace(GUIDE, start=Request(method="PUT", url=CALLS))))
    assert result.code == 405
