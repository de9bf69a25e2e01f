"""Two gates in one cutover: what one of them trips, the other must neither forget nor contradict."""

from __future__ import annotations

from typing import Any

import pytest

from gates import machine
from gates.cutover import Phase
from gates.gate import GateState, OnTrip
from probes.sample import Sample
from reverters.entries import Closed
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import NEW, PASS, failed

SECOND = "trunk-second"


def _desk(second_plan: str) -> Desk:
    """`inbound` runs `rollback`, `second` runs `second_plan`; armed, both healthy."""
    desk = Desk(
        gate_spec("inbound"),
        gate_spec("second", needed=(SECOND,), on_trip=(OnTrip(second_plan, 0),)),
        plans=("rollback", "other"),
    )
    desk.armed()
    return desk


def _runs(desk: Desk) -> list[str]:
    return [entry.body.plan for entry in desk.journal if entry.kind == "planned"]  # type: ignore[union-attr]


def test_a_trip_while_another_run_is_going_on_is_queued_and_starts_when_it_closes() -> None:
    desk = _desk("other")
    desk.hear(*[failed()] * 3)
    desk.settle()
    desk.hear(*[failed()] * 3, probe=SECOND)
    desk.settle()
    assert _runs(desk) == ["rollback"]
    desk.append(Closed("restored", 1))
    desk.settle()
    assert _runs(desk) == ["rollback", "other"]


def test_a_trip_after_the_run_has_closed_starts_nothing_by_itself() -> None:
    desk = _desk("other")
    desk.hear(*[failed()] * 3)
    desk.settle()
    desk.append(Closed("restored", 1))
    desk.settle()
    desk.hear(*[failed()] * 3, probe=SECOND)
    desk.settle()
    assert desk.cutover.phase is Phase.REVERTED
    assert _runs(desk) == ["rollback"]


def test_every_gate_that_names_the_plan_is_degraded_before_its_run_is_journaled() -> None:
    desk = _desk("rollback")
    assert desk.answer("second").ok
    desk.hear(*[failed()] * 3)
    assert "planned" not in desk.kinds
    assert not desk.answer("second").ok
    assert desk.answer("second").reason == "latched"


def test_a_gate_does_not_recover_while_its_run_is_on_its_way_to_a_slow_disk() -> None:
    desk = _desk("other")
    desk.hear(*[failed()] * 3)
    desk.healthy()
    desk.healthy()
    assert desk.gate.latched
    assert not desk.answer("inbound").ok


def test_a_sample_is_judged_by_the_gates_that_know_its_probe_and_by_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, judged = _desk("other"), list[tuple[str, str]]()
    advance = machine.advance

    def recorded(gate: Any, event: machine.Event, **rest: Any) -> Any:
        if isinstance(event, Sample):
            judged.append((event.probe, gate.spec.name))
        return advance(gate, event, **rest)

    monkeypatch.setattr(machine, "advance", recorded)
    desk.turn(desk.sample(PASS), desk.sample(PASS, SECOND), desk.sample(PASS, "trunk-of-nobody"))
    assert judged == [(NEW, "inbound"), (SECOND, "second")]


def test_the_age_of_a_gates_inputs_is_looked_at_in_each_turn_whatever_it_brought() -> None:
    desk = _desk("other")
    for _ in range(18):
        desk.turn(desk.sample(PASS), ms=1_000)
    assert {name: gate.state for name, gate in desk.judge.gates.items()} == {
        "inbound": GateState.HEALTHY,
        "second": GateState.UNKNOWN,
    }
    assert desk.hands.transitions[-1].cause == "time"


def test_a_queued_trip_that_ended_is_no_reason_to_start_for_the_next_one() -> None:
    desk = _desk("other")
    desk.hear(*[failed()] * 3)
    desk.settle()
    desk.hear(*[failed()] * 3, probe=SECOND)
    desk.turn(desk.ordered("halt"))
    desk.settle()
    desk.append(Closed("restored", 1))
    desk.hear(*[PASS] * 5, probe=SECOND)
    assert desk.judge.gates["second"].state is GateState.HEALTHY
    assert desk.do("resume").ok
    desk.hear(*[failed()] * 3, probe=SECOND)
    desk.settle()
    assert _runs(desk) == ["rollback"]


def test_a_queued_trip_that_ends_and_begins_within_one_turn_is_another_one() -> None:
    desk = _desk("other")
    desk.hear(*[failed()] * 3)
    desk.settle()
    desk.hear(*[failed()] * 3, probe=SECOND)
    desk.turn(desk.ordered("halt"))
    desk.settle()
    desk.append(Closed("restored", 1))
    desk.turn(*[desk.sample(result, SECOND) for result in [PASS] * 5 + [failed()] * 3])
    assert desk.judge.gates["second"].state is GateState.TRIPPED
    assert desk.do("resume").ok
    desk.settle()
    assert _runs(desk) == ["rollback"]
