"""The runner against a world in memory: what it asks, what it journals, and where it stops."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from probes import clock
from probes.sample import Moment
from reverters.entries import Body, Closed, Finished, Halted, Inspected, Intended, Operated, Responded, Verified
from reverters.journal import JournalEntry
from reverters.plan import Plan, Step
from reverters.progress import ATTEMPTS, Progress, note
from reverters.runner import End, Runner
from reverters.step import Conflict, Verification
from tests.reverters.world import BASELINE, CUTOVER, REFUSED, TIMEOUT, Ledger, Memory, Still, done_but_unheard, plan, step

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


async def test_a_step_is_inspected_intended_applied_verified_and_finished() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert memory.world == {"a": BASELINE}
    assert memory.calls == [("inspect", "a"), ("apply", "a"), ("verify", "a")]
    key = step("a").key
    assert [entry.body for entry in ledger.entries[:-1]] == [
        Inspected(key, False, CUTOVER),
        Intended(key, 1, CUTOVER, BASELINE),
        Responded(key, 1, "apply", "applied", "", "done"),
        Verified(key, True, BASELINE),
        Finished(key, "restored"),
    ]
    assert ledger.told[-1] == "closed"


async def test_an_object_at_baseline_is_left_alone() -> None:
    memory, ledger = Memory(a=BASELINE), Ledger()
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert memory.calls == [("inspect", "a")]
    assert bodies(ledger, Finished) == [Finished(step("a").key, "unchanged")]


async def test_the_intent_is_durable_before_the_world_is_touched() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    seen: list[str] = []

    def look(memory: Memory, step: Step) -> None:
        seen.extend(ledger.told)

    memory.script["apply", "a"] = [look]
    await carried_out(ONE, memory, ledger)
    assert seen == ["inspected", "intended"]


async def test_recovery_time_runs_from_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "read", lambda: Moment(utc_ns=100 * S, mono_ns=0))
    memory, ledger = Memory(a=BASELINE), Ledger()
    await runner(ONE, memory, ledger, first_failure_utc_ns=60 * S).carry_out()
    assert bodies(ledger, Closed) == [Closed("restored", 40 * S)]


# restarts


async def test_a_run_killed_after_any_entry_goes_on_and_ends_restored() -> None:
    for length in range(6):
        for did in (False, True):
            memory, ledger = Memory(a=CUTOVER), Ledger()
            await carried_out(ONE, memory, ledger)
            ledger.entries = ledger.entries[:length]
            applied = "responded" in ledger.told or (ledger.told[-1:] == ["intended"] and did)
            memory.world, memory.calls = {"a": BASELINE if applied else CUTOVER}, []
            assert await carried_out(ONE, memory, ledger) is End.CLOSED
            assert memory.world == {"a": BASELINE}
            assert memory.calls.count(("apply", "a")) == (0 if applied else 1)


async def test_after_an_intent_without_an_answer_the_world_is_asked_first() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    await carried_out(ONE, memory, ledger)
    ledger.entries, memory.calls = ledger.entries[:2], []
    await carried_out(ONE, memory, ledger)
    assert memory.calls == [("inspect", "a"), ("verify", "a")]
    assert bodies(ledger, Finished) == [Finished(step("a").key, "restored")]


@pytest.mark.parametrize(("ended", "end"), [(Closed("restored", 0), End.CLOSED), (Halted("x", "refused", ""), End.HALTED)])
async def test_a_run_that_ended_asks_nothing(ended: Body, end: End) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    await ledger.append(ended)
    assert await carried_out(ONE, memory, ledger) is end
    assert memory.calls == []
    assert len(ledger.entries) == 1


# faults


async def test_a_lost_answer_is_followed_by_a_look_and_not_by_a_second_change() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script["apply", "a"] = [done_but_unheard]
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert memory.calls == [("inspect", "a"), ("apply", "a"), ("inspect", "a"), ("verify", "a")]
    assert bodies(ledger, Finished) == [Finished(step("a").key, "restored")]


async def test_a_lost_request_is_followed_by_a_look_and_a_second_attempt() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script["apply", "a"] = [TIMEOUT]
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert [verb for verb, _ in memory.calls] == ["inspect", "apply", "inspect", "apply", "verify"]
    assert [intent.attempt for intent in bodies(ledger, Intended)] == [1, 2]


async def test_a_lost_swap_is_followed_by_a_look_and_a_swap_of_what_it_found() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    other = {"values": ["203.0.113.9"]}

    def interfere(memory: Memory, step: Step) -> Conflict:
        memory.world["a"] = other
        return Conflict("somebody else was here")

    memory.script["apply", "a"] = [interfere]
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert [intent.expected for intent in bodies(ledger, Intended)] == [CUTOVER, other]
    (lost, won) = bodies(ledger, Responded)
    assert (lost.verdict, won.verdict) == ("conflict", "applied")


async def test_a_proof_that_does_not_hold_yet_is_asked_for_again() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()

    def old_answer(memory: Memory, step: Step) -> Any:
        return Verification(False, CUTOVER, "ns2 still answers the old one")

    memory.script["verify", "a"] = [old_answer, TIMEOUT]
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert [verb for verb, _ in memory.calls] == ["inspect", "apply", "verify", "verify", "verify"]


@pytest.mark.parametrize("verb", ["inspect", "apply", "verify"])
async def test_a_terminal_answer_halts_the_run_and_names_the_step(verb: str) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script[verb, "a"] = [REFUSED]
    assert await carried_out(ONE, memory, ledger) is End.HALTED
    assert ledger.entries[-1].body == Halted(step("a").key, "refused", "REFUSED")
    assert memory.calls[-1] == (verb, "a")


@pytest.mark.parametrize("verb", ["inspect", "apply", "verify"])
async def test_an_exception_of_a_reverter_halts_and_its_text_is_not_journaled(verb: str) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script[verb, "a"] = [ValueError("tsig secret: hunter2")]
    assert await carried_out(ONE, memory, ledger) is End.HALTED
    assert ledger.entries[-1].body == Halted(step("a").key, "exception", "ValueError: see the log")
    assert all(b"hunter2" not in entry.payload for entry in ledger.entries)


async def test_a_step_of_a_kind_that_nobody_restores_halts() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    odd = replace(ONE, stages=(replace(ONE.stages[0], steps=(step("a", kind="unheard-of"),)),))
    assert await carried_out(odd, memory, ledger) is End.HALTED
    assert memory.calls == []


@pytest.mark.parametrize("verb", ["inspect", "apply", "verify"])
async def test_a_step_that_keeps_failing_halts_the_run(verb: str) -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script[verb, "a"] = [TIMEOUT] * 100
    assert await carried_out(ONE, memory, ledger) is End.HALTED
    assert memory.calls.count((verb, "a")) == ATTEMPTS
    assert ledger.entries[-1].body.detail == f"no answer (gave up after {ATTEMPTS} attempts)"  # type: ignore[union-attr]


async def test_after_a_retry_the_run_goes_on() -> None:
    memory, ledger = Memory(a=CUTOVER), Ledger()
    memory.script["apply", "a"] = [REFUSED]
    assert await carried_out(ONE, memory, ledger) is End.HALTED
    await ledger.append(Operated("retry", {}))
    assert await carried_out(ONE, memory, ledger) is End.CLOSED
    assert memory.world == {"a": BASELINE}


async def test_a_halt_of_one_step_starts_no_later_stage_and_lets_the_other_step_be_heard() -> None:
    memory, ledger = Memory(a=CUTOVER, b=CUTOVER, c=CUTOVER), Ledger()
    memory.script["inspect", "a"] = [REFUSED]
    memory.hold["apply", "b"] = asyncio.Event()
    ledger.appended = lambda body: memory.hold["apply", "b"].set() if isinstance(body, Halted) else None
    memory.hold["inspect", "a"] = asyncio.Event()
    going = asyncio.create_task(carried_out(STAGES, memory, ledger))
    await memory.until_asked("apply", "b")
    memory.hold["inspect", "a"].set()
    assert await going is End.HALTED
    assert ("inspect", "c") not in memory.calls
    assert bodies(ledger, Halted) == [Halted(step("a").key, "refused", "REFUSED")]
    assert any(body.step == step("b").key and body.verdict == "applied" for body in bodies(ledger, Responded))


# stages


async def test_the_steps_of_a_stage_run_at_the_same_time() -> None:
    memory, ledger = Memory(a=CUTOVER, b=CUTOVER), Ledger()
    memory.hold = {(verb, target): asyncio.Event() for verb in ("inspect", "apply") for target in ("a", "b")}
    going = asyncio.create_task(carried_out(TWO, memory, ledger))
    for verb in ("inspect", "apply"):
        await memory.until_asked(verb, "a")
        await memory.until_asked(verb, "b")
        memory.hold[verb, "a"].set()
        memory.hold[verb, "b"].set()
    assert await going is End.CLOSED


async def test_one_slow_step_does_not_hold_the_other() -> None:
    memory, ledger = Memory(a=CUTOVER, b=CUTOVER), Ledger()
    memory.hold["inspect", "a"] = asyncio.Event()
    going = asyncio.create_task(carried_out(TWO, memory, ledger))
    await memory.until_asked("verify", "b")
    memory.hold["inspect", "a"].set()
    assert await going is End.CLOSED
    assert memory.calls.count(("inspect", "a")) == 1


async def test_a_stage_starts_when_the_one_before_is_finished() -> None:
    memory, ledger = Memory(a=CUTOVER, b=CUTOVER, c=CUTOVER), Ledger()
    assert await carried_out(STAGES, memory, ledger) is End.CLOSED
    assert memory.calls.index(("inspect", "c")) > max(memory.calls.index(("verify", target)) for target in ("a", "b"))
