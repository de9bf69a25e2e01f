"""What comes next, from the plan and the journal alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reverters.entries import (
    Body,
    Closed,
    Finished,
    Halted,
    Inspected,
    Intended,
    Interrupted,
    Judged,
    Operated,
    Planned,
    Responded,
    Verified,
    Waited,
)
from reverters.journal import JournalEntry
from reverters.plan import Plan
from reverters.progress import (
    ATTEMPTS,
    NEXT,
    Action,
    Apply,
    Await,
    Close,
    Do,
    Finish,
    Halt,
    Inspect,
    Last,
    Progress,
    Stop,
    Verify,
    next_actions,
    note,
)
from tests.reverters.world import BASELINE, CUTOVER, plan, sealed, step

ONE = plan(("dns", ["a"]))
A = step("a")
KEY = A.key
S = 1_000_000_000

TABLE = {
    "nothing": "inspect",
    "inspected: at baseline": "finish",
    "inspected: differs": "apply",
    "intended": "inspect",
    "applied": "verify",
    "verified: not yet": "verify",
    "verified": "finish",
    "trouble": "inspect",
    "terminal": "halt",
    "finished": "nothing",
}

DIFFERS = Inspected(KEY, False, CUTOVER)
SAME = Inspected(KEY, True, BASELINE)
INTENDED = Intended(KEY, 1, CUTOVER, BASELINE)
APPLIED = Responded(KEY, 1, "apply", "applied", "", "done")
PROVEN = Verified(KEY, True, BASELINE)
NOT_YET = Verified(KEY, False, CUTOVER, "old answer")
DONE = Finished(KEY, "restored")
RETRY = Operated("retry", {})


def responded(phase: str, verdict: str, reason: str = "timeout", *, delay_ns: int = 0) -> Responded:
    return Responded(KEY, 1, phase, verdict, reason, "no answer", delay_ns=delay_ns)


def fold(bodies: Iterable[Body], *, at_utc_ns: int = 0) -> Progress:
    progress = Progress()
    entries: list[JournalEntry] = []
    for body in bodies:
        entries.append(sealed(body, entries, at_utc_ns=at_utc_ns))
        progress = note(progress, entries[-1])
    return progress


def after(*bodies: Body, of: Plan = ONE, at_utc_ns: int = 0) -> tuple[Action, ...]:
    return next_actions(of, fold(bodies, at_utc_ns=at_utc_ns))


@pytest.mark.parametrize(("last", "do"), TABLE.items())
def test_what_was_last_said_of_a_step_decides_what_is_next(last: str, do: str) -> None:
    assert NEXT[Last(last)] is Do(do)


def test_everything_that_can_be_said_of_a_step_has_a_next() -> None:
    assert set(NEXT) == set(Last) == {Last(name) for name in TABLE}


# every prefix of a healthy run

HEALTHY: list[tuple[Body, tuple[Action, ...]]] = [
    (Planned("rollback", "d", {}, [], "automatic", "", 0, 0), (Inspect(A, 0),)),
    (DIFFERS, (Apply(A, CUTOVER, 1),)),
    (INTENDED, (Inspect(A, 0),)),
    (APPLIED, (Verify(A, 0),)),
    (PROVEN, (Finish(A, "restored"),)),
    (DONE, (Close("restored"),)),
    (Closed("restored", 5), ()),
]


@pytest.mark.parametrize("length", range(len(HEALTHY) + 1))
def test_a_run_killed_after_any_entry_goes_on_with_the_right_action(length: int) -> None:
    expected = HEALTHY[length - 1][1] if length else (Inspect(A, 0),)
    assert after(*(body for body, _ in HEALTHY[:length])) == expected


@pytest.mark.parametrize("length", range(len(HEALTHY)))
def test_an_orderly_stop_in_between_changes_nothing(length: int) -> None:
    bodies = [body for body, _ in HEALTHY[:length]]
    assert after(*bodies, Interrupted("told to stop")) == after(*bodies)


def test_an_object_that_is_at_baseline_already_is_finished_unchanged() -> None:
    assert after(SAME) == (Finish(A, "unchanged"),)


def test_an_object_found_at_baseline_after_an_intent_is_proved_first() -> None:
    """Perhaps our own request did it, on one of several servers: `unchanged` would be a lie, and no proof."""
    assert after(DIFFERS, INTENDED, SAME) == (Verify(A, 0),)
    assert after(DIFFERS, INTENDED, SAME, PROVEN) == (Finish(A, "restored"),)


def test_an_object_that_still_differs_after_an_intent_is_applied_as_the_next_attempt() -> None:
    assert after(DIFFERS, INTENDED, DIFFERS) == (Apply(A, CUTOVER, 2),)


def test_what_was_inspected_last_is_what_a_swap_expects() -> None:
    other = {"values": ["203.0.113.9"]}
    assert after(DIFFERS, INTENDED, Inspected(KEY, False, other)) == (Apply(A, other, 2),)


@pytest.mark.parametrize("verdict", ["conflict", "retryable"])
def test_after_a_lost_swap_or_a_lost_answer_the_world_is_asked_again(verdict: str) -> None:
    assert after(DIFFERS, INTENDED, responded("apply", verdict)) == (Inspect(A, 0),)


def test_after_a_failed_inspection_the_world_is_asked_again() -> None:
    assert after(responded("inspect", "retryable")) == (Inspect(A, 0),)


def test_after_a_failed_proof_it_is_the_proof_that_is_tried_again() -> None:
    assert after(DIFFERS, INTENDED, APPLIED, responded("verify", "retryable")) == (Verify(A, 0),)
    assert after(DIFFERS, INTENDED, APPLIED, NOT_YET) == (Verify(A, 0),)


@pytest.mark.parametrize("phase", ["inspect", "apply", "verify"])
def test_a_pause_that_was_decided_holds_from_its_entry(phase: str) -> None:
    (action,) = after(DIFFERS, INTENDED, responded(phase, "retryable", delay_ns=5 * S), at_utc_ns=100 * S)
    assert isinstance(action, Inspect | Verify)
    assert action.not_before_utc_ns == 105 * S


def test_a_proof_that_does_not_hold_yet_pauses_too() -> None:
    assert after(Verified(KEY, False, CUTOVER, "", delay_ns=3), at_utc_ns=100) == (Verify(A, 103),)


def test_a_pause_is_over_with_the_inspection_that_follows_it() -> None:
    assert after(responded("inspect", "retryable", delay_ns=5), SAME, INTENDED) == (Inspect(A, 0),)


def test_a_terminal_answer_halts_and_names_the_step() -> None:
    told = Responded(KEY, 1, "apply", "terminal", "refused", "REFUSED")
    assert after(DIFFERS, INTENDED, told) == (Halt(A, "refused", "REFUSED"),)


def test_a_halted_run_does_nothing() -> None:
    assert after(DIFFERS, Halted(KEY, "refused", "REFUSED")) == (Stop(KEY),)
    assert after(Halted("", "plan-changed", "")) == (Stop(""),)


def test_a_closed_run_does_nothing() -> None:
    assert after(DIFFERS, Closed("abandoned", 0)) == ()


def test_entries_that_concern_no_step_change_nothing() -> None:
    judged = Judged("inbound", "HEALTHY", "TRIPPED", "", "", "DEGRADED", 3)
    assert fold([DIFFERS, judged, Operated("hold", {}), Operated("resume", {})]) == fold([DIFFERS])


# exhaustion and retry


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (responded("inspect", "retryable"), "timeout"),
        (responded("apply", "conflict", "conflict"), "conflict"),
        (responded("verify", "retryable"), "timeout"),
        (NOT_YET, "not-restored"),
    ],
    ids=["inspect", "conflict", "verify", "not restored"],
)
def test_a_step_that_keeps_failing_halts_for_a_human(trouble: Body, reason: str) -> None:
    assert not isinstance(after(*[trouble] * (ATTEMPTS - 1))[0], Halt)
    (action,) = after(*[trouble] * ATTEMPTS)
    assert isinstance(action, Halt)
    assert action.reason == reason
    assert action.detail.endswith(f"(gave up after {ATTEMPTS} attempts)")


def test_failed_requests_of_a_step_add_up_over_its_phases() -> None:
    troubles: list[Body] = [DIFFERS, INTENDED, responded("apply", "retryable")] * ATTEMPTS
    assert isinstance(after(*troubles)[0], Halt)


@pytest.mark.parametrize("success", [APPLIED, PROVEN], ids=["applied", "verified"])
def test_a_change_that_was_made_or_proved_forgives_what_failed_before(success: Body) -> None:
    troubles: list[Body] = [responded("inspect", "retryable")] * (ATTEMPTS - 1)
    assert fold([*troubles, success]).step(KEY).troubles == 0


def test_retry_looks_afresh_and_counts_afresh() -> None:
    halted = [*[responded("inspect", "retryable", delay_ns=9)] * ATTEMPTS, Halted(KEY, "timeout", "")]
    assert after(*halted, RETRY) == (Inspect(A, 0),)
    assert isinstance(after(*halted, RETRY, responded("inspect", "retryable"))[0], Inspect)


def test_retry_remembers_what_was_intended() -> None:
    halted = [DIFFERS, INTENDED, responded("apply", "terminal"), Halted(KEY, "refused", ""), RETRY]
    assert after(*halted) == (Inspect(A, 0),)
    assert after(*halted, SAME) == (Verify(A, 0),)
    assert after(*halted, DIFFERS) == (Apply(A, CUTOVER, 2),)


def test_retry_leaves_what_is_finished() -> None:
    two = plan(("dns", ["a", "b"]))
    b = step("b")
    bodies = [SAME, DONE, Responded(b.key, 0, "inspect", "terminal", "refused", ""), Halted(b.key, "refused", ""), RETRY]
    assert after(*bodies, of=two) == (Inspect(b, 0),)


# stages and waits

STAGES = plan(("dns", ["a", "b"]), ("trunk", ["c"]), waits={"dns": 30 * S})
B, C = step("b"), step("c", stage="trunk")


def test_the_steps_of_a_stage_go_on_together() -> None:
    assert after(of=STAGES) == (Inspect(A, 0), Inspect(B, 0))
    assert after(DIFFERS, of=STAGES) == (Apply(A, CUTOVER, 1), Inspect(B, 0))


def test_a_stage_waits_for_its_last_step() -> None:
    assert after(DONE, of=STAGES) == (Inspect(B, 0),)


def test_the_wait_follows_the_stage_and_the_next_stage_follows_the_wait() -> None:
    done: list[Body] = [DONE, Finished(B.key, "unchanged")]
    assert after(*done, of=STAGES, at_utc_ns=100 * S) == (Await("dns", 30 * S, 130 * S, "caches"),)
    assert after(*done, Waited("dns", 30 * S), of=STAGES) == (Inspect(C, 0),)
    assert after(*done, Waited("dns", 30 * S), Finished(C.key, "restored"), of=STAGES) == (Close("restored"),)


def test_the_wait_runs_from_the_last_step_that_finished_also_over_a_restart() -> None:
    progress = Progress()
    entries: list[JournalEntry] = []
    for body, at_s in ((DONE, 100), (Finished(B.key, "restored"), 107), (Interrupted("told to stop"), 110)):
        entries.append(sealed(body, entries, at_utc_ns=at_s * S))
        progress = note(progress, entries[-1])
    assert next_actions(STAGES, progress) == (Await("dns", 30 * S, 137 * S, "caches"),)


def test_a_wait_after_the_last_stage_comes_before_the_close() -> None:
    last = plan(("dns", ["a"]), waits={"dns": 0})
    assert after(DONE, of=last) == (Await("dns", 0, 0, "caches"),)
    assert after(DONE, Waited("dns", 0), of=last) == (Close("restored"),)


def test_a_step_that_halts_lets_no_later_stage_start() -> None:
    assert after(DONE, Halted(B.key, "refused", ""), of=STAGES) == (Stop(B.key),)


def test_a_plan_without_stages_closes_at_once() -> None:
    assert after(of=plan()) == (Close("restored"),)


def _unanswered(*bodies: Body) -> bool:
    return fold(bodies).step(KEY).unanswered


def test_an_intent_is_unanswered_until_its_own_answer_or_a_humans_word() -> None:
    intended, differs = Intended(KEY, 1, CUTOVER, BASELINE), Inspected(KEY, False, CUTOVER)
    away = Responded(KEY, 1, "inspect", "retryable", "timeout", "no answer")
    answer = Responded(KEY, 1, "apply", "retryable", "busy", "later")
    assert not _unanswered(differs)
    assert _unanswered(differs, intended)
    assert _unanswered(differs, intended, away, differs)
    assert not _unanswered(differs, intended, answer)
    assert _unanswered(differs, intended, answer, intended)
    assert not _unanswered(differs, intended, Operated("retry", {}))
