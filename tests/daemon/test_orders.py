"""What a command becomes: bodies for the journal, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.orders import Order, Refused, decide, naming, planned, run_id
from gates.command import Facts
from gates.cutover import Command, Cutover, Phase, Run
from gates.gate import fresh
from probes.sample import NS_PER_S, Moment
from reverters.entries import Closed, Operated, Planned
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import NEW, PASS, Bench, at, failed, plans, s

DESK = Desk(gate_spec(), gate_spec("outbound", on_trip=plans(other=0)), plans=("rollback", "other", "unnamed"))
PLANS = DESK.book.plans
DIGEST = PLANS["rollback"].digest
GATES = {name: fresh(each) for name, each in DESK.specs.items()}
OPEN = Cutover(phase=Phase.OPEN)
RUN = Run("rollback@1", "rollback", DIGEST)
FACTS = Facts(0, 0, 1, digests=tuple(plan.digest for plan in PLANS.values()), gates=frozenset(GATES))
NOW = at(0)
HALF_AN_HOUR = 1_800 * NS_PER_S


def order(cutover: Cutover, command: str, **arguments: Any) -> Order:
    made = decide(cutover, Command(command), arguments, actor="op", facts=FACTS, gates=GATES, plans=PLANS, now=NOW)
    assert isinstance(made, Order), made
    return made


def test_a_refused_command_says_why() -> None:
    made = decide(Cutover(), Command.ARM, {}, actor="op", facts=FACTS, gates=GATES, plans=PLANS, now=NOW)
    assert made == Refused("the cutover is not open: callers are on the baseline path")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("disarm", "disarmed: no trip starts a run by itself"),
        ("halt", "halted: no further request, no run until `resume`"),
        ("hold", "held: inbound is DEGRADED until `release` or for 30m"),
        ("arm", "armed: a trip starts a run by itself"),
        ("commit", "committed: the new path always; nothing is reverted automatically any more"),
    ],
)
def test_a_permitted_command_is_one_entry_of_its_actor(command: str, told: str) -> None:
    arguments = {"gate": "inbound", "answer": "DEGRADED", "for_ns": HALF_AN_HOUR, "plan": list(FACTS.digests)}
    made = order(OPEN, command, **arguments)
    kept = {**arguments, "until_utc_ns": NOW.utc_ns + HALF_AN_HOUR} if command == "hold" else arguments
    assert made == Order((Operated(command, kept),), "op", told)


def test_every_command_has_words_for_having_been_done() -> None:
    assert order(Cutover(), "open").message == "open: the webhook follows the gates"
    assert order(Cutover(phase=Phase.OPEN, halted=True), "resume").message == "resumed"
    assert order(Cutover(phase=Phase.REVERTED), "reset").message == "reset: prepared, every answer is DEGRADED until `open`"


def test_what_was_admitted_is_told_with_the_share_and_how_long_it_stands() -> None:
    told = order(OPEN, "admit", gate="inbound", share=1_250).message
    assert told == "admitted: an OK of inbound is for 12.5% of the callers, until the next `admit` or `reset`"
    told = order(OPEN, "admit", gate="inbound", share=None).message
    assert told == "admitted: inbound follows its schedule, from the share that holds now"


def test_who_opens_without_a_plan_that_can_run_is_told() -> None:
    facts = replace(FACTS, problem="no baseline: run `cutoverd baseline capture`")
    made = decide(Cutover(), Command.OPEN, {}, actor="op", facts=facts, gates=GATES, plans=PLANS, now=NOW)
    assert isinstance(made, Order)
    told = "open: the webhook follows the gates; no plan can run: no baseline: run `cutoverd baseline capture`"
    assert made.message == told


def test_a_trip_by_hand_starts_a_run_in_the_same_transaction() -> None:
    made = order(OPEN, "trip", plan=DIGEST, reason="callers complain")
    trip, start = made.bodies
    assert trip == Operated("trip", {"plan": DIGEST, "reason": "callers complain"})
    assert isinstance(start, Planned)
    assert (start.cause, start.gates, start.evidence) == ("manual", ["inbound"], "tripped by op: callers complain")
    assert (start.first_failure_utc_ns, start.tripped_utc_ns) == (NOW.utc_ns, NOW.utc_ns)
    assert (made.run, made.message) == (run_id("rollback", now=NOW), f"run {made.run} started")


def test_a_trip_without_a_reason_is_still_one() -> None:
    start = order(OPEN, "trip", plan=DIGEST).bodies[1]
    assert isinstance(start, Planned)
    assert start.evidence == "tripped by op: "


def test_a_trip_for_the_running_plan_joins_its_run() -> None:
    cutover = Cutover(phase=Phase.OPEN, run=RUN)
    made = order(cutover, "trip", plan=DIGEST, reason="me too")
    assert (made.bodies, made.run) == ((Operated("trip", {"plan": DIGEST, "reason": "me too"}),), "rollback@1")


def test_abandoning_closes_the_run() -> None:
    made = order(Cutover(phase=Phase.OPEN, run=RUN, halted=True), "abandon", reason="by hand")
    assert made.bodies == (Operated("abandon", {"reason": "by hand"}), Closed("abandoned", 0))
    assert made.run == "rollback@1"
    assert "yours to restore" in made.message


@pytest.mark.parametrize(
    ("command", "cutover"),
    [
        ("halt", Cutover(phase=Phase.OPEN, run=RUN)),
        ("resume", Cutover(phase=Phase.OPEN, run=RUN, halted=True)),
        ("retry", Cutover(phase=Phase.OPEN, run=Run("rollback@1", "rollback", DIGEST, stopped=True))),
    ],
)
def test_what_concerns_a_run_is_written_among_its_entries(command: str, cutover: Cutover) -> None:
    assert order(cutover, command).run == "rollback@1"


def test_what_does_not_concern_the_run_is_not() -> None:
    assert order(Cutover(phase=Phase.OPEN, run=RUN), "disarm").run == ""
    assert order(OPEN, "halt").run == ""


def test_a_run_is_named_after_its_plan_and_its_instant_in_milliseconds() -> None:
    now = Moment(utc_ns=1_796_508_903_123_999_999, mono_ns=0)
    assert run_id("inbound-rollback", now=now) == "inbound-rollback@20261205T221503.123Z"


def test_recovery_time_begins_at_the_first_failure_of_any_of_its_gates() -> None:
    early, late = Bench(), Bench()
    early.run(NEW, [PASS, failed(), failed()], 1)
    late.run(NEW, [PASS, failed()], 5)
    start = planned(PLANS["rollback"], [late.gate, early.gate], cause="automatic", evidence="x", now=s(9))
    assert start.first_failure_utc_ns == s(2).utc_ns
    assert start.digest == DIGEST
    assert start.document == PLANS["rollback"].document()


def test_a_plan_names_its_gates() -> None:
    assert [gate.spec.name for gate in naming("other", GATES)] == ["outbound"]


def test_a_plan_that_no_gate_names_concerns_them_all() -> None:
    assert [gate.spec.name for gate in naming("unnamed", GATES)] == ["inbound", "outbound"]
