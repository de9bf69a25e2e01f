"""Onlookers hear everything and disturb nothing."""

from __future__ import annotations

import pytest

from daemon.observe import LastTransitions, Observers
from gates.gate import Clause, Gate, GateSpec, GateState, Transition, fresh
from gates.rules.consecutive import Consecutive
from probes.sample import Moment, Origin, Outcome, ProbeResult, Sample

NOW = Moment(2, 1)
SAMPLE = Sample("trunk-new", "here", 1, NOW, NOW, ProbeResult(Outcome.PASS, 200, Origin.WIRE, "status", 1))
GATE: Gate = fresh(GateSpec("inbound", (Clause(Consecutive(3, (503,)), ("trunk-new",)),), 1, (), 5, 1))
TRANSITION = Transition("inbound", GateState.UNKNOWN, GateState.HEALTHY, "sample", "1 PASS", NOW)


def failing(sample: Sample, path: str) -> None:
    raise ZeroDivisionError("the observer's own mistake")


def test_each_observer_of_a_channel_is_told_in_order() -> None:
    observers, heard = Observers(), list[tuple[str, Sample, str]]()
    observers.sample.register("one", lambda sample, path: heard.append(("one", sample, path)))
    observers.sample.register("two", lambda sample, path: heard.append(("two", sample, path)))
    observers.sample(SAMPLE, "new")
    assert heard == [("one", SAMPLE, "new"), ("two", SAMPLE, "new")]


def test_an_observer_that_fails_disturbs_neither_the_core_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    observers, heard = Observers(), list[str]()
    observers.sample.register("broken", failing)
    observers.sample.register("well", lambda sample, path: heard.append(path))
    observers.sample(SAMPLE, "new")
    assert heard == ["new"]


def test_a_failing_observer_is_logged_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    observers = Observers()
    observers.sample.register("broken", failing)
    for _ in range(3):
        observers.sample(SAMPLE, "new")
    assert observers.failures == {"broken": 3}
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "observer broken failed; it goes on being told, further failures are only counted"
    ]


def test_the_last_transition_of_each_gate_is_kept() -> None:
    observers, last = Observers(), LastTransitions()
    observers.transition.register("last", last.judged)
    observers.transition(TRANSITION, GATE)
    assert last == {"inbound": TRANSITION}
