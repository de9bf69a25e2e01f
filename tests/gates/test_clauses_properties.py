"""What holds for gates with several rules and quorums, for every sequence of results and commands.

Beside the gate stands a model that knows levels only by what each probe was last told, and counts in other words: a verdict is
what is so in every world that is possible, with whatever is silent or undecided bad or not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gates import lease, verdict
from gates.cutover import Cutover, Phase
from gates.gate import GateState
from gates.machine import Finding, Latch, Reset, Tick, due_plans, find
from gates.rules.reading import Level
from gates.spec import Clause, GateSpec
from probes.sample import NS_PER_MS
from tests.gates.bench import OLD, PASS, Bench, at, failed, plans
from tests.gates.dial import dial, dialled, gate_of

MAX_AGE_MS = 5_000
PROBES = ("a", "b", "c")
OPEN = Cutover(phase=Phase.OPEN)
LEVELS = [Level.FINE, Level.FINE, Level.FAILING, Level.UNDECIDED, Level.DOUBTFUL, Level.BAD, Level.BAD]


@st.composite
def specs(draw: st.DrawFn, *, compares: bool = False) -> GateSpec:
    clauses: list[Clause] = []
    for _ in range(draw(st.integers(1, 3))):
        probes = draw(st.lists(st.sampled_from(PROBES), min_size=1, max_size=3, unique=True))
        missing = draw(st.sampled_from([Level.UNDECIDED, Level.FINE, Level.DOUBTFUL]))
        clauses.append(dialled(*probes, need=draw(st.integers(1, len(probes))), missing=missing))
    return gate_of(
        *clauses,
        need=draw(st.integers(1, len(clauses))),
        baseline=(OLD,) if compares else (),
        max_age_ms=MAX_AGE_MS,
        on_trip=plans(rollback=0, other=2_000),
    )


@dataclass(frozen=True, slots=True)
class Told:
    probe: str
    level: Level
    after_ms: int


@dataclass(frozen=True, slots=True)
class Old:
    passes: bool
    after_ms: int


WAITS = st.sampled_from([1, 100, 1_000, 3_000, 5_001])
TOLD = st.builds(Told, probe=st.sampled_from(PROBES), level=st.sampled_from(LEVELS), after_ms=WAITS)
OLDS = st.builds(Old, passes=st.booleans(), after_ms=WAITS)
SAID = st.sampled_from([Latch("rollback", "alice"), Reset("alice"), "wait"])


@dataclass
class Model:
    """What was told of each probe last, when, and how often it passed in a row."""

    spec: GateSpec
    told: dict[str, tuple[Level, int]] = field(default_factory=dict)
    passes: dict[str, int] = field(default_factory=dict)

    def hear(self, told: Told, now_ms: int) -> None:
        passed = told.level in (Level.FINE, Level.UNDECIDED)
        self.told[told.probe] = told.level, now_ms
        self.passes[told.probe] = self.passes.get(told.probe, 0) + 1 if passed else 0

    def forget(self) -> None:
        """Entering UNKNOWN: what was heard is old, and says nothing any more."""
        self.told = {probe: (Level.UNDECIDED, heard_ms) for probe, (_, heard_ms) in self.told.items()}
        self.passes = {}

    def is_silent(self, probe: str, now_ms: int) -> bool:
        return probe not in self.told or now_ms - self.told[probe][1] > MAX_AGE_MS

    def _level(self, clause: Clause, probe: str) -> Level:
        level = self.told[probe][0] if probe in self.told else Level.UNDECIDED
        return clause.missing if level is Level.UNDECIDED else level

    def verdicts(self, now_ms: int, *, undecided: bool, worst: tuple[Level, ...] = (Level.BAD,)) -> set[bool]:
        """Bad or not, in each world: what is silent may be either, and with `undecided` what nobody could tell as well."""
        free, fixed = [], {}
        for index, clause in enumerate(self.spec.clauses):
            for probe in clause.probes:
                level = self._level(clause, probe)
                if self.is_silent(probe, now_ms) or (undecided and level is Level.UNDECIDED):
                    free.append((index, probe))
                else:
                    fixed[index, probe] = level in worst
        return {
            self._is_bad({**fixed, **dict(zip(free, world, strict=True))})
            for world in itertools.product((False, True), repeat=len(free))
        }

    def _is_bad(self, world: dict[tuple[int, str], bool]) -> bool:
        bad = [
            sum(world[index, probe] for probe in clause.probes) >= clause.need for index, clause in enumerate(self.spec.clauses)
        ]
        return sum(bad) >= self.spec.need


@dataclass
class Play:
    bench: Bench
    model: Model
    now_ms: int = 0

    def step(self, step: Told | Old | Latch | Reset | str) -> None:
        before = self.bench.state
        match step:
            case Told(probe, level, after_ms):
                self.now_ms += after_ms
                self.bench.tick(self.now_ms / 1_000)
                self.follow(before)
                before = self.bench.state
                self.model.hear(step, self.now_ms)
                self.bench.hear(probe, dial(level), self.now_ms / 1_000)
            case Old(passes, after_ms):
                self.now_ms += after_ms
                self.bench.hear(OLD, PASS if passes else failed(), self.now_ms / 1_000)
            case Latch():
                self.bench.do(step, at(self.now_ms))
            case Reset():
                self.bench.do(step, at(self.now_ms))
                self.model = Model(self.model.spec)
            case _:
                self.now_ms += 1_000
                self.bench.tick(self.now_ms / 1_000)
        if not isinstance(step, Reset):
            self.follow(before)

    def follow(self, before: GateState) -> None:
        if self.bench.state is GateState.UNKNOWN and before is not GateState.UNKNOWN:
            self.model.forget()


def play(spec: GateSpec) -> Play:
    return Play(Bench(spec), Model(spec))


STEPS = st.lists(TOLD | TOLD | TOLD | OLDS | SAID, max_size=30)


@settings(max_examples=150, deadline=None)
@given(spec=specs(), steps=STEPS)
def test_a_trip_is_bad_in_every_world_that_is_possible(spec: GateSpec, steps: list[Told | Old | Latch | Reset | str]) -> None:
    made = play(spec)
    for step in steps:
        made.step(step)
        if find(made.bench.gate, now=at(made.now_ms)) is Finding.WORSE:
            assert made.model.verdicts(made.now_ms, undecided=True) == {True}
        if due_plans(made.bench.gate, now=at(made.now_ms)):
            assert made.bench.state is GateState.TRIPPED
            assert made.model.verdicts(made.now_ms, undecided=True) == {True}


@settings(max_examples=200, deadline=None)
@given(spec=specs(), steps=STEPS)
def test_the_webhook_says_ok_only_where_silence_could_not_make_it_bad(
    spec: GateSpec, steps: list[Told | Old | Latch | Reset | str]
) -> None:
    made = play(spec)
    earned = False
    for step in steps:
        made.step(step)
        gate, now = made.bench.gate, at(made.now_ms)
        leased = lease.lease(gate, OPEN, impaired="", now=now)
        earned = (earned or gate.state is GateState.HEALTHY) and gate.state is not GateState.UNKNOWN
        if lease.answer(leased, now_ns=now.mono_ns, turned_ns=now.mono_ns).ok:
            assert earned, "OK without a PASS of every needed input since it was last UNKNOWN"
            assert not gate.latched
            assert gate.state in (GateState.HEALTHY, GateState.SUSPECT)
            assert False in made.model.verdicts(made.now_ms, undecided=False), "bad whatever the silent ones are"
            assert len(made.model.verdicts(made.now_ms, undecided=False)) == 1, "whether it is bad hangs on who is silent"
            doubted = made.model.verdicts(made.now_ms, undecided=False, worst=(Level.BAD, Level.DOUBTFUL))
            assert doubted != {True}, "failures of any code are enough"


@settings(max_examples=150, deadline=None)
@given(spec=specs(), steps=STEPS)
def test_healthy_is_entered_by_a_pass_of_every_needed_probe_and_enough_of_them_after_a_trip(
    spec: GateSpec, steps: list[Told | Old | Latch | Reset | str]
) -> None:
    made = play(spec)
    for step in steps:
        before = made.bench.gate
        made.step(step)
        if made.bench.state is GateState.HEALTHY and before.state is not GateState.HEALTHY:
            enough = spec.recover if before.degraded and before.state is not GateState.UNKNOWN else 1
            least = min(made.model.passes.get(probe, 0) for probe in spec.needed)
            assert least >= (enough if made.bench.transitions[-1].before is not GateState.UNKNOWN else 1)
            assert made.model.verdicts(made.now_ms, undecided=True) == {False}


@settings(max_examples=150, deadline=None)
@given(spec=specs(compares=True), steps=STEPS)
def test_a_latched_gate_leaves_only_by_reset(spec: GateSpec, steps: list[Told | Old | Latch | Reset | str]) -> None:
    made = play(spec)
    for step in steps:
        before = made.bench.gate
        made.step(step)
        if before.latched:
            reset = isinstance(step, Reset)
            assert made.bench.gate.latched is not reset
            assert made.bench.state is (GateState.UNKNOWN if reset else GateState.TRIPPED)


@settings(max_examples=150, deadline=None)
@given(spec=specs(), steps=st.lists(TOLD, max_size=25))
def test_a_lease_lapses_at_the_very_moment_at_which_silence_makes_the_gate_unknown(spec: GateSpec, steps: list[Told]) -> None:
    made = play(spec)
    for step in steps:
        made.step(step)
    gate, now = made.bench.gate, at(made.now_ms)
    told = lease.lease(gate, OPEN, impaired="", now=now)
    if find(gate, now=now) is Finding.STALE:
        assert told.expires_ns <= now.mono_ns
        return
    last = at((told.expires_ns - at(0).mono_ns) / NS_PER_MS)
    after = at((told.expires_ns + 1 - at(0).mono_ns) / NS_PER_MS)
    assert verdict.level(gate, now=last) is not Level.STALE
    assert verdict.level(gate, now=after) is Level.STALE
    assert (told.oldest_ns, told.youngest_ns <= now.mono_ns) == (told.expires_ns - MAX_AGE_MS * NS_PER_MS, True)


@settings(max_examples=100, deadline=None)
@given(spec=specs(compares=True), steps=STEPS)
def test_with_a_baseline_that_was_not_asked_since_nothing_trips(
    spec: GateSpec, steps: list[Told | Old | Latch | Reset | str]
) -> None:
    made = play(spec)
    for step in steps:
        if isinstance(step, Old):
            continue
        made.step(step)
        assert made.bench.gate.latched or made.bench.state is not GateState.TRIPPED
        made.bench.do(Tick(), at(made.now_ms))
