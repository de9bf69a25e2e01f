"""A quiet gate saves work and changes nothing: with it and without it every event leads to the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates import quiet, verdict
from gates.cutover import Cutover
from gates.gate import Gate, GateState, Transition, fresh
from gates.lease import lease
from gates.machine import Disturbed, Event, Latch, Reset, Tick, advance, cadence, deadline, due_plans
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures
from gates.spec import Clause, GateSpec, OnTrip
from probes.sample import NS_PER_S, Moment, ProbeResult, Sample
from tests.gates.bench import CODES, ERROR, NEW, OLD, PASS, SILENCE, Bench, at, failed, of, s, spec

OTHERS = ("second", "third")
NEEDED = (NEW, *OTHERS)
RESULTS = [PASS, PASS, PASS, failed(), failed(500), SILENCE, ERROR, of("a", PASS, "ab"), of("b", failed(), "ab")]
MAX_AGE_NS = 5 * NS_PER_S

ROWS: list[Callable[[], tuple[Clause, ...]]] = [
    lambda: (Clause(Consecutive(3, CODES), NEEDED),),
    lambda: (Clause(Consecutive(1, CODES), NEEDED, 2),),
    lambda: (Clause(Consecutive(2, CODES), NEEDED, 3),),
    lambda: (Clause(Consecutive(2, CODES), (NEW,)), Clause(Consecutive(1, (500,)), NEEDED, 2)),
    lambda: (Clause(Consecutive(2, CODES), NEEDED), Clause(Failures(2, 4, CODES), (NEW,))),
]


@st.composite
def nights(draw: st.DrawFn) -> tuple[GateSpec, list[tuple[Event, Moment]]]:
    clauses = draw(st.sampled_from(ROWS))()
    baseline = (OLD,) if draw(st.booleans()) else ()
    made = GateSpec("inbound", clauses, draw(st.integers(1, len(clauses))), baseline, 2, MAX_AGE_NS, (OnTrip("rollback", 0),))
    ms, sequences, found = 0.0, dict.fromkeys((*NEEDED, OLD), 1), list[tuple[Event, Moment]]()
    for probe in (*NEEDED, OLD):
        found.append((Sample(probe, "local", 0, at(0), at(0), PASS), at(0)))
    for _ in range(draw(st.integers(5, 50))):
        ms += draw(st.sampled_from([0, 10, 100, 100, 900, 2_500, 4_999, 5_001]))
        what = draw(st.sampled_from(["sample"] * 8 + ["tick", "tick", "disturbed", "latch", "reset"]))
        if what == "sample":
            probe, result = draw(st.sampled_from((*NEEDED, OLD))), draw(st.sampled_from(RESULTS))
            found.append((_sample(probe, result, sequences, ms, draw(st.sampled_from([0, 0, 500, 3_000]))), at(ms)))
        else:
            event: dict[str, Event] = {
                "tick": Tick(), "disturbed": Disturbed("lag"), "latch": Latch("rollback", "op"), "reset": Reset("op"),
            }  # fmt: skip
            found.append((event[what], at(ms)))
    return made, found


def _sample(probe: str, result: ProbeResult, sequences: dict[str, int], ms: float, ago_ms: float) -> Sample:
    sequences[probe] += 1
    return Sample(probe, "local", sequences[probe], at(ms - ago_ms), at(ms), result)


def _after(gate: Gate, event: Event, now: Moment) -> tuple[Gate, Transition | None]:
    """A disturbance also takes a latch back, as the judge does whose run could not be journaled."""
    if isinstance(event, Disturbed) and gate.latched:
        gate = replace(gate, latched=False)
    return advance(gate, event, now=now)


def _loud(gate: Gate) -> Gate:
    return replace(gate, quiet_until_ns=-1)


@settings(max_examples=100, deadline=None)
@given(nights())
def test_whatever_happens_a_gate_that_saves_work_says_what_one_says_that_does_not(
    night: tuple[GateSpec, list[tuple[Event, Moment]]],
) -> None:
    made, events = night
    saves, looks = fresh(made), fresh(made)
    for event, now in events:
        saves, told = _after(saves, event, now)
        looks, expected = _after(_loud(looks), event, now)
        assert (saves, told) == (looks, expected)
        looks = _loud(looks)
        assert cadence(saves, now=now) == cadence(looks, now=now)
        assert due_plans(saves, now=now) == due_plans(looks, now=now)
        assert deadline(saves, now=now) == deadline(looks, now=now)
        levels = [[member.level for member in row] for row in verdict.members(looks, now=now)]
        assert [verdict._levels(saves, row, now=now) for row in made.seats] == levels


@settings(max_examples=100, deadline=None)
@given(nights())
def test_a_gate_is_quiet_only_while_everything_passes_and_is_young(night: tuple[GateSpec, list[tuple[Event, Moment]]]) -> None:
    made, events = night
    gate = fresh(made)
    for event, now in events:
        gate, _ = _after(gate, event, now)
        if gate.quiet_until_ns < 0:
            continue
        inputs = [gate.inputs[seat.key] for row in made.seats for seat in row]
        assert made.counts_only
        assert all(known.passes and not known.failing for known in inputs)
        assert gate.quiet_until_ns <= min(known.sent.mono_ns for known in inputs if known.sent) + MAX_AGE_NS


def test_a_run_that_was_not_journaled_leaves_no_gate_quiet_and_tripped() -> None:
    bench = Bench(spec(recover=1))
    bench.hear(NEW, PASS, 0)
    bench.do(Latch("rollback", "op"), s(1))
    bench.gate = replace(bench.gate, latched=False)
    told = bench.tick(2)
    assert told is not None
    assert told.after is GateState.HEALTHY


def test_a_gate_whose_inputs_all_pass_is_quiet_until_the_oldest_may_be_too_old() -> None:
    bench = Bench(spec(needed=(NEW, *OTHERS), max_age_ms=5_000))
    for when, probe in enumerate(NEEDED):
        bench.hear(probe, PASS, when)
    assert bench.state is GateState.HEALTHY
    assert quiet.is_quiet(bench.gate, now=s(5))
    assert not quiet.is_quiet(bench.gate, now=Moment(s(5).utc_ns, s(5).mono_ns + 1))
    told = bench.tick(5.001)
    assert told is not None
    assert told.after is GateState.UNKNOWN


def test_a_pass_leaves_a_quiet_gate_quiet_and_looks_at_no_other_input(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(spec(needed=(NEW, *OTHERS), max_age_ms=5_000))
    bench.run(NEW, [PASS], 0)
    for probe in OTHERS:
        bench.hear(probe, PASS, 0)
    monkeypatch.setattr(verdict, "level", None)
    bench.hear(NEW, PASS, 1)
    bench.tick(2)
    monkeypatch.undo()
    assert bench.hear(NEW, failed(), 3) is not None
    assert (bench.state, bench.gate.quiet_until_ns) == (GateState.SUSPECT, -1)


@settings(max_examples=60, deadline=None)
@given(nights())
def test_a_lease_hangs_on_the_oldest_input_where_one_is_enough(night: tuple[GateSpec, list[tuple[Event, Moment]]]) -> None:
    made, events = night
    gate = fresh(made)
    for event, now in events:
        gate, _ = _after(gate, event, now)
    now = events[-1][1]
    sent = [known.sent.mono_ns if (known := gate.inputs[probe]).sent else -1 for probe in made.needed]
    told = lease(gate, Cutover(), impaired="", now=now)
    assert told.youngest_ns == max(sent)
    if made.need == 1 and all(clause.need == 1 for clause in made.clauses):
        assert told.oldest_ns == min(sent)
