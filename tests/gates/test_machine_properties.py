"""What holds for every sequence of samples, against a count kept independently of the code under test."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.gate import GateState
from gates.machine import Disturbed, Event, Latch, Reset, Tick, advance, deadline, due_plans
from probes.sample import NS_PER_MS, Moment, Origin, Outcome, ProbeResult
from tests.gates.bench import CODES, ERROR, NEW, OLD, PASS, SILENCE, Bench, at, failed, plans, spec

RESULTS = st.sampled_from([PASS, failed(503), failed(503), failed(408), SILENCE, failed(486), failed(None), ERROR])


@dataclass(frozen=True, slots=True)
class Heard:
    """A result of `probe` that arrives `after_ms` after the event before; `late` places it that many places back."""

    probe: str
    result: ProbeResult
    after_ms: int
    asked_ms_ago: int
    late: int


@dataclass
class Tally:
    """Consecutive counted failures, in the order of sending, by nothing but the words of the contract."""

    highest: int = -1
    counted: int = 0
    last_pass: int = -1

    def take(self, sequence: int, result: ProbeResult, *, slept_through: bool) -> None:
        if sequence <= self.highest or result.outcome is Outcome.ERROR or slept_through:
            return
        self.highest = sequence
        if result.outcome is Outcome.PASS:
            self.counted = 0
        elif result.code in CODES:
            self.counted += 1


def heard(*probes: str, slowest_ms: int = 4_000) -> st.SearchStrategy[Heard]:
    return st.builds(
        Heard,
        probe=st.sampled_from(probes),
        result=RESULTS,
        after_ms=st.integers(0, slowest_ms),
        asked_ms_ago=st.integers(0, 2_000),
        late=st.sampled_from([0, 0, 0, 1, 2]),
    )


STEPS = st.lists(heard(NEW, OLD) | st.sampled_from(["disturbed", "tick"]), max_size=40)


@dataclass
class Play:
    """Feeds steps to a gate and keeps its own tally beside it."""

    bench: Bench
    now_ms: int = 0
    disturbed_ms: int = -1
    tallies: dict[str, Tally] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    def step(self, step: Heard | str) -> tuple[Event, Moment]:
        if step == "disturbed":
            self.now_ms += 1
            self.disturbed_ms = self.now_ms
            return Disturbed("clock jumped"), at(self.now_ms)
        if isinstance(step, str):
            self.now_ms += 250
            return Tick(), at(self.now_ms)
        self.now_ms += step.after_ms
        newest = self.sent.get(step.probe, 0) + 1
        sequence = max(newest - step.late, 0)
        self.sent[step.probe] = max(newest, sequence)
        asked = max(self.now_ms - step.asked_ms_ago, 0)
        slept = step.result.origin is Origin.TIMEOUT and asked <= self.disturbed_ms
        self.tallies.setdefault(step.probe, Tally()).take(sequence, step.result, slept_through=slept)
        return self.bench.sample(step.probe, step.result, at(asked), at(self.now_ms), sequence=sequence), at(self.now_ms)

    def counted(self, probe: str) -> int:
        return self.tallies.setdefault(probe, Tally()).counted


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, threshold=st.integers(1, 4), compares=st.booleans())
def test_a_gate_never_trips_on_fewer_than_n_counted_failures(steps: list[Heard | str], threshold: int, compares: bool) -> None:
    play = Play(Bench(spec(baseline=(OLD,) if compares else (), threshold=threshold)))
    for step in steps:
        transition = play.bench.do(*play.step(step))
        if transition and transition.after is GateState.TRIPPED:
            assert play.counted(NEW) >= threshold


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(heard(NEW), max_size=40), threshold=st.integers(1, 4))
def test_without_compare_a_gate_that_is_not_unknown_always_trips_on_the_nth(steps: list[Heard], threshold: int) -> None:
    play = Play(Bench(spec(threshold=threshold, max_age_ms=10**9)))
    play.bench.hear(NEW, PASS, 0, sequence=0)
    play.tallies[NEW] = Tally(highest=0)
    for step in steps:
        before = play.bench.state
        play.bench.do(*play.step(step))
        if before in (GateState.HEALTHY, GateState.SUSPECT):
            assert (play.bench.state is GateState.TRIPPED) == (play.counted(NEW) >= threshold)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_errors_late_results_and_what_we_slept_through_never_change_a_counter(steps: list[Heard | str]) -> None:
    play = Play(Bench(spec(baseline=(OLD,), max_age_ms=10**9)))
    for step in steps:
        before = play.bench.gate.inputs
        event, now = play.step(step)
        highest = before[step.probe].judged if isinstance(step, Heard) else -1
        play.bench.do(event, now)
        if isinstance(step, Heard) and (step.result.outcome is Outcome.ERROR or event.sequence <= highest):  # type: ignore[union-attr]
            assert play.bench.gate.inputs == before


COMMANDS = st.sampled_from([Latch("rollback", "an operator"), Reset("an operator")])


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(heard(NEW, OLD, slowest_ms=12_000) | st.sampled_from(["disturbed", "tick"]) | COMMANDS, max_size=40))
def test_every_transition_has_a_cause_and_evidence_and_joins_on_to_the_last(steps: list[Heard | str | Event]) -> None:
    play = Play(Bench(spec(baseline=(OLD,))))
    state = GateState.UNKNOWN
    for step in steps:
        event, now = (step, at(play.now_ms)) if isinstance(step, Latch | Reset) else play.step(step)  # type: ignore[arg-type]
        transition = play.bench.do(event, now)
        if transition:
            assert transition.cause
            assert transition.evidence
            assert transition.before is state
            state = transition.after
        assert play.bench.state is state


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(heard(NEW, OLD, slowest_ms=12_000) | st.just("tick") | COMMANDS, max_size=40))
def test_only_a_reset_opens_a_latch(steps: list[Heard | str | Event]) -> None:
    play = Play(Bench(spec(baseline=(OLD,), on_trip=plans(rollback=0))))
    for step in steps:
        before = play.bench.gate
        event, now = (step, at(play.now_ms)) if isinstance(step, Latch | Reset) else play.step(step)  # type: ignore[arg-type]
        play.bench.do(event, now)
        if before.latched and not isinstance(event, Reset):
            assert play.bench.gate.latched
            assert play.bench.state is GateState.TRIPPED
        if play.bench.gate.latched or play.bench.state in (GateState.TRIPPED, GateState.UNKNOWN):
            assert play.bench.degraded


# Time alone: a judge that wakes at each deadline sees what one that looks every millisecond sees.

QUICK = st.lists(
    st.tuples(st.sampled_from([NEW, NEW, OLD]), st.sampled_from([PASS, failed(), failed(), failed()]), st.integers(1, 12)),
    max_size=14,
)
TINY = spec(baseline=(OLD,), threshold=2, recover=2, max_age_ms=15, on_trip=plans(first=0, second=3, third=9))


Log = list[tuple[int, tuple[GateState, bool, tuple[str, ...]]]]


def _by_millisecond(bench: Bench, start: int, end: int, log: Log) -> None:
    for ms in range(start + 1, end):
        _look(bench, at(ms), log)


def _by_deadline(bench: Bench, start: int, end: int, log: Log) -> None:
    now = at(start)
    while (due := deadline(bench.gate, now=now)) is not None and due <= at(end - 1).mono_ns:
        assert due > now.mono_ns
        now = Moment(now.utc_ns + due - now.mono_ns, due)
        _look(bench, now, log)


def _look(bench: Bench, now: Moment, log: Log) -> None:
    """Tick, and write down what changed: the state and the plans that are due, to the millisecond in which it shows."""
    bench.gate, _ = advance(bench.gate, Tick(), now=now)
    shown = -(-(now.mono_ns - at(0).mono_ns) // NS_PER_MS)
    told = (bench.state, bench.degraded, due_plans(bench.gate, now=now))
    if not log or log[-1][1] != told:
        log.append((shown, told))


@settings(max_examples=400, deadline=None)
@given(samples=QUICK, last_ms=st.integers(1, 40))
def test_waking_at_each_deadline_sees_every_change_that_a_ticker_sees(
    samples: list[tuple[str, ProbeResult, int]], last_ms: int
) -> None:
    logs: list[Log] = [[], []]
    for log, idle in zip(logs, (_by_millisecond, _by_deadline), strict=True):
        bench, now = Bench(TINY), 0
        _look(bench, at(0), log)
        for probe, result, after in samples:
            idle(bench, now, now + after, log)
            now += after
            bench.do(bench.sample(probe, result, at(now), at(now)), at(now))
            _look(bench, at(now), log)
        idle(bench, now, now + last_ms, log)
    assert logs[0] == logs[1]


@settings(max_examples=200, deadline=None)
@given(samples=QUICK, at_ms=st.integers(0, 200))
def test_a_deadline_is_always_in_the_future(samples: list[tuple[str, ProbeResult, int]], at_ms: int) -> None:
    bench, now = Bench(TINY), 0
    for probe, result, after in samples:
        now += after
        bench.do(bench.sample(probe, result, at(now), at(now)), at(now))
    due = deadline(bench.gate, now=at(at_ms))
    assert due is None or due > at(at_ms).mono_ns
