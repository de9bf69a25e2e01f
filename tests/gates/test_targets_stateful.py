"""Both paths, names that lead elsewhere, time and resets: the machine keeps its own books consistent throughout."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gates import compare
from gates.gate import Gate, GateState, Transition
from gates.input import Input, Targets
from gates.machine import Reset, Tick
from probes.sample import Moment, ProbeResult
from tests.gates.bench import ERROR, NEW, OLD, Bench, at, failed, of, spec
from tests.gates.test_machine_properties import RESULTS
from tests.gates.test_targets_properties import LATE, SETS


class TwoPaths(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(spec(baseline=(OLD,), threshold=2, recover=2, max_age_ms=9_000))
        self.among = {NEW: "ab", OLD: "ab"}
        self.beats = {NEW: 0, OLD: 0}
        self.now_ms = 0

    @initialize(new=SETS, old=SETS)
    def begins(self, new: str, old: str) -> None:
        self.among = {NEW: new, OLD: old}

    @rule(probe=st.sampled_from([NEW, OLD]), among=SETS)
    def leads_elsewhere(self, probe: str, among: str) -> None:
        self.among[probe] = among

    @rule(probe=st.sampled_from([NEW, NEW, OLD]), data=st.data(), after=st.integers(1, 3_000), late=LATE)
    def hears(self, probe: str, data: st.DataObject, after: int, late: int) -> None:
        self.now_ms += after
        self.beats[probe] += 1
        target, result = data.draw(st.sampled_from(self.among[probe])), data.draw(RESULTS)
        self._do(probe, of(target, result, self.among[probe]), max(self.beats[probe] - late, 0))

    @rule(probe=st.sampled_from([NEW, OLD]), result=st.sampled_from([failed(), ERROR]))
    def hears_of_the_name(self, probe: str, result: ProbeResult) -> None:
        self.now_ms += 1
        self.beats[probe] += 1
        self._do(probe, result, self.beats[probe])

    def _do(self, probe: str, result: ProbeResult, sequence: int) -> None:
        now = at(self.now_ms)
        before, state = self.bench.path(), self.bench.state
        self.bench.do(self.bench.sample(probe, result, now, now, sequence=sequence), now)
        if probe == NEW and self.bench.state is not GateState.UNKNOWN:
            row = self.bench.gate.targets[NEW].row.counted if NEW in self.bench.gate.targets else 0
            assert self.bench.path().counted <= max(before.counted + 1, row)
        if state is GateState.UNKNOWN:
            assert self.bench.state in (GateState.UNKNOWN, GateState.HEALTHY)

    @rule(after=st.integers(1, 12_000))
    def time_passes(self, after: int) -> None:
        self.now_ms += after
        self.bench.do(Tick(), at(self.now_ms))

    @precondition(lambda self: self.beats[NEW] > 0)
    @rule()
    def is_reset(self) -> None:
        self.bench.do(Reset("op"), at(self.now_ms))

    @invariant()
    def a_path_counts_no_more_than_the_least_of_its_targets_or_the_beats_in_which_nobody_got_through(self) -> None:
        for probe, known in self.bench.gate.targets.items():
            path = self.bench.path(probe)
            if not any(each.sent for each in known.known.values()):
                continue  # only errors so far: what is known is still of the name as a whole
            assert path.counted <= max(known.row.counted, min(each.counted for each in known.known.values()))
            assert path.failing <= max(known.row.failing, min(each.failing for each in known.known.values()))
            assert path.counted <= path.failing
            assert (path.first_failed is None) == (not path.failing)
            assert (path.first_counted is None) == (not path.counted)
            assert len(path.streak) == min(path.counted, 2)
            assert set(path.streak) <= set(path.kinds)
            assert sum(path.kinds.values()) in (path.counted, len(path.streak))

    @invariant()
    def a_path_passes_exactly_while_one_of_its_targets_does(self) -> None:
        for probe, known in self.bench.gate.targets.items():
            path = self.bench.path(probe)
            if not any(each.sent for each in known.known.values()):
                continue  # only errors so far: what is known is still of the name as a whole
            measured = [each for name, each in known.known.items() if known.row.errors.get(name, 0) < 2]
            heard = measured if any(each.sent for each in measured) else list(known.known.values())
            assert (path.passes > 0) == any(each.passes for each in heard)
            assert not (path.passes and path.failing)

    @invariant()
    def a_trip_stands_on_both_paths(self) -> None:
        gate: Gate = self.bench.gate
        if self.bench.transitions and self.bench.transitions[-1].after is GateState.TRIPPED:
            last: Transition = self.bench.transitions[-1]
            if last.at == at(self.now_ms):
                assert gate.inputs[NEW].counted >= 2
                assert any(_passed_since(gate, name) for name in gate.targets.get(OLD, _NONE).known) or not gate.targets.get(OLD)


_NONE = Targets({})


def _passed_since(gate: Gate, name: str) -> bool:
    known: Input = gate.targets[OLD].known[name]
    since: Moment | None = compare.needed(gate)[0].first_counted
    return bool(known.passes and known.passed_sent and since and known.passed_sent.mono_ns > since.mono_ns)


TestTwoPaths = TwoPaths.TestCase
TestTwoPaths.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
