"""What keeps a run from starting, each interlock by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.cutover import Cutover, Started
from gates.doubt import Control, heard
from gates.gate import Gate, GateState, fresh
from gates.interlock import Assertion, Blast, Blocked, Gating, Interlocks, by_rule, to_automatic
from gates.machine import advance
from probes.sample import NS_PER_S, ProbeResult, Sample
from tests.gates.bench import PASS, at, failed, s, spec

NOW = s(1_000)


def gate(name: str, state: GateState = GateState.HEALTHY, *, probes: tuple[str, ...] | None = None) -> Gate:
    made = fresh(replace(spec(needed=probes or (f"trunk-{name}",)), name=name))
    return replace(made, state=state, tripped=s(995) if state is GateState.TRIPPED else None)


A, B, C = gate("a", GateState.TRIPPED), gate("b"), gate("c")
GATES = {each.spec.name: each for each in (A, B, C)}


def against(interlocks: Interlocks, *, cutover: Cutover | None = None, control: Control | None = None) -> list[str]:
    """`name: says` of everything against a run of `rollback` by gate a."""
    found = to_automatic(
        interlocks, "rollback", A, latches=["a"], gates=GATES, cutover=cutover or Cutover(), control=control or Control(), now=NOW
    )
    return [f"{each.name}: {each.says}" for each in found]


def began(ago_s: float, *gates: str, automatic: bool = True) -> Started:
    return Started(NOW.utc_ns - round(ago_s * NS_PER_S), gates, automatic)


def test_nothing_configured_objects_to_nothing() -> None:
    assert against(Interlocks()) == []
    assert Interlocks().names == frozenset()


# blocked


@pytest.mark.parametrize(
    ("from_s", "until_s", "blocks"), [(999, 1_001, True), (1_000, 1_001, True), (999, 1_000, False), (1_001, 1_002, False)]
)
def test_in_a_blocked_window_no_run_starts(from_s: float, until_s: float, blocks: bool) -> None:
    interlocks = Interlocks(blocked=(Blocked(s(from_s).utc_ns, s(until_s).utc_ns, "carrier works"),))
    assert against(interlocks) == (["blocked: until 2027-01-15T08:16:41Z: carrier works"] if blocks else [])


# between runs


@pytest.mark.parametrize(("ended_s", "left"), [(999, "599 s"), (401, "1 s"), (400.5, "0.5 s"), (400, ""), (100, "")])
def test_after_a_run_the_next_waits(ended_s: float, left: str) -> None:
    interlocks = Interlocks(between_runs_ns=600 * NS_PER_S)
    found = against(interlocks, cutover=Cutover(ended_utc_ns=s(ended_s).utc_ns))
    assert found == ([f"between-runs: the last run ended {1_000 - ended_s:g} s ago: {left} left"] if left else [])


def test_the_first_run_waits_for_none() -> None:
    assert against(Interlocks(between_runs_ns=600 * NS_PER_S)) == []


def test_the_second_plan_of_one_trip_does_not_wait_for_the_first() -> None:
    latched = Cutover(ended_utc_ns=s(999).utc_ns, latched={"a": frozenset({"trunk-failover"})})
    assert against(Interlocks(between_runs_ns=600 * NS_PER_S), cutover=latched) == []


# blast radius


def test_so_many_gates_may_be_reverted_by_themselves() -> None:
    interlocks = Interlocks(blast=Blast(1, None, 3_600 * NS_PER_S))
    assert against(interlocks) == []
    assert against(interlocks, cutover=Cutover(started=(began(60, "a"),))) == []
    assert against(interlocks, cutover=Cutover(started=(began(60, "b"),))) == [
        "blast-radius: 2 gates within 3600 s (a, b): at most 1"
    ]


@pytest.mark.parametrize("started", [began(60, "b", automatic=False), began(3_600, "b"), began(4_000, "b")])
def test_runs_by_hand_and_those_of_long_ago_do_not_count(started: Started) -> None:
    assert against(Interlocks(blast=Blast(1, None, 3_600 * NS_PER_S)), cutover=Cutover(started=(started,))) == []


def test_such_a_share_of_the_trunks_may_be_reverted() -> None:
    half = Interlocks(blast=Blast(None, 0.5, 3_600 * NS_PER_S))
    assert against(half) == []
    assert against(half, cutover=Cutover(started=(began(60, "b"),))) == [
        "blast-radius: 2 of 3 probes within 3600 s (a, b): at most 50%"
    ]
    assert against(half, cutover=Cutover(started=(began(60, "gone"),))) == []


# control


def control(*results: tuple[str, ProbeResult, float]) -> Control:
    known = Control(frozenset({"far", "near"}))
    for number, (probe, result, sent_s) in enumerate(results):
        known = heard(known, Sample(probe, "local", number, s(sent_s), s(sent_s), result))
    return known


def test_without_control_targets_nothing_is_asked_of_them() -> None:
    assert against(Interlocks(), control=Control()) == []


def test_a_run_waits_until_control_targets_have_passed_since_the_trouble_began() -> None:
    unproven = ["control: not more than half of the control targets have passed since the first failure"]
    assert against(Interlocks(), control=control()) == unproven
    assert against(Interlocks(), control=control(("far", PASS, 994), ("near", PASS, 994))) == unproven
    assert against(Interlocks(), control=control(("far", PASS, 996))) == unproven
    assert against(Interlocks(), control=control(("far", PASS, 996), ("near", PASS, 997))) == []


def test_the_trouble_began_with_the_first_failure_and_not_with_the_trip() -> None:
    bench = fresh(replace(spec(needed=("trunk-a",)), name="a"))
    for number, (result, ms) in enumerate([(PASS, 0), (failed(), 1_000), (failed(), 2_000), (failed(), 3_000)]):
        bench, _ = advance(bench, Sample("trunk-a", "local", number, at(ms), at(ms + 10), result), now=at(ms + 10))
    assert bench.state is GateState.TRIPPED
    passed = control(("far", PASS, 2), ("near", PASS, 2))
    found = to_automatic(Interlocks(), "p", bench, latches=["a"], gates={"a": bench}, cutover=Cutover(), control=passed, now=s(4))
    assert found == ()


def test_while_control_targets_fail_no_run_starts() -> None:
    ill = control(("far", failed(), 996), ("near", failed(), 996))
    assert against(Interlocks(), control=ill) == ["control: control targets fail too (far, near): the trouble is perhaps our own"]


# rules


KEEP_ONE = Assertion("keep-one", ("a", "b", "c"), 1)


def test_an_assertion_counts_who_would_be_healthy_without_the_gate_that_runs() -> None:
    assert against(Interlocks(assertions=(KEEP_ONE,))) == []
    assert against(Interlocks(assertions=(replace(KEEP_ONE, at_least=3),))) == [
        "keep-one: 2 of a, b, c would be HEALTHY (b, c): at least 3"
    ]


@pytest.mark.parametrize("state", [state for state in GateState if state is not GateState.HEALTHY])
def test_a_gate_in_any_other_state_is_not_healthy(state: GateState) -> None:
    gates = {**GATES, "b": gate("b", state), "c": replace(C, latched=True)}
    (found,) = by_rule(Interlocks(assertions=(KEEP_ONE,)), "rollback", ["a"], gates=gates)
    assert found.says == "0 of a, b, c would be HEALTHY: at least 1"


def test_an_assertion_over_other_gates_says_nothing() -> None:
    assert against(Interlocks(assertions=(Assertion("others", ("b", "c"), 2),))) == []


def test_a_gating_rule_wants_its_gates_healthy() -> None:
    freeze = Gating("change-freeze", ("rollback",), ("b", "a"))
    assert against(Interlocks(gating=(freeze,))) == ["change-freeze: rollback needs a HEALTHY"]
    assert against(Interlocks(gating=(replace(freeze, needs=("b", "c")),))) == []
    assert against(Interlocks(gating=(replace(freeze, plans=("other",)),))) == []
    assert against(Interlocks(gating=(replace(freeze, needs=("nowhere",)),))) == ["change-freeze: rollback needs nowhere HEALTHY"]


def test_rules_can_be_overridden_and_the_rest_cannot() -> None:
    interlocks = Interlocks(blast=Blast(1, None, 1), assertions=(KEEP_ONE,), gating=(Gating("freeze", ("p",), ("a",)),))
    assert interlocks.names == {"keep-one", "freeze"}


def test_every_objection_is_told_at_once() -> None:
    interlocks = Interlocks(
        blast=Blast(1, 0.1, 3_600 * NS_PER_S),
        between_runs_ns=600 * NS_PER_S,
        blocked=(Blocked(0, s(2_000).utc_ns, "night"),),
        assertions=(replace(KEEP_ONE, at_least=3),),
        gating=(Gating("freeze", ("rollback",), ("a",)),),
    )
    cutover = Cutover(ended_utc_ns=s(999).utc_ns, started=(began(60, "b"),))
    names = [line.partition(":")[0] for line in against(interlocks, cutover=cutover, control=control())]
    assert names == ["blocked", "between-runs", "blast-radius", "blast-radius", "control", "keep-one", "freeze"]
