"""Whatever JSON a platform answers, each reader of it makes something of it, and no fact grows beyond its bounds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from probes.exchange.values import HttpResponse
from probes.platform import agent, calling, trunk, trunk_health
from probes.platform.agent import Member
from probes.platform.calling import Reads
from probes.sample import ProbeResult

PATIENT = settings(deadline=None, max_examples=60)  # a busy machine is no failure

MEMBERS = """id name state status entities joined routingStatus inService connected connectedStatus registersStatus registerState
optionsStatus optionState errorInfo code text nextUri active IDLE OFF_QUEUE a"""
NAMES = st.sampled_from(MEMBERS.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-10, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.text(max_size=300)
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=25)
REQUIRE = ("in_service", "connected", "registered", "options")
READS = Reads("/id", "/status", ("IDLE", True), ("OFF_QUEUE", 0))


def bounded(result: ProbeResult) -> None:
    for fact in result.facts.values():
        assert isinstance(fact, int) or (len(fact) <= 120 and fact.isprintable())


@PATIENT
@given(JSON, st.sets(st.sampled_from(REQUIRE), min_size=1))
def test_a_trunk_is_up_or_down_or_not_told(document: object, require: set[str]) -> None:
    bounded(trunk.fold([trunk.standing("1", document, require)], need=1))


@PATIENT
@given(JSON, JSON, JSON)
def test_an_agent_agrees_or_not_or_is_not_told(users: object, members: object, live: object) -> None:
    states, found = agent.states(users), agent.members(members)
    assert all(isinstance(member, Member) for member in found.values())
    agent.is_last(members, size=100)
    bounded(agent.fold([agent.judge(states.get("a"), found.get("a"), live)], at_least=0.98))
    bounded(agent.fold([agent.judge("active", Member(True, "IDLE"), live)], at_least=0.98))


@PATIENT
@given(JSON)
def test_a_call_has_started_or_ended_or_is_under_way(document: object) -> None:
    answer = HttpResponse(status=200, body=json.dumps(document).encode())
    begun, told = calling.started(answer, READS), calling.asked(answer, READS)
    if isinstance(begun, ProbeResult):
        bounded(begun)
    if isinstance(told, ProbeResult):
        bounded(told)


def test_of_a_page_that_is_far_too_long_only_the_beginning_is_looked_at() -> None:
    page = [{"id": str(number), "joined": True, "state": "active"} for number in range(agent.MOST_LISTED + 5)]
    listing: Any = {"entities": page}
    assert len(agent.members(listing)) == len(agent.states(listing)) == agent.MOST_LISTED
    last = str(agent.MOST_LISTED + 4)
    assert trunk_health._listed(listing, ["7", last]).keys() == {"7"}
