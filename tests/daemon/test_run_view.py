"""Where a run's stages are, told from real journal entries."""

from __future__ import annotations

from typing import Any

from daemon.run_view import Runs, StageState
from probes.sample import NS_PER_S
from reverters.entries import Body, Closed, Finished, Halted, Inspected, Intended, Operated, Planned, Responded, Verified, Waited
from reverters.journal import GENESIS, JournalEntry, seal

RUN = "inbound-rollback@1"
DNS, TRUNK = "p/dns/dns/sip", "p/trunk/trunk/a"
DOCUMENT: dict[str, Any] = {
    "name": "p",
    "baseline": "ab",
    "stages": [
        {"name": "dns", "steps": [{"key": DNS}], "wait": {"for_ns": 30 * NS_PER_S, "reason": ""}},
        {"name": "trunk", "steps": [{"key": TRUNK}], "wait": None},
    ],
}
PLANNED = Planned("p", "d" * 64, DOCUMENT, ["inbound"], "automatic", "503: 3/3", 0, 0)


def entries(*bodies: Body, run: str = RUN, from_s: int = 100) -> list[JournalEntry]:
    """One entry per second."""
    sealed, previous = [], GENESIS
    for seq, body in enumerate(bodies, 1):
        entry = seal(previous, body, seq=seq, at_utc_ns=(from_s + seq) * NS_PER_S, actor="runner", run=run)
        sealed.append(entry)
        previous = entry.hash
    return sealed


def after(*bodies: Body) -> dict[str, StageState]:
    runs = Runs()
    for entry in entries(PLANNED, *bodies):
        runs.follow(entry)
    return dict(runs.by_plan["p"].states())


def done(step: str) -> list[Body]:
    return [
        Inspected(step, False, {}),
        Intended(step, 1, {}, {}),
        Responded(step, 1, "apply", "applied", "", ""),
        Verified(step, True, {}),
        Finished(step, "restored"),
    ]


def test_a_planned_run_is_in_its_first_stage() -> None:
    assert after() == {"dns": "running", "trunk": "pending"}


def test_a_finished_stage_waits() -> None:
    assert after(*done(DNS)) == {"dns": "waiting", "trunk": "pending"}


def test_after_the_wait_the_next_stage_runs() -> None:
    assert after(*done(DNS), Waited("dns", 30 * NS_PER_S)) == {"dns": "done", "trunk": "running"}


def test_a_halted_stage_says_so_and_the_rest_is_pending() -> None:
    assert after(Inspected(DNS, False, {}), Halted(DNS, "badkey", "TSIG")) == {"dns": "halted", "trunk": "pending"}


def test_a_retry_makes_a_halted_stage_run_again() -> None:
    assert after(Halted(DNS, "badkey", "TSIG"), Operated("retry", {})) == {"dns": "running", "trunk": "pending"}


def test_when_all_stages_are_done_the_run_is() -> None:
    closed = after(*done(DNS), Waited("dns", 1), *done(TRUNK), Closed("restored", 42 * NS_PER_S))
    assert closed == {"dns": "done", "trunk": "done"}


def test_a_step_takes_from_its_first_entry_to_its_last() -> None:
    runs = Runs()
    told = [runs.follow(entry) for entry in entries(PLANNED, *done(DNS))]
    assert [took for followed in told if followed for took in followed[1:]] == [None, None, None, None, None, 4.0]


def test_only_a_restored_run_sets_the_recovery_time() -> None:
    runs = Runs()
    for entry in entries(PLANNED, Closed("abandoned", 7 * NS_PER_S)):
        runs.follow(entry)
    assert runs.recovery_s is None
    for entry in entries(PLANNED, Closed("restored", 42 * NS_PER_S)):
        runs.follow(entry)
    assert runs.recovery_s == 42.0


def test_an_entry_of_no_run_is_passed_over() -> None:
    runs = Runs()
    assert [runs.follow(entry) for entry in entries(Operated("open", {}), run="")] == [None]


def test_a_run_whose_plan_was_never_seen_is_passed_over() -> None:
    runs = Runs()
    [entry] = entries(Finished(DNS, "restored"))
    assert runs.follow(entry) == (Finished(DNS, "restored"), None)
    assert runs.by_plan == {}
