"""Restarts, what is written of what was told, cadence, and the loop around the turns."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from daemon.board import Board
from daemon.inbox import Committed, Inbox, Ordered, Recorded
from daemon.judge import Judge
from daemon.moments import TURN_NS, patience
from daemon.reply import Reply
from gates.cutover import Command, Cutover
from gates.gate import OnTrip
from probes import clock
from reverters.entries import Closed, Judged, Operated, Planned
from tests.daemon.desk import HOUR_NS, WINDOW, Desk, Hands, gate_spec
from tests.gates.bench import ERROR, NEW, OLD, PASS, failed

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


# restarts


def test_a_restart_while_open_answers_degraded_until_fresh_passes() -> None:
    desk = Desk()
    desk.armed()
    desk.restart()
    assert desk.reason == "unknown"
    desk.hear(failed())
    assert not desk.is_ok
    desk.hear(PASS)
    assert desk.is_ok
    assert desk.cutover.armed == (desk.digest,)


def test_a_restart_with_a_held_ok_still_needs_a_fresh_sample() -> None:
    desk = Desk()
    desk.opened()
    desk.do("hold", gate="inbound", answer="OK", for_ns=HOUR_NS, reason="known")
    desk.restart()
    assert desk.reason == "unknown"


def test_a_restart_of_a_latched_cutover_stays_latched_whatever_passes() -> None:
    desk = tripped()
    desk.restart()
    desk.hear(*[PASS] * 20)
    assert desk.reason == "latched"


def test_a_restart_moves_the_run_that_was_going_on() -> None:
    desk = tripped()
    run = desk.hands.moving
    desk.restart()
    desk.turn()
    assert desk.hands.moving == run


def test_a_restart_does_not_run_a_plan_again() -> None:
    desk = tripped()
    desk.append(Closed("restored", 1))
    desk.restart()
    desk.hear(*FAILS, *FAILS)
    desk.settle()
    assert len(planned(desk)) == 1


# the ledger of what was told


def test_each_change_of_what_callers_are_told_is_journaled_with_a_new_generation() -> None:
    desk = Desk()
    desk.opened()
    before = desk.cutover.generation
    desk.hear(*FAILS)
    desk.hear(*[PASS] * 5)
    desk.settle()
    told = [entry.body for entry in desk.journal if isinstance(entry.body, Judged)][-2:]
    assert [(body.before, body.after, body.answer) for body in told] == [
        ("SUSPECT", "TRIPPED", "DEGRADED"),
        ("TRIPPED", "HEALTHY", "OK"),
    ]
    assert [body.generation for body in told] == [before + 1, before + 2]
    assert told[0].evidence.startswith("trunk-new: 503, 503, 503: 3 consecutive ≥ 3")
    assert desk.board.leases["inbound"].generation == before + 2


def test_nothing_is_journaled_while_nothing_changes() -> None:
    desk = Desk()
    desk.opened()
    before = len(desk.journal)
    desk.hear(PASS, PASS, failed(), PASS)
    desk.idle(2)
    desk.settle()
    assert len(desk.journal) == before


def test_a_change_without_a_transition_names_its_reason() -> None:
    desk = Desk()
    desk.opened()
    desk.do("hold", gate="inbound", answer="DEGRADED", for_ns=HOUR_NS, reason="a look")
    desk.settle()
    told = [entry.body for entry in desk.journal if isinstance(entry.body, Judged)][-1]
    assert (told.answer, told.cause, told.evidence) == ("DEGRADED", "held", "held")


# cadence


def test_from_the_first_failure_both_paths_are_asked_faster_and_the_baseline_at_once() -> None:
    desk = Desk(gate_spec(compares=True))
    desk.opened()
    assert desk.hands.paced == []
    desk.hear(failed(), failed())
    assert desk.hands.paced == [(frozenset({NEW, OLD}), frozenset({OLD}))]
    desk.hear(PASS)
    assert desk.hands.paced[1:] == [(frozenset(), frozenset())]


def test_a_probe_that_two_gates_suspect_is_let_go_by_the_last() -> None:
    desk = Desk(gate_spec(needed=(NEW,)), gate_spec("second", needed=(NEW, "third")))
    desk.opened()
    desk.hear(failed())
    desk.hear(failed(), probe="third")
    desk.hear(PASS)
    assert [suspect for suspect, _ in desk.hands.paced] == [frozenset({NEW, "third"})]
    desk.hear(PASS, probe="third")
    assert desk.hands.paced[-1] == (frozenset(), frozenset())


def test_observers_hear_of_each_sample_that_told_something() -> None:
    desk = Desk()
    desk.hear(PASS, ERROR)
    desk.hear(PASS, probe="another")
    assert [sample.probe for sample in desk.hands.counts] == [NEW]


# the loop around the turns


def _patience(desk: Desk) -> int:
    return patience(desk.judge.gates.values(), desk.now)


def test_without_any_deadline_the_judge_waits_a_whole_turn() -> None:
    assert _patience(Desk()) == TURN_NS


def test_the_judge_wakes_when_time_alone_matters() -> None:
    desk = Desk(gate_spec(on_trip=(OnTrip("rollback", 0), OnTrip("other", 100_000_000))))
    desk.opened()
    assert _patience(desk) == TURN_NS
    desk.hear(*FAILS)
    assert _patience(desk) == 100_000_000
    desk.turn(ms=99.5)
    assert _patience(desk) == 1_000_000  # no timer is finer


async def test_a_command_reaches_the_judge_that_runs_and_its_answer_comes_back() -> None:
    board, inbox = Board(), Inbox()
    hands = Hands(board)
    judge = Judge(
        {"inbound": gate_spec()},
        Cutover(),
        window=WINDOW,
        book=Desk().book,
        board=board,
        inbox=inbox,
        effects=hands,
        now=clock.read(),
    )
    running = asyncio.create_task(judge.run())
    answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    inbox.put(Ordered(Command.HALT, {}, "op", answer))
    handed = asyncio.Event()
    commit = hands.commit

    def hand(order: Any) -> None:
        commit(order)
        handed.set()

    hands.commit = hand  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await handed.wait()
        inbox.put(Committed(""))
        assert (await answer).ok
    assert judge.cutover.halted
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_an_entry_that_somebody_else_wrote_is_followed() -> None:
    desk = Desk()
    desk.turn(Recorded(desk.write(Operated("halt", {}), "op", "")))
    assert desk.cutover.halted


def test_what_takes_ok_away_without_a_transition_is_on_the_board_before_a_command_is_handed_on() -> None:
    desk = Desk()
    desk.opened()
    seen: list[bool] = []
    commit = desk.hands.commit

    def hand(order: Any) -> None:
        seen.append(desk.is_ok)
        commit(order)

    desk.hands.commit = hand  # type: ignore[method-assign]
    desk.inbox.dropped += 1
    desk.turn(desk.ordered("disarm"))
    assert seen == [False]
