"""A replay by other values: which trips there would have been, how soon, and how each of them ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.oversight import Oversight
from daemon.recording.turn import Anew, Began, Given, Lost, Mark, Seen, Turn
from daemon.replay.course import End, Incident
from daemon.replay.replay import transitions
from daemon.replay.study import Study
from daemon.replay.variants import Variant
from gates.gate import GateSpec, GateState, Transition
from gates.machine import Disturbed, Latch, Reset
from probes.sample import NS_PER_S, ProbeResult, Sample
from tests.gates.bench import NEW, OLD, PASS, failed, plans, s, spec

AUTOMATIC = Given("inbound", Latch("rollback", "gate inbound"))
BY_HAND = Given("inbound", Latch("rollback", "alice"))
RESET = Given("inbound", Reset("bob"))


def _spec(threshold: int = 3) -> GateSpec:
    return spec(threshold=threshold, recover=2, on_trip=plans(rollback=1_500))


SPEC = _spec()


class Tape:
    """Turns a second apart: a result each, or marks."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def say(self, *given: ProbeResult | Mark, probe: str = NEW) -> Tape:
        for each in given:
            n = len(self.turns)
            event = Sample(probe, "local", n, s(n), s(n), each) if isinstance(each, ProbeResult) else each
            self.turns.append(Turn(s(n), (event,), 1))
        return self


def _states(turns: list[Turn], rule: GateSpec = SPEC, *, as_it_was: bool) -> list[str]:
    return [str(each.after) for each in transitions(turns, {"inbound": rule}, Oversight(), as_it_was=as_it_was)]


def _study(tape: Tape, *variants: Variant, as_it_was: bool = True, from_s: float = -1e6, rule: GateSpec = SPEC) -> Study:
    study = Study({"inbound": rule}, Oversight(), variants, as_it_was=as_it_was, from_utc_ns=s(from_s).utc_ns)
    for turn in tape.turns:
        study.turn(turn)
    return study


def _trip(tape: Tape, *, as_it_was: bool = True, rule: GateSpec = SPEC) -> Incident:
    (trip,) = _study(tape, as_it_was=as_it_was, rule=rule).trips("inbound")
    return trip


def _after_s(trip: Incident) -> list[float | None]:
    told = (trip.after_ns(each) for each in (trip.degraded, trip.tripped, trip.due))
    return [None if ns is None else ns / NS_PER_S for ns in told]


def test_seconds_run_from_the_first_failing_result() -> None:
    trip = _trip(Tape().say(PASS, PASS, *[failed()] * 6))
    assert trip.first_failed == s(2)
    assert _after_s(trip) == [2, 2, 4]
    assert (trip.end, trip.ended) == (End.STANDS, None)


def test_failures_of_other_codes_degrade_before_anything_trips() -> None:
    trip = _trip(Tape().say(PASS, *[failed(500)] * 3, *[failed()] * 3))
    assert _after_s(trip) == [2, 5, None]


def test_failures_that_passed_before_a_trip_are_not_its_beginning() -> None:
    trip = _trip(Tape().say(PASS, failed(), failed(), PASS, PASS, *[failed()] * 3))
    assert trip.first_failed == s(5)


@pytest.mark.parametrize(("within_s", "is_false"), [(4, True), (3, False)])
def test_a_trip_that_recovers_by_itself_soon_is_false(within_s: int, is_false: bool) -> None:
    trip = _trip(Tape().say(PASS, *[failed()] * 5, PASS, PASS))
    assert (trip.end, trip.ended) == (End.RECOVERED, s(7))
    assert trip.is_false(within_s * NS_PER_S) is is_false


def test_a_trip_that_a_run_followed_is_not_false() -> None:
    trip = _trip(Tape().say(PASS, *[failed()] * 5, AUTOMATIC, PASS, PASS, PASS))
    assert (trip.end, trip.ended) == (End.RUN, s(6))
    assert not trip.is_false(3_600 * NS_PER_S)


def test_a_trip_ends_with_a_reset_or_with_inputs_that_grow_old() -> None:
    assert _trip(Tape().say(PASS, *[failed()] * 4, RESET)).end is End.RESET
    quiet = Tape().say(PASS, *[failed()] * 4)
    quiet.turns.append(Turn(s(60)))
    assert _trip(quiet).end is End.UNKNOWN


def test_a_trip_by_hand_is_no_trip_of_the_gate() -> None:
    assert _study(Tape().say(PASS, BY_HAND, PASS)).trips("inbound") == []


def test_a_gate_without_plans_has_no_run_due() -> None:
    assert _trip(Tape().say(PASS, *[failed()] * 9), rule=replace(SPEC, on_trip=())).due is None


def test_as_it_was_a_run_latches_the_gate() -> None:
    assert _states(Tape().say(PASS, failed(), failed(), failed(), AUTOMATIC, PASS, PASS).turns, as_it_was=True) == [
        "HEALTHY", "SUSPECT", "TRIPPED", "TRIPPED",
    ]  # fmt: skip


def test_by_other_values_runs_of_then_are_left_out() -> None:
    tape = Tape().say(PASS, failed(), failed(), failed(), AUTOMATIC, PASS, PASS)
    assert _states(tape.turns, as_it_was=False) == ["HEALTHY", "SUSPECT", "TRIPPED", "HEALTHY"]
    assert _states(tape.turns, _spec(4), as_it_was=False) == ["HEALTHY", "SUSPECT", "HEALTHY"]


def test_by_other_values_a_trip_by_hand_stays_until_the_reset() -> None:
    tape = Tape().say(PASS, BY_HAND, PASS, RESET, PASS)
    assert _states(tape.turns, as_it_was=False) == ["HEALTHY", "TRIPPED", "UNKNOWN", "HEALTHY"]


def test_a_start_of_the_daemon_forgets_and_keeps_what_is_latched() -> None:
    fails = Tape().say(PASS, failed(), failed(), Began(s(3)), failed())
    assert _states(fails.turns, as_it_was=True) == ["HEALTHY", "SUSPECT"]
    latched = Tape().say(PASS, Began(s(1), {"inbound": frozenset({"rollback"})}), PASS, RESET, PASS)
    assert _states(latched.turns, as_it_was=True) == ["HEALTHY", "UNKNOWN", "HEALTHY"]


def test_a_gate_that_a_reload_made_anew_forgets_and_others_do_not() -> None:
    inbound, other = Anew(s(2), {"inbound": None}), Anew(s(2), {"other": None})
    assert _states(Tape().say(PASS, failed(), inbound, PASS).turns, as_it_was=True) == ["HEALTHY", "SUSPECT", "HEALTHY"]
    assert _states(Tape().say(PASS, failed(), other, failed()).turns, as_it_was=True) == ["HEALTHY", "SUSPECT"]


def test_a_gate_that_a_reload_found_latched_stays_so_as_it_was() -> None:
    anew = Anew(s(2), {"inbound": frozenset({"rollback"})})
    assert _states(Tape().say(PASS, AUTOMATIC, anew, PASS).turns, as_it_was=True) == ["HEALTHY", "TRIPPED"]
    assert _states(Tape().say(PASS, AUTOMATIC, anew, PASS).turns, as_it_was=False) == ["HEALTHY", "HEALTHY"]
    assert _states(Tape().say(PASS, BY_HAND, anew, PASS).turns, as_it_was=False) == ["HEALTHY", "TRIPPED"]


def test_what_disturbed_us_then_disturbs_every_variant() -> None:
    tape = Tape().say(PASS, Given("inbound", Disturbed("loop lagged 3 s")))
    assert tape.turns[0].events
    quiet = replace(SPEC, max_age_ns=NS_PER_S)
    assert _states([*tape.turns, Turn(s(5))], quiet, as_it_was=False)[-1] == "UNKNOWN"


def test_marks_of_gates_that_are_gone_are_passed_over() -> None:
    gone = Given("gone", Latch("rollback", "alice"))
    assert _states(Tape().say(PASS, gone, failed()).turns, as_it_was=True) == ["HEALTHY", "SUSPECT"]


def test_what_happened_before_the_time_that_was_asked_for_is_not_told() -> None:
    tape = Tape().say(PASS, *[failed()] * 4, PASS, PASS, *[failed()] * 3)
    study = _study(tape, from_s=6)
    assert [trip.tripped for trip in study.trips("inbound")] == [s(9)]
    assert [each.at for each in study.replayed] == [s(6), s(7), s(9)]


def _variant(threshold: int) -> Variant:
    made = _spec(threshold)
    return Variant("inbound", "gates.inbound.trip.consecutive", str(threshold), made == SPEC, made)


def test_a_row_of_the_table_counts_trips_and_false_ones_and_says_how_soon() -> None:
    tape = Tape().say(PASS, failed(), failed(), PASS, PASS, *[failed()] * 3, PASS, PASS)
    rows = _study(tape, *(_variant(n) for n in (1, 2, 3, 4))).outcomes("inbound", false_within_ns=60 * NS_PER_S)
    assert [(row.trips, row.false) for row in rows] == [(2, 2), (2, 2), (1, 1), (0, 0)]
    assert [[ns / NS_PER_S for ns in row.detected_ns] for row in rows] == [[0, 0], [1, 1], [2], []]


def test_samples_that_were_lost_are_gaps() -> None:
    study = _study(Tape().say(PASS, Lost(7), PASS))
    assert [(gap.before, gap.samples) for gap in study.read.gaps] == [(s(1), 7)]
    assert (study.read.samples, study.read.turns, study.read.first, study.read.last) == (2, 3, s(0), s(2))


def _seen(*names: str) -> list[Mark]:
    """What live transitions would be of `Tape().say(PASS, failed())`, but for those left out."""
    made = transitions(Tape().say(PASS, failed()).turns, {"inbound": SPEC}, Oversight())
    return [Seen(each) for each in made if str(each.after) in names]


def test_the_first_transition_that_differs_from_live_is_found() -> None:
    tape = Tape().say(PASS, failed())
    healthy, suspect = _seen("HEALTHY", "SUSPECT")
    for at, mark in ((0, healthy), (1, suspect)):
        tape.turns[at] = replace(tape.turns[at], events=(*tape.turns[at].events, mark), ticked=2)
    assert _study(tape).differs() is None

    assert isinstance(suspect, Seen)
    other = Transition("inbound", GateState.HEALTHY, GateState.TRIPPED, suspect.transition.cause, "", suspect.transition.at)
    tape.turns[1] = replace(tape.turns[1], events=(*tape.turns[1].events[:1], Seen(other)))
    assert _study(tape).differs() == (other, suspect.transition)


def test_a_transition_too_many_or_too_few_differs() -> None:
    tape = Tape().say(PASS)
    differs = _study(tape).differs()
    assert differs is not None
    assert differs[0] is None
    with_more = Tape().say(*_seen("HEALTHY"))
    differs = _study(with_more).differs()
    assert differs is not None
    assert differs[1] is None


def test_the_baseline_path_that_fails_too_is_no_trip() -> None:
    both = replace(spec(baseline=(OLD,)), on_trip=SPEC.on_trip)
    tape = Tape().say(PASS).say(PASS, probe=OLD)
    for _ in range(4):
        tape.say(failed()).say(failed(), probe=OLD)
    study = _study(tape, rule=both)
    assert study.trips("inbound") == []
    assert str(study.replayed[-1].after) == "INCONCLUSIVE"
