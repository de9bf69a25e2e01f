"""Which command is possible when: every cell of the table, and every guard behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gates.command import PERMITTED, Facts, refusal
from gates.cutover import Command, Cutover, Hold, Phase, Run

NO = "the cutover is not open: callers are on the baseline path"
RE = "a run has closed: `reset`, then `open` again"
CO = "the cutover is committed: it is over"
CELLS = {
    #          prepared  open                            reverted  committed
    "open":    ("",      "the cutover is open already",  RE,       CO),
    "arm":     (NO,      "",                             RE,       CO),
    "disarm":  ("",      "",                             "",       ""),
    "commit":  (NO,      "",                             RE,       "the cutover is committed already"),
    "trip":    (NO,      "",                             "",       CO),
    "halt":    ("",      "",                             "",       ""),
    "resume":  ("",      "",                             "",       ""),
    "retry":   ("",      "",                             "",       ""),
    "abandon": ("",      "",                             "",       ""),
    "reset":   ("",      "",                             "",       CO),
    "hold":    ("",      "",                             "",       ""),
    "release": ("",      "",                             "",       ""),
    "admit":   ("",      "",                             RE,       CO),
}  # fmt: skip
PHASES = ("prepared", "open", "reverted", "committed")

D1, D2 = "1" * 64, "2" * 64
OPENS, NOW, CLOSES = 1_000, 2_000, 3_000
FACTS = Facts(now_utc_ns=NOW, opens_utc_ns=OPENS, closes_utc_ns=CLOSES, digests=(D1,), gates=frozenset({"inbound", "outbound"}))
OPEN = Cutover(phase=Phase.OPEN)
RUN = Run("rollback@1", "rollback", D1)
RUNNING = replace(OPEN, run=RUN)
STOPPED = replace(OPEN, run=replace(RUN, stopped=True, halted_at="rollback/dns/dns/sip"))
HALTED = replace(OPEN, halted=True)


def why(cutover: Cutover, command: str, facts: Facts = FACTS, **arguments: Any) -> str:
    return refusal(cutover, Command(command), arguments, facts)


@pytest.mark.parametrize(
    ("command", "phase", "refused"),
    [(command, phase, cell) for command, row in CELLS.items() for phase, cell in zip(PHASES, row, strict=True)],
)
def test_every_phase_permits_what_the_table_says(command: str, phase: str, refused: str) -> None:
    assert PERMITTED[Command(command)][Phase(phase)] == refused
    told = refusal(Cutover(phase=Phase(phase)), Command(command), {"gate": "inbound", "plan": [D1]}, FACTS)
    if refused:
        assert told == refused


def test_every_command_has_every_phase() -> None:
    assert set(PERMITTED) == set(Command) == {Command(name) for name in CELLS}
    assert all(set(row) == set(Phase) for row in PERMITTED.values())


@pytest.mark.parametrize("cutover", [OPEN, RUNNING, STOPPED, HALTED, Cutover(phase=Phase.COMMITTED)])
def test_halt_and_disarm_are_never_refused(cutover: Cutover) -> None:
    assert why(cutover, "halt") == why(cutover, "disarm") == ""


# arm


def test_arming_with_the_digest_of_the_plan_is_permitted() -> None:
    assert why(OPEN, "arm", plan=[D1]) == ""
    assert why(OPEN, "arm", plan=D1) == ""


@pytest.mark.parametrize(("now", "inside"), [(999, False), (1_000, True), (2_999, True), (3_000, False)])
def test_arming_is_possible_from_opens_until_just_before_closes(now: int, inside: bool) -> None:
    told = why(OPEN, "arm", replace(FACTS, now_utc_ns=now), plan=[D1])
    assert told == ("" if inside else "outside the cutover window")


def test_arming_needs_every_digest_and_no_other() -> None:
    both = replace(FACTS, digests=(D1, D2))
    assert why(OPEN, "arm", both, plan=[D2, D1]) == ""
    for typed in ([D1], [D1, D2, "3" * 64], [], ["x"]):
        assert why(OPEN, "arm", both, plan=typed) == (
            "the digest typed is not that of the plan as it stands now (111111111111…, 222222222222…): see `cutoverd plan`"
        )


def test_arming_without_any_plan_says_why_there_is_none() -> None:
    none = replace(FACTS, digests=())
    assert why(OPEN, "arm", none, plan=[]) == "no plan is configured"
    assert why(OPEN, "arm", replace(none, problem="no baseline"), plan=[]) == "no baseline"


def test_arming_is_refused_with_a_problem_of_the_plans() -> None:
    assert why(OPEN, "arm", replace(FACTS, problem="no baseline"), plan=[D1]) == "no baseline"


def test_arming_needs_healthy_gates_and_names_the_others() -> None:
    facts = replace(FACTS, unhealthy=("inbound is SUSPECT", "outbound is UNKNOWN"))
    assert why(OPEN, "arm", facts, plan=[D1]) == "arming needs healthy gates: inbound is SUSPECT, outbound is UNKNOWN"


def test_arming_is_refused_during_a_run_and_while_halted() -> None:
    assert why(RUNNING, "arm", plan=[D1]) == "run rollback@1 is in progress"
    assert why(HALTED, "arm", plan=[D1]) == "halted: `resume` first"


# commit


def test_commit_wants_the_digest() -> None:
    assert why(OPEN, "commit", plan=[D1]) == ""
    assert why(OPEN, "commit", plan=[]).startswith("the digest typed is not that of the plan")


def test_commit_without_any_plan_wants_none() -> None:
    assert why(OPEN, "commit", replace(FACTS, digests=()), plan=[]) == ""


def test_commit_needs_healthy_gates_and_names_the_others() -> None:
    facts = replace(FACTS, unhealthy=("inbound is SUSPECT", "outbound is UNKNOWN"))
    assert why(OPEN, "commit", facts, plan=[D1]) == (
        "committing sends every caller to the new path and needs healthy gates: inbound is SUSPECT, outbound is UNKNOWN"
    )


def test_commit_without_a_digest_to_type_says_what_is_wrong_with_the_plans() -> None:
    assert why(OPEN, "commit", replace(FACTS, digests=(), problem="no baseline"), plan=[]) == "no baseline"


def test_commit_is_refused_during_a_run_and_while_latched() -> None:
    assert why(RUNNING, "commit", plan=[D1]) == "run rollback@1 is in progress: callers are being put back"
    latched = replace(OPEN, latched={"outbound": frozenset(), "inbound": frozenset()})
    assert why(latched, "commit", plan=[D1]) == "latched: inbound, outbound: `reset` first"


# trip


def test_a_trip_wants_the_digest_of_one_plan() -> None:
    both = replace(FACTS, digests=(D1, D2))
    assert why(OPEN, "trip", both, plan=D2) == ""
    assert why(OPEN, "trip", both, plan="x").startswith("the digest typed is not that of the plan")
    assert why(OPEN, "trip", both, plan="").startswith("the digest typed is not that of the plan")


def test_a_trip_without_any_plan_says_so() -> None:
    assert why(OPEN, "trip", replace(FACTS, digests=()), plan=D1) == "no plan is configured"


def test_a_trip_for_the_plan_that_is_running_is_permitted_and_for_another_is_not() -> None:
    both = replace(FACTS, digests=(D1, D2))
    assert why(RUNNING, "trip", both, plan=D1) == ""
    assert why(RUNNING, "trip", both, plan=D2) == "run rollback@1 of rollback is in progress"


def test_a_trip_is_refused_while_halted_and_without_a_baseline() -> None:
    assert why(HALTED, "trip", plan=D1) == "halted: `resume` first"
    assert why(OPEN, "trip", replace(FACTS, problem="no baseline"), plan=D1) == "no baseline"


def test_a_trip_needs_neither_the_window_nor_health() -> None:
    facts = replace(FACTS, now_utc_ns=CLOSES + 1, unhealthy=("inbound is UNKNOWN",))
    assert why(OPEN, "trip", facts, plan=D1) == ""


# resume, retry, abandon


def test_resume_takes_back_a_halt_and_nothing_else() -> None:
    assert why(HALTED, "resume") == ""
    assert why(OPEN, "resume") == why(RUNNING, "resume") == "nothing is halted"
    assert why(STOPPED, "resume") == "the run stopped at rollback/dns/dns/sip by itself: `retry` or `abandon`"
    at_start = replace(OPEN, run=replace(RUN, stopped=True))
    assert why(at_start, "resume") == "the run stopped at its start by itself: `retry` or `abandon`"


def test_retry_is_for_a_run_that_stopped_by_itself() -> None:
    assert why(STOPPED, "retry") == ""
    assert why(OPEN, "retry") == "no run is in progress"
    assert why(RUNNING, "retry") == "the run has not stopped"
    assert why(replace(STOPPED, halted=True), "retry") == "halted by an operator: `resume` first"


def test_abandon_is_for_a_run_that_stands_still() -> None:
    assert why(STOPPED, "abandon") == ""
    assert why(replace(RUNNING, halted=True), "abandon") == ""
    assert why(OPEN, "abandon") == "no run is in progress"
    assert why(RUNNING, "abandon") == "the run is going on: `halt` it first"


# reset


def test_reset_needs_something_to_reset() -> None:
    assert why(Cutover(), "reset") == "nothing is latched or reverted"
    assert why(Cutover(phase=Phase.REVERTED), "reset") == ""
    assert why(replace(OPEN, latched={"inbound": frozenset()}), "reset") == ""


def test_reset_leads_back_from_open_so_that_a_forgotten_baseline_can_be_captured() -> None:
    assert why(OPEN, "reset") == ""
    assert why(replace(OPEN, armed=("d" * 64,)), "reset") == "armed: `disarm` first"


def test_reset_waits_for_the_end_of_a_run() -> None:
    assert why(replace(RUNNING, latched={"inbound": frozenset()}), "reset") == "run rollback@1 is in progress"


# hold, release


def test_hold_wants_a_gate_that_exists() -> None:
    assert why(OPEN, "hold", gate="inbound") == ""
    assert why(OPEN, "hold", gate="typo") == "no gate is named 'typo': inbound, outbound"
    assert why(OPEN, "hold", gate="inbuond") == "no gate is named 'inbuond'; did you mean 'inbound'? Gates: inbound, outbound"


def test_release_wants_a_gate_that_is_held() -> None:
    held = replace(OPEN, holds={"inbound": Hold(False, "a reason", CLOSES)})
    assert why(held, "release", gate="inbound") == ""
    assert why(held, "release", gate="outbound") == "outbound is not held"
    assert why(held, "release", gate="typo") == "no gate is named 'typo': inbound, outbound"
