"""Jobs that change while the runner runs: what stays goes on with its attempts, what goes says nothing any more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from probes.runner import Job
from tests.probes.test_runner import HOUR, PASS, QUICK, SLOW, Held, Scripted, Station


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    made = Station()
    yield made
    await made.stop()


async def test_a_job_that_is_the_same_object_keeps_its_attempt_and_its_sequence(station: Station) -> None:
    attempt = Held()
    probe = Scripted(attempt)
    kept = Job(probe, SLOW)
    runner = station.start(kept=kept)
    await station.until(lambda: attempt.report)
    runner.change({"kept": kept, "more": Job(Scripted(), SLOW)})
    await station.until(lambda: station.of("more"))
    attempt.set()
    assert not attempt.cancelled
    assert [sample.sequence for sample in station.of("kept")] == [0]
    assert probe.begun == 1


async def test_what_is_gone_is_cancelled_and_reports_nothing_even_if_it_tries(station: Station) -> None:
    attempt = Held()
    runner = station.start(gone=Job(Scripted(attempt), SLOW))
    await station.until(lambda: attempt.report)
    runner.change({"other": Job(Scripted(), SLOW)})
    attempt.set()
    await station.until(lambda: station.of("other"))
    assert attempt.cancelled
    assert station.of("gone") == []


async def test_a_changed_job_begins_afresh_and_counts_on(station: Station) -> None:
    runner = station.start(trunk=Job(Scripted(), QUICK))
    await station.until(lambda: len(station.of("trunk")) >= 3)
    seen = station.of("trunk")[-1].sequence
    other = Scripted()
    runner.change({"trunk": Job(other, SLOW)})
    await station.until(lambda: other.begun)
    assert station.of("trunk")[-1].sequence == seen + 1


async def test_a_changed_job_of_a_suspect_is_asked_as_one(station: Station) -> None:
    runner = station.start(trunk=Job(Scripted(), SLOW))
    runner.pace(frozenset({"trunk"}))
    other = Scripted()
    quick = Job(other, type(SLOW)(HOUR, QUICK.every_ns))
    runner.change({"trunk": quick})
    await station.until(lambda: other.begun >= 3)


async def test_what_is_held_is_not_asked_before_it_is_released_however_suspect(station: Station) -> None:
    runner = station.start(beside=Job(Scripted(), QUICK))
    held = Scripted()
    runner.change({"beside": Job(Scripted(), QUICK), "held": Job(held, QUICK)}, held={"held"})
    runner.pace(frozenset({"held"}), at_once=frozenset({"held"}))
    count = len(station.of("beside"))
    await station.until(lambda: len(station.of("beside")) > count + 5)
    assert held.begun == 0
    runner.release({"held", "unknown"})
    await station.until(lambda: held.begun >= 2)


async def test_releasing_what_is_not_held_changes_nothing(station: Station) -> None:
    probe = Scripted()
    runner = station.start(trunk=Job(probe, SLOW))
    await station.until(lambda: probe.begun)
    runner.release({"trunk"})
    runner.change({"trunk": Job(Scripted(), SLOW)})
    assert PASS in [sample.result for sample in station.of("trunk")]
    assert probe.begun == 1


async def test_changing_before_it_runs_asks_the_new_ones(station: Station) -> None:
    old, new = Scripted(), Scripted()
    runner = station.start(trunk=Job(old, SLOW))
    runner.change({"trunk": Job(new, SLOW)})
    await station.until(lambda: new.begun)
    assert old.begun == 0
