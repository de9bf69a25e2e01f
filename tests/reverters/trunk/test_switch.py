"""The switch of a real Kamailio: which of two dispatcher sets its script leads to."""

from __future__ import annotations

import pytest

from config.trunk_steps import TrunkSwitch
from reverters.plan import Document
from reverters.step import Applied, Conflict, Trouble
from reverters.trunk.rpc import Answer
from reverters.trunk.switch import Switch
from tests.reverters.trunk.bench import captured, inspected, leads_to, put_back, reverter, step, trunk, verified
from tests.reverters.trunk.conftest import Site

OLD: Document = {"value": "baseline"}


def switch(key: str = "inbound", *, table: str = "cutover", store: bool = True) -> Document:
    return trunk(switches=(TrunkSwitch(table=table, key=key, store=store),))


async def cut_over(site: Site) -> None:
    await site.proxy.order("htable.sets", "cutover", "inbound", "new")
    await site.proxy.order("htable.store", "cutover")
    assert await leads_to(site.proxy) == "new"


async def test_a_switch_turned_back_stays_so_through_pings_a_reload_and_a_restart(by_switch: Site) -> None:
    await by_switch.proxy.order("htable.sets", "cutover", "inbound", "baseline")
    todo = step(switch(), await captured(by_switch.back, switch()))
    await cut_over(by_switch)
    await put_back(by_switch.back, todo)
    assert await leads_to(by_switch.proxy) == "old"

    await by_switch.new.pinged(2)
    assert await leads_to(by_switch.proxy) == "old"

    await by_switch.proxy.order("dispatcher.reload")
    await by_switch.new.pinged(2)
    assert await leads_to(by_switch.proxy) == "old"

    await by_switch.proxy.restart()
    assert (await verified(by_switch.back, todo)).holds
    assert await leads_to(by_switch.proxy) == "old"


async def test_a_switch_that_is_not_stored_is_lost_with_the_restart(by_switch: Site) -> None:
    """Why `store` is the default."""
    await cut_over(by_switch)
    await put_back(by_switch.back, step(switch(store=False), OLD))
    await by_switch.proxy.restart()
    assert await leads_to(by_switch.proxy) == "new"


async def test_a_key_that_was_not_set_is_taken_out_again(by_switch: Site) -> None:
    todo = step(switch(), await captured(by_switch.back, switch()))
    assert todo.wanted == {"value": None}
    await cut_over(by_switch)
    await put_back(by_switch.back, todo)
    assert await by_switch.proxy.order("htable.dump", "cutover") == []
    assert await leads_to(by_switch.proxy) == "old"


async def test_a_number_is_put_back_as_a_number(by_switch: Site) -> None:
    await by_switch.proxy.order("htable.seti", "cutover", "share", 30)
    todo = step(switch("share"), await captured(by_switch.back, switch("share")))
    await by_switch.proxy.order("htable.sets", "cutover", "share", "30")
    await put_back(by_switch.back, todo)
    assert (await by_switch.proxy.order("htable.get", "cutover", "share"))["item"]["value"] == 30


async def test_what_holds_in_memory_alone_is_stored_before_it_counts_as_done(by_switch: Site) -> None:
    await cut_over(by_switch)
    await by_switch.proxy.order("htable.sets", "cutover", "inbound", "baseline")
    todo = step(switch(), OLD)
    found = await inspected(by_switch.back, todo)
    assert not found.at_baseline
    assert found.detail == "switch cutover=>inbound at sbc is baseline, to be baseline; not known to outlive a restart"
    outcome = await by_switch.back.apply(todo, found.live)
    assert outcome == Applied("switch cutover=>inbound at sbc set from baseline to baseline", {"orders": []})
    assert (await inspected(by_switch.back, todo)).at_baseline
    await by_switch.proxy.restart()
    assert await leads_to(by_switch.proxy) == "old"


async def test_another_run_stores_again_for_it_cannot_know(by_switch: Site) -> None:
    todo = step(switch(), OLD)
    await put_back(by_switch.back, todo)
    async with reverter(by_switch.proxy.url) as another:
        assert not (await inspected(another, todo)).at_baseline


async def test_a_change_by_somebody_else_is_a_conflict_and_nothing_is_ordered(by_switch: Site) -> None:
    await cut_over(by_switch)
    todo = step(switch(), OLD)
    found = await inspected(by_switch.back, todo)
    await by_switch.proxy.order("htable.sets", "cutover", "inbound", "third")
    outcome = await by_switch.back.apply(todo, found.live)
    detail = "switch cutover=>inbound at sbc is no longer new but third: somebody else changed it, nothing was ordered"
    assert outcome == Conflict(detail)
    assert (await by_switch.proxy.order("htable.get", "cutover", "inbound"))["item"]["value"] == "third"


async def test_a_table_that_is_not_there_is_refused_when_the_baseline_is_captured(by_switch: Site) -> None:
    found = await by_switch.back.capture(switch(table="cutoff"))
    assert found == Trouble(False, "no-table", "sbc has no hash table cutoff: define it in kamailio.cfg")


@pytest.mark.parametrize("result", [None, [], {}, {"item": 7}, {"item": {"value": None}}, {"item": {"value": True}}])
def test_an_answer_of_another_shape_is_an_error_and_no_crash(result: object) -> None:
    found = Switch("cutover", "inbound", True).state(Answer(result), "sbc")
    assert found == Trouble(False, "unexpected", "sbc gave switch cutover=>inbound in a form that is not known")
