"""What would change a verdict: each sentence is held against the gate machine, which must do what was said, and not before."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from daemon.explain.change import Change
from daemon.explain.forecast import Pace, Span
from daemon.explain.outlook import View, changes
from gates.gate import GateSpec, GateState
from gates.machine import Latch
from gates.rules.reading import Level
from probes.sample import NS_PER_S, ProbeResult
from probes.schedule import Cadence
from tests.gates.bench import NEW, OLD, PASS, Bench, failed, s, spec
from tests.gates.dial import dial, dialled, gate_of

OTHER = "trunk-other"
PACE = Pace(Cadence(5 * NS_PER_S, NS_PER_S), 2 * NS_PER_S)


def bench(*new: ProbeResult, rule: GateSpec | None = None, old: tuple[ProbeResult, ...] = (PASS,)) -> tuple[Bench, float]:
    """The baseline path first, then the new one, a result each second; and when the next would be due."""
    made = Bench(rule or spec())
    start = made.run(OLD, list(old), 0) if made.gate.spec.baseline else 0
    return made, made.run(NEW, list(new), start)


def seen(made: Bench, when: float) -> dict[str, Change]:
    """By the state that each change leads to."""
    paces = {probe: PACE for probe in (*made.gate.spec.needed, *made.gate.spec.baseline)}
    paces = {probe: Pace(PACE.cadence, PACE.timeout_ns, last_sent_ns=s(when - 1).mono_ns) for probe in paces}
    return {str(change.to): change for change in changes(View(made.gate, paces, s(when)))}


def said(made: Bench, when: float) -> dict[str, str]:
    return {to: change.by for to, change in seen(made, when).items()}


def test_a_healthy_gate_needs_its_threshold_and_says_what_each_failure_does() -> None:
    made, now = bench(PASS)
    told = said(made, now)
    assert told["TRIPPED"] == "3 consecutive 503/408 on trunk-new, without a PASS between"
    assert told["SUSPECT"].startswith("1 failure of trunk-new, any code")
    assert told["DEGRADED"] == "3 consecutive failures of any code on trunk-new: SUSPECT, and no run"
    assert told["UNKNOWN"] == "no result of trunk-new for 17.0 s (its newest was sent 1.0 s ago)"


def test_the_span_of_a_trip_is_that_of_its_cadence() -> None:
    made, now = bench(PASS)
    assert seen(made, now)["TRIPPED"].span == Span(6 * NS_PER_S, 9 * NS_PER_S)  # due in 4 s; then 1 s each; 2 s of timeout
    assert seen(made, now)["UNKNOWN"].span == Span(16 * NS_PER_S, 16 * NS_PER_S)


@pytest.mark.parametrize("failures", [1, 2])
def test_a_suspect_gate_says_how_many_more_and_the_machine_agrees(failures: int) -> None:
    made, now = bench(PASS, *[failed()] * failures)
    told = said(made, now)
    missing = int(re.match(r"\d", told["TRIPPED"])[0])  # type: ignore[index]
    assert told["TRIPPED"] == f"{missing} more 503/408 on trunk-new, without a PASS between"
    assert told["HEALTHY"] == "1 PASS of trunk-new"
    made.run(NEW, [failed()] * (missing - 1), now)
    assert made.gate.state is GateState.SUSPECT
    made.hear(NEW, failed(), now + missing)
    assert made.gate.state is GateState.TRIPPED


def test_one_pass_clears_a_gate_that_turned_nobody_away() -> None:
    made, now = bench(PASS, failed(), failed())
    assert said(made, now)["HEALTHY"] == "1 PASS of trunk-new"
    made.hear(NEW, PASS, now)
    assert made.gate.state is GateState.HEALTHY


def test_failures_of_other_codes_turn_away_and_then_recovery_takes_more_than_one_pass() -> None:
    made, now = bench(PASS, failed(500), failed(500))
    assert said(made, now)["DEGRADED"] == "1 more failure of any code on trunk-new: SUSPECT, and no run"
    assert said(made, now)["TRIPPED"] == "3 consecutive 503/408 on trunk-new, without a PASS between"
    made.hear(NEW, failed(500), now)
    assert (made.gate.state, made.gate.degraded) == (GateState.SUSPECT, True)
    told = said(made, now + 1)
    assert "DEGRADED" not in told
    assert told["HEALTHY"] == "5 consecutive PASS of trunk-new"


def test_passes_so_far_are_taken_off_what_recovery_takes() -> None:
    made, now = bench(PASS, *[failed()] * 3, PASS, PASS)
    assert made.gate.state is GateState.TRIPPED
    assert said(made, now)["HEALTHY"] == "3 more PASS of trunk-new"
    made.run(NEW, [PASS] * 2, now)
    assert made.gate.state is GateState.TRIPPED
    made.hear(NEW, PASS, now + 2)
    assert made.gate.state is GateState.HEALTHY


def test_every_needed_probe_must_recover_and_any_may_trip() -> None:
    made = Bench(spec(needed=(NEW, OTHER)))
    made.hear(NEW, PASS, 0)
    assert said(made, 1)["HEALTHY"] == "a PASS from trunk-other; nothing trips from UNKNOWN"
    made.hear(OTHER, PASS, 1)
    assert said(made, 2)["TRIPPED"] == "3 consecutive 503/408 on any of trunk-new, trunk-other, without a PASS between"
    made.hear(NEW, failed(), 2)
    made.hear(OTHER, failed(), 3)
    assert said(made, 4)["HEALTHY"] == "1 PASS of trunk-new, 1 PASS of trunk-other"


def test_a_gate_that_knows_nothing_needs_a_pass_of_each_probe() -> None:
    made = Bench(spec(needed=(NEW, OTHER)))
    assert said(made, 0) == {"HEALTHY": "a PASS from each of trunk-new, trunk-other; nothing trips from UNKNOWN"}


def test_a_gate_grown_stale_names_the_probe_that_is_silent() -> None:
    made = Bench(spec(needed=(NEW, OTHER)))
    made.hear(NEW, PASS, 0)
    made.hear(OTHER, PASS, 0)
    made.hear(NEW, PASS, 17)
    made.tick(17.1)
    assert made.gate.state is GateState.UNKNOWN
    made.hear(NEW, PASS, 18)
    assert said(made, 19)["HEALTHY"] == "a PASS from trunk-other; nothing trips from UNKNOWN"


def test_the_oldest_needed_input_is_the_first_to_grow_stale() -> None:
    made = Bench(spec(needed=(NEW, OTHER)))
    made.hear(NEW, PASS, 0)
    made.hear(OTHER, PASS, 3)
    assert said(made, 4)["UNKNOWN"] == "no result of trunk-new for 17.0 s (its newest was sent 4.0 s ago)"
    assert seen(made, 4)["UNKNOWN"].span == Span(13 * NS_PER_S, 13 * NS_PER_S)


def test_a_latched_gate_only_leaves_by_reset() -> None:
    made, now = bench(PASS)
    made.do(Latch("rollback", "op"), s(now))
    assert said(made, now) == {"UNKNOWN": "only `reset`: a latched gate stays TRIPPED whatever its probes say"}


COMPARES = spec(baseline=(OLD,))


def test_a_comparing_gate_says_what_it_asks_of_the_baseline_path() -> None:
    made, now = bench(PASS, rule=COMPARES)
    told = said(made, now)
    assert told["TRIPPED"].endswith("and a PASS of trunk-old to a request sent after the first of them (asked at once)")
    assert told["INCONCLUSIVE"] == "the same, while trunk-old fails as often: no run"


def test_a_baseline_that_passed_since_the_first_failure_only_has_to_stay_good() -> None:
    made, now = bench(PASS, failed(), rule=COMPARES)
    assert "(asked at once)" in said(made, now)["TRIPPED"]
    made.hear(OLD, PASS, now)
    assert said(made, now + 1)["TRIPPED"].endswith("while trunk-old stays good: it has passed since the first of them")


def test_at_the_threshold_with_the_baseline_unknown_a_pass_trips_and_failures_do_not() -> None:
    made, now = bench(PASS, *[failed()] * 3, rule=COMPARES)
    assert made.gate.state is GateState.SUSPECT
    told = said(made, now)
    assert told["TRIPPED"] == "a PASS of trunk-old to a request sent after the first counted failure (3.0 s ago)"
    assert told["INCONCLUSIVE"] == "3 consecutive failures of trunk-old, any code: going back would not help"
    assert told["HEALTHY"] == "5 consecutive PASS of trunk-new"
    made.hear(OLD, PASS, now)
    assert made.gate.state is GateState.TRIPPED


def test_the_baseline_failing_as_often_makes_it_inconclusive_and_a_pass_of_it_trips() -> None:
    made, now = bench(PASS, *[failed()] * 3, rule=COMPARES)
    made.hear(OLD, failed(), now)
    assert said(made, now)["INCONCLUSIVE"] == "2 more failures of trunk-old, any code: going back would not help"
    made.hear(OLD, failed(), now + 1)
    assert made.gate.state is GateState.SUSPECT
    made.hear(OLD, failed(), now + 2)
    assert made.gate.state is GateState.INCONCLUSIVE
    told = said(made, now + 3)
    assert told["TRIPPED"].startswith("a PASS of trunk-old to a request sent after the first counted failure")
    assert told["HEALTHY"] == "5 consecutive PASS of trunk-new"
    made.hear(OLD, PASS, now + 3)
    assert made.gate.state is GateState.TRIPPED


def test_a_tripped_gate_that_compares_says_when_going_back_would_no_longer_help() -> None:
    made, now = bench(PASS, *[failed()] * 3, rule=COMPARES)
    made.hear(OLD, PASS, now)
    assert said(made, now + 1)["INCONCLUSIVE"].startswith("3 consecutive failures of trunk-old")


def test_a_tripped_gate_that_does_not_compare_cannot_become_inconclusive() -> None:
    made, now = bench(PASS, *[failed()] * 3)
    assert list(said(made, now)) == ["HEALTHY", "UNKNOWN"]


def test_an_inconclusive_gate_whose_new_path_passes_again_needs_the_rule_anew() -> None:
    made, now = bench(PASS, *[failed()] * 3, rule=COMPARES)
    now = made.run(OLD, [failed()] * 3, now)
    made.hear(NEW, PASS, now)
    assert made.gate.state is GateState.INCONCLUSIVE
    told = said(made, now)
    assert told["HEALTHY"] == "4 more PASS of trunk-new"
    assert told["TRIPPED"].startswith("3 consecutive 503/408 on trunk-new")


def test_a_threshold_of_one_is_one() -> None:
    made, now = bench(PASS, rule=spec(threshold=1))
    assert said(made, now)["TRIPPED"] == "1 503/408 on trunk-new, without a PASS between"


@pytest.mark.parametrize("state", GateState)
def test_every_state_has_a_way_out(state: GateState) -> None:
    reach = {
        GateState.UNKNOWN: (),
        GateState.HEALTHY: (PASS,),
        GateState.SUSPECT: (PASS, failed()),
        GateState.TRIPPED: (PASS, *[failed()] * 3),
        GateState.INCONCLUSIVE: (PASS, *[failed()] * 3),
    }
    made, now = bench(*reach[state], rule=COMPARES)
    if state is GateState.TRIPPED:
        made.hear(OLD, PASS, now)
    if state is GateState.INCONCLUSIVE:
        made.run(OLD, [failed()] * 3, now)
    assert made.gate.state is state
    assert seen(made, now + 3)


# a name that leads to several targets


def several(**last: ProbeResult) -> dict[str, str]:
    """What would change after a beat in which both passed and one with these results; the baseline path leads to two too."""
    made = Bench(COMPARES)
    made.beat(OLD, 0, a=PASS, b=PASS)
    made.beat(NEW, 0, a=PASS, b=PASS)
    made.beat(NEW, 1, **last)
    return said(made, 2)


def test_a_failure_takes_each_target_and_a_pass_one() -> None:
    healthy = several(a=PASS, b=failed())
    assert healthy["SUSPECT"].startswith("1 failure of trunk-new (each of its 2 targets)")
    assert healthy["DEGRADED"].startswith("3 consecutive failures of any code on trunk-new (each of its 2 targets)")
    assert healthy["INCONCLUSIVE"] == "the same, while trunk-old (each of its 2 targets) fails as often: no run"
    suspect = several(a=failed(), b=failed())
    assert suspect["TRIPPED"].startswith("2 more 503/408 on trunk-new (each of its 2 targets)")
    assert suspect["HEALTHY"] == "1 PASS of trunk-new (one of its 2 targets)"


def test_from_unknown_one_target_is_enough() -> None:
    made = Bench()
    made.beat(NEW, 0, a=failed(), b=failed())
    assert said(made, 1)["HEALTHY"].startswith("a PASS from trunk-new (one of its 2 targets)")


# several rules, and rules of other kinds


def test_of_a_quorum_only_as_many_as_are_missing_are_asked_for() -> None:
    made = Bench(gate_of(dialled(NEW, "second", "third", need=2)))
    for probe in (NEW, "second", "third"):
        made.hear(probe, dial(Level.FINE), 0)
    assert said(made, 1)["TRIPPED"] == "2 of (trunk-new: turn it to bad; second: turn it to bad; third: turn it to bad)"
    made.hear(NEW, dial(Level.BAD), 1)
    assert said(made, 2)["TRIPPED"] == "any of (second: turn it to bad; third: turn it to bad)"
    assert said(made, 2)["HEALTHY"] == "trunk-new: 1 more PASS; trunk-new: turn it to fine"
    made.hear("second", dial(Level.BAD), 2)
    assert (made.state, "TRIPPED" in said(made, 3)) == (GateState.TRIPPED, False)


def test_of_all_rules_each_that_is_not_bad_is_asked_for() -> None:
    made = Bench(gate_of(dialled(NEW), dialled("second"), need=2, baseline=(OLD,)))
    for probe in (OLD, NEW, "second"):
        made.hear(probe, dial(Level.FINE), 0)
    told = said(made, 1)
    assert told["TRIPPED"].startswith("all of (trunk-new: turn it to bad; second: turn it to bad), and a PASS of trunk-old")
    assert told["INCONCLUSIVE"] == "the same, while trunk-old fails too: no run"
    assert told["DEGRADED"] == (
        "all of (3 failures in a row of trunk-new, any code; 3 failures in a row of second, any code): SUSPECT, and no run"
    )


def test_a_gate_of_other_rules_asks_for_the_baseline_once_it_is_bad() -> None:
    made = Bench(gate_of(dialled(), baseline=(OLD,)))
    made.hear(OLD, PASS, 0)
    made.hear(NEW, dial(Level.FINE), 0)
    made.hear(NEW, dial(Level.BAD), 1)
    assert made.state is GateState.SUSPECT
    assert said(made, 2)["TRIPPED"] == "a PASS of trunk-old to a request sent after the first counted failure (1.0 s ago)"


def test_what_a_quorum_hangs_on_is_not_its_oldest_input() -> None:
    made = Bench(gate_of(dialled(NEW, "second", "third", need=2)))
    for when, probe in enumerate((NEW, "second", "third")):
        made.hear(probe, dial(Level.FINE), when)
    assert said(made, 3)["UNKNOWN"] == "no result of second for 17.0 s (its newest was sent 2.0 s ago)"


def test_a_gate_that_heard_nothing_does_not_say_when_it_goes_stale() -> None:
    made = Bench()
    made.gate = replace(made.gate, state=GateState.SUSPECT)
    assert "UNKNOWN" not in said(made, 1)


def test_an_unknown_gate_that_has_passed_only_waits_for_its_turn() -> None:
    made, now = bench(PASS)
    made.gate = replace(made.gate, state=GateState.UNKNOWN)
    assert said(made, now)["HEALTHY"] == "the next turn of the judging loop"
