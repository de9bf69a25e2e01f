"""Pauses, stops, and a journal that cannot be written: what the runner does not do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from probes import clock
from probes.sample import Moment
from reverters.entries import Body, Finished, Responded, Waited
from reverters.journal import JournalEntry
from reverters.plan import Plan
from reverters.progress import Progress, note
from reverters.runner import End, Runner
from reverters.step import Trouble
from tests.reverters.world import BASELINE, CUTOVER, TIMEOUT, Ledger, Memory, Still, plan, step

ONE = plan(("dns", ["a"]))
TWO = plan(("dns", ["a", "b"]))
STAGES = plan(("dns", ["a", "b"]), ("trunk", ["c"]))
HOUR = 3_600_000_000_000
S = 1_000_000_000


def fold(entries: list[JournalEntry]) -> Progress:
    progress = Progress()
    for entry in entries:
        progress = note(progress, entry)
    return progress


def runner(of: Plan, memory: Memory, ledger: Ledger, *, first_failure_utc_ns: int = 0) -> Runner:
    """Goes on from what the ledger holds, as after a restart."""
    return Runner(
        of,
        fold(ledger.entries),
        reverters={"memory": memory},
        append=ledger.append,
        first_failure_utc_ns=first_failure_utc_ns,
        rng=Still(),
    )


async def carried_out(of: Plan, memory: Memory, ledger: Ledger) -> End:
    async with asyncio.timeout(5):
        return await runner(of, memory, ledger).carry_out()


def bodies(ledger: Ledger, *kinds: type[Any]) -> list[Any]:
    return [entry.body for entry in ledger.entries if isinstance(entry.body, kinds)]


# pauses


class Pauses:
    """In place of waiting: writes down how long it would have been, and says that the time has come."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        self.seconds.append(seconds)
        raise TimeoutError
        yield


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """With a clock that stands at 1,000 s."""
    made = Pauses()
    monkeypatch.setattr("reverters.runner.asyncio.timeout", made.timeout)
    monkeypatch.setattr(clock, "read", lambda: Moment(utc_ns=1_000 * S, mono_ns=0))
    return made


async def test_retry_after_is_waited_out_in_full(pauses: Pauses) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script["inspect", "a"] = [Trouble(True, "busy", "503", retry_after_ns=58 * S)]
    assert await runner(ONE, memory, ledger).carry_out() is End.CLOSED
    assert pauses.seconds == [58.0]


async def test_a_clock_that_was_set_back_does_not_lengthen_a_pause(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    await ledger.append(Responded(step("a").key, 0, "inspect", "retryable", "timeout", "", delay_ns=3 * S))
    monkeypatch.setattr(clock, "read", lambda: Moment(utc_ns=10 * S, mono_ns=0))
    assert await runner(ONE, memory, ledger).carry_out() is End.CLOSED
    assert pauses.seconds == [3.0]


async def test_a_stage_is_waited_for_and_the_wait_is_journaled(pauses: Pauses) -> None:
    memory, ledger = Memory(a=BASELINE, b=BASELINE), Ledger()
    of = plan(("dns", ["a"]), ("trunk", ["b"]), waits={"dns": 30 * S})
    assert await runner(of, memory, ledger).carry_out() is End.CLOSED
    assert pauses.seconds == [30.0]
    assert ledger.told == ["inspected", "finished", "waited", "inspected", "finished", "closed"]
    assert bodies(ledger, Waited) == [Waited("dns", 30 * S)]


async def test_a_restart_waits_only_for_what_is_left(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    of = plan(("dns", ["a"]), waits={"dns": 30 * S})
    await ledger.append(Finished(step("a").key, "unchanged"))
    monkeypatch.setattr(clock, "read", lambda: Moment(utc_ns=1_021 * S, mono_ns=0))
    assert await runner(of, memory, ledger).carry_out() is End.CLOSED
    assert pauses.seconds == [9.0]


async def test_a_restart_after_the_wait_is_over_does_not_wait(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    of = plan(("dns", ["a"]), waits={"dns": 30 * S})
    await ledger.append(Finished(step("a").key, "unchanged"))
    monkeypatch.setattr(clock, "read", lambda: Moment(utc_ns=2_000 * S, mono_ns=0))
    assert await runner(of, memory, ledger).carry_out() is End.CLOSED
    assert pauses.seconds == []


async def test_a_back_off_is_journaled_with_the_trouble(pauses: Pauses) -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    memory.script["inspect", "a"] = [TIMEOUT, TIMEOUT]
    going = runner(ONE, memory, ledger)
    going._rng.random = lambda: 1.0  # type: ignore[method-assign]
    assert await going.carry_out() is End.CLOSED
    assert [body.delay_ns for body in bodies(ledger, Responded)] == [S // 5, 2 * S // 5]
    assert pauses.seconds == [0.2, 0.4]


# stop

STOPS = range(6)


@pytest.mark.parametrize("entries", STOPS)
async def test_stop_comes_before_the_next_request(entries: int) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    going = runner(ONE, memory, ledger)
    asked: list[int] = []

    def stop_there(body: Body) -> None:
        if len(ledger.entries) == entries:
            going.stop()
            asked.append(len(memory.calls))

    ledger.appended = stop_there
    if entries == 0:
        stop_there(Waited("", 0))
    async with asyncio.timeout(5):
        assert await going.carry_out() is End.STOPPED
    assert asked == [len(memory.calls)]
    assert "closed" not in ledger.told
    ledger.appended = lambda body: None
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert memory.world == {"a": BASELINE}


@pytest.mark.parametrize("verb", ["inspect", "apply", "verify"])
async def test_stop_lets_the_request_on_its_way_finish_and_journals_its_answer(verb: str) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.hold[verb, "a"] = asyncio.Event()
    going = runner(ONE, memory, ledger)
    end = asyncio.create_task(going.carry_out())
    await memory.until_asked(verb, "a")
    before = len(ledger.entries)
    going.stop()
    memory.hold[verb, "a"].set()
    async with asyncio.timeout(5):
        assert await end is End.STOPPED
    assert len(ledger.entries) == before + 1
    assert memory.calls[-1] == (verb, "a")


async def turns() -> None:
    """Every task has had its turns: who is going to wait is waiting."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_stop_ends_a_pause_at_once() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script["inspect", "a"] = [Trouble(True, "busy", "503", retry_after_ns=HOUR)]
    going = runner(ONE, memory, ledger)
    end = asyncio.create_task(going.carry_out())
    await turns()
    assert ledger.told == ["responded"]
    going.stop()
    async with asyncio.timeout(5):
        assert await end is End.STOPPED
    assert memory.calls == [("inspect", "a")]


async def test_stop_ends_the_wait_after_a_stage_at_once_and_does_not_journal_it_as_waited() -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    going = runner(plan(("dns", ["a"]), waits={"dns": HOUR}), memory, ledger)
    end = asyncio.create_task(going.carry_out())
    await turns()
    assert ledger.told == ["inspected", "finished"]
    going.stop()
    async with asyncio.timeout(5):
        assert await end is End.STOPPED
    assert ledger.told == ["inspected", "finished"]


async def test_a_cancelled_run_still_hears_the_answer_on_its_way() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.hold["apply", "a"] = asyncio.Event()
    end = asyncio.create_task(runner(ONE, memory, ledger).carry_out())
    await memory.until_asked("apply", "a")
    end.cancel()
    asyncio.get_running_loop().call_soon(memory.hold["apply", "a"].set)
    with pytest.raises(asyncio.CancelledError):
        await end
    assert ledger.told == ["inspected", "intended", "responded"]


# the journal


class Unavailable(Exception):
    pass


@pytest.mark.parametrize("entries", range(6))
async def test_when_the_journal_cannot_be_written_nothing_further_is_touched(entries: int) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    ledger.refuse_from, ledger.unavailable = entries, Unavailable()
    asked_by_then = [1, 1, 2, 3, 3, 3][entries]
    with pytest.raises(Unavailable):
        await carried_out(ONE, memory, ledger)
    assert len(ledger.entries) == entries
    assert len(memory.calls) == asked_by_then


async def test_when_the_journal_cannot_be_written_the_other_step_stops_too() -> None:
    memory, ledger = Memory(a=CUTOVER, b=CUTOVER), Ledger()
    ledger.refuse_from, ledger.unavailable = 2, Unavailable()
    with pytest.raises(Unavailable):
        await carried_out(TWO, memory, ledger)
    assert all(verb == "inspect" for verb, _ in memory.calls)
    assert memory.world == {"a": CUTOVER, "b": CUTOVER}
