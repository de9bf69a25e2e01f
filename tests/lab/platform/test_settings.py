"""Documents that are written as a whole: versions, what a PUT forgets, and what comes true only later."""

from __future__ import annotations

import pytest

from lab.platform import furniture
from lab.platform.organisation import Queue, User
from tests.lab.platform.desk import NS_PER_S, Clock, Desk

VERSIONED = [
    furniture.IVR,
    furniture.EMERGENCY,
    furniture.SCHEDULES,
    furniture.TRUNK_BASE,
    furniture.OUTBOUND_ROUTE,
    furniture.INTEGRATION_CONFIG,
]
UNLOCKED = [furniture.ROW, furniture.EMAIL_ROUTE, furniture.WEB_DEPLOYMENT]


@pytest.mark.parametrize("path", VERSIONED)
async def test_a_put_at_the_current_version_is_read_back_one_version_on(desk: Desk, path: str) -> None:
    before = (await desk.get(path)).document
    written = await desk.ask("PUT", path, before | {"name": "renamed"})
    assert (written.status, written.document) == (200, before | {"name": "renamed", "version": 2})
    assert (await desk.get(path)).document == written.document


@pytest.mark.parametrize("path", VERSIONED)
async def test_a_put_at_another_version_is_a_conflict_and_changes_nothing(desk: Desk, path: str) -> None:
    before = (await desk.get(path)).document
    refused = await desk.ask("PUT", path, before | {"name": "renamed", "version": 7})
    expected = "version.conflict" if path == furniture.INTEGRATION_CONFIG else "general.conflict"
    assert (refused.status, refused.document["code"]) == (409, expected)
    assert (await desk.get(path)).document == before


async def test_a_wrong_version_may_be_told_as_400_as_well(desk: Desk) -> None:
    desk.platform.organisation.shelf.mismatch_status = 400
    before = (await desk.get(furniture.IVR)).document
    refused = await desk.ask("PUT", furniture.IVR, before | {"version": 7})
    assert refused.status == 400
    assert "does not match the current version" in refused.document["message"]


@pytest.mark.parametrize("version", [None, "1", True])
async def test_a_version_is_an_integer_and_has_to_be_there(desk: Desk, version: object) -> None:
    before = (await desk.get(furniture.IVR)).document
    assert (await desk.ask("PUT", furniture.IVR, before | {"version": version})).status == 400


async def test_another_administrator_gets_in_between(desk: Desk, clock: Clock) -> None:
    before = (await desk.get(furniture.IVR)).document
    desk.platform.organisation.shelf.intrude(furniture.IVR, now_ns=clock(), description="by hand")
    assert (await desk.ask("PUT", furniture.IVR, before)).status == 409
    now = (await desk.get(furniture.IVR)).document
    assert (now["version"], now["description"]) == (2, "by hand")


@pytest.mark.parametrize("path", [*VERSIONED, furniture.INTEGRATION, furniture.ACTION, furniture.TRIGGER])
async def test_what_needs_a_permission_is_403_without_it(desk: Desk, path: str) -> None:
    desk.platform.permissions.clear()
    assert (await desk.get(path)).status == 403


async def test_an_emergency_group_without_its_flows_lets_go_of_all_its_ivrs(desk: Desk) -> None:
    await desk.ask("PUT", furniture.EMERGENCY, {"name": "emergency", "version": 1, "enabled": True})
    now = (await desk.get(furniture.EMERGENCY)).document
    assert (now["enabled"], now["emergencyCallFlows"], now["id"]) == (True, [], "emergency-1")


async def test_an_ivr_without_its_numbers_loses_them_all(desk: Desk) -> None:
    await desk.ask("PUT", furniture.IVR, {"name": "inbound", "version": 1})
    now = (await desk.get(furniture.IVR)).document
    assert (now["dnis"], "openHoursFlow" in now) == ([], False)


async def test_a_number_belongs_to_one_ivr(desk: Desk) -> None:
    before = (await desk.get(furniture.IVR)).document
    taken = before | {"dnis": ["+15550001234", "+15550009999"]}
    refused = await desk.ask("PUT", furniture.IVR, taken)
    assert (refused.status, refused.document["code"]) == (400, "general.bad.request")
    assert "+15550009999" in refused.document["message"]
    await desk.ask("PUT", furniture.OTHER_IVR, {"name": "other", "version": 1, "dnis": []})
    assert (await desk.ask("PUT", furniture.IVR, taken)).status == 200


@pytest.mark.parametrize("path", UNLOCKED)
async def test_without_a_version_the_last_writer_wins(desk: Desk, path: str) -> None:
    before = (await desk.get(path)).document
    written = await desk.ask("PUT", path, before | {"name": "first"})
    assert written.status in (200, 202)
    await desk.ask("PUT", path, before | {"name": "second"})
    assert (await desk.get(path)).document["name"] == "second"


@pytest.mark.parametrize(("path", "status"), [(furniture.EMAIL_ROUTE, 202), (furniture.WEB_DEPLOYMENT, 200)])
async def test_what_is_deployed_is_pending_for_a_while(desk: Desk, clock: Clock, path: str, status: int) -> None:
    desk.platform.organisation.shelf.takes(path, 3 * NS_PER_S)
    before = (await desk.get(path)).document
    told = await desk.ask("PUT", path, before)
    assert (told.status, told.document["status"]) == (status, "Pending")
    clock.ns += 3 * NS_PER_S - 1
    assert (await desk.get(path)).document["status"] == "Pending"
    clock.ns += 1
    assert (await desk.get(path)).document["status"] == "Active"


async def test_an_integration_reports_what_was_intended_only_later(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes("/api/v2/integrations/*", 5 * NS_PER_S)
    told = (await desk.ask("PATCH", furniture.INTEGRATION, {"intendedState": "DISABLED"})).document
    assert (told["intendedState"], told["reportedState"]["code"]) == ("DISABLED", "DEACTIVATING")
    clock.ns += 5 * NS_PER_S
    assert (await desk.get(furniture.INTEGRATION)).document["reportedState"]["code"] == "INACTIVE"
    assert (await desk.ask("PATCH", furniture.INTEGRATION, {"intendedState": "ASLEEP"})).status == 400


async def test_a_data_action_is_patched_at_its_version(desk: Desk) -> None:
    before = (await desk.get(furniture.ACTION)).document
    assert (await desk.ask("PATCH", furniture.ACTION, {"category": "new"})).status == 400
    assert (await desk.ask("PATCH", furniture.ACTION, {"category": "new", "version": 2})).document["code"] == "request.conflict"
    await desk.ask("PATCH", furniture.ACTION, {"category": "new", "version": 1})
    assert (await desk.get(furniture.ACTION)).document == before | {"category": "new", "version": 2}


async def test_a_trigger_needs_all_that_it_consists_of(desk: Desk) -> None:
    wanted = {"version": 1, "enabled": False, "target": {"type": "Workflow"}, "name": "ended", "topicName": "v2.topic"}
    assert (await desk.ask("PUT", furniture.TRIGGER, wanted)).document["enabled"] is False
    assert (await desk.ask("PUT", furniture.TRIGGER, {"name": "ended", "version": 2})).status == 400


async def test_a_region_that_lags_tells_what_was_true(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.lag("/api/v2/architect/*", 30 * NS_PER_S)
    before = (await desk.get(furniture.IVR)).document
    written = await desk.ask("PUT", furniture.IVR, before | {"name": "renamed"})
    assert (written.status, written.document["version"]) == (200, 2)
    clock.ns += 30 * NS_PER_S - 1
    assert (await desk.get(furniture.IVR)).document == before
    assert (await desk.ask("PUT", furniture.IVR, before)).status == 409
    clock.ns += 1
    assert (await desk.get(furniture.IVR)).document["name"] == "renamed"


async def test_what_is_not_on_the_shelf_is_404(desk: Desk) -> None:
    for path in (*VERSIONED, *UNLOCKED):
        missing = path.replace("-1", "-9").replace("cutover", "none")
        answer = await desk.get(missing)
        assert (answer.status, answer.document["code"]) == (404, "not.found")


async def test_a_campaign_stops_and_is_off_when_its_calls_have_ended(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes(furniture.CAMPAIGN, 60 * NS_PER_S)
    assert (await desk.ask("POST", f"{furniture.CAMPAIGN}/stop")).status == 204
    assert (await desk.get(furniture.CAMPAIGN)).document["campaignStatus"] == "stopping"
    clock.ns += 40 * NS_PER_S
    assert (await desk.ask("POST", f"{furniture.CAMPAIGN}/stop")).status == 204
    clock.ns += 20 * NS_PER_S
    assert (await desk.get(furniture.CAMPAIGN)).document["campaignStatus"] == "off"


async def test_a_queue_forgets_what_a_put_leaves_out(desk: Desk) -> None:
    desk.platform.organisation.add_agents(Queue("q", "sales"), User("u", "Ada"))
    path = "/api/v2/routing/queues/q"
    assert (await desk.ask("PUT", path, {"description": "nameless"})).status == 400
    await desk.ask("PUT", path, {"name": "sales", "callingPartyName": "Lab", "memberCount": 9})
    full = (await desk.get(path)).document
    assert (full["callingPartyName"], full["memberCount"]) == ("Lab", 1)
    await desk.ask("PUT", path, {"name": "sales"})
    now = (await desk.get(path)).document
    assert ("callingPartyName" in now, now["memberCount"], now["id"]) == (False, 1, "q")


async def test_one_member_is_changed_with_202_and_seen_later(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.add_agents(Queue("q", "sales"), User("u", "Ada"), User("v", "Grace"))
    desk.platform.organisation.shelf.lag("/api/v2/routing/queues/*", NS_PER_S)
    path = "/api/v2/routing/queues/q/members"
    told = await desk.ask("PATCH", f"{path}/u", {"id": "u", "ringNumber": 3})
    assert (told.status, told.document) == (202, b"")
    assert [each["ringNumber"] for each in (await desk.get(path)).document["entities"]] == [1, 1]
    clock.ns += NS_PER_S
    now = (await desk.get(path)).document["entities"]
    assert [(each["ringNumber"], each["joined"]) for each in now] == [(3, True), (1, True)]
    assert (await desk.ask("PATCH", f"{path}/w", {"ringNumber": 3})).status == 404
