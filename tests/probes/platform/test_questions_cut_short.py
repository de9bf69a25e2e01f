"""Which answer is the last word on a test call when its time is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from lab.platform.trouble import Hangs
from probes.exchange.values import Ended, HttpRequest, HttpResponse, NoResponse, Phase
from probes.platform import kinds
from probes.sample import NS_PER_MS, NS_PER_S, Origin, Outcome, ProbeResult
from tests.probes.attempt import attempt
from tests.probes.platform.stage import Stage
from tests.probes.platform.test_platform_test_call import CALLS, GUIDE

ID, RUNNING, ILL = (200, b'{"id": "tc-1"}'), (200, b'{"status": "running"}'), (503, b"")
HANG = None


class Scripted:
    """An API that answers one after the other, with the last for ever."""

    name = "genesys"

    def __init__(self, *answers: tuple[int, bytes] | None) -> None:
        self.answers = list(answers)

    async def exchange(self, request: HttpRequest, *, timeout_ns: int, is_fresh: bool = False) -> Ended:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            return HttpResponse(status=answer[0], body=answer[1])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_ns / NS_PER_S):
                await asyncio.Event().wait()
        return NoResponse(reason="timeout", origin=Origin.TIMEOUT, is_ours=False, phase=Phase.RESPONSE, is_sent=True)


async def told(answers: Sequence[tuple[int, bytes] | None], *, poll_every_ms: int, timeout_ms: int) -> ProbeResult:
    settings = replace(GUIDE, poll_every=poll_every_ms * NS_PER_MS, timeout=timeout_ms * NS_PER_MS)
    (result,) = await attempt(kinds.platform_test_call(settings, Scripted(*answers)))
    return result


async def test_a_question_cut_short_by_the_end_of_the_time_does_not_undo_the_answer_before() -> None:
    result = await told([ID, RUNNING, HANG], poll_every_ms=300, timeout_ms=640)
    assert (result.code, result.reason) == (408, "no-result")


async def test_a_question_that_had_its_time_and_no_answer_does() -> None:
    result = await told([ID, RUNNING, HANG], poll_every_ms=20, timeout_ms=300)
    assert (result.code, result.origin, result.reason) == (504, Origin.TIMEOUT, "timeout")


async def test_a_platform_that_falls_ill_has_the_last_word() -> None:
    result = await told([ID, RUNNING, ILL], poll_every_ms=20, timeout_ms=300)
    assert (result.code, result.reason) == (504, "platform-error")


async def test_a_platform_that_is_well_again_has_the_last_word() -> None:
    result = await told([ID, ILL, ILL, RUNNING], poll_every_ms=20, timeout_ms=300)
    assert (result.code, result.reason, result.facts["state"]) == (408, "no-result", "running")


async def test_a_question_that_hangs_is_given_up_and_asked_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.platform.platform_test_call.POLL_NS", 50 * NS_PER_MS)
    stage.platform.troubles.add(f"GET {CALLS}", Hangs(), times=1)
    result = await stage.ask(kinds.platform_test_call(GUIDE, stage.api))
    assert (result.outcome, result.facts["polls"]) == (Outcome.PASS, 2)
