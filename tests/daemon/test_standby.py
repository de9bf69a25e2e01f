"""When a run is due and what is in its way: the very switches of `may_start`, and the very instant of `due_plans`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.board import Board
from daemon.explain import standby
from daemon.explain.standby import Pending
from daemon.status import Standing
from gates.cutover import Cutover, Hold, Phase, Run, may_start
from gates.gate import Gate
from gates.machine import Disturbed, Latch, due_plans
from probes.sample import Moment
from tests.gates.bench import NEW, OLD, PASS, Bench, failed, plans, s, spec

DIGEST = "ab" * 32
STANDING = Standing("night", 0, 10**19, {"rollback": DIGEST}, baseline="cd" * 32)
ARMED = Cutover(phase=Phase.OPEN, armed=(DIGEST,))
RUN = Run("rollback@1", "rollback", DIGEST)
HELD = {"inbound": Hold(False, "a look", 2 * 10**18)}


def tripped(confirm_ms: float = 10_000, **rule: object) -> Bench:
    """Tripped at 3 s, the last PASS at 0 s."""
    made = Bench(replace(spec(on_trip=plans(rollback=confirm_ms)), **rule))  # type: ignore[arg-type]
    made.run(NEW, [PASS, *[failed()] * 3], 0)
    return made


def pending(gate: Gate, when: float, *, cutover: Cutover = ARMED, standing: Standing = STANDING, impaired: str = "") -> Pending:
    (each,) = standby.pending(gate, Board(cutover=cutover, impaired=impaired), standing, now=s(when))
    return each


def test_a_confirmed_run_that_nothing_blocks_says_when_it_starts() -> None:
    made = tripped()
    each = pending(made.gate, 6.8)
    assert (each.due_in_ns, each.blocked) == (6_200_000_000, ())
    assert standby.told(each, made.gate) == "run of rollback: starts in 6.2 s unless a PASS comes"


def test_when_the_time_has_passed_it_starts_now() -> None:
    made = tripped()
    each = pending(made.gate, 14)
    assert standby.told(each, made.gate) == "run of rollback: confirmed, starts now"


@given(confirm_ms=st.integers(0, 12_000), passed=st.booleans())
def test_the_moment_told_is_the_moment_at_which_the_machine_calls_it_due(confirm_ms: int, passed: bool) -> None:
    made = tripped(confirm_ms)
    now = 4.0
    if passed:  # a PASS restarts the clock of confirm_for
        now = made.run(NEW, [PASS, *[failed()] * 3], now)
    due_in = pending(made.gate, now).due_in_ns
    assert due_in is not None

    def due(ns: int) -> bool:
        at = Moment(s(now).utc_ns + ns, s(now).mono_ns + ns)
        return "rollback" in due_plans(made.gate, now=at)

    assert due(due_in)
    assert not due_in or not due(due_in - 1)


SWITCHES = [
    (replace(ARMED, phase=Phase.PREPARED), "phase prepared: not open"),
    (replace(ARMED, phase=Phase.COMMITTED), "phase committed: gates only alert"),
    (replace(ARMED, phase=Phase.REVERTED), "phase reverted: only the gates of the closed run may start another"),
    (replace(ARMED, armed=()), "not armed, until `arm`"),
    (replace(ARMED, halted=True), "halted, until `resume`"),
    (replace(ARMED, holds=HELD), "held, until `release` or the end of the hold"),
    (replace(ARMED, run=RUN), "run rollback@1 is in progress"),
]


@pytest.mark.parametrize(("cutover", "why"), SWITCHES, ids=[why for _, why in SWITCHES])
def test_each_switch_that_keeps_a_run_from_starting_is_named(cutover: Cutover, why: str) -> None:
    each = pending(tripped().gate, 5, cutover=cutover)
    assert each.blocked == (why,)
    assert standby.told(each, tripped().gate) == f"run of rollback: confirmed in 8.0 s without a PASS; blocked: {why}"


@given(
    phase=st.sampled_from(Phase),
    armed=st.booleans(),
    halted=st.booleans(),
    held=st.booleans(),
    run=st.booleans(),
    latched=st.booleans(),
)
def test_nothing_blocks_exactly_when_the_cutover_lets_a_run_start(
    phase: Phase, armed: bool, halted: bool, held: bool, run: bool, latched: bool
) -> None:
    cutover = Cutover(
        phase,
        (DIGEST,) if armed else (),
        halted=halted,
        holds=HELD if held else {},
        latched={"inbound": frozenset({"another"})} if latched else {},
        run=RUN if run else None,
    )
    assert (not pending(tripped().gate, 5, cutover=cutover).blocked) == may_start(cutover, "inbound", now=s(5))


def test_a_hold_that_has_ended_blocks_nothing() -> None:
    ended = {"inbound": Hold(True, "over", s(5).utc_ns)}
    assert pending(tripped().gate, 5, cutover=replace(ARMED, holds=ended)).blocked == ()


def test_a_journal_that_cannot_be_written_blocks() -> None:
    assert pending(tripped().gate, 5, impaired="no space").blocked == ("impaired: no space",)


def test_a_plan_that_was_not_typed_when_arming_is_not_armed() -> None:
    other = replace(ARMED, armed=("cd" * 32,))
    assert pending(tripped().gate, 5, cutover=other).blocked == ("plan rollback is not among those armed",)


def test_without_a_plan_the_book_says_why() -> None:
    without = replace(STANDING, plans={}, problem="no baseline")
    assert pending(tripped().gate, 5, standing=without).blocked == ("no baseline",)
    assert pending(tripped().gate, 5, standing=replace(without, problem="")).blocked == ("no plan is named rollback",)


def test_before_a_trip_the_run_waits_for_one() -> None:
    made = Bench(spec(on_trip=plans(rollback=10_000)))
    made.hear(NEW, PASS, 0)
    each = pending(made.gate, 1)
    assert (each.due_in_ns, each.blocked) == (None, ())
    assert standby.told(each, made.gate) == "run of rollback: 10.0 s after a trip, without a PASS between"


def test_after_a_pass_the_rule_must_be_fulfilled_again() -> None:
    made = tripped()
    made.hear(NEW, PASS, 5)
    each = pending(made.gate, 6)
    assert each.due_in_ns is None
    assert each.blocked == ("fewer than 3 counted failures since the last PASS: the clock of confirm_for stands",)
    assert standby.told(each, made.gate).startswith("run of rollback: 10.0 s after 3 counted failures stand again")


def test_a_run_that_started_does_not_start_again_until_reset() -> None:
    made = tripped()
    made.do(Latch("rollback", "op"), s(5))
    each = pending(made.gate, 6)
    assert (each.ran, each.due_in_ns) == (True, None)
    assert "again only after `reset`" in standby.told(each, made.gate)


def test_a_gate_latched_by_hand_has_no_counted_failures_yet() -> None:
    made = Bench(spec(on_trip=plans(rollback=0)))
    made.hear(NEW, PASS, 0)
    made.do(Latch("another", "op"), s(1))
    assert pending(made.gate, 2).blocked == (
        "fewer than 3 counted failures since it was latched: the clock of confirm_for stands",
    )


@pytest.mark.parametrize(("when", "why"), [(25, "the newest result is older than max_age")])
def test_a_latched_trip_gone_stale_confirms_nothing(when: float, why: str) -> None:
    made = tripped()
    made.do(Latch("another", "op"), s(5))
    assert pending(made.gate, when).blocked == (why,)
    assert due_plans(made.gate, now=s(when)) == ()


def test_a_latched_trip_whose_baseline_turned_bad_confirms_nothing() -> None:
    made = tripped(baseline=(OLD,), name="inbound")
    made.do(Latch("another", "op"), s(4))
    assert pending(made.gate, 5).blocked == ("the baseline path is not known to be good",)
    made.run(OLD, [failed()] * 3, 5)
    assert pending(made.gate, 9).blocked == ("the baseline path is bad too: going back would not help",)


def test_time_in_which_we_stood_still_confirms_nothing_until_a_failure_sent_since() -> None:
    made = tripped(0)
    made.do(Disturbed("loop lagged 3.0 s"), s(6))
    assert pending(made.gate, 6.5).blocked == ("no failure yet that was sent after the disturbance",)
    assert due_plans(made.gate, now=s(6.5)) == ()
    made.hear(NEW, failed(), 7)
    assert pending(made.gate, 7.5).blocked == ()
    assert due_plans(made.gate, now=s(7.5)) == ("rollback",)
