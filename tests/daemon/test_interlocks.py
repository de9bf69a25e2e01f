"""Interlocks at the judge: a run that is due and may not start, said once, and the operator's override."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.oversight import Oversight
from gates.doubt import Period
from gates.gate import GateState, OnTrip
from gates.interlock import Assertion, Blast, Blocked, Gating, Interlocks
from probes.sample import NS_PER_S
from reverters.entries import Closed, Operated
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import CODES, NEW, PASS, at, failed

assert 503 in CODES
OTHER = "trunk-other"


def desk(interlocks: Interlocks | None = None, *, control: frozenset[str] = frozenset(), two: bool = False) -> Desk:
    specs = [gate_spec()] + ([gate_spec("other", needed=(OTHER,))] if two else [])
    return Desk(*specs, oversight=Oversight(interlocks or Interlocks(), control=control))


def tripped(made: Desk) -> Desk:
    made.armed()
    made.hear(failed(), failed(), failed())
    made.settle()
    return made


def said(made: Desk) -> list[tuple[str, str]]:
    """Interlock and words of each entry about a run that was kept from starting."""
    bodies = [entry.body for entry in made.journal]
    return [
        (body.arguments["interlock"], body.arguments["says"])
        for body in bodies
        if isinstance(body, Operated) and body.command == "interlocked"
    ]


BLOCKED = Interlocks(blocked=(Blocked(0, at(5_000).utc_ns, "carrier works"),))


def test_an_interlock_keeps_the_run_from_starting_and_the_answer_is_degraded_all_the_same() -> None:
    made = tripped(desk(BLOCKED))
    assert made.gate.state is GateState.TRIPPED
    assert not made.is_ok
    assert made.cutover.run is None
    assert [name for name, _ in said(made)] == ["blocked"]


def test_what_keeps_a_run_from_starting_is_journaled_once() -> None:
    made = tripped(desk(BLOCKED))
    made.hear(failed(), failed())
    made.settle()
    assert len(said(made)) == 1


def test_the_run_starts_as_soon_as_nothing_objects_any_more() -> None:
    made = tripped(desk(BLOCKED))
    while made.now.utc_ns < at(5_000).utc_ns:
        assert made.cutover.run is None
        made.hear(failed())
        made.settle()
    assert made.cutover.run is not None


def test_a_trip_by_hand_is_not_stopped_by_what_concerns_runs_by_themselves() -> None:
    made = tripped(desk(replace(BLOCKED, blast=Blast(1, None, 3_600 * NS_PER_S), between_runs_ns=NS_PER_S)))
    assert made.do("trip", plan=made.digest, reason="callers complain").ok
    assert made.cutover.run is not None


FREEZE = Interlocks(gating=(Gating("change-freeze", ("rollback",), ("other",)),))


def test_a_rule_stops_a_trip_by_hand_and_names_itself() -> None:
    made = desk(FREEZE, two=True)
    made.armed()
    made.hear(failed(), probe=OTHER)
    reply = made.do("trip", plan=made.digest, reason="callers complain")
    assert reply.message == (
        "refused: interlock change-freeze: rollback needs other HEALTHY (to do it all the same: --override change-freeze)"
    )
    assert made.cutover.run is None


def test_an_override_is_for_one_call_and_stands_in_the_journal() -> None:
    made = desk(FREEZE, two=True)
    made.armed()
    made.hear(failed(), probe=OTHER)
    assert made.do("trip", plan=made.digest, reason="now", override=["change-freeze"]).ok
    (trip,) = [body for entry in made.journal if isinstance(body := entry.body, Operated) and body.command == "trip"]
    assert trip.arguments["override"] == ["change-freeze"]
    made.append(Closed("restored", recovery_ns=1))
    assert not made.do("trip", plan=made.digest, reason="again").ok


def test_an_override_of_a_rule_that_does_not_exist_is_refused() -> None:
    made = desk(FREEZE, two=True)
    made.armed()
    reply = made.do("trip", plan=made.digest, reason="now", override=["change-freez"])
    assert reply.message == ("refused: no interlock is named 'change-freez': those that can be overridden: change-freeze")


def test_an_override_of_what_never_stands_against_a_trip_by_hand_says_so() -> None:
    made = desk(FREEZE, two=True)
    made.armed()
    reply = made.do("trip", plan=made.digest, reason="now", override=["blast-radius"])
    assert reply.message == "refused: blast-radius keeps no run by hand from starting: leave out the override"


def test_who_joins_a_run_is_asked_for_no_override() -> None:
    made = desk(FREEZE, two=True)
    made.armed()
    assert made.do("trip", plan=made.digest, reason="now").ok
    made.hear(failed(), probe=OTHER)
    assert made.do("trip", plan=made.digest, reason="me too").message.startswith("joined run")


def test_an_assertion_leaves_out_every_gate_that_the_run_would_latch() -> None:
    made = desk(Interlocks(assertions=(Assertion("keep-one", ("inbound", "other"), 1),)), two=True)
    made.armed()
    reply = made.do("trip", plan=made.digest, reason="now")
    assert "keep-one: 0 of inbound, other would be HEALTHY: at least 1" in reply.message


# the blast radius, over restarts


def test_the_blast_radius_survives_a_restart() -> None:
    specs = gate_spec(), gate_spec("other", needed=(OTHER,), on_trip=(OnTrip("second", 0),))
    made = Desk(*specs, plans=("rollback", "second"), oversight=Oversight(Interlocks(blast=Blast(1, None, 3_600 * NS_PER_S))))
    made.armed()
    made.hear(failed(), failed(), failed())
    made.settle()
    made.append(Closed("restored", recovery_ns=1))
    assert [started.gates for started in made.cutover.started] == [("inbound",)]
    before = made.cutover.started, made.cutover.ended_utc_ns
    made.restart()
    assert (made.cutover.started, made.cutover.ended_utc_ns) == before
    assert made.cutover.ended_utc_ns > 0


# control targets


def test_a_run_by_itself_waits_for_a_control_target_that_was_asked_since() -> None:
    made = desk(control=frozenset({"far"}))
    made.hear(PASS, probe="far")
    tripped(made)
    assert made.cutover.run is None
    assert [name for name, _ in said(made)] == ["control"]
    made.hear(PASS, probe="far")
    made.settle()
    assert made.cutover.run is not None


def test_control_targets_are_asked_at_once_when_a_gate_fails() -> None:
    made = desk(control=frozenset({"far"}))
    made.armed()
    made.hear(failed())
    assert made.hands.paced[-1] == (frozenset({NEW, "far"}), frozenset({"far"}))


def test_while_control_targets_fail_a_gate_does_not_trip() -> None:
    made = desk(control=frozenset({"far"}))
    made.armed()
    made.hear(failed(), probe="far")
    made.hear(failed(), failed(), failed(), failed())
    assert made.gate.state is not GateState.TRIPPED
    assert made.gate.inputs[NEW].counted == 0


def test_without_results_that_count_the_gate_grows_stale_and_callers_are_turned_away() -> None:
    made = desk(control=frozenset({"far"}))
    made.armed()
    made.hear(failed(), probe="far")
    for _ in range(180):
        made.hear(failed())
    assert made.gate.state is GateState.UNKNOWN
    assert not made.is_ok
    assert made.cutover.run is None


# planned work


def test_planned_work_trips_nothing() -> None:
    period = Period(0, at(3_600_000).utc_ns, "card swap", frozenset({NEW}))
    made = Desk(oversight=Oversight(periods=(period,)))
    made.armed()
    made.hear(failed(), failed(), failed(), failed())
    assert made.gate.state is GateState.HEALTHY
    assert made.gate.inputs[NEW].failing == 0


# shadows


def shadowed(*, confirm_ns: int = 0) -> Desk:
    specs = gate_spec(), gate_spec("canary", needed=(OTHER,), on_trip=(OnTrip("rollback", confirm_ns),))
    return Desk(*specs, oversight=Oversight(shadows=frozenset({"canary"})))


def foretold(made: Desk) -> list[str]:
    bodies = [entry.body for entry in made.journal]
    return [body.arguments["gate"] for body in bodies if isinstance(body, Operated) and body.command == "would-run"]


def test_a_shadow_judges_and_has_no_answer() -> None:
    made = shadowed()
    made.armed()
    assert set(made.board.leases) == {"inbound"}
    assert set(made.board.gates) == {"inbound", "canary"}
    made.hear(failed(), failed(), failed(), probe=OTHER)
    assert made.judge.gates["canary"].state is GateState.TRIPPED
    assert made.is_ok


def test_a_shadow_says_once_what_it_would_have_run() -> None:
    made = shadowed()
    made.armed()
    made.hear(*[failed()] * 6, probe=OTHER)
    made.settle()
    assert foretold(made) == ["canary"]
    assert made.cutover.run is None
    made.hear(*[PASS] * 5, probe=OTHER)
    made.hear(*[failed()] * 3, probe=OTHER)
    made.settle()
    assert foretold(made) == ["canary", "canary"]


def test_a_shadow_keeps_nobody_from_arming() -> None:
    made = shadowed()
    made.healthy()
    made.hear(*[failed()] * 3, probe=OTHER)
    assert made.do("open").ok
    assert made.do("arm", plan=made.digests).ok


def test_a_trip_by_hand_latches_no_shadow() -> None:
    made = shadowed()
    made.armed()
    assert made.do("trip", plan=made.digest, reason="now").ok
    assert made.judge.gates["inbound"].latched
    assert not made.judge.gates["canary"].latched


@pytest.mark.parametrize("command", ["hold", "admit"])
def test_a_shadow_can_be_neither_held_nor_admitted(command: str) -> None:
    made = shadowed()
    reply = made.do(command, gate="canary", answer="OK", reason="x", for_ns=NS_PER_S, share=100)
    assert reply.message == "refused: canary is a shadow: it has no answer"


# what the run would latch


def test_an_assertion_leaves_out_every_gate_that_a_run_by_itself_would_latch() -> None:
    made = tripped(desk(Interlocks(assertions=(Assertion("keep-one", ("inbound", "other"), 1),)), two=True))
    assert said(made) == [("keep-one", "0 of inbound, other would be HEALTHY: at least 1")]
    assert made.cutover.run is None


def test_the_blast_radius_is_of_every_gate_that_the_run_would_latch() -> None:
    made = tripped(desk(Interlocks(blast=Blast(1, None, 3_600 * NS_PER_S)), two=True))
    assert said(made) == [("blast-radius", "2 gates within 3600 s (inbound, other): at most 1")]
    assert made.cutover.run is None


# control, again


def test_a_trip_that_rests_on_the_time_in_which_we_were_ill_starts_nothing_when_we_are_well() -> None:
    made = desk(control=frozenset({"far"}))
    made.hear(PASS, probe="far")
    made.armed()
    sent = made.now
    made.hear(failed(), failed(), failed())
    made.turn(made.sample(failed(), "far", sent=sent))
    made.hear(PASS, probe="far")
    made.settle()
    assert (made.gate.state, made.cutover.run) == (GateState.TRIPPED, None)
    assert said(made)[-1][0] == "control"
    made.hear(failed())
    made.settle()
    assert made.cutover.run is not None


def test_an_interlock_that_comes_and_goes_is_journaled_once_a_minute() -> None:
    window = Interlocks(blocked=tuple(Blocked(at(ms).utc_ns, at(ms + 500).utc_ns, "works") for ms in range(0, 90_000, 1_000)))
    freeze = replace(window, gating=(Gating("freeze", ("rollback",), ("other",)),))
    made = desk(freeze, two=True)
    made.armed()
    made.hear(failed(), probe=OTHER)
    made.hear(failed(), failed(), failed())
    for _ in range(700):
        made.hear(failed())
        if made.sequence % 50 == 0:
            made.hear(failed(500), probe=OTHER)
        made.settle()
    assert [name for name, _ in said(made)].count("blocked") == 2


def test_a_trip_from_just_before_planned_work_starts_nothing_within_it() -> None:
    works = Period(at(1_500).utc_ns, at(5_000).utc_ns, "carrier swaps a card", frozenset({NEW}))
    made = Desk(gate_spec(on_trip=(OnTrip("rollback", NS_PER_S),)), oversight=Oversight(periods=(works,)))
    made.armed()
    made.hear(failed(), failed(), failed())
    assert made.gate.state is GateState.TRIPPED
    while made.now.utc_ns < at(4_900).utc_ns:
        made.hear(failed())
        made.settle()
        assert made.cutover.run is None
    assert said(made)[0][0] == "blocked"
    assert said(made)[0][1].endswith(": carrier swaps a card")
    made.hear(failed(), failed())
    made.settle()
    assert made.cutover.run is not None


def test_planned_work_on_one_trunk_does_not_keep_the_failure_of_another_from_starting_its_run() -> None:
    works = Period(at(0).utc_ns, at(60_000).utc_ns, "carrier swaps a card", frozenset({OTHER}))
    made = Desk(gate_spec(needed=(NEW, OTHER)), oversight=Oversight(periods=(works,)))
    assert tripped(made).cutover.run is not None
