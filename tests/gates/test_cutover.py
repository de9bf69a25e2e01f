"""How the journal moves phase and switches, and when a trip may start a run by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.cutover import Command, Cutover, Hold, Phase, Run, closed, may_start, operated, planned, stopped
from tests.gates.bench import s

OPEN = Cutover(phase=Phase.OPEN)
RUN = Run("rollback@1", "rollback", "1" * 64)
NOW = s(0)
ARMED = replace(OPEN, armed=("1" * 64,))


def test_a_cutover_begins_prepared_with_nothing_armed_halted_held_latched_or_running() -> None:
    assert Cutover() == Cutover(Phase.PREPARED, armed=(), halted=False, holds={}, latched={}, run=None, generation=0)


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        (Command.OPEN, Cutover(), OPEN),
        (Command.DISARM, ARMED, OPEN),
        (Command.COMMIT, ARMED, Cutover(phase=Phase.COMMITTED)),
        (Command.HALT, OPEN, replace(OPEN, halted=True)),
        (Command.RESUME, replace(OPEN, halted=True), OPEN),
        (Command.TRIP, ARMED, ARMED),
        (Command.ABANDON, ARMED, ARMED),
        (Command.RETRY, OPEN, OPEN),
        (Command.RETRY, replace(OPEN, run=replace(RUN, stopped=True, halted_at="x", detail="y")), replace(OPEN, run=RUN)),
    ],
)
def test_each_command_changes_what_it_says_and_nothing_else(command: Command, before: Cutover, after: Cutover) -> None:
    assert operated(before, command, {}) == after


def test_reset_leads_to_prepared_disarmed_and_unlatched_and_keeps_halt_and_holds() -> None:
    before = Cutover(
        phase=Phase.REVERTED,
        armed=("1" * 64,),
        halted=True,
        holds={"inbound": Hold(True, "", 1)},
        latched={"inbound": frozenset({"rollback"})},
        generation=9,
    )
    assert operated(before, Command.RESET, {}) == replace(before, phase=Phase.PREPARED, armed=(), latched={})


def test_arming_keeps_the_digests_that_were_typed() -> None:
    assert operated(OPEN, Command.ARM, {"plan": ["1" * 64, "2" * 64]}).armed == ("1" * 64, "2" * 64)
    assert operated(OPEN, Command.ARM, {"plan": "1" * 64}).armed == ("1" * 64,)


def test_a_hold_has_an_answer_a_reason_and_an_end() -> None:
    arguments = {"gate": "inbound", "answer": "OK", "reason": "a known flap", "until_utc_ns": NOW.utc_ns + 5}
    held = operated(OPEN, Command.HOLD, arguments)
    assert held.holds == {"inbound": Hold(True, "a known flap", NOW.utc_ns + 5)}
    assert held.hold("inbound", now=NOW) is held.holds["inbound"]
    assert held.hold("inbound", now=s(1)) is None
    assert held.hold("outbound", now=NOW) is None


def test_a_second_hold_replaces_the_first_and_leaves_those_of_other_gates() -> None:
    before = replace(OPEN, holds={"inbound": Hold(True, "", 1), "outbound": Hold(True, "", 2)})
    after = operated(before, Command.HOLD, {"gate": "inbound", "answer": "DEGRADED", "reason": "x", "until_utc_ns": 3})
    assert after.holds == {"inbound": Hold(False, "x", 3), "outbound": Hold(True, "", 2)}
    assert operated(after, Command.RELEASE, {"gate": "outbound"}).holds == {"inbound": Hold(False, "x", 3)}


def test_a_hold_without_an_end_has_ended() -> None:
    held = operated(OPEN, Command.HOLD, {"gate": "inbound", "answer": "OK", "reason": ""})
    assert held.holds == {"inbound": Hold(True, "", 0)}
    assert held.hold("inbound", now=NOW) is None


# runs


def test_a_run_latches_its_gates_and_remembers_what_ran() -> None:
    first = planned(OPEN, RUN, ["inbound"], utc_ns=1, automatic=True)
    assert (first.run, first.latched) == (RUN, {"inbound": frozenset({"rollback"})})
    second = planned(replace(first, run=None), replace(RUN, plan="other"), ["inbound", "outbound"], utc_ns=2, automatic=True)
    assert second.latched == {"inbound": frozenset({"rollback", "other"}), "outbound": frozenset({"other"})}
    third = planned(replace(second, run=None), replace(RUN, plan="third"), ["outbound"], utc_ns=3, automatic=False)
    assert third.latched == {"inbound": frozenset({"rollback", "other"}), "outbound": frozenset({"other", "third"})}


def test_a_run_that_stops_says_where() -> None:
    cutover = stopped(replace(OPEN, run=RUN), step="rollback/dns/dns/sip", detail="REFUSED")
    assert cutover.run == replace(RUN, stopped=True, halted_at="rollback/dns/dns/sip", detail="REFUSED")
    assert stopped(OPEN, step="x", detail="y") == OPEN


def test_a_closed_run_reverts_and_keeps_latch_and_arming() -> None:
    before = planned(ARMED, RUN, ["inbound"], utc_ns=1, automatic=True)
    after = closed(before, abandoned=False, utc_ns=9)
    assert after == replace(before, phase=Phase.REVERTED, run=None, ended_utc_ns=9)


def test_an_abandoned_run_disarms() -> None:
    assert closed(replace(ARMED, run=RUN), abandoned=True, utc_ns=9) == Cutover(phase=Phase.REVERTED, ended_utc_ns=9)


# may_start


def test_an_armed_open_cutover_may_start_a_run() -> None:
    assert may_start(ARMED, "inbound", now=NOW)


def test_a_second_plan_may_follow_the_first_run() -> None:
    reverted = replace(ARMED, phase=Phase.REVERTED, latched={"inbound": frozenset({"first"})})
    assert may_start(reverted, "inbound", now=NOW)
    assert not may_start(reverted, "outbound", now=NOW)


def test_after_a_run_a_gate_that_had_tripped_by_then_may_start_its_own() -> None:
    reverted = replace(ARMED, phase=Phase.REVERTED, latched={"inbound": frozenset({"first"})})
    assert may_start(reverted, "outbound", now=NOW, queued=True)
    assert not may_start(replace(reverted, armed=()), "outbound", now=NOW, queued=True)


@pytest.mark.parametrize("phase", [Phase.PREPARED, Phase.COMMITTED])
def test_a_gate_that_had_tripped_starts_nothing_before_the_opening_or_after_the_commit(phase: Phase) -> None:
    assert not may_start(replace(ARMED, phase=phase), "inbound", now=NOW, queued=True)


@pytest.mark.parametrize(
    "blocked",
    [
        OPEN,
        replace(ARMED, phase=Phase.PREPARED),
        replace(ARMED, phase=Phase.COMMITTED),
        replace(ARMED, phase=Phase.PREPARED, latched={"inbound": frozenset()}),
        replace(ARMED, phase=Phase.COMMITTED, latched={"inbound": frozenset()}),
        replace(ARMED, halted=True),
        replace(ARMED, run=RUN),
        replace(ARMED, holds={"inbound": Hold(True, "", NOW.utc_ns + 1)}),
        replace(ARMED, holds={"inbound": Hold(False, "", NOW.utc_ns + 1)}),
    ],
    ids=[
        "disarmed",
        "prepared",
        "committed",
        "prepared, latched",
        "committed, latched",
        "halted",
        "running",
        "held OK",
        "held DEGRADED",
    ],
)
def test_nothing_starts_by_itself_while(blocked: Cutover) -> None:
    assert may_start(blocked, "inbound", now=NOW) is False


def test_a_hold_of_another_gate_or_one_that_ended_blocks_nothing() -> None:
    holds = {"outbound": Hold(False, "", NOW.utc_ns + 1), "inbound": Hold(False, "", NOW.utc_ns)}
    assert may_start(replace(ARMED, holds=holds), "inbound", now=NOW)
