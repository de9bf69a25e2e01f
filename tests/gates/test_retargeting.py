"""A name that leads elsewhere than before, or nowhere: who stays, who joins, and what the path makes of it."""

from __future__ import annotations

from dataclasses import replace

from gates.gate import GateState
from gates.input import Input
from gates.machine import due_plans
from tests.gates.bench import ERROR, NEW, PASS, SILENCE, Bench, failed, of, plans, s
from tests.gates.test_targets import F, counts, healthy, tripped

# the name leads elsewhere


def test_a_target_that_the_name_no_longer_leads_to_is_forgotten() -> None:
    bench = healthy("abc")
    bench.beat(NEW, 1, a=F, b=F)
    assert list(bench.gate.targets[NEW].known) == ["a", "b"]
    before = bench.gate
    bench.hear(NEW, of("c", PASS, "abc"), 1.5, sequence=1)
    bench.hear(NEW, of("c", PASS, "abc"), 1.6, sequence=0)
    assert bench.gate is before


def test_a_target_that_joins_has_no_history_and_keeps_the_path_from_failing() -> None:
    bench = tripped(on_trip=plans(rollback=2_000))
    assert due_plans(bench.gate, now=s(5)) == ("rollback",)
    bench.hear(NEW, of("a", F, "abc"), 5, sequence=4)
    assert (bench.state, counts(bench)) == (GateState.TRIPPED, (0, 0, 0))
    assert due_plans(bench.gate, now=s(5)) == ()
    assert bench.target("a").counted == 4
    assert bench.target("c") == Input(judged=3)


def test_a_target_that_joins_and_fails_leaves_the_path_down() -> None:
    """In four beats in a row nobody got through, whoever was asked."""
    bench = tripped(on_trip=plans(rollback=0))
    bench.beat(NEW, 5, among="abc", a=F, b=F)
    assert due_plans(bench.gate, now=s(5)) == ()
    bench.hear(NEW, of("c", F, "abc"), 5.5, sent=5, sequence=4)
    assert due_plans(bench.gate, now=s(5.5)) == ("rollback",)
    assert (bench.path().counted, bench.path().first_counted) == (4, s(1))


def test_a_result_from_before_a_target_joined_is_late() -> None:
    """It was among the targets long ago, and an attempt of then ends only now."""
    bench = healthy("abc")
    bench.beat(NEW, 1, a=PASS, b=PASS)
    bench.beat(NEW, 2, a=PASS, b=PASS, c=ERROR)
    bench.hear(NEW, of("c", SILENCE, "abc"), 2.1, sent=0, sequence=1)
    assert bench.target("c") == Input(judged=1)


def test_that_the_only_working_target_vanished_trips_nothing_by_itself() -> None:
    bench = healthy("abc")
    for second in range(1, 10):
        bench.beat(NEW, second, a=F, b=F, c=PASS)
    bench.beat(NEW, 10, a=F, b=F)
    assert (bench.state, counts(bench), bench.path().first_counted) == (GateState.SUSPECT, (1, 1, 0), s(10))
    assert (bench.target("a").counted, bench.target("b").counted) == (10, 10)
    assert (bench.path().kinds, bench.target("a").kinds) == ({"503": 1}, {"503": 10})
    bench.beat(NEW, 11, a=F, b=F)
    assert bench.state is GateState.SUSPECT
    bench.beat(NEW, 12, a=F, b=F)
    assert bench.state is GateState.TRIPPED


def test_what_was_counted_together_still_counts_when_one_of_them_vanished() -> None:
    bench = healthy("abc")
    for second in range(1, 5):
        bench.beat(NEW, second, a=F, b=F, c=PASS)
    bench.beat(NEW, 5, a=F, b=F, c=F)
    bench.beat(NEW, 6, a=F, b=F, c=F)
    bench.beat(NEW, 7, a=F, b=F)
    assert (bench.state, bench.path().first_counted) == (GateState.TRIPPED, s(5))


def test_while_nobody_knows_whether_the_path_works_the_last_pass_grows_old() -> None:
    bench = healthy("ab")
    bench.beat(NEW, 1, a=F, b=PASS)
    bench.beat(NEW, 2, among="ac", a=F)
    assert (bench.state, counts(bench), bench.path().sent) == (GateState.HEALTHY, (0, 0, 0), s(1))
    bench.tick(18)
    assert bench.state is GateState.HEALTHY
    bench.tick(18.001)
    assert bench.state is GateState.UNKNOWN


def test_while_nobody_knows_whether_the_path_works_a_verdict_of_failure_grows_old() -> None:
    bench = tripped()
    for second in range(4, 21):
        bench.beat(NEW, second, among="abc", a=F, b=F)
    assert (bench.state, bench.path().sent) == (GateState.TRIPPED, s(3))
    bench.tick(20.001)
    assert bench.state is GateState.UNKNOWN


def test_the_beats_that_passed_go_on_when_the_targets_are_others() -> None:
    bench = tripped("ab", recover=3)
    bench.beat(NEW, 4, a=PASS, b=F)
    bench.beat(NEW, 5, c=PASS, d=F)
    assert bench.path().passes == 2


def test_a_beat_that_shows_as_failed_once_a_target_vanished_begins_the_recovery_anew() -> None:
    bench = tripped("abc", recover=9)
    bench.beat(NEW, 4, a=PASS, b=F, c=PASS)
    bench.beat(NEW, 5, among="abc", a=F, b=F)
    bench.beat(NEW, 6, a=PASS, b=F)
    assert bench.path().passes == 1


def test_an_older_result_says_nothing_of_where_the_name_leads_now() -> None:
    bench = healthy("ab")
    bench.hear(NEW, of("a", PASS, "ac"), 2, sequence=5)
    bench.hear(NEW, of("a", PASS, "ab"), 2.1, sequence=4)
    bench.hear(NEW, of("c", PASS, "abc"), 2.2, sequence=3)
    assert list(bench.gate.targets[NEW].known) == ["a", "c"]


def test_a_target_that_does_not_stand_among_its_own_targets_is_one_of_them() -> None:
    bench = healthy("ab")
    bench.hear(NEW, of("c", PASS, "ab"), 2, sequence=5)
    assert list(bench.gate.targets[NEW].known) == ["a", "b", "c"]
    bench.hear(NEW, replace(of("d", PASS), among=()), 3, sequence=6)
    assert list(bench.gate.targets[NEW].known) == ["a", "b", "c", "d"]


# the name as a whole


def test_a_failure_of_the_name_is_one_of_each_target() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F, b=PASS)
    bench.hear(NEW, failed(503), 2)
    assert (bench.target("a").counted, bench.target("b").counted, bench.path().counted) == (2, 1, 1)


def test_a_late_failure_of_the_name_is_late_for_those_that_were_heard_since() -> None:
    bench = healthy()
    bench.hear(NEW, of("a", PASS, "ab"), 2, sequence=7)
    bench.hear(NEW, failed(503), 2.5, sequence=6)
    assert (bench.target("a").counted, bench.target("b").counted, bench.path().counted) == (0, 1, 0)


def test_what_was_known_of_the_name_before_it_led_anywhere_does_not_count_for_its_targets() -> None:
    bench = Bench()
    bench.hear(NEW, PASS, 0)
    bench.run(NEW, [F, F], 1)
    bench.beat(NEW, 3, a=F, b=F)
    assert (bench.state, bench.path().counted, bench.path().first_counted) == (GateState.SUSPECT, 1, s(3))
    bench.hear(NEW, of("a", PASS, "ab"), 3.5, sequence=1)
    assert bench.path().counted == 1
