"""A whole plan over a real Kamailio: the limit, the switch, the limit restored; carried out, and resumed after any stop."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from config.api import Api
from config.load import judge
from daemon.compose import compose
from probes.exchange.apis import Apis
from reverters import capture, planner, progress, registry
from reverters.entries import Finished, Intended
from reverters.plan import Plan
from reverters.planner import PlanSpec
from reverters.progress import Progress
from reverters.runner import End, Runner
from tests.probes.exchange.servers import apis_of
from tests.reverters.trunk.bench import leads_to
from tests.reverters.trunk.conftest import Site
from tests.reverters.world import Ledger, Still

FILE = Path(__file__).parents[2] / "config" / "bad" / "record-restored-twice.yaml"
PLANS = """\
apis:
  sbc: {base: "BASE", budget: {requests: 100000}}
plans:
  inbound-rollback:
    stages:
      - name: before
        steps: [{kind: trunk, id: limit, api: sbc, pipes: [{name: register, limit: 20}]}]
      - name: trunk
        steps: [{kind: trunk, api: sbc, switches: [{table: cutover, key: inbound}], dispatcher_sets: [2]}]
      - name: close
        steps: [{kind: trunk, id: lift, api: sbc, pipes: [{name: register}]}]
"""
LIMIT, SWITCH, SET, LIFT = (
    "inbound-rollback/before/limit/pipe:register:limit", "inbound-rollback/trunk/trunk/switch:cutover:inbound",
    "inbound-rollback/trunk/trunk/set:2", "inbound-rollback/close/lift/pipe:register",
)  # fmt: skip


def specified(url: str) -> tuple[PlanSpec, Mapping[str, Api]]:
    """The plan of a file, and the APIs that it names."""
    text = FILE.read_text().partition("plans:")[0] + PLANS.replace("BASE", url)
    settings = judge(text.encode(), file="it.yaml", folder="/etc/cutoverd").settings
    return compose.plans(settings)["inbound-rollback"], settings.apis


async def planned(spec: PlanSpec, apis: Apis) -> Plan:
    captured = await capture.capture([spec], registry.build(tsig={}, api=apis.named))
    assert captured.troubles == []
    return planner.plan(spec, baseline="baseline-1", objects=captured.objects)


async def cut_over(site: Site) -> None:
    await site.proxy.order("htable.sets", "cutover", "inbound", "new")
    await site.proxy.order("htable.store", "cutover")
    await site.proxy.order("dispatcher.set_state", "d", 2, site.old.uri)
    assert await leads_to(site.proxy) == "new"


async def is_restored(site: Site) -> bool:
    pipes = {each["name"]: each["limit"] for each in await site.proxy.order("pl.list")}
    return await leads_to(site.proxy) == "old" and pipes["register"] == 200


def runner(plan: Plan, ledger: Ledger, apis: Apis) -> Runner:
    """As a daemon makes it at its start: of the plan and the journal, with reverters that remember nothing."""
    return Runner(
        plan,
        reduce(progress.note, ledger.entries, Progress()),
        reverters=registry.build(tsig={}, api=apis.named),
        append=ledger.append,
        first_failure_utc_ns=0,
        rng=Still(),
    )


async def test_a_plan_limits_turns_the_trunk_and_lifts_the_limit(by_switch: Site) -> None:
    spec, settings = specified(by_switch.proxy.url)
    async with apis_of(settings) as apis:
        plan, ledger = await planned(spec, apis), Ledger()
        await cut_over(by_switch)
        assert await runner(plan, ledger, apis).carry_out() is End.CLOSED
    intended = [entry.body.step for entry in ledger.entries if isinstance(entry.body, Intended)]
    assert (intended[0], set(intended[1:3]), intended[3]) == (LIMIT, {SWITCH, SET}, LIFT)
    assert [entry.body.outcome for entry in ledger.entries if isinstance(entry.body, Finished)] == ["restored"] * 4
    assert await is_restored(by_switch)


async def test_a_run_that_stops_at_any_entry_of_its_journal_is_resumed_to_the_same_end(by_switch: Site) -> None:
    spec, settings = specified(by_switch.proxy.url)
    async with apis_of(settings) as apis:
        plan, stops = await planned(spec, apis), 0
        while True:
            ledger = Ledger()
            ledger.refuse_from = stops
            await cut_over(by_switch)
            try:
                assert await runner(plan, ledger, apis).carry_out() is End.CLOSED
                break
            except RuntimeError:
                ledger.refuse_from = None
            assert await runner(plan, ledger, apis).carry_out() is End.CLOSED
            assert await is_restored(by_switch)
            stops += 1
    assert stops >= 20
