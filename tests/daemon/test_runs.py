"""The one runner task, steered by level: what should move moves, what should stand still does, and a restart changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest

from config.secrets import SecretUnavailable
from daemon import runs as keeping
from daemon.store import StoreCorrupt, StoreUnavailable
from reverters.entries import Closed, Halted, Interrupted, Operated
from reverters.step import Reverter
from tests.daemon.desk import baseline
from tests.daemon.shelf import FULL
from tests.daemon.station import ID, OPEN, Station
from tests.reverters.world import BASELINE, REFUSED


@pytest.fixture
async def station(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Station]:
    monkeypatch.setattr(keeping, "AGAIN_S", 0.001)
    made = Station()
    await made.start()
    yield made
    await made.stop()


async def test_a_run_that_may_move_is_carried_out(station: Station) -> None:
    station.steer()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.memory.world == {"a": BASELINE}
    assert {entry.run for entry in station.shelf.journal} == {ID}
    assert station.shelf.journal[-1].actor == "runner"


@pytest.mark.parametrize(
    ("changes", "impaired"),
    [({"halted": True}, False), ({"stopped": True}, False), ({"run": None}, False), ({}, True)],
    ids=["halted", "stopped by itself", "none", "impaired"],
)
async def test_a_run_that_may_not_move_stands_still(station: Station, changes: dict[str, object], impaired: bool) -> None:
    run = replace(station.run, stopped=bool(changes.pop("stopped", False)))
    station.steer(replace(OPEN, **{"run": run, **changes}), impaired=impaired)  # type: ignore[arg-type]
    await station.settled()
    assert station.memory.calls == []


async def test_steering_the_same_way_again_changes_nothing(station: Station) -> None:
    station.memory.hold["inspect", "a"] = asyncio.Event()
    for _ in range(5):
        station.steer()
    await station.memory.until_asked("inspect", "a")
    for _ in range(5):
        station.steer()
    station.memory.hold["inspect", "a"].set()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.memory.calls.count(("inspect", "a")) == 1


async def test_a_halt_stops_before_the_next_request_and_a_resume_goes_on_from_the_journal(station: Station) -> None:
    station.memory.hold["inspect", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("inspect", "a")
    station.halt()
    station.memory.hold.pop(("inspect", "a")).set()
    await station.until(lambda: station.kinds[-1] == "inspected")
    await station.settled()
    assert station.memory.calls == [("inspect", "a")]
    station.steer()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.memory.calls == [("inspect", "a"), ("inspect", "a"), ("apply", "a"), ("verify", "a")]


async def test_a_halt_and_a_resume_while_a_request_is_on_its_way_run_it_once(station: Station) -> None:
    station.memory.hold["apply", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("apply", "a")
    station.halt()
    station.steer()
    station.memory.hold["apply", "a"].set()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.memory.calls.count(("apply", "a")) == 1


async def test_a_halt_in_the_first_moment_of_a_run_stops_it_before_any_request(station: Station) -> None:
    """While the journal is still being read there is no runner that could be told to stop."""
    station.shelf.stall_reading = asyncio.Event()
    station.steer()
    await station.until(lambda: station.shelf.read)
    station.halt()
    station.shelf.stall_reading.set()
    await station.settled()
    assert station.memory.calls == []
    station.steer()
    await station.until(lambda: station.kinds[-1] == "closed")


async def test_a_run_that_halted_by_itself_goes_on_after_a_retry(station: Station) -> None:
    station.memory.script["apply", "a"] = [REFUSED]
    station.steer()
    await station.until(lambda: station.kinds[-1] == "halted")
    station.steer(replace(OPEN, run=replace(station.run, stopped=True)))
    await station.writer.append(Operated("retry", {}), actor="op", run=ID)
    station.steer()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.made == 2


async def test_a_run_that_is_closed_already_is_left_alone(station: Station) -> None:
    await station.writer.append(Closed("abandoned", 0), actor="op", run=ID)
    station.steer()
    await station.until(lambda: station.shelf.read)
    await station.settled()
    assert (station.memory.calls, station.kinds) == ([], ["planned", "closed"])


# what the run began with must still stand


async def test_a_run_whose_plan_changed_halts_and_touches_nothing(station: Station) -> None:
    run = station.run
    station.book.use(baseline("203.0.113.7"))
    station.steer(replace(OPEN, run=run))
    await station.until(lambda: station.kinds[-1] == "halted")
    body = station.shelf.journal[-1].body
    assert isinstance(body, Halted)
    assert (body.step, body.reason) == ("", "plan-changed")
    assert station.memory.calls == []


async def test_a_run_without_its_baseline_halts_with_the_remedy(station: Station) -> None:
    run = station.run
    station.book.use(None)
    station.steer(replace(OPEN, run=run))
    await station.until(lambda: station.kinds[-1] == "halted")
    body = station.shelf.journal[-1].body
    assert isinstance(body, Halted)
    assert "cutoverd baseline capture" in body.detail


async def test_a_secret_that_cannot_be_read_halts_the_run(station: Station) -> None:
    def unreadable() -> Mapping[str, Reverter]:
        raise SecretUnavailable("tsig: not there")

    station.make = unreadable
    station.steer()
    await station.until(lambda: station.kinds[-1] == "halted")
    body = station.shelf.journal[-1].body
    assert isinstance(body, Halted)
    assert (body.reason, body.detail) == ("secret-unavailable", "tsig: not there")


# the journal


async def test_while_the_journal_cannot_be_written_the_run_pauses_and_then_goes_on(station: Station) -> None:
    station.shelf.trouble = FULL
    station.steer()
    await station.until(lambda: station.memory.calls.count(("inspect", "a")) >= 2)
    assert set(station.memory.calls) == {("inspect", "a")}
    station.shelf.trouble = None
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.memory.calls.count(("apply", "a")) == 1


async def test_while_the_journal_cannot_be_read_the_run_pauses_and_then_goes_on(station: Station) -> None:
    station.shelf.trouble_reading = [StoreUnavailable("the disk does not answer") for _ in range(3)]
    station.steer()
    await station.until(lambda: station.kinds[-1] == "closed")
    assert station.shelf.read == 4


async def test_a_damaged_journal_ends_the_task_and_an_orderly_stop_does_not_wait_for_it(station: Station) -> None:
    station.shelf.trouble_reading = [StoreCorrupt("somebody else wrote to it")]
    station.steer()
    await station.until(lambda: station.tasks[1].done())
    async with asyncio.timeout(5):
        await station.keeper.interrupt("told to stop")
    with pytest.raises(StoreCorrupt):
        await station.tasks[1]


# the orderly stop


async def test_an_orderly_stop_lets_the_request_finish_and_says_that_the_run_is_not_over(station: Station) -> None:
    station.memory.hold["apply", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("apply", "a")
    stopping = asyncio.create_task(station.keeper.interrupt("told to stop"))
    await station.settled()
    assert not stopping.done()
    station.memory.hold["apply", "a"].set()
    async with asyncio.timeout(5):
        await stopping
    assert station.kinds == ["planned", "inspected", "intended", "responded", "interrupted"]
    assert station.shelf.journal[-1].body == Interrupted("told to stop")
    assert station.shelf.journal[-1].run == ID


async def test_a_judge_that_goes_on_steering_does_not_start_the_run_again(station: Station) -> None:
    station.memory.hold["inspect", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("inspect", "a")
    stopping = asyncio.create_task(station.keeper.interrupt("told to stop"))
    await station.settled()
    station.steer()
    station.memory.hold["inspect", "a"].set()
    async with asyncio.timeout(5):
        await stopping
    station.steer()
    await station.settled()
    assert station.memory.calls == [("inspect", "a")]


async def test_an_orderly_stop_without_a_run_writes_nothing(station: Station) -> None:
    async with asyncio.timeout(5):
        await station.keeper.interrupt("told to stop")
    assert station.kinds == ["planned"]


async def test_an_orderly_stop_with_a_full_disk_still_ends(station: Station) -> None:
    station.memory.hold["inspect", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("inspect", "a")
    station.shelf.trouble = FULL
    stopping = asyncio.create_task(station.keeper.interrupt("told to stop"))
    await station.settled()
    station.memory.hold["inspect", "a"].set()
    async with asyncio.timeout(5):
        await stopping
    assert station.kinds == ["planned"]


async def test_a_task_that_is_cancelled_lets_the_request_on_its_way_be_heard(station: Station) -> None:
    station.memory.hold["apply", "a"] = asyncio.Event()
    station.steer()
    await station.memory.until_asked("apply", "a")
    station.tasks[1].cancel()
    asyncio.get_running_loop().call_soon(station.memory.hold["apply", "a"].set)
    with pytest.raises(asyncio.CancelledError):
        await station.tasks[1]
    assert station.kinds == ["planned", "inspected", "intended", "responded"]
