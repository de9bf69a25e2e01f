"""Nights that chance seldom brings about, each replayed exactly as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.recording.turn import Anew, Began, Given, Mark, Unlatched
from gates.machine import Latch
from tests.daemon.recording.recorded import CONTROL, RecordedDesk, same_as_live
from tests.gates.bench import NEW, PASS, failed


@pytest.fixture
def desk() -> Iterator[RecordedDesk]:
    desk = RecordedDesk()
    yield desk
    same_as_live(desk)


def _marks(desk: RecordedDesk) -> list[Mark]:
    return [mark for turn in desk.turns for mark in turn.marks]


def _latches(desk: RecordedDesk) -> list[str]:
    return [mark.event.by for mark in _marks(desk) if isinstance(mark, Given) and isinstance(mark.event, Latch)]


def test_a_run_that_a_gate_starts(desk: RecordedDesk) -> None:
    desk.goes_wrong()
    desk.settle()
    assert "gate inbound" in _latches(desk)
    desk.hear(*[PASS] * 6)


def test_a_run_that_could_not_be_journaled(desk: RecordedDesk) -> None:
    desk.goes_wrong()
    desk.settle(trouble="the disk is full")
    assert any(isinstance(mark, Unlatched) for mark in _marks(desk))
    desk.hear(*[PASS] * 6)
    desk.settle()


def test_a_second_run_that_could_not_be_journaled_while_the_gate_is_latched(desk: RecordedDesk) -> None:
    desk.goes_wrong()
    desk.settle()
    desk.order("abandon")
    desk.settle()
    desk.order("trip", plan=desk.digests[1], reason="x")
    desk.settle(trouble="the disk is full")
    assert desk.gate.latched


def test_a_start_while_a_gate_is_latched_and_control_targets_fail(desk: RecordedDesk) -> None:
    desk.goes_wrong()
    desk.settle()
    desk.hear(failed(), failed(), probe=CONTROL)
    desk.restart()
    desk.order("reset")
    desk.settle()
    desk.hear(PASS, failed(), failed())
    assert [mark for mark in _marks(desk) if isinstance(mark, Began)][-1].latched


def test_failures_while_control_targets_fail_are_held_against_nobody(desk: RecordedDesk) -> None:
    desk.hear(PASS, PASS)
    desk.hear(failed(), probe=CONTROL)
    desk.hear(*[failed()] * 4)
    assert desk.gate.inputs[NEW].failing == 0


def test_a_reload_that_forgets_that_control_targets_failed(desk: RecordedDesk) -> None:
    desk.hear(PASS, PASS)
    desk.hear(failed(), probe=CONTROL)
    desk.reload(kept=["inbound"], afresh=[CONTROL])
    desk.settle()
    desk.hear(failed(), failed())
    assert desk.gate.inputs[NEW].failing == 2


def test_a_reload_while_a_gate_is_latched(desk: RecordedDesk) -> None:
    desk.goes_wrong()
    desk.settle()
    desk.order("abandon")
    desk.settle()
    desk.reload(kept=["second"], afresh=[])
    desk.settle()
    assert [mark.gates for mark in _marks(desk) if isinstance(mark, Anew)] == [{"inbound": frozenset({"rollback"})}]
    assert desk.gate.latched


def test_inputs_that_grow_old(desk: RecordedDesk) -> None:
    desk.healthy()
    desk.idle(30)
    assert str(desk.gate.state) == "UNKNOWN"


def test_a_loop_that_stood_still(desk: RecordedDesk) -> None:
    desk.healthy()
    desk.turn(ms=1_500)
    assert desk.gate.undisturbed_ns == desk.now.mono_ns
    desk.hear(*[failed()] * 3)
