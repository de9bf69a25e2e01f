"""Gates with several rules, several probes per rule, and rules of every level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.gate import GateState
from gates.machine import Disturbed, Finding, Latch, Reset, cadence, deadline, due_plans, find, first_failed
from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level
from gates.spec import Clause
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, Bench, failed, of, plans, s
from tests.gates.dial import Turned, dial, dialled, gate_of

A, B, C = "a", "b", "c"
THREE = (A, B, C)
ROW = Clause(Consecutive(3, (503, 408)), (NEW,))


def heard(bench: Bench, when: float, **levels: Level) -> GateState:
    """One result of each probe, that turns its dial."""
    for probe, level in levels.items():
        bench.hear(probe, dial(level), when)
    return bench.state


def all_fine(bench: Bench, *probes: str, when: float = 0) -> Bench:
    for probe in probes:
        bench.hear(probe, dial(Level.FINE), when)
    assert bench.state is GateState.HEALTHY
    return bench


# any, all, quorum


@pytest.mark.parametrize(("need", "bad", "state"), [
    (1, 1, "TRIPPED"), (2, 1, "SUSPECT"), (2, 2, "TRIPPED"), (3, 2, "SUSPECT"), (3, 3, "TRIPPED"),
])  # fmt: skip
def test_a_rule_is_bad_when_enough_of_its_probes_are(need: int, bad: int, state: str) -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=need))), *THREE)
    assert heard(bench, 1, **dict.fromkeys(THREE[:bad], Level.BAD)) == state


@pytest.mark.parametrize(("need", "bad", "state"), [
    (1, 1, "TRIPPED"), (2, 1, "SUSPECT"), (2, 2, "TRIPPED"), (3, 2, "SUSPECT"), (3, 3, "TRIPPED"),
])  # fmt: skip
def test_a_gate_trips_when_enough_of_its_rules_are_bad(need: int, bad: int, state: str) -> None:
    bench = all_fine(Bench(gate_of(*(dialled(probe) for probe in THREE), need=need)), *THREE)
    assert heard(bench, 1, **dict.fromkeys(THREE[:bad], Level.BAD)) == state


def test_a_row_of_failures_and_another_rule_trip_each_for_itself() -> None:
    for probe, results in ((NEW, [failed()] * 3), (A, [dial(Level.BAD)])):
        bench = Bench(gate_of(ROW, dialled(A)))
        bench.hear(NEW, PASS, 0)
        all_fine(bench, A)
        bench.run(probe, results, 1)
        assert bench.state is GateState.TRIPPED


def test_two_rules_over_one_probe_read_the_same_results() -> None:
    bench = Bench(gate_of(ROW, dialled(NEW), need=2))
    all_fine(bench, NEW)
    bench.run(NEW, [failed()] * 3, 1)
    assert bench.state is GateState.SUSPECT
    bench.hear(NEW, dial(Level.BAD), 4)
    assert bench.state is GateState.TRIPPED


# silence


def test_a_silent_probe_that_cannot_change_the_verdict_is_borne() -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=2))), *THREE)
    for second in range(1, 40):
        heard(bench, second, a=Level.FINE, b=Level.FINE)
    assert (bench.state, bench.degraded) == (GateState.HEALTHY, False)


def test_a_silent_probe_on_which_the_verdict_hangs_makes_it_unknown() -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=2))), *THREE)
    heard(bench, 1, a=Level.BAD, b=Level.FINE)
    assert bench.state is GateState.SUSPECT
    heard(bench, 16, a=Level.BAD, b=Level.FINE)
    bench.tick(17.1)
    assert bench.state is GateState.UNKNOWN


def test_as_many_silent_probes_as_it_takes_make_it_unknown() -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=2))), *THREE)
    heard(bench, 16, a=Level.FINE)
    bench.tick(17.1)
    assert bench.state is GateState.UNKNOWN


# undecided


def test_an_undecided_rule_does_not_end_unknown() -> None:
    bench = Bench(gate_of(dialled()))
    for second in range(5):
        assert bench.hear(NEW, dial(Level.UNDECIDED), second) is None
    assert (bench.state, bench.degraded) == (GateState.UNKNOWN, True)


@pytest.mark.parametrize("level", [Level.FINE, Level.FAILING, Level.DOUBTFUL, Level.BAD])
def test_a_rule_that_cannot_decide_any_more_changes_nothing(level: Level) -> None:
    bench = all_fine(Bench(gate_of(dialled())), NEW)
    heard(bench, 1, **{NEW: level})
    before = bench.state, bench.degraded
    for second in range(2, 10):
        bench.hear(NEW, dial(Level.UNDECIDED), second)
    assert (bench.state, bench.degraded) == before
    assert find(bench.gate, now=s(9)) is Finding.UNDECIDED


def test_missing_as_passing_ends_unknown_by_a_pass() -> None:
    bench = Bench(gate_of(dialled(missing=Level.FINE)))
    bench.hear(NEW, dial(Level.UNDECIDED), 0)
    assert bench.state is GateState.HEALTHY


def test_missing_as_failing_turns_callers_away_and_reverts_nothing() -> None:
    bench = all_fine(Bench(gate_of(dialled(missing=Level.DOUBTFUL), on_trip=plans(rollback=0))), NEW)
    bench.hear(NEW, dial(Level.UNDECIDED), 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, True)
    assert due_plans(bench.gate, now=s(10)) == ()


def test_a_stale_input_is_unknown_whatever_missing_says() -> None:
    bench = Bench(gate_of(dialled(missing=Level.FINE)))
    bench.hear(NEW, dial(Level.UNDECIDED), 0)
    bench.tick(17.1)
    assert bench.state is GateState.UNKNOWN


# what a rule remembers


def test_entering_unknown_forgets_what_rules_remember() -> None:
    bench = all_fine(Bench(gate_of(dialled())), NEW)
    bench.tick(17.1)
    assert bench.gate.memories == {(0, NEW): Turned()}


def test_a_reset_forgets_what_rules_remember() -> None:
    bench = all_fine(Bench(gate_of(dialled())), NEW)
    heard(bench, 1, **{NEW: Level.BAD})
    bench.do(Reset("alice"), s(2))
    assert bench.gate.memories == {(0, NEW): Turned()}


def test_a_latched_gate_goes_on_listening() -> None:
    bench = all_fine(Bench(gate_of(dialled())), NEW)
    bench.do(Latch("rollback", "alice"), s(1))
    heard(bench, 2, **{NEW: Level.BAD})
    assert bench.gate.memories[0, NEW].level is Level.BAD  # type: ignore[attr-defined]
    assert bench.state is GateState.TRIPPED


def test_a_rule_hears_what_counts_once_and_in_order() -> None:
    bench = Bench(gate_of(dialled()))
    for sequence in (0, 2, 1, 2, 3):
        bench.hear(NEW, PASS, 1 + sequence, sequence=sequence)
    bench.hear(NEW, ERROR, 9, sequence=4)
    bench.do(Disturbed("the clock jumped"), s(10))
    bench.hear(NEW, SILENCE, 11, sent=9.5, sequence=5)
    assert bench.gate.memories[0, NEW].heard == (("", 0), ("", 2), ("", 3))  # type: ignore[attr-defined]


def test_where_a_name_leads_to_several_targets_each_result_is_one_of_its_own() -> None:
    bench = Bench(gate_of(dialled()))
    bench.beat(NEW, 1, a=PASS, b=failed())
    bench.hear(NEW, of("a", PASS, "ab"), 2, sequence=0)
    bench.hear(NEW, of("b", ERROR, "ab"), 2, sequence=1)
    bench.beat(NEW, 3, b=PASS, a=PASS, among="ab")
    assert bench.gate.memories[0, NEW].heard == (("a", 0), ("b", 0), ("b", 1), ("a", 1))  # type: ignore[attr-defined]


def test_the_baseline_path_is_judged_by_failures_in_a_row_alone() -> None:
    bench = Bench(gate_of(dialled(), baseline=(OLD,)))
    bench.hear(OLD, dial(Level.BAD), 0)
    assert set(bench.gate.memories) == {(0, NEW)}


# compare, confirm, recover


def test_the_baseline_is_asked_after_what_the_rule_rests_on() -> None:
    bench = all_fine(Bench(gate_of(dialled(), baseline=(OLD,))), NEW)
    bench.hear(OLD, PASS, 1)
    assert heard(bench, 2, **{NEW: Level.BAD}) == "SUSPECT"
    assert bench.degraded
    bench.hear(OLD, PASS, 3)
    assert bench.state is GateState.TRIPPED


def test_a_baseline_that_fails_as_often_as_any_rule_asks_makes_it_inconclusive() -> None:
    clause = Clause(Consecutive(5, (503,)), (NEW,))
    bench = all_fine(Bench(gate_of(clause, dialled(A), baseline=(OLD,))), NEW, A)
    bench.run(OLD, [failed()] * 4, 1)
    assert heard(bench, 5, a=Level.BAD) == "SUSPECT"
    bench.hear(OLD, failed(), 6)
    assert bench.state is GateState.INCONCLUSIVE


def test_the_baseline_is_asked_since_the_first_of_several_troubles() -> None:
    bench = all_fine(Bench(gate_of(dialled(A), dialled(B), baseline=(OLD,), on_trip=plans(rollback=0))), A, B)
    heard(bench, 1, a=Level.BAD)
    bench.hear(OLD, PASS, 2)
    heard(bench, 3, b=Level.BAD)
    assert due_plans(bench.gate, now=s(3)) == ("rollback",)


def test_the_clock_of_a_run_begins_again_when_the_rule_says_so() -> None:
    bench = all_fine(Bench(gate_of(dialled(), on_trip=plans(rollback=10_000), recover=5)), NEW)
    heard(bench, 1, **{NEW: Level.BAD})
    heard(bench, 5, **{NEW: Level.FINE})
    heard(bench, 6, **{NEW: Level.BAD})
    assert bench.state is GateState.TRIPPED
    assert deadline(bench.gate, now=s(6)) == s(16).mono_ns
    assert due_plans(bench.gate, now=s(15.999)) == ()
    assert due_plans(bench.gate, now=s(16)) == ("rollback",)


def test_of_a_quorum_the_one_that_completes_it_confirms() -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=2), on_trip=plans(rollback=10_000), recover=9)), *THREE)
    heard(bench, 1, a=Level.BAD, b=Level.BAD, c=Level.FINE)
    heard(bench, 4, b=Level.FINE)
    heard(bench, 5, c=Level.BAD)
    assert due_plans(bench.gate, now=s(14.999)) == ()
    assert due_plans(bench.gate, now=s(15)) == ("rollback",)


def test_a_run_waits_for_as_many_failures_from_after_a_disturbance_as_the_verdict_needs() -> None:
    bench = all_fine(Bench(gate_of(dialled(*THREE, need=2), on_trip=plans(rollback=0))), *THREE)
    heard(bench, 1, a=Level.BAD, b=Level.BAD)
    bench.do(Disturbed("the loop lagged"), s(2))
    assert due_plans(bench.gate, now=s(3)) == ()
    heard(bench, 3, a=Level.BAD)
    assert due_plans(bench.gate, now=s(3)) == ()
    heard(bench, 4, b=Level.BAD)
    assert due_plans(bench.gate, now=s(4)) == ("rollback",)


def test_recovery_takes_passes_of_each_probe_and_no_rule_that_is_bad() -> None:
    bench = all_fine(Bench(gate_of(ROW, dialled(NEW))), NEW)
    heard(bench, 1, **{NEW: Level.BAD})
    for second in range(2, 6):
        bench.hear(NEW, dial(Level.UNDECIDED), second)
    assert bench.state is GateState.TRIPPED
    bench.hear(NEW, dial(Level.FINE), 6)
    assert bench.state is GateState.HEALTHY


def test_probes_hasten_while_a_rule_wants_more_results() -> None:
    bench = Bench(gate_of(dialled()))
    assert cadence(bench.gate, now=s(0))
    all_fine(bench, NEW)
    assert not cadence(bench.gate, now=s(0))
    bench.hear(NEW, dial(Level.UNDECIDED), 1)
    assert cadence(bench.gate, now=s(1))


def test_recovery_time_begins_where_the_rule_says_that_the_trouble_did() -> None:
    bench = all_fine(Bench(gate_of(dialled())), NEW)
    for second in (1, 2):  # what passes may be slow all the same
        bench.hear(NEW, replace(PASS, facts={"level": "bad"}), second)
    assert first_failed(bench.gate, now=s(2)) == s(1)


# the same probe counted by different codes


def test_two_rows_of_one_probe_count_each_its_own_codes() -> None:
    spec = gate_of(Clause(Consecutive(3, (503,)), (NEW,)), Clause(Consecutive(2, (486, 600)), (NEW,)))
    bench = all_fine(Bench(spec), NEW)
    bench.run(NEW, [failed(503), failed(486), failed(503)], 1)
    assert bench.state is GateState.SUSPECT
    bench.hear(NEW, failed(600), 4)
    assert bench.state is GateState.TRIPPED
    assert "486, 600: 2 consecutive ≥ 2" in bench.transitions[-1].evidence


def test_rows_over_the_same_codes_share_their_count() -> None:
    spec = gate_of(Clause(Consecutive(2, (503, 408)), (NEW,)), Clause(Consecutive(4, (408, 503)), (NEW,)), need=2)
    bench = all_fine(Bench(spec), NEW)
    assert list(bench.gate.inputs) == [NEW]
    bench.run(NEW, [failed()] * 3, 1)
    assert (bench.state, bench.degraded) == (GateState.SUSPECT, False)
    bench.hear(NEW, failed(), 4)
    assert bench.state is GateState.TRIPPED


def test_two_rows_of_a_name_with_several_targets_count_each_its_own_codes() -> None:
    spec = gate_of(Clause(Consecutive(2, (503,)), (NEW,)), Clause(Consecutive(2, (486,)), (NEW,)))
    bench = Bench(spec)
    bench.beat(NEW, 0, a=PASS, b=PASS)
    bench.beat(NEW, 1, a=failed(486), b=failed(486))
    assert bench.state is GateState.SUSPECT
    bench.beat(NEW, 2, a=failed(486), b=failed(486))
    assert bench.state is GateState.TRIPPED
    assert bench.path().counted == 0
