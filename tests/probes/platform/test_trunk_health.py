"""What the platform says of trunks, through the real client, against the lab's platform."""

from __future__ import annotations

import pytest

from lab.platform.organisation import Trunk
from lab.platform.trouble import Garbage, Hangs, Refuses
from probes.platform.trunk_health import TrunkHealthProbe
from probes.sample import NS_PER_MS, Origin, Outcome
from tests.probes.platform.stage import TIMEOUT_NS, Stage

BOTH = ("in_service", "connected")
LIST = "GET /api/v2/telephony/providers/edges/trunks?"
ONE = "GET /api/v2/telephony/providers/edges/trunks/"


def probe(
    stage: Stage, *ids: str, require: tuple[str, ...] = BOTH, need: int = 1, timeout_ns: int = TIMEOUT_NS
) -> TrunkHealthProbe:
    return TrunkHealthProbe(stage.api, ids or ("trunk-0",), require=require, need=need, timeout_ns=timeout_ns)


async def test_a_trunk_that_is_all_that_is_required_passes(stage: Stage) -> None:
    stage.trunks(1)
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.PASS, 200, "up")
    assert result.facts == {"agreed": 1, "asked": 1, "unread": 0}
    assert result.duration_ns > 0


@pytest.mark.parametrize(
    ("trunk", "require", "reason", "detail"),
    [
        (Trunk("trunk-0", "carrier", in_service=False), "in_service", "out-of-service", "carrier: out-of-service"),
        (Trunk("trunk-0", "carrier", connected=False), "connected", "not-connected", "carrier: not-connected"),
        (
            Trunk("trunk-0", "carrier", registers={"192.0.2.1": False}),
            "registered",
            "not-registered",
            "carrier: not-registered (503 Service Unavailable)",
        ),
        (
            Trunk("trunk-0", "carrier", options={"192.0.2.1": False}),
            "options",
            "options-failing",
            "carrier: options-failing (503 Service Unavailable)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_trunk_that_is_not_fails_with_503_from_the_wire(
    stage: Stage, trunk: Trunk, require: str, reason: str, detail: str
) -> None:
    stage.organisation.add_trunk(trunk)
    result = await stage.ask(probe(stage, require=(require,)))
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.FAIL, 503, Origin.WIRE, reason)
    assert result.facts["detail"] == detail


async def test_what_is_not_required_does_not_matter(stage: Stage) -> None:
    stage.organisation.add_trunk(Trunk("trunk-0", "carrier", connected=False, options={"192.0.2.1": False}))
    result = await stage.ask(probe(stage, require=("in_service",)))
    assert result.outcome is Outcome.PASS


async def test_one_trunk_of_several_down_fails_where_any_counts(stage: Stage) -> None:
    stage.trunks(3)[1].connected = False
    result = await stage.ask(probe(stage, "trunk-0", "trunk-1", "trunk-2"))
    assert (result.outcome, result.facts["agreed"], result.facts["asked"]) == (Outcome.FAIL, 2, 3)


async def test_one_trunk_of_several_down_is_told_and_passes_where_two_are_needed(stage: Stage) -> None:
    stage.trunks(3)[1].connected = False
    result = await stage.ask(probe(stage, "trunk-0", "trunk-1", "trunk-2", need=2))
    assert (result.outcome, result.facts["detail"]) == (Outcome.PASS, "carrier-1: not-connected")


async def test_a_trunk_that_the_platform_does_not_know_fails_with_404(stage: Stage) -> None:
    result = await stage.ask(probe(stage, "trunk-9"))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 404, "unknown-trunk")


async def test_what_the_platform_says_nothing_of_is_not_measured(stage: Stage) -> None:
    stage.organisation.add_trunk(Trunk("trunk-0", "carrier", connected=None))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.ERROR, None, "not-told")
    assert result.facts["detail"] == "carrier: the platform says nothing of connected: leave it out of require"


async def test_one_trunk_takes_one_request_for_it_alone(stage: Stage) -> None:
    stage.trunks(5)
    await stage.ask(probe(stage))
    assert stage.asked() == [f"{ONE}trunk-0"]


async def test_several_trunks_take_one_request_for_the_list(stage: Stage) -> None:
    stage.trunks(5)
    await stage.ask(probe(stage, *(f"trunk-{number}" for number in range(5))))
    assert len(stage.asked()) == len(stage.asked(LIST)) == 1


async def test_a_list_of_more_pages_than_trunks_are_missing_is_read_no_further_and_not_again(stage: Stage) -> None:
    stage.trunks(350)
    asked = probe(stage, "trunk-0", "trunk-98", "trunk-99")
    assert (await stage.ask(asked)).facts["asked"] == 3
    assert (len(stage.asked(LIST)), len(stage.asked(ONE))) == (1, 2)
    await stage.ask(asked)
    assert (len(stage.asked(LIST)), len(stage.asked(ONE))) == (1, 5)


async def test_a_trunk_of_another_type_is_asked_for_by_itself(stage: Stage) -> None:
    stage.trunks(1)
    stage.organisation.add_trunk(Trunk("phones", "phones", type="PHONE"))
    result = await stage.ask(probe(stage, "trunk-0", "phones"))
    assert (result.outcome, result.facts["asked"]) == (Outcome.PASS, 2)


async def test_an_id_is_one_step_of_the_path_whatever_it_holds(stage: Stage) -> None:
    await stage.ask(probe(stage, "../users?x=1"))
    assert stage.asked() == [f"{ONE}..%2Fusers%3Fx%3D1"]


async def test_without_the_permission_nothing_was_measured(stage: Stage) -> None:
    stage.trunks(1)
    stage.platform.permissions.clear()
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.ERROR, None, "not-permitted")
    assert "telephony:plugin:all" in str(result.facts["detail"])


async def test_a_token_that_is_refused_means_that_nothing_was_measured(stage: Stage) -> None:
    stage.trunks(1)
    await stage.ask(probe(stage))
    stage.platform.tokens.expire()
    stage.platform.client = type(stage.platform.client)("lab-client", "another secret")
    result = await stage.ask(probe(stage))
    assert result.outcome is Outcome.ERROR


async def test_too_many_requests_mean_that_nothing_was_measured(stage: Stage) -> None:
    stage.trunks(1)
    stage.platform.quota.allowed = 1
    await stage.ask(probe(stage))
    result = await stage.ask(probe(stage, timeout_ns=500 * NS_PER_MS))
    assert (result.outcome, result.code) == (Outcome.ERROR, None)


async def test_a_429_means_that_nothing_was_measured(stage: Stage) -> None:
    stage.trunks(1)
    stage.platform.troubles.add("GET /api/v2/telephony", Refuses(429, "too.many.requests", "slow down", retry_after_s=30))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.reason, result.facts["retry_after_s"]) == (Outcome.ERROR, "rate-limited", 30)


async def test_a_server_error_is_the_platforms_and_not_the_trunks(stage: Stage) -> None:
    stage.trunks(1)
    stage.platform.troubles.add("GET /api/v2/telephony", Refuses(503, "service.unavailable", "down for maintenance"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "platform-error")
    assert result.facts["status"] == 503
    assert result.facts["detail"] == "service.unavailable: down for maintenance"


async def test_a_platform_that_is_silent_fails_with_504_and_not_as_a_silent_trunk(stage: Stage) -> None:
    stage.trunks(1)
    await stage.ask(probe(stage))
    stage.platform.troubles.add("GET /api/v2/telephony", Hangs())
    result = await stage.ask(probe(stage, timeout_ns=100 * NS_PER_MS))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TIMEOUT)


async def test_a_platform_that_refuses_connections_fails_with_504(stage: Stage) -> None:
    stage.trunks(1)
    await stage.ask(probe(stage))
    await stage.platform.close()
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.origin) == (Outcome.FAIL, 504, Origin.TRANSPORT)


async def test_an_answer_that_is_no_json_fails_with_504(stage: Stage) -> None:
    stage.trunks(1)
    stage.platform.troubles.add("GET /api/v2/telephony", Garbage())
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.code, result.reason) == (Outcome.FAIL, 504, "malformed")


async def test_json_that_is_no_trunk_is_not_measured(stage: Stage) -> None:
    stage.platform.troubles.add("GET /api/v2/telephony", Garbage(b"[1]"))
    result = await stage.ask(probe(stage))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "not-told")


async def test_a_list_that_cannot_be_read_is_not_made_up_for_by_single_requests(stage: Stage) -> None:
    stage.trunks(3)
    stage.platform.troubles.add("GET /api/v2/telephony", Refuses())
    result = await stage.ask(probe(stage, "trunk-0", "trunk-1", "trunk-2"))
    assert (result.code, len(stage.asked())) == (504, 1)
