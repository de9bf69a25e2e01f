"""The arithmetic of gates with several rules and quorums, in words."""

from __future__ import annotations

from gates import words
from gates.gate import GateState
from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level
from gates.spec import Clause
from tests.gates.bench import NEW, PASS, Bench, failed, s
from tests.gates.dial import dial, dialled, gate_of

THREE = (NEW, "second", "third")


def quorum() -> Bench:
    bench = Bench(gate_of(Clause(Consecutive(3, (503, 408)), THREE, need=2)))
    for probe in THREE:
        bench.hear(probe, PASS, 0)
    return bench


def test_what_is_nearest_says_how_many_of_a_quorum_are_bad() -> None:
    bench = quorum()
    assert words.nearest(bench.gate, now=s(1)) == "0/3; 0 of 3 probes bad, 2 needed"
    bench.run("second", [failed()] * 3, 1)
    assert words.nearest(bench.gate, now=s(3)) == "503: 3/3; 1 of 3 probes bad, 2 needed"


def test_a_trip_by_quorum_tells_each_that_failed_and_the_count() -> None:
    bench = quorum()
    bench.run("second", [failed()] * 3, 1)
    bench.run("third", [failed()] * 3, 4)
    assert bench.transitions[-1].after is GateState.TRIPPED
    assert bench.transitions[-1].evidence == (
        "second: 503, 503, 503: 3 consecutive ≥ 3; last PASS 6.0 s ago; "
        "third: 503, 503, 503: 3 consecutive ≥ 3; last PASS 6.0 s ago; 2 of 3 probes bad, 2 needed"
    )


def test_of_several_rules_the_count_says_which_it_is_of() -> None:
    bench = Bench(gate_of(dialled(NEW, "second", need=2), dialled("third"), need=2))
    for probe in THREE:
        bench.hear(probe, dial(Level.FINE), 0)
    bench.hear("third", dial(Level.BAD), 1)
    assert bench.transitions[-1].evidence == (
        "third: the dial stands at bad; rule 1: 0 of 2 probes bad, 2 needed; 1 of 2 rules bad, 2 needed"
    )
    assert words.nearest(bench.gate, now=s(1)) == "dial bad; rule 1: 0 of 2 probes bad, 2 needed; 1 of 2 rules bad, 2 needed"


def test_where_one_is_enough_nothing_is_counted() -> None:
    bench = Bench(gate_of(dialled(NEW, "second")))
    assert words.nearest(bench.gate, now=s(0)) == "dial undecided"


def test_failures_of_an_input_that_has_gone_silent_are_still_what_is_nearest() -> None:
    bench = quorum()
    bench.run("second", [failed()] * 3, 1)
    bench.hear("third", PASS, 16)
    bench.hear(NEW, failed(), 17)
    assert words.nearest(bench.gate, now=s(21)) == "503: 3/3; 0 of 3 probes bad, 2 needed"


def test_health_is_told_with_what_each_other_rule_says() -> None:
    bench = Bench(gate_of(dialled()))
    transition = bench.hear(NEW, dial(Level.FINE), 0)
    assert transition is not None
    assert transition.evidence == "trunk-new: 1 consecutive PASS; trunk-new: the dial stands at fine"


def test_suspicion_is_told_with_the_rules_that_find_fault_alone() -> None:
    bench = Bench(gate_of(dialled(NEW), dialled("second")))
    for probe in (NEW, "second"):
        bench.hear(probe, dial(Level.FINE), 0)
    transition = bench.hear(NEW, dial(Level.FAILING), 1)
    assert transition is not None
    assert transition.evidence == "trunk-new: the dial stands at failing"


def test_the_distance_of_a_gate_that_counts_nothing_in_a_row_is_its_failures_of_any_code() -> None:
    bench = Bench(gate_of(dialled()))
    bench.run(NEW, [failed(500)] * 2, 0)
    assert words.distance(bench.gate) == (NEW, 2, 3)
