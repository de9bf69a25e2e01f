"""The lab's platform as its clients see it, over HTTP, by a client that shares no code with it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from lab.platform.organisation import Organisation, Queue, Trunk, User
from lab.platform.server import Platform
from lab.platform.trouble import Drops, Garbage, Hangs, Refuses
from tests.lab.platform.desk import NS_PER_S, Clock, Desk

TRUNKS = "/api/v2/telephony/providers/edges/trunks"
MEMBERS = "/api/v2/routing/queues/q/members"
CALLS = "/api/v2/architect/flows/f/test-calls"
CALL = {"flowId": "f", "flowVersionId": "v-1", "testData": {"callerId": "+15550001234", "dnis": "+15550005678"}}


async def test_a_token_is_granted_to_the_client_by_header_and_by_form(desk: Desk) -> None:
    by_header = await desk.login()
    by_form = await desk.login(client_id="lab-client", client_secret=desk.platform.client.secret)
    assert (by_header.status, by_form.status) == (200, 200)
    assert (by_header.document["token_type"], by_header.document["expires_in"]) == ("bearer", 86_400)
    assert by_header.document["access_token"] != by_form.document["access_token"]


async def test_nobody_else_is_granted_one(desk: Desk) -> None:
    assert (await desk.login("wrong")).status == 401
    assert (await desk.login(client_id="lab-client", client_secret="wrong")).status == 401
    assert (await desk.login(grant_type="password")).status == 400


async def test_without_a_valid_token_the_api_answers_401_in_its_envelope(desk: Desk) -> None:
    desk.token = "made up"
    answer = await desk.get(TRUNKS)
    assert answer.status == answer.document["status"] == 401
    assert answer.document["code"] == "bad.credentials"
    assert answer.document["contextId"] == answer.headers["ININ-Correlation-Id"]


async def test_a_token_ends(desk: Desk, clock: Clock) -> None:
    assert (await desk.get(TRUNKS)).status == 200
    clock.ns += desk.platform.tokens.life_ns
    assert (await desk.get(TRUNKS)).status == 401
    await desk.login()
    assert (await desk.get(TRUNKS)).status == 200
    desk.platform.tokens.expire()
    assert (await desk.get(TRUNKS)).status == 401


async def test_each_answer_tells_the_rate_limit(desk: Desk) -> None:
    first, second = await desk.get(TRUNKS), await desk.get("/api/v2/nothing")
    told = [(a.headers["inin-ratelimit-count"], a.headers["inin-ratelimit-allowed"]) for a in (first, second)]
    assert told == [("1", "300"), ("2", "300")]
    assert second.status == 404


async def test_beyond_the_limit_is_429_with_the_seconds_to_wait_and_then_it_begins_anew(desk: Desk, clock: Clock) -> None:
    desk.platform.quota.allowed = 2
    for _ in range(2):
        assert (await desk.get(TRUNKS)).status == 200
    clock.ns += 20 * NS_PER_S
    refused = await desk.get(TRUNKS)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "40")
    assert refused.document["code"] == "too.many.requests.retry.after"
    clock.ns += 40 * NS_PER_S
    assert (await desk.get(TRUNKS)).status == 200


async def test_the_limit_is_of_each_token(desk: Desk) -> None:
    desk.platform.quota.allowed = 1
    await desk.get(TRUNKS)
    await desk.login()
    assert (await desk.get(TRUNKS)).status == 200


async def test_trunks_come_in_pages_that_know_their_number(desk: Desk) -> None:
    for number in range(30):
        desk.platform.organisation.add_trunk(Trunk(f"t{number:02}", f"carrier {number:02}"))
    first, last = (await desk.get(TRUNKS)).document, (await desk.get(f"{TRUNKS}?pageNumber=2")).document
    assert (len(first["entities"]), len(last["entities"]), first["total"], first["pageCount"]) == (25, 5, 30, 2)
    assert ("nextUri" in first, "nextUri" in last, "previousUri" in last) == (True, False, True)
    assert (await desk.get(f"{TRUNKS}?pageSize=101")).status == 400
    assert (await desk.get(f"{TRUNKS}?pageSize=x")).status == 400


async def test_trunks_are_listed_by_type(desk: Desk) -> None:
    desk.platform.organisation.add_trunk(Trunk("t", "carrier"))
    desk.platform.organisation.add_trunk(Trunk("p", "phones", type="PHONE"))
    listed = (await desk.get(f"{TRUNKS}?trunkType=EXTERNAL")).document["entities"]
    assert [trunk["id"] for trunk in listed] == ["t"]


async def test_without_the_permission_trunks_are_403(desk: Desk) -> None:
    desk.platform.permissions.discard("telephony:plugin:all")
    answer = await desk.get(f"{TRUNKS}/t")
    assert (answer.status, answer.document["code"]) == (403, "missing.any.permissions")


@pytest.fixture
def queue(desk: Desk) -> Queue:
    queue = Queue("q", "support")
    desk.platform.organisation.add_agents(queue, *(User(f"u{number}", f"Agent {number}") for number in range(3)))
    return queue


async def _joined(desk: Desk) -> list[str]:
    listed = (await desk.get(f"{MEMBERS}?joined=true")).document
    assert "total" not in listed
    return [member["id"] for member in listed["entities"]]


@pytest.mark.usefixtures("queue")
async def test_a_change_of_members_is_seen_late_even_in_its_ownanswer(desk: Desk, clock: Clock) -> None:
    desk.platform.organisation.membership_lag_ns = 10 * NS_PER_S
    answer = await desk.ask("PATCH", MEMBERS, [{"id": "u1", "joined": False}, {"id": "nobody", "joined": True}])
    assert answer.status == 200
    assert [member["joined"] for member in answer.document["entities"]] == [True, True, True]
    assert await _joined(desk) == ["u0", "u1", "u2"]
    clock.ns += 10 * NS_PER_S
    assert await _joined(desk) == ["u0", "u2"]


@pytest.mark.usefixtures("queue")
async def test_members_are_added_and_taken_away(desk: Desk) -> None:
    desk.platform.organisation.users["new"] = User("new", "New")
    await desk.ask("POST", MEMBERS, [{"id": "new"}])
    await desk.ask("POST", f"{MEMBERS}?delete=true", [{"id": "u0"}])
    assert await _joined(desk) == ["u1", "u2", "new"]


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("body", [None, {}, ["u0"], [{"id": "u0"}], [{"id": "u0", "joined": "yes"}], [{"id": "x"}] * 101])
async def test_a_change_that_is_not_in_the_vendors_form_is_400(desk: Desk, body: object) -> None:
    assert (await desk.ask("PATCH", MEMBERS, body)).status == 400


@pytest.mark.usefixtures("queue")
async def test_the_queues_copy_of_the_routing_state_comes_when_it_is_asked_for(desk: Desk) -> None:
    await desk.ask("PUT", "/api/v2/users/u0/routingstatus", {"status": "OFF_QUEUE"})
    plain, expanded = (await desk.get(MEMBERS)).document, (await desk.get(f"{MEMBERS}?expand=routingStatus")).document
    assert "routingStatus" not in plain["entities"][0]
    assert [member["routingStatus"]["status"] for member in expanded["entities"]] == ["OFF_QUEUE", "IDLE", "IDLE"]


@pytest.mark.usefixtures("queue")
async def test_the_routing_state_of_nobody_is_off_queue(desk: Desk) -> None:
    assert (await desk.get("/api/v2/users/u1/routingstatus")).document["status"] == "IDLE"
    assert (await desk.get("/api/v2/users/nobody/routingstatus")).document["status"] == "OFF_QUEUE"
    assert (await desk.ask("PUT", "/api/v2/users/u1/routingstatus", {"status": "ASLEEP"})).status == 400


@pytest.mark.usefixtures("queue")
async def test_users_are_found_by_their_ids_whatever_their_state(desk: Desk) -> None:
    desk.platform.organisation.users["u1"].state = "inactive"
    found = (await desk.get("/api/v2/users?id=u1&id=u2&id=nobody&state=any")).document["entities"]
    assert [(user["id"], user["state"]) for user in found] == [("u1", "inactive"), ("u2", "active")]
    active = (await desk.get("/api/v2/users?id=u1&id=u2")).document["entities"]
    assert [user["id"] for user in active] == ["u2"]


async def test_the_guides_test_call_is_accepted_and_has_its_result_later(desk: Desk, clock: Clock) -> None:
    organisation = desk.platform.organisation
    organisation.test_call_takes_ns, organisation.test_call_queue = 3 * NS_PER_S, "q-support"
    started = await desk.ask("POST", CALLS, CALL)
    assert (started.status, started.document["status"]) == (202, "queued")
    url = f"{CALLS}/{started.document['id']}"
    clock.ns += 2 * NS_PER_S
    assert (await desk.get(url)).document["status"] == "running"
    clock.ns += NS_PER_S
    told = (await desk.get(url)).document
    assert (told["status"], told["routedTo"]) == ("completed", {"queueId": "q-support"})


async def test_a_test_call_without_what_the_guide_gives_it_is_400(desk: Desk) -> None:
    assert (await desk.ask("POST", CALLS, {"flowId": "another", "testData": {}})).status == 400
    assert (await desk.ask("POST", CALLS, {"flowId": "f"})).status == 400


async def test_a_part_can_be_broken_for_some_requests_and_is_well_then(desk: Desk) -> None:
    desk.platform.troubles.add(f"GET {TRUNKS}", Refuses(503, retry_after_s=7), times=2)
    answers = [await desk.get(TRUNKS) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].document["code"] == "service.unavailable"


async def test_garbage_is_200_and_no_json(desk: Desk) -> None:
    desk.platform.troubles.add("GET /api", Garbage())
    answer = await desk.get(TRUNKS)
    assert (answer.status, answer.document) == (200, b"<html>maintenance</html>")


async def test_a_request_that_hangs_is_let_go_when_the_platform_closes(desk: Desk) -> None:
    desk.platform.troubles.add("GET /api", Hangs())
    waiting = asyncio.create_task(desk.get(TRUNKS))
    async with asyncio.timeout(5):
        while not desk.platform.requests:
            await asyncio.sleep(0)
    await desk.platform.close()
    with pytest.raises(aiohttp.ClientError):
        await waiting


@pytest.mark.parametrize("done", [False, True])
async def test_a_connection_is_dropped_before_or_after_what_was_asked_for_is_done(desk: Desk, done: bool) -> None:
    desk.platform.troubles.add(f"POST {CALLS}", Drops(done=done))
    with pytest.raises(aiohttp.ClientError):
        await desk.ask("POST", CALLS, CALL)
    assert len(desk.platform.organisation.test_calls) == done


async def test_after_closing_it_serves_again_on_the_same_port(desk: Desk) -> None:
    port = desk.platform.port
    await desk.platform.close()
    with pytest.raises(aiohttp.ClientError):
        await desk.get(TRUNKS)
    await desk.platform.open()
    assert (desk.platform.port, (await desk.get(TRUNKS)).status) == (port, 200)


@pytest.mark.usefixtures("queue")
async def test_a_queue_counts_its_members(desk: Desk) -> None:
    await desk.ask("PATCH", MEMBERS, [{"id": "u1", "joined": False}])
    (listed,) = (await desk.get("/api/v2/routing/queues?id=q")).document["entities"]
    assert listed == (await desk.get("/api/v2/routing/queues/q")).document
    assert (listed["memberCount"], listed["joinedMemberCount"]) == (3, 2)
    assert (await desk.get("/api/v2/routing/queues?id=other")).document["total"] == 0
    assert (await desk.get("/api/v2/routing/queues/other")).document["code"] == "resource.not.found"


@pytest.mark.usefixtures("queue")
async def test_a_user_is_found_by_id(desk: Desk) -> None:
    assert (await desk.get("/api/v2/users/u1")).document["name"] == "Agent 1"
    assert (await desk.get("/api/v2/users/nobody")).status == 404


async def test_a_token_says_whose_it_is(desk: Desk) -> None:
    assert (await desk.get("/api/v2/tokens/me")).document["organization"]["name"] == "lab"


async def test_a_method_that_a_path_does_not_have_is_405(desk: Desk) -> None:
    assert (await desk.ask("DELETE", TRUNKS)).status == 405


async def test_proxies_are_told_with_what_is_wrong_with_them(desk: Desk) -> None:
    desk.platform.organisation.add_trunk(Trunk("t", "carrier", registers={"a": True, "b": False}, options={"a": False}))
    trunk = (await desk.get(f"{TRUNKS}/t")).document
    assert [(each["proxyAddress"], each["registerState"], "errorInfo" in each) for each in trunk["registersStatus"]] == [
        ("a", True, False),
        ("b", False, True),
    ]
    assert trunk["optionsStatus"][0]["optionState"] is False
    assert (trunk["registersEnabledStatus"], trunk["optionsEnabledStatus"]) == ("ENABLED", "ENABLED")


async def test_a_body_that_is_no_json_is_400(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.token}"}
    answer = await desk.answer(desk.session.post(desk.platform.base + CALLS, data=b"{", headers=headers))
    assert (answer.status, answer.document["code"]) == (400, "bad.request")


async def test_credentials_that_cannot_be_read_are_none(desk: Desk) -> None:
    headers = {"Authorization": "Basic !"}
    given = {"grant_type": "client_credentials"}
    assert (await desk.answer(desk.session.post(desk.platform.token_url, data=given, headers=headers))).status == 401


async def test_what_is_served_is_the_organisation_that_was_given() -> None:
    organisation = Organisation()
    async with Platform(organisation) as platform:
        assert platform.organisation is organisation
