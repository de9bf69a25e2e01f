"""A name that leads to several targets: the path fails when each of them has, and passes as soon as one does."""

from __future__ import annotations

from gates.cutover import Cutover, Phase
from gates.gate import GateState
from gates.input import Input
from gates.lease import answer, lease
from gates.machine import Disturbed, Latch, Reset, Tick, advance, cadence, deadline, due_plans, first_failed
from tests.gates.bench import ERROR, NEW, PASS, SILENCE, Bench, failed, of, plans, s, spec

F = failed()


def healthy(among: str = "ab", **rule: object) -> Bench:
    bench = Bench(spec(**rule))  # type: ignore[arg-type]
    for probe in (*bench.gate.spec.needed, *bench.gate.spec.baseline):
        bench.beat(probe, 0, **dict.fromkeys(among, PASS))
    assert bench.state is GateState.HEALTHY
    return bench


def counts(bench: Bench, probe: str = NEW) -> tuple[int, int, int]:
    known = bench.path(probe)
    return known.counted, known.failing, known.passes


# a path fails when each of its targets has


def test_the_path_does_not_fail_while_one_target_passes() -> None:
    bench = healthy()
    for second in range(1, 10):
        bench.beat(NEW, second, a=F, b=PASS)
    assert (bench.state, counts(bench)) == (GateState.HEALTHY, (0, 0, 10))


def test_the_path_trips_on_the_nth_failure_of_its_last_target() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F, b=PASS)
    bench.beat(NEW, 2, a=F, b=F)
    bench.beat(NEW, 3, a=F, b=F)
    assert (bench.state, bench.path().counted) == (GateState.SUSPECT, 2)
    bench.hear(NEW, of("a", F, "ab"), 4, sequence=4)
    assert bench.state is GateState.SUSPECT
    bench.hear(NEW, of("b", F, "ab"), 4.5, sequence=4)
    assert bench.state is GateState.TRIPPED


def test_a_target_that_failed_long_enough_need_not_be_waited_for() -> None:
    """A silent target takes its whole timeout to say nothing: what it has shown already is enough."""
    bench = healthy()
    for second in (1, 2, 3, 4):
        bench.beat(NEW, second, b=SILENCE, a=PASS)
    bench.beat(NEW, 5, a=F, b=SILENCE)
    bench.beat(NEW, 6, a=F, b=SILENCE)
    bench.hear(NEW, of("a", F, "ab"), 7, sequence=7)
    assert bench.state is GateState.TRIPPED


def test_failures_of_different_targets_are_not_added_up() -> None:
    bench = healthy("abc")
    bench.beat(NEW, 1, a=F, b=F, c=F)
    bench.beat(NEW, 2, a=F, b=F, c=F)
    assert (bench.state, counts(bench)) == (GateState.SUSPECT, (2, 2, 0))


def test_failures_outside_the_code_set_on_one_target_keep_the_path_from_tripping_and_still_turn_callers_away() -> None:
    bench = healthy()
    for second in (1, 2, 3):
        bench.beat(NEW, second, a=F, b=failed(486))
    assert (bench.state, bench.degraded, counts(bench)) == (GateState.SUSPECT, True, (0, 3, 0))


def test_the_streak_is_that_of_the_target_that_decides() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=SILENCE, b=PASS)
    bench.beat(NEW, 2, a=SILENCE, b=F)
    bench.beat(NEW, 3, a=SILENCE, b=F)
    assert (bench.path().streak, bench.target("a").streak) == (("503", "503"), ("408 timeout",) * 3)


def test_the_streak_of_the_path_began_when_its_last_target_began_to_fail() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F, b=PASS)
    bench.beat(NEW, 2, a=F, b=failed(486))
    bench.beat(NEW, 3, a=F, b=F)
    bench.beat(NEW, 4, a=F, b=F)
    assert (bench.path().first_failed, bench.path().first_counted) == (s(2), s(3))
    assert first_failed(bench.gate, now=s(3)) == s(2)


def test_suspicion_hastens_the_probe_only_once_every_target_fails() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F, b=PASS)
    assert not cadence(bench.gate, now=s(60))
    bench.beat(NEW, 2, a=F, b=F)
    assert cadence(bench.gate, now=s(60))


def test_the_clock_of_confirmation_starts_anew_with_a_pass_of_any_target() -> None:
    bench = healthy(on_trip=plans(rollback=2_000))
    for second in (1, 2, 3):
        bench.beat(NEW, second, a=F, b=F)
    bench.beat(NEW, 4, a=F, b=PASS)
    for second in (4.2, 4.4, 4.6):
        bench.beat(NEW, second, a=F, b=F)
    assert due_plans(bench.gate, now=s(5.999)) == ()
    assert due_plans(bench.gate, now=s(6)) == ("rollback",)


# passes, and what recovers


def test_one_pass_of_one_target_ends_unknown() -> None:
    bench = Bench()
    bench.beat(NEW, 0, a=F, b=F)
    assert bench.state is GateState.UNKNOWN
    bench.beat(NEW, 1, a=F, b=PASS)
    assert bench.state is GateState.HEALTHY


def tripped(among: str = "ab", **rule: object) -> Bench:
    bench = healthy(among, **rule)
    for second in (1, 2, 3):
        bench.beat(NEW, second, **dict.fromkeys(among, F))
    assert bench.state is GateState.TRIPPED
    return bench


def test_a_path_recovers_by_beats_in_each_of_which_some_target_passed() -> None:
    """Whoever is refused by the one asks the other: in each of these beats a caller got through."""
    bench = tripped(recover=4)
    for second, results in ((4, {"a": PASS, "b": F}), (5, {"a": F, "b": PASS}), (6, {"a": PASS, "b": F})):
        bench.beat(NEW, second, **results)
    assert (bench.state, bench.path().passes) == (GateState.TRIPPED, 3)
    bench.beat(NEW, 7, a=F, b=PASS)
    assert bench.state is GateState.HEALTHY


def test_passes_of_several_targets_in_one_beat_are_one() -> None:
    bench = tripped(recover=3)
    bench.beat(NEW, 4, a=PASS, b=PASS)
    bench.beat(NEW, 5, a=PASS, b=PASS)
    assert (bench.state, bench.path().passes) == (GateState.TRIPPED, 2)


def test_a_beat_in_which_every_target_failed_begins_the_recovery_anew() -> None:
    bench = tripped(recover=3)
    bench.beat(NEW, 4, a=PASS, b=PASS)
    bench.beat(NEW, 5, a=PASS, b=F)
    bench.beat(NEW, 6, a=F, b=F)
    bench.beat(NEW, 7, a=F, b=PASS)
    assert (bench.state, bench.path().passes) == (GateState.TRIPPED, 1)


def test_a_beat_in_which_a_target_could_not_be_measured_neither_counts_nor_resets() -> None:
    bench = tripped(recover=3)
    bench.beat(NEW, 4, a=PASS, b=F)
    bench.beat(NEW, 5, a=ERROR, b=F)
    bench.beat(NEW, 6, a=PASS, b=F)
    assert (bench.state, bench.path().passes) == (GateState.TRIPPED, 2)


def test_a_late_pass_of_an_earlier_beat_is_no_further_beat() -> None:
    bench = tripped(recover=9)
    bench.hear(NEW, of("a", PASS, "ab"), 4, sequence=5)
    bench.hear(NEW, of("b", PASS, "ab"), 4.1, sequence=4)
    assert bench.path().passes == 1


# order of sending


def test_lateness_is_that_of_each_target() -> None:
    bench = healthy()
    bench.hear(NEW, of("a", F, "ab"), 2, sequence=7)
    bench.hear(NEW, of("b", F, "ab"), 2.1, sequence=6)
    before = bench.gate
    bench.hear(NEW, of("a", PASS, "ab"), 2.2, sequence=6)
    assert (bench.gate.inputs, bench.gate.targets[NEW].known) == (before.inputs, before.targets[NEW].known)
    assert (bench.target("a").judged, bench.target("b").judged, bench.path().judged) == (7, 6, 7)
    assert bench.path().counted == 1


def test_what_tells_nothing_changes_nothing() -> None:
    bench = healthy()
    bench.do(Disturbed("loop lagged 3.0 s"), s(2))
    before = bench.gate
    bench.hear(NEW, of("a", ERROR, "abc"), 2.5, sequence=1)
    bench.hear(NEW, of("a", SILENCE, "abc"), 2.5, sent=1.9, sequence=1)
    assert (bench.gate.inputs, bench.gate.targets[NEW].known) == (before.inputs, before.targets[NEW].known)


# freshness


def test_the_path_is_as_fresh_as_its_youngest_pass_that_still_stands() -> None:
    bench = healthy()
    bench.beat(NEW, 10, a=PASS, b=ERROR)
    bench.beat(NEW, 12, a=F, b=ERROR)
    assert (bench.path().sent, bench.path().passed_sent) == (s(0), s(0))
    bench.tick(17)
    assert bench.state is GateState.HEALTHY
    bench.tick(17.001)
    assert bench.state is GateState.UNKNOWN


def test_a_failure_of_one_target_does_not_keep_the_pass_of_another_fresh() -> None:
    bench = healthy()
    for second in range(1, 17):
        bench.beat(NEW, second, among="ab", a=F)
    told = lease(bench.gate, Cutover(phase=Phase.OPEN), impaired="", now=s(16))
    assert answer(told, now_ns=s(16).mono_ns, turned_ns=s(16).mono_ns).valid_for_ms == 1_000
    bench.beat(NEW, 17.001, among="ab", a=F)
    assert bench.state is GateState.UNKNOWN


def test_a_verdict_of_failure_needs_every_target_fresh() -> None:
    bench = tripped(on_trip=plans(rollback=0))
    for second in range(4, 21):
        bench.beat(NEW, second, among="ab", a=F)
    assert (bench.state, bench.path().sent) == (GateState.TRIPPED, s(3))
    assert due_plans(bench.gate, now=s(20)) == ("rollback",)
    assert due_plans(bench.gate, now=s(20.001)) == ()
    assert deadline(bench.gate, now=s(19)) == s(20).mono_ns + 1
    bench.tick(20.001)
    assert bench.state is GateState.UNKNOWN


def test_after_a_disturbance_a_run_waits_for_a_failure_of_every_target() -> None:
    bench = tripped(on_trip=plans(rollback=0))
    bench.do(Disturbed("loop lagged 3.0 s"), s(3.5))
    bench.hear(NEW, of("a", F, "ab"), 4, sequence=9)
    assert due_plans(bench.gate, now=s(4)) == ()
    bench.hear(NEW, of("b", F, "ab"), 4.1, sent=4, sequence=9)
    assert due_plans(bench.gate, now=s(4.1)) == ("rollback",)


def test_entering_unknown_zeroes_every_target_and_keeps_its_place_in_the_sequence() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=F, b=F)
    bench.tick(18.5)
    assert bench.state is GateState.UNKNOWN
    assert bench.target("a") == Input(judged=1, sent=s(1), passed_sent=s(0), passed_at=s(0))
    assert bench.path() == Input(judged=1, sent=s(1), passed_sent=s(0), passed_at=s(0))
    bench.hear(NEW, of("a", PASS, "ab"), 18.6, sequence=1)
    assert bench.state is GateState.UNKNOWN


def test_a_pass_of_the_beat_in_which_unknown_was_entered_ends_it() -> None:
    bench = healthy()
    bench.hear(NEW, of("a", PASS, "ab"), 1, sequence=7)
    bench.tick(18.5)
    bench.hear(NEW, of("b", PASS, "ab"), 18.6, sent=18, sequence=7)
    assert (bench.state, bench.path().passes) == (GateState.HEALTHY, 1)


def test_a_reset_keeps_the_targets_and_what_makes_a_result_late() -> None:
    bench = tripped()
    bench.do(Reset("an operator"), s(3.5))
    assert {name: bench.target(name) for name in "ab"} == dict.fromkeys("ab", Input(judged=3))
    assert (bench.path(), bench.gate.targets[NEW].passes) == (Input(judged=3), 0)
    bench.hear(NEW, of("a", PASS, "ab"), 3.6, sequence=3)
    assert bench.state is GateState.UNKNOWN
    bench.hear(NEW, of("a", PASS, "ab"), 4, sequence=4)
    assert bench.state is GateState.HEALTHY


# latch


def test_a_latched_gate_goes_on_counting_its_targets() -> None:
    bench = healthy()
    bench.do(Latch("rollback", "an operator"), s(0.5))
    bench.beat(NEW, 1, a=F, b=F)
    assert (bench.state, bench.path().counted) == (GateState.TRIPPED, 1)


def test_probes_with_and_without_several_targets_stand_side_by_side() -> None:
    bench = Bench(spec(needed=(NEW, "second")))
    bench.beat(NEW, 0, a=PASS, b=F)
    bench.hear("second", PASS, 0)
    assert (bench.state, list(bench.gate.targets)) == (GateState.HEALTHY, [NEW])
    bench.run("second", [F] * 3, 1)
    assert bench.state is GateState.TRIPPED


def test_time_alone_leaves_the_targets_as_they_are() -> None:
    bench = healthy()
    gate, _ = advance(bench.gate, Tick(), now=s(3))
    assert gate.targets == bench.gate.targets
