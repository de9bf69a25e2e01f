"""CXone's API in the lab."""

from __future__ import annotations

import pytest

from lab.platform.furniture import TENANT
from tests.lab.platform.desk import NS_PER_S, Clock, Desk

API = "/inContactAPI/services/v30.0"
AGENT, SKILL, SCRIPT = f"{API}/agents/7/skills", f"{API}/skills/100", f"{API}/scripts?scriptPath=baseline"
DR = f"/dr-manager/v1/tenant/{TENANT}/config"


async def test_points_of_contact_are_listed(desk: Desk) -> None:
    [point] = (await desk.get(f"{API}/points-of-contact")).document["pointsOfContact"]
    assert (point["contactCode"], point["scriptName"]) == (1, "baseline")


async def test_a_skill_keeps_what_a_change_does_not_name_and_stops_after_a_while(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.takes("/skills/*", NS_PER_S)
    assert (await desk.ask("PUT", SKILL, {"skill": {"skillName": "other", "skillId": 1}})).status == 200
    assert (await desk.ask("POST", f"{SKILL}/stop?force=false")).status == 204
    now = (await desk.get(SKILL)).document
    assert (now["skillId"], now["skillName"], now["serviceLevelGoal"], now["isRunning"]) == (100, "other", 90, True)
    clock.ns += NS_PER_S
    assert (await desk.get(SKILL)).document["isRunning"] is False


@pytest.mark.parametrize(
    ("method", "skill", "errors", "held"),
    [
        ("POST", 200, 0, {100: 3, 200: 1}),
        ("POST", 100, 1, {100: 3}),
        ("PUT", 100, 0, {100: 1}),
        ("PUT", 200, 1, {100: 3}),
        ("DELETE", 100, 0, {}),
        ("DELETE", 200, 1, {100: 3}),
    ],
)
async def test_a_batch_is_200_and_tells_of_each_item(
    desk: Desk, method: str, skill: int, errors: int, held: dict[int, int]
) -> None:
    told = await desk.ask(method, AGENT, {"skills": [{"skillId": skill, "proficiency": 1}]})
    assert (told.status, told.document["errorCount"], told.document["results"][0]["success"]) == (200, errors, errors == 0)
    now = (await desk.get(AGENT)).document["agentSkillAssignments"]
    assert {each["skillId"]: each["agentProficiencyValue"] for each in now} == held


@pytest.mark.parametrize(("check", "is_saved"), [(200, True), (206, True), (409, False)])
async def test_a_script_is_saved_under_a_new_id_unless_the_check_forbids(desk: Desk, check: int, is_saved: bool) -> None:
    desk.platform.organisation.script_check = check
    content = (await desk.get(SCRIPT)).document | {"actions": {"1": "begin"}}
    assert (await desk.ask("POST", f"{API}/scripts", {"scriptContent": content})).status == check
    now = (await desk.get(SCRIPT)).document
    assert (now["actions"] == {"1": "begin"}) is (now["header"]["masterId"] != "script-0") is is_saved


async def test_the_history_of_a_script_is_bounded(desk: Desk) -> None:
    desk.platform.organisation.most_script_history = 2
    content = (await desk.get(SCRIPT)).document
    for _ in range(3):
        await desk.ask("POST", f"{API}/scripts", {"scriptContent": content})
    versions = (await desk.get(f"{API}/scripts/historyByName?scriptPath=baseline")).document["versions"]
    assert [each["status"] for each in versions] == ["CURR", "HIST"]
    assert "script-0" not in {each["scriptId"] for each in versions}


async def test_hours_are_written_and_read(desk: Desk) -> None:
    days = [{"day": "Tuesday", "openTime": "09:00", "closeTime": "17:00"}]
    assert (await desk.ask("PUT", f"{API}/hours-of-operation/5", {"days": days, "holidays": []})).status == 200
    assert (await desk.get(f"{API}/hours-of-operation/5")).document == {"days": days, "holidays": []}


async def test_the_dr_manager_locks_by_version(desk: Desk) -> None:
    assert (await desk.ask("PATCH", DR, {"ifMatchVersion": 7, "drEnabled": False})).status == 412
    assert (await desk.ask("PATCH", DR, {"ifMatchVersion": 1, "drEnabled": False})).status == 200
    assert (await desk.get(DR)).document == {"version": 2, "drEnabled": False}


async def test_a_wrong_token_is_401(desk: Desk) -> None:
    desk.token = "made up"
    assert (await desk.get(SKILL)).status == 401
