"""Publishing: set off at once, done later, refused, or answered well and not done at all."""

from __future__ import annotations

import pytest

from lab.platform.furniture import FLOW
from tests.lab.platform.desk import NS_PER_S, Answer, Clock, Desk

EXPORTS, JOBS = "/api/v2/flows/export/jobs", "/api/v2/flows/jobs"


async def publish(desk: Desk, version: str = "12.0") -> Answer:
    return await desk.ask("POST", f"/api/v2/flows/actions/publish?flow=flow-1&version={version}")


async def test_a_publish_is_told_as_started_and_done_later(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes(FLOW, 9 * NS_PER_S)
    told = await publish(desk)
    assert (told.status, told.document["complete"], told.document["actionStatus"]) == (200, False, "STARTED")
    clock.ns += 9 * NS_PER_S - 1
    running = (await desk.get(FLOW)).document
    assert (running["currentOperation"], running["publishedVersion"]["id"]) == (told.document, "13.0")
    clock.ns += 1
    ended = (await desk.get(FLOW)).document
    assert (ended["currentOperation"]["actionStatus"], ended["currentOperation"]["complete"]) == ("SUCCESS", True)
    assert (ended["currentOperation"]["id"], ended["publishedVersion"]["id"]) == (told.document["id"], "12.0")


async def test_it_may_be_told_with_202_and_nothing(desk: Desk) -> None:
    desk.platform.organisation.publishing.status = 202
    told = await publish(desk)
    assert (told.status, told.document) == (202, b"")
    assert (await desk.get(FLOW)).document["publishedVersion"]["id"] == "12.0"


async def test_a_version_that_does_not_exist_is_answered_with_200_and_nothing_is_done(desk: Desk) -> None:
    before = (await desk.get(FLOW)).document
    assert (await publish(desk, "99.0")).status == 200
    assert (await desk.get(FLOW)).document == before


async def test_or_with_404(desk: Desk) -> None:
    desk.platform.organisation.publishing.refuses_missing = True
    told = await publish(desk, "99.0")
    assert (told.status, told.document["code"]) == (404, "architect.flow.version.missing")


async def test_one_operation_at_a_time(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes(FLOW, NS_PER_S)
    await publish(desk)
    again = await publish(desk, "11.0")
    assert (again.status, again.document["code"]) == (409, "architect.operation.already.in.progress")
    clock.ns += NS_PER_S
    assert (await publish(desk, "11.0")).status == 200


async def test_a_flow_that_somebody_holds_is_not_published(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.intrude(FLOW, now_ns=clock(), lockedUser={"id": "u", "name": "Ada"})
    told = await publish(desk)
    assert (told.status, told.document["code"]) == (409, "architect.flow.locked.by.user")


async def test_a_publish_can_fail_in_the_end(desk: Desk) -> None:
    desk.platform.organisation.publishing.fails = True
    await publish(desk)
    flow = (await desk.get(FLOW)).document
    assert (flow["currentOperation"]["actionStatus"], flow["publishedVersion"]["id"]) == ("FAILURE", "13.0")


async def test_an_old_version_may_come_back_under_a_new_id(desk: Desk) -> None:
    desk.platform.organisation.publishing.mints = True
    await publish(desk)
    assert (await desk.get(FLOW)).document["publishedVersion"]["id"] == "14.0"
    assert (await desk.get(f"{FLOW}/versions/14.0")).status == 200


async def test_versions_are_listed_the_newest_first(desk: Desk) -> None:
    listed = (await desk.get(f"{FLOW}/versions")).document
    assert [version["id"] for version in listed["entities"]] == ["13.0", "12.0", "11.0"]


@pytest.mark.parametrize(("query", "status"), [("flow=none&version=1.0", 404), ("version=12.0", 400)])
async def test_a_publish_names_a_flow(desk: Desk, query: str, status: int) -> None:
    assert (await desk.ask("POST", f"/api/v2/flows/actions/publish?{query}")).status == status


async def test_an_export_is_ready_later_and_is_that_of_the_version(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes("/api/v2/flows/export/*", NS_PER_S)
    job = await desk.ask("POST", EXPORTS, {"flows": [{"flow": {"id": "flow-1", "version": "12.0"}, "exportType": "Yaml"}]})
    path = f"{EXPORTS}/{job.document['id']}?expand=messages"
    assert (job.status, (await desk.get(path)).document["status"]) == (202, "Registered")
    clock.ns += NS_PER_S
    ready = (await desk.get(path)).document
    fetched = await desk.answer(desk.session.get(ready["downloadUrl"]))
    assert (ready["status"], fetched.document) == ("Success", b"inboundCall:\n  name: inbound\n  description: as of 12.0\n")


async def test_without_a_version_the_draft_is_exported_and_of_no_flow_nothing(desk: Desk) -> None:
    ends = []
    for flow in ("flow-1", "none"):
        job = (await desk.ask("POST", EXPORTS, {"flows": [{"flow": {"id": flow}}]})).document["id"]
        ends.append((await desk.get(f"{EXPORTS}/{job}")).document)
    fetched = await desk.answer(desk.session.get(ends[0]["downloadUrl"]))
    assert b"draft" in fetched.document
    assert (ends[1]["status"], ends[1]["messages"][0]["text"]) == ("Failure", "could not find the flow with id none")


async def test_a_file_becomes_the_newest_version_when_its_job_ends(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes("/api/v2/flows/*", NS_PER_S)
    job, file = (await desk.ask("POST", JOBS, {})).document, b"inboundCall:\n  name: inbound\n  description: back\n"
    unsigned = await desk.answer(desk.session.put(job["presignedUrl"], data=file))
    signed = await desk.answer(desk.session.put(job["presignedUrl"], data=file, headers=job["headers"]))
    assert (unsigned.status, signed.status) == (403, 200)
    assert (await desk.get(f"{JOBS}/{job['id']}")).document["status"] == "Started"
    assert (await desk.get(FLOW)).document["publishedVersion"]["id"] == "13.0"
    clock.ns += NS_PER_S
    assert (await desk.get(f"{JOBS}/{job['id']}")).document["status"] == "Success"
    assert (await desk.get(FLOW)).document["publishedVersion"]["id"] == "14.0"
    assert [entry.body for entry in desk.platform.ledger.done("PUT /uploads/*")] == [file]


async def test_a_file_of_no_flow_fails_its_job(desk: Desk) -> None:
    job = (await desk.ask("POST", JOBS, {})).document
    await desk.answer(desk.session.put(job["presignedUrl"], data=b"nothing", headers=job["headers"]))
    assert (await desk.get(f"{JOBS}/{job['id']}")).document["status"] == "Failure"
