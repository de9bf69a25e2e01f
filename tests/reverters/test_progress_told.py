"""What a run's progress remembers for people: what the world held, why a step waits, and what a halt or a pause leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reverters.entries import Body, Finished, Halted, Inspected, Intended, Operated, Responded, Verified
from reverters.progress import ATTEMPTS, Await, Inspect, Last, Progress, StepProgress, next_actions, note, resumed
from tests.reverters.world import BASELINE, CUTOVER, journal, plan, step

KEY = step("a").key
S = 1_000_000_000

INTENDED = Intended(KEY, 1, CUTOVER, BASELINE)
NO_ANSWER = Responded(KEY, 1, "inspect", "retryable", "timeout", "no answer")
NOT_YET = Verified(KEY, False, CUTOVER, "old answer")


def fold(*bodies: Body) -> Progress:
    progress = Progress()
    for entry in journal(*bodies):
        progress = note(progress, entry)
    return progress


def test_a_step_of_which_nothing_was_said_knows_nothing() -> None:
    assert Progress().step(KEY) == StepProgress(
        Last.NOTHING, {}, touched=False, attempt=0, troubles=0, not_before_utc_ns=0, reason="", detail="", at_utc_ns=0
    )


def test_a_change_that_waits_for_its_first_proof_is_told_from_one_whose_proof_did_not_hold() -> None:
    assert fold(INTENDED, Responded(KEY, 1, "apply", "applied", "", "done")).step(KEY).last is Last.APPLIED
    assert fold(INTENDED, Inspected(KEY, True, BASELINE)).step(KEY).last is Last.APPLIED
    assert fold(INTENDED, NOT_YET).step(KEY).last is Last.UNPROVEN


def test_what_was_proved_is_what_the_world_holds() -> None:
    assert fold(Inspected(KEY, False, CUTOVER), Verified(KEY, True, BASELINE)).step(KEY).live == BASELINE


@pytest.mark.parametrize(("trouble", "detail"), [(NO_ANSWER, "no answer"), (NOT_YET, "old answer")])
def test_the_detail_of_a_trouble_is_kept_as_it_was_told_until_the_step_gives_up(trouble: Body, detail: str) -> None:
    assert fold(*[trouble] * (ATTEMPTS - 1)).step(KEY).detail == detail
    assert fold(*[trouble] * ATTEMPTS).step(KEY).detail == f"{detail} (gave up after {ATTEMPTS} attempts)"


def test_a_step_gives_up_at_the_eighth_failed_request() -> None:
    assert fold(*[NO_ANSWER] * 7).step(KEY).detail == "no answer"
    assert fold(*[NO_ANSWER] * 8).step(KEY).detail == "no answer (gave up after 8 attempts)"


def test_retry_leaves_nothing_of_the_halt() -> None:
    assert fold(Halted(KEY, "refused", "REFUSED"), Operated("retry", {})) == Progress()


@pytest.mark.parametrize(
    "seen",
    [[Inspected(KEY, False, CUTOVER)], [Inspected(KEY, True, BASELINE)], [INTENDED, Verified(KEY, True, BASELINE)]],
    ids=["differs", "at baseline", "proved"],
)
def test_what_was_seen_before_a_pause_is_looked_at_again(seen: list[Body]) -> None:
    before = fold(*seen)
    after = resumed(before)
    assert after == replace(before, steps={KEY: replace(before.step(KEY), last=Last.NOTHING)})
    assert isinstance(next_actions(plan(("dns", ["a"])), after)[0], Inspect)


@pytest.mark.parametrize(
    "told", [INTENDED, NO_ANSWER, NOT_YET, Finished(KEY, "restored")], ids=["intended", "trouble", "not proved", "finished"]
)
def test_what_is_still_to_be_asked_or_is_finished_outlives_a_pause(told: Body) -> None:
    before = fold(told)
    assert resumed(before) == before


def test_the_wait_of_a_stage_without_steps_is_over_as_nothing_began_it() -> None:
    empty = plan(("dns", []), waits={"dns": 30 * S})
    assert next_actions(empty, Progress()) == (Await("dns", 30 * S, 30 * S, "caches"),)
