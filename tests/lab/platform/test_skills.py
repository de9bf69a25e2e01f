"""Users' skills and languages."""

from __future__ import annotations

import pytest

from lab.platform.organisation import User
from tests.lab.platform.desk import NS_PER_S, Clock, Desk

SKILLS, LANGUAGES = "/api/v2/users/u/routingskills", "/api/v2/users/u/routinglanguages"


@pytest.fixture
def user(desk: Desk) -> User:
    desk.platform.organisation.users["u"] = User("u", "Ada")
    return desk.platform.organisation.users["u"]


async def held(desk: Desk, path: str) -> dict[str, float]:
    return {each["id"]: each["proficiency"] for each in (await desk.get(path)).document["entities"]}


@pytest.mark.usefixtures("user")
async def test_a_put_in_bulk_replaces_all_skills_and_a_patch_adds(desk: Desk) -> None:
    await desk.ask("PUT", f"{SKILLS}/bulk", [{"id": "a", "proficiency": 1}, {"id": "b", "proficiency": 2}])
    await desk.ask("PATCH", f"{SKILLS}/bulk", [{"id": "b", "proficiency": 3}, {"id": "c", "proficiency": 4}])
    assert await held(desk, SKILLS) == {"a": 1, "b": 3, "c": 4}
    await desk.ask("PUT", f"{SKILLS}/bulk", [{"id": "c", "proficiency": 5}])
    assert await held(desk, SKILLS) == {"c": 5}


@pytest.mark.usefixtures("user")
async def test_languages_are_merged_and_taken_away_one_by_one(desk: Desk) -> None:
    await desk.ask("PATCH", f"{LANGUAGES}/bulk", [{"id": "fr", "proficiency": 1}, {"id": "de", "proficiency": 2}])
    assert (await desk.ask("DELETE", f"{LANGUAGES}/fr")).status == 204
    assert (await desk.ask("DELETE", f"{LANGUAGES}/fr")).status == 404
    assert await held(desk, LANGUAGES) == {"de": 2}


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("proficiency", [-1, 6, "3", None])
async def test_a_proficiency_is_between_0_and_5(desk: Desk, proficiency: object) -> None:
    assert (await desk.ask("PUT", f"{SKILLS}/bulk", [{"id": "a", "proficiency": proficiency}])).status == 400


async def test_a_user_who_does_not_exist_has_none(desk: Desk) -> None:
    assert (await desk.get(SKILLS)).status == (await desk.ask("PUT", f"{SKILLS}/bulk", [])).status == 404


@pytest.mark.usefixtures("user")
async def test_a_region_that_lags_shows_the_skills_of_before_from_the_first_write_on(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.shelf.lag("/api/v2/users/*", NS_PER_S)
    await desk.ask("PUT", f"{SKILLS}/bulk", [{"id": "a", "proficiency": 1}])
    assert await held(desk, SKILLS) == {}
    clock.ns += NS_PER_S
    assert await held(desk, SKILLS) == {"a": 1}
