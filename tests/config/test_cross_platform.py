"""What probes ask of a platform's budget, counted before they are sent; the sentences are in `bad/platform-….txt`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.api import Api, Budget
from config.cross_platform import errors, requests, warnings
from config.platform_probing import AgentConsistencyProbe, PlatformTestCallProbe, Request, TrunkHealthProbe
from config.probing import HttpProbe, SipOptionsProbe
from config.quantities import Combine
from config.units import SipTarget

S = 1_000_000_000
TRUNKS = TrunkHealthProbe(kind="trunk_health", path="new", api="genesys", trunks=("a", "b"))
CALL = PlatformTestCallProbe(
    kind="platform_test_call",
    path="new",
    api="genesys",
    start=Request(url="/calls"),
    poll="/calls/{id}",
    passed=("completed",),
    failed=("failed",),
)
AGENTS = AgentConsistencyProbe(kind="agent_consistency", path="new", api="genesys", queue="q", agents=("a", "b", "c"))
HTTP = HttpProbe(kind="http", path="new", api="genesys", url="/me", every=1 * S)
MANY = tuple(f"agent-{number}" for number in range(250))


@pytest.mark.parametrize(
    ("probe", "count"),
    [
        (HTTP, 1),
        (TRUNKS, 1),
        (CALL, 1 + 30),
        (replace(CALL, poll_every=4 * S), 1 + 7),
        (AGENTS, 3 + 1 + 1),
        (replace(AGENTS, agents=MANY), 50 + 1 + 3),
        (replace(AGENTS, agents=MANY, sample=120), 120 + 3 + 3),
    ],
)
def test_the_requests_of_one_attempt(probe: HttpProbe, count: int) -> None:
    assert requests(probe) == count


def told(budget: Budget, **probes: object) -> list[str]:
    return [finding.message for finding in warnings(probes, {"genesys": Api(base="https://x.example", budget=budget)})]


def test_a_budget_that_is_just_enough_says_nothing() -> None:
    assert told(Budget(requests=60), http=HTTP) == []
    assert len(told(Budget(requests=59), http=HTTP)) == 1


def test_what_counts_is_the_pace_of_a_suspect() -> None:
    assert told(Budget(requests=60), http=replace(HTTP, every=10 * S, suspect_every=1 * S)) == []
    assert told(Budget(requests=59), http=replace(HTTP, every=10 * S, suspect_every=1 * S)) == [
        "probes would ask 'genesys' 60 times in 1m and its budget is 59: what finds no room is ERROR ('http' 1 every 1s)"
    ]


def test_probes_of_other_apis_and_of_none_do_not_count() -> None:
    sip = SipOptionsProbe(kind="sip_options", path="new", target=SipTarget.parse("sip:192.0.2.7"), every=S)
    assert (
        told(Budget(requests=1), other=replace(HTTP, api="other"), none=replace(HTTP, api=None, url="https://x.example"), sip=sip)
        == []
    )


def test_an_attempt_may_follow_the_other_without_a_pause() -> None:
    probe = replace(CALL, every=30 * S, suspect_every=30 * S)
    assert list(errors(("probes", "call"), probe)) == []


def test_a_quorum_of_all_trunks_can_be_reached() -> None:
    assert list(errors(("probes", "trunks"), replace(TRUNKS, combine=Combine(2)))) == []


def test_true_and_1_are_different_states() -> None:
    assert list(errors(("probes", "call"), replace(CALL, passed=(True,), failed=(1,)))) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, None),
        ('{"a": [1, true, null]}', None),
        ("{a: 1}", "is not JSON (Expecting property name enclosed in double quotes, line 1 column 2), which it is sent as"),
        ("[" * 100_000, "is JSON that is nested too deeply"),
    ],
    ids=["none", "json", "yaml", "deep"],
)
def test_what_starts_a_call_is_json(body: str | None, message: str | None) -> None:
    found = list(errors(("probes", "call"), replace(CALL, start=Request(url="/calls", body=body))))
    assert [(finding.path[2:], finding.message) for finding in found] == ([(("start", "body"), message)] if message else [])
