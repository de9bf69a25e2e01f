"""A dispatcher set of a real Kamailio, turned to the baseline gateway and back."""

from __future__ import annotations

import pytest

from reverters.step import Conflict, Trouble
from reverters.trunk.dispatcher import DispatcherSet
from reverters.trunk.rpc import Answer, Call
from tests.reverters.trunk.bench import captured, inspected, leads_to, put_back, step, trunk, verified
from tests.reverters.trunk.conftest import Site

SET = trunk(dispatcher_sets=(1,))


async def cut_over(site: Site) -> None:
    await site.proxy.order("dispatcher.set_state", "ap", 1, site.new.uri)
    assert await leads_to(site.proxy) == "new"


async def test_a_destination_set_inactive_by_hand_is_back_with_its_next_ping(by_set: Site) -> None:
    """Why the step says disabled: this is the state that does not survive."""
    await cut_over(by_set)
    await by_set.proxy.order("dispatcher.set_state", "ip", 1, by_set.new.uri)
    assert await leads_to(by_set.proxy) == "old"
    await by_set.new.pinged(2)
    assert await leads_to(by_set.proxy) == "new"


async def test_a_set_turned_back_stays_so_through_pings_a_reload_and_a_restart(by_set: Site) -> None:
    todo = step(SET, await captured(by_set.back, SET))
    await cut_over(by_set)
    await put_back(by_set.back, todo)
    assert await leads_to(by_set.proxy) == "old"

    await by_set.old.pinged(2)
    assert (await verified(by_set.back, todo)).holds
    assert await leads_to(by_set.proxy) == "old"

    await by_set.proxy.order("dispatcher.reload")
    await by_set.old.pinged(2)
    assert (await verified(by_set.back, todo)).holds

    await by_set.proxy.restart()
    await by_set.old.pinged(1)
    assert (await verified(by_set.back, todo)).holds
    assert await leads_to(by_set.proxy) == "old"


async def test_a_set_is_turned_forward_again_to_what_was_captured_then(by_set: Site) -> None:
    before = await captured(by_set.back, SET)
    await cut_over(by_set)
    after = await captured(by_set.back, SET)
    await put_back(by_set.back, step(SET, before))
    await put_back(by_set.back, step(SET, after))
    await by_set.new.pinged(2)
    assert await leads_to(by_set.proxy) == "new"


async def test_what_pings_find_out_does_not_take_a_set_from_its_baseline(by_set: Site) -> None:
    todo = step(SET, await captured(by_set.back, SET))
    await by_set.proxy.order("dispatcher.set_state", "ip", 1, by_set.old.uri)
    found = await inspected(by_set.back, todo)
    assert found.at_baseline, found


async def test_a_change_by_somebody_else_is_a_conflict_that_is_named_and_nothing_is_ordered(by_set: Site) -> None:
    todo = step(SET, await captured(by_set.back, SET))
    await cut_over(by_set)
    found = await inspected(by_set.back, todo)
    await by_set.proxy.order("dispatcher.set_state", "d", 1, by_set.old.uri)
    outcome = await by_set.back.apply(todo, found.live)
    assert isinstance(outcome, Conflict)
    assert outcome.detail.endswith("somebody else changed it, nothing was ordered")
    assert f"{by_set.old.uri} DX" in outcome.detail
    assert await leads_to(by_set.proxy) == "new"


async def test_a_set_that_is_not_there_is_refused_when_the_baseline_is_captured(by_set: Site) -> None:
    found = await by_set.back.capture(trunk(dispatcher_sets=(9,)))
    assert found == Trouble(False, "no-set", "sbc has no dispatcher set 9")


NEW, OLD, THIRD = "sip:new", "sip:old", "sip:third"


def orders(live: dict[str, str], wanted: dict[str, str]) -> tuple[str, ...]:
    found = DispatcherSet(1).orders({"flags": live}, {"flags": wanted})
    assert not isinstance(found, Trouble), found
    return tuple(map(str, found))


def test_what_must_be_reachable_is_ordered_before_what_must_not() -> None:
    found = orders({NEW: "AP", OLD: "DP"}, {NEW: "DP", OLD: "AP"})
    assert found == (f"dispatcher.set_state ap 1 {OLD}", f"dispatcher.set_state d 1 {NEW}")


def test_a_destination_that_the_baseline_does_not_know_is_disabled() -> None:
    assert orders({OLD: "AP", THIRD: "TX"}, {OLD: "AP"}) == (f"dispatcher.set_state d 1 {THIRD}",)


def test_a_disabled_destination_that_is_gone_is_not_missed() -> None:
    assert orders({OLD: "AX"}, {OLD: "AX", NEW: "DX"}) == ()


def test_a_destination_that_is_gone_and_was_reachable_needs_a_human() -> None:
    found = DispatcherSet(1).orders({"flags": {NEW: "AP"}}, {"flags": {NEW: "DP", OLD: "AP"}})
    detail = "dispatcher set 1 does not hold sip:old any more: put it back into the list and reload"
    assert found == Trouble(False, "missing", detail)


def listed(*destinations: dict[str, object]) -> Answer:
    return Answer({"RECORDS": [{"SET": {"ID": 1, "TARGETS": [{"DEST": each} for each in destinations]}}]})


def test_an_address_that_stands_twice_in_a_set_is_refused() -> None:
    """An order names the address alone, and Kamailio carries it out on the first."""
    found = DispatcherSet(1).state(listed({"URI": NEW, "FLAGS": "AP"}, {"URI": NEW, "FLAGS": "AP"}), "sbc")
    assert isinstance(found, Trouble)
    assert (found.retryable, found.reason) == (False, "ambiguous")


@pytest.mark.parametrize(
    "result",
    [None, [], "text", {}, {"RECORDS": [7]}, {"RECORDS": [{"SET": {"ID": []}}]}, listed({"URI": [], "FLAGS": "AP"}).result,
     listed({"URI": NEW, "FLAGS": 7}).result],
)  # fmt: skip
def test_a_list_of_another_shape_is_an_error_and_no_crash(result: object) -> None:
    found = DispatcherSet(1).state(Answer(result), "sbc")
    assert found == Trouble(False, "unexpected", "sbc gave its dispatcher list in a form that is not known")


def test_the_question_changes_nothing() -> None:
    assert DispatcherSet(1).question == Call("dispatcher.list")
