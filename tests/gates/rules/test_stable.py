"""`stable_for: 120s`."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.rules.reading import Level
from gates.rules.stable import StableFor
from probes.sample import NS_PER_S, Outcome, ProbeResult
from tests.gates.rules.bench import PASS, RuleBench, fail, passed, s

RULE = StableFor(120 * NS_PER_S)


def bench() -> RuleBench:
    return RuleBench(RULE)


def of(target: str, result: ProbeResult, among: str = "ab") -> ProbeResult:
    return replace(result, target=target, among=tuple(among))


def test_at_the_start_it_must_show_that_it_is_stable() -> None:
    on = bench()
    nothing = on.read(0)
    assert (nothing.level, nothing.arithmetic) == (Level.UNDECIDED, "no PASS yet")
    assert (nothing.to_bad, nothing.to_fine) == ("1 flap, once it has passed", "120.0 s without a flap, shown by a PASS")
    reading = on.run([PASS] * 4, every=30)
    assert (reading.level, reading.distance) == (Level.UNDECIDED, "stable: 90.0 s/120.0 s")
    assert reading.arithmetic == "stable for 90.0 s < 120.0 s; no flap"
    assert (reading.to_bad, reading.to_fine) == ("1 flap", "30.0 s without a flap, shown by a PASS")
    after = on.hear(PASS, 120)
    assert (after.level, after.arithmetic, after.to_fine) == (Level.FINE, "stable for 120.0 s ≥ 120.0 s; no flap", "")


def test_time_alone_proves_nothing() -> None:
    on = bench()
    on.hear(PASS, 0)
    assert on.read(1_000).level is Level.UNDECIDED


def test_what_the_probe_knows_longer_need_not_be_waited_for() -> None:
    assert bench().hear(passed(stable_s=600, flaps=7), 0).level is Level.FINE
    half = bench().hear(passed(stable_s=50), 0)
    assert (half.level, half.distance) == (Level.UNDECIDED, "stable: 50.0 s/120.0 s")
    assert bench().hear(passed(stable_s="long"), 0).distance == "stable: 0.0 s/120.0 s"
    assert bench().hear(passed(stable_s=-5), 0).distance == "stable: 0.0 s/120.0 s"


def test_a_failure_after_a_pass_is_a_flap_and_a_pass_alone_does_not_end_it() -> None:
    on = bench()
    on.hear(passed(stable_s=600), 0)
    lost = on.hear(fail(480), 30)
    assert (lost.level, lost.since, lost.restarts) == (Level.BAD, s(30), s(30))
    assert lost.arithmetic == "flapped once, last 0.0 s ago; lost"
    back = on.hear(passed(stable_s=0), 60)
    assert (back.level, back.since) == (Level.BAD, s(30))
    assert back.arithmetic == "flapped once, last 30.0 s ago; stable for 0.0 s < 120.0 s"
    assert (back.to_bad, back.to_fine) == ("", "120.0 s without a flap, shown by a PASS")
    assert on.run([passed(stable_s=30 + 30 * at) for at in range(3)], 90, 30).level is Level.BAD
    assert on.hear(passed(stable_s=120), 180).level is Level.FINE


def test_a_rise_of_the_fact_is_a_flap_between_two_passes() -> None:
    on = bench()
    assert on.hear(passed(stable_s=600, flaps=2), 0).level is Level.FINE
    assert on.hear(passed(stable_s=630, flaps=2), 30).level is Level.FINE
    flapped = on.hear(passed(stable_s=12, flaps=3), 60)
    assert (flapped.level, flapped.distance) == (Level.BAD, "stable: 12.0 s/120.0 s")
    on.hear(passed(stable_s=82, flaps=3), 130)
    twice = on.hear(passed(flaps=4), 140)
    assert twice.arithmetic == "flapped 2 times, last 0.0 s ago; stable for 0.0 s < 120.0 s"
    assert twice.since == s(60)


def test_a_probe_that_counts_from_nothing_again_did_not_flap() -> None:
    on = bench()
    on.hear(passed(stable_s=600, flaps=5), 0)
    assert on.hear(passed(stable_s=0, flaps=0), 30).level is Level.FINE


def test_a_flap_cannot_be_older_than_the_result_before_it() -> None:
    on = bench()
    on.hear(passed(stable_s=600, flaps=2), 0)
    assert on.hear(passed(stable_s=600, flaps=3), 30).distance == "stable: 30.0 s/120.0 s"


def test_what_fails_from_the_start_did_not_flap() -> None:
    on = bench()
    reading = on.run([fail()] * 2)
    assert (reading.level, reading.arithmetic) == (Level.UNDECIDED, "no PASS yet; 2 failures in a row of any code")
    assert on.hear(fail(), 2).level is Level.DOUBTFUL
    assert on.hear(PASS, 3).level is Level.UNDECIDED


def test_no_run_begins_while_what_flapped_is_back() -> None:
    on = bench()
    on.hear(passed(stable_s=600), 0)
    on.hear(fail(480), 30)
    on.hear(PASS, 60)
    assert on.read(75).restarts == s(75)
    again = on.hear(fail(480), 90)
    assert (again.restarts, again.since) == (s(90), s(30))
    assert on.hear(fail(480), 120).restarts == s(90)


def test_each_target_flaps_by_itself_and_one_that_never_passed_is_left_out() -> None:
    on = bench()
    on.hear(of("a", passed(stable_s=600, flaps=9)), 0)
    assert on.hear(of("b", fail()), 0).level is Level.FAILING
    assert on.hear(of("a", passed(stable_s=601, flaps=9)), 1).level is Level.FINE
    assert on.hear(of("b", passed(stable_s=0, flaps=0)), 2).level is Level.UNDECIDED
    lost = on.hear(of("b", fail()), 3)
    assert (lost.level, lost.restarts) == (Level.BAD, s(3))
    assert on.hear(of("a", passed(stable_s=602, flaps=9)), 4).restarts == s(4)
    assert on.hear(of("a", passed(stable_s=603, flaps=9), "a"), 5).level is Level.FINE
    assert set(on.memory.lines) == {"a"}


def test_of_several_that_flapped_the_first_loss_counts_and_the_shortest_stability_is_shown() -> None:
    on = bench()
    on.hear(of("a", passed(stable_s=600)), 0)
    assert on.hear(of("b", passed(stable_s=50)), 0).distance == "stable: 50.0 s/120.0 s"
    on.hear(of("a", fail()), 10)
    on.hear(of("b", fail()), 20)
    lost = on.read(25)
    assert (lost.since, lost.restarts) == (s(10), s(10))
    assert lost.arithmetic == "flapped 2 times, last 5.0 s ago; lost"
    on.hear(of("a", PASS), 30)
    assert on.hear(of("b", fail()), 31).restarts == s(20)
    on.hear(of("b", PASS), 60)
    on.hear(of("a", PASS), 90)
    assert on.hear(of("b", PASS), 90).distance == "stable: 30.0 s/120.0 s"


def test_it_says_how_it_was_configured() -> None:
    assert RULE.describe() == {"rule": "stable_for", "stable_for": "120.0 s", "threshold": 3}


def oracle(results: list[tuple[int, ProbeResult]]) -> tuple[bool, int]:
    """Whether it is bad, and for how many seconds it was stable at the last result, from the whole list."""
    flap: int | None = None
    since: int | None = None
    for place, (at, result) in enumerate(results):
        passes = result.outcome is Outcome.PASS
        before = results[place - 1][1] if place else None
        rose = before is not None and int(result.facts["flaps"]) > int(before.facts["flaps"])
        if rose or (before is not None and before.outcome is Outcome.PASS and not passes):
            flap = at
        if not passes:
            since = None
        elif since is None or rose:
            since = at
        if since is not None and at - since >= 120:
            flap = None
    return flap is not None, 0 if since is None else results[-1][0] - since


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 70), st.sampled_from("PPPPPPfr")), max_size=40))
def test_it_agrees_with_the_whole_list(events: list[tuple[int, str]]) -> None:
    on, now, flaps, heard = bench(), 0, 0, []
    for wait, kind in events:
        now, flaps = now + wait, flaps + (kind == "r")
        result = fail(480, flaps=flaps) if kind == "f" else passed(flaps=flaps)
        heard.append((now, result))
        reading = on.hear(result, now)
        is_bad, stable = oracle(heard)
        assert (reading.level is Level.BAD) == is_bad
        assert reading.distance == f"stable: {stable}.0 s/120.0 s"
        assert len(on.memory.lines) == 1
