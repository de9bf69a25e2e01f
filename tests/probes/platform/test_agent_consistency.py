"""What share of agents is the same wherever the platform is asked, through the real client, against the lab's platform."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from config.api import Budget
from config.platform_probing import AgentConsistencyProbe as Settings
from lab.platform.organisation import Member, Queue, Settling, User
from lab.platform.trouble import Garbage, Hangs, Refuses
from probes.platform import kinds
from probes.platform.agent_consistency import MEMBERS_PAGE
from probes.probe import Probe
from probes.sample import NS_PER_MS, NS_PER_S, Origin, Outcome
from tests.probes.platform.stage import Stage, staged

QUEUE = "queue-1"


def probe(stage: Stage, users: list[User], *, sample: int = 50, at_least: float = 0.98, timeout_ns: int = 5 * NS_PER_S) -> Probe:
    settings = Settings(
        kind="agent_consistency",
        path="new",
        api="genesys",
        queue=QUEUE,
        agents=tuple(user.id for user in users),
        sample=sample,
        at_least=at_least,
        timeout=timeout_ns,
    )
    return kinds.agent_consistency(settings, stage.api, random.Random(7))


def told(stage: Stage, user: User, **differs: object) -> None:
    """The queue's own record of one agent, otherwise than it was."""
    members = stage.organisation.queues[QUEUE].members
    members.set({**members.newest, user.id: replace(members.newest[user.id], **differs)}, now_ns=0)


async def test_agents_of_whom_all_is_the_same_everywhere_agree(stage: Stage) -> None:
    users = stage.agents(50)
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.code, result.reason) == (Outcome.PASS, 200, "agree")
    assert result.facts == {"agreed": 50, "asked": 50, "unread": 0}


async def test_one_of_fifty_may_disagree_at_98_percent_and_not_two(stage: Stage) -> None:
    users = stage.agents(50)
    told(stage, users[3], joined=False)
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.facts["agreed"]) == (Outcome.PASS, 49)
    told(stage, users[4], joined=False)
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.FAIL, 503, Origin.WIRE, "disagree")
    assert (result.facts["agreed"], result.facts["asked"], result.facts["detail"]) == (48, 50, "2 not-joined")


@pytest.mark.parametrize("state", ["inactive", "deleted"])
async def test_a_user_who_is_not_active_disagrees(stage: Stage, state: str) -> None:
    users = stage.agents(2)
    users[0].state = state
    assert (await stage.ask(probe(stage, users))).facts["detail"] == "1 inactive"


async def test_a_user_who_does_not_exist_disagrees(stage: Stage) -> None:
    users = stage.agents(2)
    assert (await stage.ask(probe(stage, [*users, User("gone", "Gone")]))).facts["detail"] == "1 unknown-user"


async def test_a_user_who_is_no_member_of_the_queue_disagrees(stage: Stage) -> None:
    users = stage.agents(2)
    stage.organisation.users["new"] = User("new", "New")
    assert (await stage.ask(probe(stage, [*users, User("new", "New")]))).facts["detail"] == "1 not-a-member"


async def test_a_queue_that_believes_an_agent_on_the_queue_who_is_off_it_disagrees(stage: Stage) -> None:
    users = stage.agents(2)
    users[0].routing = "OFF_QUEUE"
    told(stage, users[0], routing="IDLE")
    assert (await stage.ask(probe(stage, users))).facts["detail"] == "1 routing-differs"


async def test_an_agent_off_the_queue_agrees_when_both_say_so(stage: Stage) -> None:
    users = stage.agents(2)
    users[0].routing = "OFF_QUEUE"
    assert (await stage.ask(probe(stage, users))).facts["agreed"] == 2


async def test_an_agent_who_took_a_call_between_two_requests_agrees(stage: Stage) -> None:
    users = stage.agents(2)
    users[0].routing = "INTERACTING"
    told(stage, users[0], routing="IDLE")
    assert (await stage.ask(probe(stage, users))).facts["agreed"] == 2


async def test_a_change_that_has_not_reached_the_readers_yet_shows(stage: Stage) -> None:
    users = stage.agents(4)
    stage.organisation.membership_lag_ns = 3_600 * NS_PER_S
    queue = stage.organisation.queues[QUEUE]
    queue.members.set({user.id: Member(joined=False) for user in users}, now_ns=0)
    stage.organisation.join(queue, {user.id: True for user in users}, now_ns=stage.platform.now_ns())
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.facts["agreed"]) == (Outcome.FAIL, 0)


async def test_what_one_attempt_asks_is_a_state_for_each_agent_and_two_lists(stage: Stage) -> None:
    users = stage.agents(50)
    await stage.ask(probe(stage, users))
    assert len(stage.asked("GET /api/v2/users?")) == 1
    assert len(stage.asked("GET /api/v2/routing/queues/queue-1/members?")) == 1
    assert len(stage.asked()) == 52


async def test_no_more_than_eight_requests_are_under_way_at_a_time(stage: Stage) -> None:
    users = stage.agents(50)
    stage.platform.troubles.add("GET /api/v2/users/user-", Hangs())
    await stage.ask(probe(stage, users, timeout_ns=200 * NS_PER_MS))
    assert stage.platform.most_at_once == 8


async def test_members_are_read_page_by_page_until_the_sample_is_found(stage: Stage) -> None:
    users = stage.agents(3 * MEMBERS_PAGE)
    await stage.ask(probe(stage, users[MEMBERS_PAGE : MEMBERS_PAGE + 2]))
    assert len(stage.asked("GET /api/v2/routing/queues/queue-1/members?")) == 2


async def test_the_queue_is_read_to_its_end_for_an_agent_who_is_not_in_it(stage: Stage) -> None:
    stage.agents(2 * MEMBERS_PAGE)
    stage.organisation.users["new"] = User("new", "New")
    result = await stage.ask(probe(stage, [User("new", "New")]))
    assert result.facts["detail"] == "1 not-a-member"
    assert len(stage.asked("GET /api/v2/routing/queues/queue-1/members?")) == 3


async def test_an_agent_beyond_the_pages_that_are_read_is_not_measured(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.platform.agent_consistency.MOST_PAGES", 1)
    users = stage.agents(MEMBERS_PAGE + 1)
    result = await stage.ask(probe(stage, users[-1:]))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "too-many-members")


async def test_a_larger_list_is_seen_in_turns_until_all_were(stage: Stage) -> None:
    users = stage.agents(10)
    asked = probe(stage, users, sample=4)
    for _ in range(3):
        assert (await stage.ask(asked)).facts["asked"] == 4
    seen = {request.split("/")[4] for request in stage.asked() if request.endswith("/routingstatus")}
    assert seen == {user.id for user in users}


async def test_a_few_that_could_not_be_read_do_not_matter_where_they_would_not_decide(stage: Stage) -> None:
    users = stage.agents(50)
    stage.platform.troubles.add("GET /api/v2/users/user-007/", Refuses(500, "x", "y"))
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.facts["agreed"], result.facts["asked"], result.facts["unread"]) == (Outcome.PASS, 49, 49, 1)


async def test_where_those_that_could_not_be_read_would_decide_it_is_their_result(stage: Stage) -> None:
    users = stage.agents(50)
    stage.platform.troubles.add("GET /api/v2/users/user-00", Refuses(500, "x", "y"))
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "platform-error")
    assert (result.facts["read"], result.facts["unread"]) == (40, 10)
    assert "agreed" not in result.facts


async def test_enough_that_disagree_fail_whatever_the_others_would_say(stage: Stage) -> None:
    users = stage.agents(50)
    for user in users[20:30]:
        told(stage, user, joined=False)
    stage.platform.troubles.add("GET /api/v2/users/user-00", Refuses(500, "x", "y"))
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.code, result.facts["agreed"], result.facts["asked"]) == (Outcome.FAIL, 503, 30, 40)


async def test_requests_refused_for_their_number_leave_the_sample_unmeasured(stage: Stage) -> None:
    users = stage.agents(2)
    stage.platform.troubles.add("GET /api/v2/users/user-000", Refuses(429, "too.many.requests", "slow down"))
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.code, result.reason) == (Outcome.ERROR, None, "rate-limited")


async def test_without_the_permission_to_see_the_queue_nothing_was_measured(stage: Stage) -> None:
    users = stage.agents(50)
    stage.platform.permissions.clear()
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "not-permitted")
    assert len(stage.asked()) == 2


async def test_users_that_cannot_be_read_end_the_attempt(stage: Stage) -> None:
    users = stage.agents(50)
    stage.platform.troubles.add("GET /api/v2/users?", Refuses())
    stage.platform.troubles.add("GET /api/v2/users", Refuses())
    result = await stage.ask(probe(stage, users))
    assert (result.code, len(stage.asked())) == (504, 1)


async def test_a_queue_that_does_not_exist_is_not_measured(stage: Stage) -> None:
    users = stage.agents(2)
    del stage.organisation.queues[QUEUE]
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.reason, result.facts["status"]) == (Outcome.ERROR, "rejected", 404)


async def test_a_platform_that_is_silent_fails_with_504(stage: Stage) -> None:
    users = stage.agents(2)
    await stage.ask(probe(stage, users))
    stage.platform.troubles.add("GET /api", Hangs())
    result = await stage.ask(probe(stage, users, timeout_ns=100 * NS_PER_MS))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TIMEOUT)


async def test_a_list_without_the_copy_of_the_routing_state_is_not_measured(stage: Stage) -> None:
    users = stage.agents(1)
    page = b'{"entities": [{"id": "user-000", "joined": true}]}'
    stage.platform.troubles.add("GET /api/v2/routing", Garbage(page))
    result = await stage.ask(probe(stage, users))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "not-told")


async def test_a_sample_larger_than_the_budget_is_not_measured_and_sends_no_more_than_that() -> None:
    async with staged(budget=Budget(requests=20, per=60 * NS_PER_S)) as stage:
        users = stage.agents(50)
        result = await stage.ask(probe(stage, users, timeout_ns=500 * NS_PER_MS))
        assert (result.outcome, result.code) == (Outcome.ERROR, None)
        assert len(stage.asked()) == 20


async def test_agents_of_another_queue_do_not_count(stage: Stage) -> None:
    stage.agents(1)
    other = User("other", "Other")
    stage.organisation.add_agents(Queue("queue-2", "queue-2", Settling({})), other)
    assert (await stage.ask(probe(stage, [other]))).facts["detail"] == "1 not-a-member"


async def test_a_page_of_members_may_be_long(stage: Stage) -> None:
    users = stage.agents(1)
    page = b'{"entities": [{"id": "user-000", "joined": true, "routingStatus": {"status": "IDLE"}, "user": "%s"}]}' % (
        b"x" * 2_000_000
    )
    stage.platform.troubles.add("GET /api/v2/routing", Garbage(page))
    assert (await stage.ask(probe(stage, users))).facts.get("agreed") == 1
