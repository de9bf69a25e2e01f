"""The arithmetic of a probe whose name leads to several targets, in words."""

from __future__ import annotations

from gates.gate import GateState
from gates.words import distance, tally
from tests.gates.bench import ERROR, NEW, PASS, SILENCE, Bench, failed, s, spec

F = failed()


def healthy(among: str = "ab", **rule: object) -> Bench:
    bench = Bench(spec(**rule))  # type: ignore[arg-type]
    bench.beat(NEW, 0, **dict.fromkeys(among, PASS))
    return bench


def evidence(bench: Bench) -> str:
    return bench.transitions[-1].evidence


def test_health_says_how_many_of_the_targets_pass() -> None:
    bench = Bench()
    bench.beat(NEW, 0, a=F, b=PASS)
    assert evidence(bench) == "trunk-new: 1 consecutive PASS (1 of 2 targets pass)"


def test_a_trip_names_each_target_with_its_own_count() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=SILENCE, b=PASS)
    for second in (2, 3, 4):
        bench.beat(NEW, second, a=SILENCE, b=F)
    assert evidence(bench) == ("trunk-new: 503, 503, 503: 3 consecutive ≥ 3 on each of 2 targets (a 4, b 3); last PASS 3.0 s ago")
    assert bench.transitions[-1].cause == "sample trunk-new#4 of b"


def test_the_distance_is_that_of_the_path() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=SILENCE, b=PASS)
    bench.beat(NEW, 2, a=SILENCE, b=F)
    assert distance(bench.gate) == (NEW, 1, 3)
    assert tally(bench.path(), threshold=3) == "503: 1/3"


def test_failures_outside_the_code_set_are_told_with_each_targets_own_count() -> None:
    bench = healthy()
    for second in (1, 2, 3):
        bench.beat(NEW, second, a=failed(486), b=F)
    assert evidence(bench) == (
        "trunk-new: 3 failures outside the code set on each of 2 targets (a 3, b 3), threshold 3; last PASS 3.0 s ago"
    )


def test_failures_of_mixed_codes_say_why_the_answer_changed() -> None:
    bench = healthy()
    bench.beat(NEW, 1, a=failed(486), b=F)
    for second in (2, 3):
        bench.beat(NEW, second, a=F, b=F)
    assert evidence(bench) == (
        "trunk-new: 503, 503: 2 consecutive < 3 on each of 2 targets (a 2, b 3); 3 failures of any code ≥ 3; last PASS 3.0 s ago"
    )


def test_only_the_first_of_many_targets_are_named() -> None:
    bench = healthy("abcdef", threshold=1)
    bench.beat(NEW, 1, **dict.fromkeys("abcdef", F))
    assert "on each of 6 targets (a 1, b 1, c 1, d 1, 2 more)" in evidence(bench)


def test_what_a_target_counted_before_the_others_vanished_is_told_apart() -> None:
    bench = healthy("ab")
    for second in (1, 2, 3, 4):
        bench.beat(NEW, second, a=F, b=PASS)
    bench.beat(NEW, 5, a=F)
    assert evidence(bench) == "trunk-new: 503: 1 consecutive < 3 since its targets changed; last PASS 1.0 s ago"


def test_a_name_that_leads_to_one_target_reads_like_a_fixed_one() -> None:
    bench = healthy("a")
    assert evidence(bench) == "trunk-new: 1 consecutive PASS"
    bench.beat(NEW, 1, a=F)
    assert evidence(bench) == "trunk-new: 503: 1 consecutive < 3; last PASS 1.0 s ago"


def test_unknown_tells_the_age_of_each_target() -> None:
    bench = healthy()
    bench.beat(NEW, 1, among="ac", a=PASS, c=ERROR)
    bench.tick(18.5)
    assert bench.state is GateState.UNKNOWN
    assert evidence(bench) == "newest result: trunk-new 17.5 s ago (a 17.5 s ago, c never); max_age 17.0 s"


def test_recovery_counts_the_beats() -> None:
    bench = healthy(recover=2)
    for second in (1, 2, 3):
        bench.beat(NEW, second, a=F, b=F)
    bench.beat(NEW, 4, a=PASS, b=F)
    bench.beat(NEW, 5, a=F, b=PASS)
    assert evidence(bench) == "trunk-new: 2 consecutive PASS (1 of 2 targets pass); recover 2"
    assert bench.path().passed_at == s(5)
