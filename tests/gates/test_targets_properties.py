"""What holds for every interleaving of the results of several targets, against a count kept of each by itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gates import machine
from gates.cutover import Cutover, Phase
from gates.gate import GateState, Transition
from gates.input import Row
from gates.lease import answer, lease
from gates.machine import Disturbed, Reset, Tick
from probes.sample import Outcome, ProbeResult
from tests.gates.bench import CODES, NEW, PASS, SILENCE, Bench, at, failed, of, spec
from tests.gates.test_machine_properties import RESULTS, Tally

NAMES = "abcd"
FOREVER_MS = 10**9
SETS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True).map("".join)
LATE = st.sampled_from([0, 0, 0, 1, 2, 3])


def named(among: str) -> st.SearchStrategy[tuple[str, ProbeResult, int]]:
    """A result of one of `among`; `late` many beats behind."""
    return st.tuples(st.sampled_from(among), RESULTS, LATE)


ONE_SET = SETS.flatmap(lambda among: st.tuples(st.just(among), st.lists(named(among), max_size=60)))


@settings(max_examples=250, deadline=None)
@given(played=ONE_SET, threshold=st.integers(1, 4), steps=st.lists(st.booleans(), min_size=60, max_size=60))
def test_a_path_trips_if_and_only_if_each_target_that_can_be_measured_has_failed_as_often_since_its_own_last_pass(
    played: tuple[str, list[tuple[str, ProbeResult, int]]], threshold: int, steps: list[bool]
) -> None:
    among, results = played
    bench = Bench(spec(threshold=threshold, max_age_ms=FOREVER_MS))
    bench.beat(NEW, 0, **dict.fromkeys(among, PASS))
    tallies = {name: Tally(highest=0) for name in among}
    newest = 1
    for moment, (target, result, late) in enumerate(results):
        newest += steps[moment]
        sequence = max(newest - late, 0)
        before = bench.state
        bench.hear(NEW, of(target, result, among), 1 + moment, sequence=sequence)
        tallies[target].take(sequence, result, slept_through=False)
        least = min(tally.counted for tally in tallies.values())
        row = bench.gate.targets[NEW].row.counted
        unmeasured = any(told.outcome is Outcome.ERROR for _, told, _ in results[: moment + 1])
        assert bench.path().counted == least or (unmeasured and bench.path().counted == row > least)
        if before in (GateState.HEALTHY, GateState.SUSPECT):
            assert (bench.state is GateState.TRIPPED) == (bench.path().counted >= threshold)


# One target by name is judged as a fixed one, to the last bit.

STEPS = st.lists(
    st.tuples(RESULTS, LATE, st.integers(0, 9_000)) | st.sampled_from(["tick", "disturbed", "reset"]),
    max_size=40,
)


def _bare(transition: Transition | None) -> Transition | None:
    return replace(transition, cause=transition.cause.removesuffix(" of a")) if transition else None


@settings(max_examples=250, deadline=None)
@given(steps=STEPS, threshold=st.integers(1, 4))
def test_a_name_that_leads_to_one_target_is_judged_as_a_fixed_target(
    steps: list[tuple[ProbeResult, int, int] | str], threshold: int
) -> None:
    rules = spec(threshold=threshold, recover=2)
    fixed, name, now, asked = Bench(rules), Bench(rules), 0, [0]
    for step in steps:
        if isinstance(step, str):
            now += 1
            event = {"tick": Tick(), "disturbed": Disturbed("clock jumped"), "reset": Reset("op")}[step]
            assert fixed.do(event, at(now)) == name.do(event, at(now))
        else:
            result, late, after = step
            now += after
            asked.append(now)
            number = max(len(asked) - 1 - late, 0)
            told = fixed.do(fixed.sample(NEW, result, at(asked[number]), at(now), sequence=number), at(now))
            again = name.do(name.sample(NEW, of("a", result), at(asked[number]), at(now), sequence=number), at(now))
            assert told == _bare(again)
        assert name.gate.inputs == fixed.gate.inputs
        assert replace(name.gate, targets={}) == fixed.gate


# The order within a beat.

BEATS = st.lists(st.tuples(SETS, st.lists(RESULTS, min_size=4, max_size=4)), max_size=12)


def _heard(bench: Bench, among: str, order: list[str], results: dict[str, ProbeResult], when: int) -> None:
    sequence = bench.sequences.get(NEW, 0)
    bench.sequences[NEW] = sequence + 1
    for target in order:
        bench.hear(NEW, of(target, results[target], among), when, sequence=sequence)


@settings(max_examples=250, deadline=None)
@given(beats=BEATS, data=st.data())
def test_the_order_of_the_results_of_one_beat_does_not_matter(
    beats: list[tuple[str, list[ProbeResult]]], data: st.DataObject
) -> None:
    rules = spec(threshold=2, recover=2, max_age_ms=FOREVER_MS)
    one, other = Bench(rules), Bench(rules)
    for second, (among, results) in enumerate(beats):
        told = dict(zip(among, results, strict=False))
        returns = any(told[name].outcome is Outcome.PASS and _has_failed(one, name) for name in among)
        _heard(one, among, list(among), told, second)
        _heard(other, among, data.draw(st.permutations(among)), told, second)
        assert (other.gate.inputs, other.gate.targets) == (one.gate.inputs, one.gate.targets)
        assert machine.find(replace(other.gate, state=one.state, degraded=one.degraded), now=at(0)) is machine.find(
            one.gate, now=at(0)
        )
        if not returns:  # a path that is down until the very last result comes was down
            assert (other.state, other.degraded) == (one.state, one.degraded)
        other.gate = one.gate


def _has_failed(bench: Bench, target: str) -> bool:
    known = bench.gate.targets.get(NEW)
    return bool(known and target in known.known and known.known[target].failing)


# The name leads elsewhere.


@settings(max_examples=250, deadline=None)
@given(beats=BEATS, threshold=st.integers(1, 3))
def test_only_a_counted_failure_raises_the_count_of_the_path_and_by_one_or_beats_in_which_nobody_got_through(
    beats: list[tuple[str, list[ProbeResult]]], threshold: int
) -> None:
    """So a name that leads elsewhere trips nothing by itself, whoever vanished."""
    bench = Bench(spec(threshold=threshold, max_age_ms=FOREVER_MS))
    for second, (among, results) in enumerate(beats):
        for target, result in zip(among, results, strict=False):
            before, state = bench.path(), bench.state
            bench.hear(NEW, of(target, result, among), second, sequence=second)
            counts = result.outcome is Outcome.FAIL and result.code in CODES
            row = bench.gate.targets[NEW].row if NEW in bench.gate.targets else Row()
            assert bench.path().counted <= max(before.counted + counts, row.counted)
            assert bench.path().failing <= max(before.failing + (result.outcome is Outcome.FAIL), row.failing)
            if bench.state is GateState.TRIPPED and state is not GateState.TRIPPED:
                assert max(before.counted + counts, row.counted) >= threshold


@settings(max_examples=250, deadline=None)
@given(beats=BEATS)
def test_a_target_that_stays_keeps_its_history_and_one_that_joins_has_none(
    beats: list[tuple[str, list[ProbeResult]]],
) -> None:
    bench, alone = Bench(spec(max_age_ms=FOREVER_MS)), dict[str, Tally]()
    for second, (among, results) in enumerate(beats):
        if all(result.outcome is Outcome.ERROR for _, result in zip(among, results, strict=False)):
            continue  # nothing was told, not even where the name leads
        alone = {name: alone.get(name, Tally()) for name in among}
        for target, result in zip(among, results, strict=False):
            bench.hear(NEW, of(target, result, among), second, sequence=second)
            alone[target].take(second, result, slept_through=False)
        known = bench.gate.targets[NEW].known
        assert {name: each.counted for name, each in known.items()} == {name: each.counted for name, each in alone.items()}


@settings(max_examples=200, deadline=None)
@given(beats=BEATS)
def test_while_a_target_told_nothing_at_all_yet_the_path_has_not_failed(beats: list[tuple[str, list[ProbeResult]]]) -> None:
    bench = Bench(spec(max_age_ms=FOREVER_MS))
    for second, (among, results) in enumerate(beats):
        for target, result in zip(among, results, strict=False):
            bench.hear(NEW, of(target, result, among), second, sequence=second)
            known = bench.gate.targets.get(NEW)
            if known and any(each.sent is None and not known.row.errors.get(name) for name, each in known.known.items()):
                assert (bench.path().failing, bench.path().counted, bench.path().first_failed) == (0, 0, None)


# What recovers.


@settings(max_examples=200, deadline=None)
@given(
    beats=st.lists(st.lists(st.sampled_from([PASS, failed(), SILENCE]), min_size=3, max_size=3), max_size=20),
    recover=st.integers(1, 4),
)
def test_a_path_recovers_after_as_many_beats_in_a_row_in_which_a_target_passed(
    beats: list[list[ProbeResult]], recover: int
) -> None:
    bench = Bench(spec(threshold=1, recover=recover, max_age_ms=FOREVER_MS))
    bench.beat(NEW, 0, a=PASS, b=PASS, c=PASS)
    bench.beat(NEW, 1, a=failed(), b=failed(), c=failed())
    row = 0
    for second, (a, b, c) in enumerate(beats, 2):
        down = bench.state is GateState.TRIPPED
        bench.beat(NEW, second, a=a, b=b, c=c)
        row = row + 1 if PASS in (a, b, c) else 0
        if down and bench.transitions[-1].at == at(second * 1_000):
            assert row >= recover
        if not row:
            assert bench.state is GateState.TRIPPED
        assert bench.path().passes == row


# Freshness, over time.


@dataclass
class Heard:
    """When a result of each target was last sent that told something, and the last PASS of any. Milliseconds."""

    passing: dict[str, int] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    passed: int = -FOREVER_MS

    def take(self, target: str, result: ProbeResult, now_ms: int) -> None:
        if result.outcome is Outcome.PASS:
            self.failing.pop(target, None)
            self.passing[target] = self.passed = now_ms
        elif result.outcome is Outcome.FAIL:
            self.passing.pop(target, None)
            self.failing[target] = now_ms


@settings(max_examples=250, deadline=None)
@given(
    among=SETS,
    results=st.lists(st.tuples(st.sampled_from(NAMES), RESULTS, st.integers(0, 6_000)), max_size=40),
)
def test_ok_rests_on_a_fresh_pass_that_stands_or_on_every_target_heard_freshly_or_on_a_fresh_pass_while_one_was_never_heard(
    among: str, results: list[tuple[str, ProbeResult, int]]
) -> None:
    max_age_ms, now = 9_000, 0
    bench, heard = Bench(spec(max_age_ms=max_age_ms)), Heard()
    for sequence, (target, result, after) in enumerate(results):
        now += after
        if target in among:
            bench.do(bench.sample(NEW, of(target, result, among), at(now), at(now), sequence=sequence), at(now))
            heard.take(target, result, now)
        bench.do(Tick(), at(now))
        if bench.state is GateState.UNKNOWN:  # counters are zeroed: each target is as if it had never been heard
            heard.passing, heard.failing = {}, {}
        told = lease(bench.gate, Cutover(phase=Phase.OPEN), impaired="", now=at(now))
        if answer(told, now_ns=at(now).mono_ns, turned_ns=at(now).mono_ns).ok:
            since = now - max_age_ms
            stands = max(heard.passing.values(), default=since) > since
            all_fail = len(heard.failing) == len(among) and min(heard.failing.values()) > since
            undecided = not heard.passing and len(heard.failing) < len(among) and heard.passed > since
            assert stands or all_fail or undecided
