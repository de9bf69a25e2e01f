"""The fold of the journal into what we were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.recall import follow, unfinished
from gates.cutover import Cutover, Hold, Phase, Run
from reverters.entries import (
    Body,
    Closed,
    Finished,
    Halted,
    Inspected,
    Interrupted,
    Judged,
    Operated,
    Planned,
)
from reverters.journal import JournalEntry
from reverters.progress import Last
from tests.reverters.world import journal, sealed

PLANNED = Planned("rollback", "d" * 64, {}, ["inbound"], "automatic", "503", 1, 2)
RUN = Run("rollback@1", "rollback", "d" * 64)


def operated(command: str, **arguments: object) -> Operated:
    return Operated(command, arguments)


def fold(*bodies: Body, run: str = "rollback@1", start: Cutover | None = None) -> Cutover:
    known = start or Cutover()
    for entry in journal(*bodies, run=run):
        known = follow(known, entry)
    return known


def test_an_empty_journal_is_a_prepared_cutover() -> None:
    assert fold() == Cutover(phase=Phase.PREPARED)


def test_commands_move_phase_and_switches() -> None:
    known = fold(operated("open"), operated("arm", plan=["d"]), operated("halt"))
    assert known == Cutover(phase=Phase.OPEN, armed=("d",), halted=True)


def test_a_hold_survives_with_its_end() -> None:
    known = fold(operated("hold", gate="inbound", answer="OK", reason="known", until_utc_ns=9, for_ns=4))
    assert known.holds == {"inbound": Hold(True, "known", 9)}


def test_a_planned_run_is_in_progress_and_latches_its_gates() -> None:
    known = fold(PLANNED)
    assert (known.run, known.latched) == (RUN, {"inbound": frozenset({"rollback"})})
    assert [(each.gates, each.automatic) for each in known.started] == [(("inbound",), True)]


def test_a_halted_run_waits_for_a_human_and_a_retry_moves_it() -> None:
    halted = Halted("rollback/dns/it/a", "refused", "REFUSED")
    assert fold(PLANNED, halted).run == replace(RUN, stopped=True, halted_at="rollback/dns/it/a", detail="REFUSED")
    assert fold(PLANNED, halted, operated("retry")).run == RUN


@pytest.mark.parametrize("outcome", ["restored", "abandoned"])
def test_a_closed_run_leaves_the_latch_and_only_abandoning_disarms(outcome: str) -> None:
    known = fold(operated("open"), operated("arm", plan=["d"]), PLANNED, Closed(outcome, 1))
    assert (known.phase, known.run, known.latched) == (Phase.REVERTED, None, {"inbound": frozenset({"rollback"})})
    assert known.armed == (("d",) if outcome == "restored" else ())


def test_reset_ends_latch_and_arming() -> None:
    known = fold(operated("open"), operated("arm", plan=["d"]), PLANNED, Closed("restored", 1), operated("reset"))
    assert replace(known, started=(), ended_utc_ns=0) == Cutover()
    assert [each.gates for each in known.started] == [("inbound",)]


def test_the_generation_is_the_highest_that_was_told() -> None:
    told = [Judged("inbound", "HEALTHY", "TRIPPED", "c", "e", "DEGRADED", generation) for generation in (4, 9, 7)]
    assert fold(*told).generation == 9


@pytest.mark.parametrize("command", ["journal-outage", "baseline-capture", "something of a later version"])
def test_an_entry_that_moves_nothing_moves_nothing(command: str) -> None:
    assert fold(operated(command)) == Cutover()


@pytest.mark.parametrize("body", [Interrupted("told to stop"), Finished("x", "restored"), Inspected("x", True, {})])
def test_entries_of_steps_and_stops_leave_the_cutover_alone(body: Body) -> None:
    assert fold(PLANNED, body) == fold(PLANNED)


@pytest.mark.parametrize("late", [Halted("x", "refused", ""), Closed("restored", 1)])
def test_what_a_run_that_is_over_still_says_does_not_concern_the_next_one(late: Body) -> None:
    """A request that was on its way when a run was abandoned may be heard after the next one began."""
    known = fold(PLANNED, run="rollback@2")
    assert follow(known, journal(late, run="rollback@1")[0]) == known


def test_a_close_after_the_run_is_over_reverts_nothing() -> None:
    prepared = fold(operated("open"), PLANNED, Closed("abandoned", 0), operated("reset"))
    assert follow(prepared, journal(Closed("restored", 1))[0]) == prepared


# the run that is not over


def test_a_journal_without_a_run_has_none_unfinished() -> None:
    assert unfinished(journal(operated("open"))) is None


def test_a_run_that_was_begun_and_not_closed_is_unfinished_with_its_progress() -> None:
    found = unfinished(journal(PLANNED, Inspected("a", False, {"values": []})))
    assert found is not None
    assert (found.run, found.planned) == ("rollback@1", PLANNED)
    assert found.progress.step("a").last is Last.DIFFERS


@pytest.mark.parametrize("outcome", ["restored", "abandoned"])
def test_a_closed_run_is_not_unfinished_whatever_it_still_says(outcome: str) -> None:
    assert unfinished(journal(PLANNED, Closed(outcome, 0), Inspected("a", False, {}))) is None


def test_the_progress_of_a_run_is_made_of_its_own_entries() -> None:
    entries: list[JournalEntry] = journal(PLANNED)
    entries.append(sealed(Inspected("a", True, {}), entries, run="another@1"))
    entries.append(sealed(Judged("inbound", "", "", "", "", "OK", 1), entries, run=""))
    found = unfinished(entries)
    assert found is not None
    assert found.progress.steps == {}
