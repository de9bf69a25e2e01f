"""The distance to a trip as people read it."""

from __future__ import annotations

from gates.rule import label
from gates.words import distance, evidence, seconds, tally
from tests.gates.bench import NEW, PASS, SILENCE, Bench, failed, s, spec


def bench() -> Bench:
    made = Bench(spec(needed=(NEW, "second")))
    made.hear(NEW, PASS, 0)
    made.hear("second", PASS, 0)
    return made


def test_the_distance_is_that_of_the_probe_closest_to_tripping() -> None:
    made = bench()
    made.hear(NEW, failed(), 1)
    made.run("second", [failed(), failed()], 1)
    assert distance(made.gate) == ("second", 2, 3)


def test_between_equal_counts_the_probe_that_fails_more_is_closer() -> None:
    made = bench()
    made.hear("second", failed(500), 1)
    assert distance(made.gate) == ("second", 0, 3)


def test_the_tally_of_one_code() -> None:
    made = bench()
    made.run(NEW, [failed(), failed()], 1)
    assert tally(made.gate.inputs[NEW], threshold=3) == "503: 2/3"


def test_the_tally_of_a_mixed_streak_lists_its_kinds_once() -> None:
    made = bench()
    made.run(NEW, [failed(), SILENCE, failed()], 1)
    assert tally(made.gate.inputs[NEW], threshold=3) == "503, 408 timeout: 3/3"


def test_the_tally_of_failures_outside_the_code_set() -> None:
    made = bench()
    made.hear(NEW, failed(500), 1)
    assert tally(made.gate.inputs[NEW], threshold=3) == "failing: 0/3"


def test_a_streak_keeps_the_last_n_of_a_longer_one() -> None:
    made = bench()
    made.run(NEW, [SILENCE, failed(), failed(), failed()], 1)
    assert (made.gate.inputs[NEW].streak, made.gate.inputs[NEW].counted) == (("503", "503", "503"), 4)


def test_a_failure_without_a_code_is_called_by_its_reason() -> None:
    assert label(failed(None, reason="malformed")) == "malformed"


def test_seconds_have_one_decimal() -> None:
    assert seconds(7_249_000_000) == "7.2 s"


def test_evidence_without_any_failure_falls_back_on_the_finding() -> None:
    made = bench()
    assert evidence(made.gate, made.gate.state.TRIPPED, finding="worse", now=s(1)) == "worse"


def test_the_age_of_what_never_came_is_never() -> None:
    made = Bench()
    told = evidence(made.gate, made.gate.state, finding="stale", now=s(1))
    assert told == "newest result: trunk-new never; max_age 17.0 s"
