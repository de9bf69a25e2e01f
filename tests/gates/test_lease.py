"""What the webhook may say: the verdict on each turn, and the lease at the very moment of answering."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.cutover import Cutover, Hold, Phase
from gates.lease import Answer, Lease, answer, lease
from gates.machine import Disturbed, Latch
from probes.sample import Moment
from tests.gates.bench import NEW, OLD, PASS, Bench, failed, s, spec

SECOND = 1_000_000_000


def healthy(**rule: object) -> Bench:
    bench = Bench(spec(**rule))  # type: ignore[arg-type]
    for probe in bench.gate.spec.needed:
        bench.hear(probe, PASS, 0)
    return bench


def told(bench: Bench, cutover: Cutover, *, when: float = 0, impaired: str = "", turned: float | None = None) -> Answer:
    given = lease(bench.gate, cutover, impaired=impaired, now=s(when))
    return answer(given, now_ns=s(when).mono_ns, turned_ns=s(when if turned is None else turned).mono_ns)


OPEN = Cutover(phase=Phase.OPEN)


def held(*, ok: bool, until: float = 60) -> Cutover:
    return replace(OPEN, holds={"inbound": Hold(ok, "a reason", s(until).utc_ns)})


def in_phase(phase: str) -> Cutover:
    return Cutover(phase=Phase(phase))


@pytest.mark.parametrize(
    ("phase", "ok", "reason"),
    [("prepared", False, "not-open"), ("open", True, ""), ("reverted", False, "reverted"), ("committed", True, "")],
)
def test_a_healthy_gate_is_ok_only_when_open_or_committed(phase: str, ok: bool, reason: str) -> None:
    given = told(healthy(), in_phase(phase))
    assert (given.ok, given.reason) == (ok, reason)


def test_a_gate_that_knows_nothing_is_degraded() -> None:
    given = told(Bench(), OPEN)
    assert given == Answer(ok=False, reason="unknown", age_ms=-1, valid_for_ms=0)


@pytest.mark.parametrize(("failures", "reason"), [(1, ""), (2, ""), (3, "tripped")])
def test_failures_below_the_threshold_do_not_turn_callers_away(failures: int, reason: str) -> None:
    bench = healthy()
    bench.run(NEW, [failed()] * failures, 1)
    given = told(bench, OPEN, when=failures)
    assert (given.ok, given.reason) == (not reason, reason)


def test_a_suspect_gate_that_called_for_it_is_degraded() -> None:
    bench = healthy()
    bench.run(NEW, [failed(500)] * 3, 1)
    assert told(bench, OPEN, when=4).reason == "degraded"


def test_a_latched_gate_is_degraded_whatever_its_samples() -> None:
    bench = healthy()
    bench.do(Latch("rollback", "an operator"), s(0))
    bench.hear(NEW, PASS, 1)
    assert told(bench, OPEN, when=1).reason == "latched"


def test_a_hold_does_not_open_a_latch() -> None:
    bench = healthy()
    bench.do(Latch("rollback", "an operator"), s(0))
    assert told(bench, held(ok=True)).reason == "latched"


@pytest.mark.parametrize("phase", ["prepared", "reverted"])
def test_a_hold_does_not_open_a_phase(phase: str) -> None:
    cutover = replace(held(ok=True), phase=Phase(phase))
    assert not told(healthy(), cutover).ok


def test_a_held_ok_overlays_a_trip() -> None:
    bench = healthy()
    bench.run(NEW, [failed()] * 3, 1)
    assert told(bench, held(ok=True), when=3).ok


def test_a_held_ok_still_needs_fresh_inputs() -> None:
    assert told(Bench(), held(ok=True)).reason == "unknown"
    assert told(healthy(), held(ok=True, until=600), when=17).reason == "stale"


def test_a_held_degraded_overlays_health() -> None:
    assert told(healthy(), held(ok=False)).reason == "held"


def test_a_hold_ends_at_its_instant() -> None:
    cutover = held(ok=False, until=10)
    assert not told(healthy(), cutover, when=9.999).ok
    assert told(healthy(), cutover, when=10).ok


def test_a_hold_of_another_gate_changes_nothing() -> None:
    cutover = replace(OPEN, holds={"outbound": Hold(False, "a reason", s(60).utc_ns)})
    assert told(healthy(), cutover).ok


# the lease


def test_the_answer_tells_its_age_and_how_long_it_holds() -> None:
    assert told(healthy(), OPEN, when=0.412) == Answer(ok=True, reason="", age_ms=412, valid_for_ms=16_588)


def test_the_oldest_needed_input_ends_the_lease_and_the_youngest_is_its_age() -> None:
    bench = healthy(needed=(NEW, "second"))
    bench.hear("second", PASS, 10)
    assert told(bench, OPEN, when=11) == Answer(ok=True, reason="", age_ms=1_000, valid_for_ms=6_000)
    assert told(bench, OPEN, when=17).reason == "stale"


def test_one_needed_input_that_never_came_is_enough_to_be_stale() -> None:
    bench = Bench(spec(needed=(NEW, "second")))
    bench.hear(NEW, PASS, 0)
    given = lease(bench.gate, held(ok=True), impaired="", now=s(0))
    assert answer(given, now_ns=s(0).mono_ns, turned_ns=s(0).mono_ns).reason == "unknown"


def test_the_baseline_path_does_not_end_the_lease() -> None:
    bench = Bench(spec(baseline=(OLD,)))
    bench.hear(NEW, PASS, 0)
    assert told(bench, OPEN, when=1).ok


def test_an_answer_is_stale_without_any_turn_of_the_judge() -> None:
    """The judge published OK and hangs: the lease it left behind runs out by itself."""
    given = lease(healthy().gate, OPEN, impaired="", now=s(0))
    assert given.may_be_ok
    now = s(17).mono_ns
    assert answer(given, now_ns=now - 1, turned_ns=now - 1).ok
    assert answer(given, now_ns=now, turned_ns=now) == Answer(ok=False, reason="stale", age_ms=17_000, valid_for_ms=0)


def test_a_judge_that_has_not_turned_for_more_than_a_second_takes_ok_away() -> None:
    given = lease(healthy().gate, OPEN, impaired="", now=s(0))
    assert answer(given, now_ns=s(1).mono_ns, turned_ns=s(0).mono_ns).ok
    assert answer(given, now_ns=s(1).mono_ns + 1, turned_ns=s(0).mono_ns).reason == "judge-lagging"


def test_after_a_disturbance_only_inputs_sent_afterwards_make_ok() -> None:
    bench = healthy()
    bench.do(Disturbed("loop lagged 3.0 s"), s(1))
    assert told(bench, OPEN, when=1).reason == "disturbed"
    bench.hear(NEW, PASS, 1.2, sent=1.0)
    assert told(bench, OPEN, when=1.2).reason == "disturbed"
    bench.hear(NEW, PASS, 1.3, sent=1.1)
    assert told(bench, OPEN, when=1.3).ok


def test_age_and_remaining_time_are_whole_milliseconds_rounded_down() -> None:
    given = told(healthy(), OPEN, when=0.4126)
    assert (given.age_ms, given.valid_for_ms) == (412, 16_587)
    assert (type(given.age_ms), type(given.valid_for_ms)) == (int, int)


@pytest.mark.parametrize("phase", ["prepared", "reverted", "committed"])
def test_what_is_not_leased_or_not_ok_holds_for_no_time_however_fresh_its_inputs(phase: str) -> None:
    assert told(healthy(), in_phase(phase), when=1).valid_for_ms == 0


def test_the_lease_of_a_gate_that_heard_nothing_knows_no_moment() -> None:
    given = lease(Bench().gate, OPEN, impaired="", now=s(0))
    assert (given.youngest_ns, given.oldest_ns, given.expires_ns) == (-1, -1, -1)


def test_the_first_nanosecond_of_the_clock_is_a_moment_like_any_other() -> None:
    """CLOCK_MONOTONIC counts from an unspecified point: nothing sent is told by -1, not by 0."""
    bench, start = Bench(), Moment(utc_ns=s(0).utc_ns, mono_ns=0)
    bench.do(bench.sample(NEW, PASS, start, start), start)
    given = lease(bench.gate, OPEN, impaired="", now=start)
    assert answer(given, now_ns=0, turned_ns=0) == Answer(ok=True, reason="", age_ms=0, valid_for_ms=17_000)


def test_a_sample_that_arrived_but_was_sent_in_the_future_has_no_negative_age() -> None:
    given = lease(healthy().gate, OPEN, impaired="", now=s(0))
    assert answer(given, now_ns=s(0).mono_ns - SECOND, turned_ns=s(0).mono_ns).age_ms == 0


def test_a_committed_cutover_needs_no_lease() -> None:
    given = told(Bench(), in_phase("committed"), when=1_000, turned=0)
    assert given == Answer(ok=True, reason="", age_ms=-1, valid_for_ms=0)


def test_a_committed_cutover_is_ok_whatever_the_gate_says() -> None:
    bench = healthy()
    bench.run(NEW, [failed()] * 3, 1)
    assert told(bench, in_phase("committed"), when=30).ok
    bench.do(Latch("rollback", "before the commit"), s(31))
    assert told(bench, in_phase("committed"), when=31).ok


def test_a_committed_cutover_can_still_be_held_degraded() -> None:
    assert told(healthy(), replace(held(ok=False), phase=Phase.COMMITTED)).reason == "held"


def test_while_the_journal_cannot_be_written_an_open_cutover_is_degraded() -> None:
    assert told(healthy(), OPEN, impaired="journal").reason == "journal"
    assert told(healthy(), held(ok=True), impaired="journal").reason == "journal"


def test_a_full_disk_sends_no_callers_of_a_committed_cutover_back() -> None:
    assert told(healthy(), in_phase("committed"), impaired="journal").ok


def test_a_lease_carries_what_the_webhook_prints() -> None:
    given = lease(healthy().gate, replace(OPEN, generation=17), impaired="", now=s(1))
    assert given == Lease(
        gate="inbound",
        state=given.state,
        phase=Phase.OPEN,
        generation=17,
        may_be_ok=True,
        leased=True,
        reason="",
        youngest_ns=s(0).mono_ns,
        oldest_ns=s(0).mono_ns,
        expires_ns=s(17).mono_ns,
        undisturbed_ns=-1,
    )
