"""From the words of the file to a probe."""

from __future__ import annotations

import random

import pytest

from config.api import Api
from config.platform_probing import AgentConsistencyProbe, PlatformTestCallProbe, Request, TrunkHealthProbe
from config.quantities import ANY, Combine
from probes import registry
from probes.exchange.apis import Apis
from probes.platform import kinds
from probes.registry import Means
from probes.resolver import Resolver
from probes.sample import Outcome
from probes.sip.engine.engine import SipEngine
from tests.probes.platform.stage import Stage

TRUNKS = TrunkHealthProbe(kind="trunk_health", path="new", api="genesys", trunks=("trunk-0", "trunk-1", "trunk-2"))
CALL = PlatformTestCallProbe(
    kind="platform_test_call",
    path="new",
    api="genesys",
    start=Request(url="/calls"),
    poll="/calls/{id}",
    passed=("completed",),
    failed=("failed",),
)
AGENTS = AgentConsistencyProbe(kind="agent_consistency", path="new", api="genesys", queue="q", agents=("a",))


@pytest.mark.parametrize(("combine", "needed"), [(ANY, 1), (Combine(2), 2), (Combine(None), 3)], ids=["any", "quorum 2", "all"])
async def test_so_many_trunks_must_be_down_as_combine_says(stage: Stage, combine: Combine, needed: int) -> None:
    trunks = stage.trunks(3)
    settings = TrunkHealthProbe(kind="trunk_health", path="new", api="genesys", trunks=TRUNKS.trunks, combine=combine)
    probe = kinds.trunk_health(settings, stage.api)
    outcomes = []
    for trunk in trunks:
        trunk.in_service = False
        outcomes.append((await stage.ask(probe)).outcome)
    assert outcomes == [Outcome.PASS] * (needed - 1) + [Outcome.FAIL] * (4 - needed)


@pytest.mark.parametrize("settings", [TRUNKS, CALL, AGENTS], ids=lambda settings: settings.kind)
async def test_each_kind_is_on_the_map(settings: TrunkHealthProbe | PlatformTestCallProbe | AgentConsistencyProbe) -> None:
    engine, rng = SipEngine(), random.Random(1)
    apis = Apis({"genesys": Api(base="http://127.0.0.1:9")}, {}, resolver=Resolver(), rng=rng)
    means = Means(engine, Resolver(), rng, apis)
    probe = registry.build("it", settings, means)
    assert type(probe).__name__ == type(settings).__name__
    means.close()
    await apis.close()
    engine.close()
