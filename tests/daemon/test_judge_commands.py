"""Commands one at a time, and a halt at once."""

from __future__ import annotations

from daemon.inbox import Committed
from daemon.reply import Exit, Reply
from gates.cutover import Phase
from probes.sample import NS_PER_S
from reverters.entries import Halted, Planned
from tests.daemon.desk import HOUR_NS, Desk
from tests.gates.bench import failed

FAILS = [failed()] * 3


def planned(desk: Desk) -> list[Planned]:
    return [entry.body for entry in desk.journal if isinstance(entry.body, Planned)]


def tripped(desk: Desk | None = None) -> Desk:
    """Armed, and a run by itself is in progress."""
    desk = desk or Desk()
    desk.armed()
    desk.hear(*FAILS)
    desk.settle()
    assert desk.cutover.run
    return desk


# commands, one at a time


def test_commands_are_journaled_one_at_a_time_and_in_order() -> None:
    desk = Desk()
    desk.opened()
    first, second, third = desk.ordered("hold", gate="inbound", answer="OK", for_ns=1, reason="x"), desk.ordered("halt"), None
    third = desk.ordered("resume")
    desk.turn(first, second, third)
    assert len(desk.hands.queue) == 1
    desk.turn(*desk.flush())
    assert first.answer.done()
    assert not second.answer.done()
    desk.settle()
    assert desk.commands[-3:] == ["hold", "halt", "resume"]
    assert third.answer.result().ok


def test_a_command_sees_what_the_one_before_it_did() -> None:
    desk = Desk()
    desk.healthy()
    twice = desk.ordered("open"), desk.ordered("open")
    desk.turn(*twice)
    desk.settle()
    assert [each.answer.result().exit for each in twice] == [Exit.OK, Exit.REFUSED]


def test_a_command_is_answered_after_it_is_durable() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    desk.idle(2)
    assert not ordered.answer.done()
    assert desk.cutover.phase is Phase.PREPARED
    desk.settle()
    assert ordered.answer.result().ok


def test_a_command_that_is_not_durable_is_refused_and_not_done() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    desk.settle(trouble="the disk is full")
    assert ordered.answer.result() == Reply(Exit.REFUSED, "not durable, so not done: the disk is full")
    assert desk.cutover.phase is Phase.PREPARED


def test_a_client_that_went_away_does_no_harm() -> None:
    desk = Desk()
    desk.healthy()
    ordered = desk.order("open")
    ordered.answer.cancel()
    desk.settle()
    assert desk.cutover.phase is Phase.OPEN


def test_a_hold_is_kept_with_its_end_in_utc() -> None:
    desk = Desk()
    desk.opened()
    before = desk.now.utc_ns
    desk.do("hold", gate="inbound", answer="DEGRADED", for_ns=HOUR_NS, reason="a look")
    hold = desk.cutover.holds["inbound"]
    assert (hold.ok, hold.reason) == (False, "a look")
    assert before + HOUR_NS < hold.until_utc_ns < before + HOUR_NS + NS_PER_S


def test_a_message_that_nothing_waits_for_is_ignored() -> None:
    desk = Desk()
    desk.turn(Committed(""))
    assert desk.cutover.phase is Phase.PREPARED


# halt


def test_a_halt_stops_the_run_at_once_while_another_command_waits_for_the_disk() -> None:
    desk = tripped()
    desk.order("disarm")
    desk.order("halt")
    assert desk.cutover.halted
    assert desk.hands.moving == ""


def test_a_halt_stops_the_run_in_the_very_turn_and_before_any_other_command_is_weighed() -> None:
    desk = tripped()
    desk.append(Halted("rollback/dns/it/a", "refused", "REFUSED"))
    retry = desk.ordered("retry")
    desk.turn(retry, desk.ordered("halt"))
    assert retry.answer.result().message.startswith("refused: halted by an operator")


def test_a_halt_survives_a_resume_that_was_on_its_way_before_it() -> None:
    desk = tripped()
    desk.do("halt")
    desk.order("resume")
    desk.order("halt")
    desk.turn(*desk.flush())  # the resume becomes durable
    assert desk.cutover.halted
    assert desk.hands.moving == ""
    desk.settle()
    assert (desk.cutover.halted, desk.commands[-2:]) == (True, ["resume", "halt"])


def test_a_halt_keeps_a_trip_that_was_on_its_way_from_moving() -> None:
    desk = Desk()
    desk.opened()
    desk.order("trip", plan=desk.digest, reason="callers complain")
    desk.order("halt")
    desk.settle()
    assert desk.cutover.run is not None
    assert set(desk.hands.steered) == {""}


def test_a_halt_that_cannot_be_made_durable_halts_all_the_same_and_says_so() -> None:
    desk = tripped()
    ordered = desk.order("halt")
    desk.settle(trouble="the disk is full")
    assert ordered.answer.result() == Reply(Exit.OK, "halted, but a restart would forget it: the disk is full")
    assert desk.cutover.halted
    assert desk.hands.moving == ""


def test_after_a_resume_the_run_moves_again() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.do("halt")
    desk.do("resume")
    assert desk.hands.moving == run
