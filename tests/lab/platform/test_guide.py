"""The guide's paths, as it writes them."""

from __future__ import annotations

from tests.lab.platform.desk import NS_PER_S, Clock, Desk

FLOW = "/api/v2/architect/flows/flow-1"
STRATEGY = "/api/v2/routing/routing-strategies/strategy-1"
PROFILE = "/api/v2/users/user-1/routing/profile"
SCHEDULE = "/api/v2/wfm/schedules/schedule-1"
FREEZE = {"freezeReason": "ROLLBACK_CONTINGENCY", "effectiveDate": "2026-12-05", "freezeDuration": "PT4H"}


async def test_a_flow_is_accepted_and_deployed_later(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes(FLOW, NS_PER_S)
    accepted = await desk.ask("PATCH", FLOW, {"versionId": "v-0", "status": "deployed", "description": "back"})
    assert (accepted.status, accepted.document["versionId"], accepted.document["status"]) == (202, "v-1", "deploying")
    clock.ns += NS_PER_S
    now = (await desk.get(FLOW)).document
    assert (now["versionId"], now["status"]) == ("v-0", "deployed")


async def test_a_deployment_and_a_version_are_kept_once(desk: Desk) -> None:
    wanted = {"description": "before", "flowVersionId": "v-1", "deploymentId": "d-1"}
    assert [(await desk.ask("POST", f"{FLOW}/deployments", wanted)).status for _ in range(2)] == [201, 409]
    assert (await desk.get(f"{FLOW}/deployments/d-1")).document == wanted
    version = {"flowId": "flow-1", "name": "before", "isPublished": True}
    assert [(await desk.ask("POST", "/api/v2/flow-versions", version)).status for _ in range(2)] == [201, 409]
    assert (await desk.get("/api/v2/flow-versions?flowId=flow-1&name=before")).document["entities"] == [version]
    assert (await desk.get("/api/v2/flow-versions?flowId=flow-1&name=after")).document["entities"] == []


async def test_a_strategy_and_a_profile_are_read_back_as_they_were_sent(desk: Desk) -> None:
    strategy = {"name": "back", "flow": {"id": "flow-1", "versionId": "v-0"}, "conditions": []}
    assert (await desk.ask("PATCH", STRATEGY, strategy)).status == 200
    assert (await desk.get(STRATEGY)).document == {"id": "strategy-1"} | strategy
    profile = {"skills": ["a"], "queues": ["b"], "status": "Available"}
    assert (await desk.ask("PATCH", PROFILE, profile)).status == 200
    assert (await desk.get(PROFILE)).document == profile
    assert (await desk.ask("PATCH", PROFILE, {"skills": ["a"]})).status == 400


async def test_a_schedule_freezes_once(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes(SCHEDULE, NS_PER_S)
    assert (await desk.ask("POST", f"{SCHEDULE}/freeze", FREEZE)).status == 202
    assert (await desk.get(SCHEDULE)).document["frozen"] is False
    clock.ns += NS_PER_S
    assert (await desk.get(SCHEDULE)).document["frozen"] is True
    assert (await desk.ask("POST", f"{SCHEDULE}/freeze", FREEZE)).status == 409
