"""Probes asked on time, whatever becomes of the attempts; on the real loop, with probes that follow a script."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from probes import clock
from probes import runner as running
from probes.probe import Cancel, Report
from probes.runner import Job, ProbeRunner
from probes.sample import NS_PER_MS, NS_PER_S, Origin, Outcome, ProbeResult, Sample
from probes.schedule import Cadence

PASS = ProbeResult(Outcome.PASS, 200, Origin.WIRE, "", 1)
HOUR = 3_600 * NS_PER_S
QUICK = Cadence(NS_PER_MS, NS_PER_MS)
SLOW = Cadence(HOUR, HOUR)
SLOW_THEN_QUICK = Cadence(HOUR, NS_PER_MS)


class Fraction(random.Random):
    """The first offset, chosen: 0 asks at once."""

    def __init__(self, fraction: float) -> None:
        super().__init__()
        self.fraction = fraction

    def random(self) -> float:
        return self.fraction


class Held:
    """An attempt that is under way until `set`."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self.cancelled = False

    def set(self) -> None:
        assert self.report is not None
        self.report(PASS)

    def cancel(self) -> None:
        self.cancelled = True


class Scripted:
    """Answers the nth attempt with the nth of `script`, then PASS. What is held waits; an exception is raised."""

    def __init__(self, *script: Held | Exception) -> None:
        self.script = list(script)
        self.begun = 0

    def begin(self, report: Report) -> Cancel:
        number, self.begun = self.begun, self.begun + 1
        what = self.script[number] if number < len(self.script) else None
        if isinstance(what, Exception):
            raise what
        if isinstance(what, Held):
            what.report = report
            return what.cancel
        report(PASS)
        return lambda: None


class Station:
    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.arrived = asyncio.Condition()
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, fraction: float = 0.0, **jobs: Job) -> ProbeRunner:
        runner = ProbeRunner(jobs, self.samples.append, rng=Fraction(fraction), vantage="site-1")
        self.tasks.append(asyncio.create_task(runner.run()))
        return runner

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not what():
                await asyncio.sleep(0)

    def of(self, probe: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.probe == probe]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.tasks = []


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    made = Station()
    yield made
    await made.stop()


async def test_a_result_is_pinned_to_its_probe_vantage_place_and_moments(station: Station) -> None:
    before = clock.read()
    station.start(trunk=Job(Scripted(), QUICK))
    await station.until(lambda: len(station.samples) >= 3)
    after = clock.read()
    first, second, third = station.samples[:3]
    assert (first.probe, first.vantage, first.result) == ("trunk", "site-1", PASS)
    assert [each.sequence for each in (first, second, third)] == [0, 1, 2]
    assert before.mono_ns <= first.sent.mono_ns <= first.at.mono_ns < second.sent.mono_ns <= after.mono_ns


async def test_attempts_are_an_interval_apart(station: Station) -> None:
    station.start(trunk=Job(Scripted(), Cadence(5 * NS_PER_MS, 1)))
    await station.until(lambda: len(station.samples) >= 4)
    sent = [sample.sent.mono_ns for sample in station.samples]
    assert sent[3] - sent[0] >= 3 * 5 * NS_PER_MS - 5 * NS_PER_MS  # the first may have started late, no other early


async def test_the_next_attempt_starts_on_time_although_the_last_has_not_ended(station: Station) -> None:
    silence = Held()
    station.start(trunk=Job(Scripted(silence), QUICK))
    await station.until(lambda: len(station.samples) >= 2)
    assert [sample.sequence for sample in station.samples[:2]] == [1, 2]
    silence.set()
    await station.until(lambda: any(sample.sequence == 0 for sample in station.samples))


async def test_one_probe_that_hangs_does_not_hold_another(station: Station) -> None:
    station.start(slow=Job(Scripted(Held()), SLOW), quick=Job(Scripted(), QUICK))
    await station.until(lambda: len(station.of("quick")) >= 2)
    assert station.of("slow") == []


async def test_an_exception_is_an_error_and_the_probing_goes_on(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="probes.runner")
    station.start(trunk=Job(Scripted(ValueError("password: hunter2")), QUICK))
    await station.until(lambda: len(station.samples) >= 2)
    result = station.samples[0].result
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.ERROR, None, Origin.SELF, "exception")
    assert result.facts == {"detail": "ValueError"}
    assert station.samples[1].result is PASS


async def test_an_exception_is_in_the_log_with_its_probe(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    station.start(trunk=Job(Scripted(ValueError("x")), SLOW))
    await station.until(lambda: station.samples)
    (record,) = [record for record in caplog.records if record.name == "probes.runner"]
    assert (record.getMessage(), record.exc_info is not None) == ("probe trunk raised", True)
    caplog.clear()


async def test_attempts_beyond_the_limit_are_errors_of_our_own(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_IN_FLIGHT", 2)
    held = [Held(), Held()]
    probe = Scripted(*held)
    station.start(trunk=Job(probe, QUICK))
    await station.until(lambda: station.samples)
    assert probe.begun == 2
    overrun = station.samples[0]
    assert (overrun.sequence, overrun.result.outcome, overrun.result.reason) == (2, Outcome.ERROR, "overrun")
    for each in held:
        each.set()
    await station.until(lambda: any(sample.result is PASS and sample.sequence > 2 for sample in station.samples))


async def test_the_first_attempt_waits_for_its_offset(station: Station) -> None:
    station.start(0.5, slow=Job(Scripted(), SLOW), quick=Job(Scripted(), QUICK))
    await station.until(lambda: len(station.of("quick")) >= 3)
    assert station.of("slow") == []


# cadence


async def test_a_suspect_is_asked_at_once_at_the_short_interval(station: Station) -> None:
    runner = station.start(trunk=Job(Scripted(), SLOW_THEN_QUICK), other=Job(Scripted(), SLOW_THEN_QUICK))
    await station.until(lambda: station.of("trunk") and station.of("other"))
    runner.pace(frozenset({"trunk"}))
    await station.until(lambda: len(station.of("trunk")) >= 4)
    assert len(station.of("other")) == 1


async def test_a_suspect_that_was_never_asked_is_asked_now(station: Station) -> None:
    runner = station.start(0.9, trunk=Job(Scripted(), SLOW))
    runner.pace(frozenset({"trunk"}))
    await station.until(lambda: station.samples)
    assert [sample.sequence for sample in station.samples] == [0]


async def test_what_is_to_be_asked_at_once_is_asked_whatever_its_cadence(station: Station) -> None:
    runner = station.start(trunk=Job(Scripted(), SLOW))
    await station.until(lambda: len(station.samples) == 1)
    runner.pace(frozenset({"trunk"}), at_once=frozenset({"trunk"}))
    await station.until(lambda: len(station.samples) == 2)
    assert [sample.sequence for sample in station.samples] == [0, 1]


async def test_a_probe_that_is_let_go_is_asked_at_its_own_pace_again(station: Station) -> None:
    probe = Scripted()
    runner = station.start(trunk=Job(probe, SLOW_THEN_QUICK), quick=Job(Scripted(), QUICK))
    runner.pace(frozenset({"trunk"}))
    await station.until(lambda: probe.begun >= 3)
    runner.pace(frozenset())
    begun = probe.begun
    seen = len(station.of("quick"))
    await station.until(lambda: len(station.of("quick")) >= seen + 5)
    assert probe.begun <= begun + 1  # the one that was due already


async def test_pacing_a_suspect_that_is_one_already_does_not_ask_it_again(station: Station) -> None:
    probe = Scripted()
    runner = station.start(trunk=Job(probe, SLOW))
    await station.until(lambda: station.samples)
    for _ in range(3):
        runner.pace(frozenset({"trunk"}))
    quick = Station()
    quick.start(other=Job(Scripted(), QUICK))
    await quick.until(lambda: len(quick.samples) >= 3)
    await quick.stop()
    assert probe.begun == 1


# the end


async def test_attempts_that_are_under_way_at_the_end_are_cancelled(station: Station) -> None:
    endless, probe = Held(), Scripted()
    station.start(endless=Job(Scripted(endless), SLOW), trunk=Job(probe, QUICK))
    await station.until(lambda: probe.begun and endless.report)
    await station.stop()
    assert endless.cancelled
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_attempt_may_give_several_results_and_is_over_with_the_last(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_IN_FLIGHT", 1)

    class Twofold:
        def begin(self, report: Report) -> Cancel:
            report(replace(PASS, target="a", among=("a", "b")), last=False)
            report(replace(PASS, target="b", among=("a", "b")))
            return lambda: None

    station.start(trunk=Job(Twofold(), QUICK))
    await station.until(lambda: len(station.samples) >= 4)
    told = [(sample.sequence, sample.result.target) for sample in station.samples[:4]]
    assert told == [(0, "a"), (0, "b"), (1, "a"), (1, "b")]


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_attempt_that_is_over_holds_nothing_of_its_probe(station: Station, at_once: bool) -> None:
    """Attempt, cancel and report would be a circle, freed by the garbage collector only: ten thousand of them a second."""

    class Round:
        def __init__(self) -> None:
            self.begun: list[weakref.ref[Held]] = []

        def begin(self, report: Report) -> Cancel:
            held = Held()
            held.report = report
            self.begun.append(weakref.ref(held))
            if at_once:
                held.set()
            else:
                asyncio.get_running_loop().call_soon(held.set)
            return held.cancel

    probe = Round()
    gc.disable()
    try:
        station.start(trunk=Job(probe, QUICK))
        await station.until(lambda: len(station.samples) >= 3)
        await station.until(lambda: probe.begun[0]() is None)
    finally:
        gc.enable()


async def test_without_a_job_nothing_happens(station: Station) -> None:
    station.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert station.samples == []


async def test_after_a_stall_what_is_due_is_begun_in_portions(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_AT_ONCE", 10)
    begun = [0]
    probes = {f"trunk{number}": Scripted() for number in range(35)}

    def count() -> int:
        return sum(probe.begun for probe in probes.values())

    station.start(**{name: Job(probe, SLOW) for name, probe in probes.items()})
    while begun[-1] < len(probes):
        await asyncio.sleep(0)
        begun.append(count())
    assert max(after - before for before, after in pairwise(begun)) == 10
