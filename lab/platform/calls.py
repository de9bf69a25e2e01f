"""The guide's synthetic calls, `POST /api/v2/architect/flows/{flowId}/test-calls`: accepted with 202, and asked after by id.

The guide gives the request and says nothing of the answer; this one is the least that can be asked after. No vendor has it.
"""

from __future__ import annotations

from aiohttp import web

from lab.platform import answers, documents, place

TEST_CALLS = "/api/v2/architect/flows/{flow}/test-calls"


async def _start(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    wanted, flow = await answers.body(request), request.match_info["flow"]
    if not isinstance(wanted, dict) or wanted.get("flowId") != flow or not isinstance(wanted.get("testData"), dict):
        raise answers.Refusal(400, "bad.request", "flowId and testData are needed, and flowId is the flow's.")
    call = organisation.start_test_call(flow, now_ns=now_ns)
    return answers.answer(documents.call(call, "queued"), status=202)


async def _told(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    call = organisation.test_calls.get(request.match_info["call"])
    if call is None or call.flow != request.match_info["flow"]:
        raise answers.not_found("test call")
    return answers.answer(documents.call(call, organisation.state_of(call, now_ns=now_ns)))


ROUTES = [web.post(TEST_CALLS, _start), web.get(f"{TEST_CALLS}/{{call}}", _told)]
