"""Replay of a recording gives exactly the live transitions: the real judge on a clock that is told, any night at all.

What is replayed has been through bytes: folded into blocks of any size and back, or written as the text of an export.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from probes import clock
from probes.sample import NS_PER_S, Moment, ProbeResult, Sample
from reverters.entries import Body, Closed, Halted
from tests.daemon.recording.recorded import CONTROL, RecordedDesk, same_as_live
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, failed, of

RESULTS = [PASS, PASS, PASS, failed(), failed(), failed(500), SILENCE, ERROR]
COMMANDS = ["open", "arm", "arm", "disarm", "trip", "halt", "resume", "abandon", "reset", "reset"]


class AnyRecordedNight(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.desk = RecordedDesk()
        self.read = clock.read
        clock.read = lambda: self.desk.now

    def teardown(self) -> None:
        if not hasattr(self, "read"):
            return
        clock.read = self.read
        same_as_live(self.desk)

    # what happens

    def sample(self, result: ProbeResult, probe: str, ago_ms: int, skipped: int = 0) -> Sample:
        self.desk.sequence += skipped
        ns = ago_ms * 1_000_000 + 12_345
        now = self.desk.now
        return self.desk.sample(result, probe, sent=Moment(now.utc_ns - ns, now.mono_ns - ns))

    @rule(
        results=st.lists(st.tuples(st.sampled_from(RESULTS), st.sampled_from([NEW, NEW, OLD, CONTROL, "nobody's"])), max_size=6),
        ago_ms=st.sampled_from([0, 50, 1_500]),
        skipped=st.sampled_from([0, 0, 3, -4]),
        ms=st.sampled_from([0.001, 100, 250]),
    )
    def samples_come_in_one_turn(self, results: list[tuple[ProbeResult, str]], ago_ms: int, skipped: int, ms: float) -> None:
        self.desk.turn(*(self.sample(result, probe, ago_ms, skipped) for result, probe in results), ms=ms)

    @rule(result=st.sampled_from(RESULTS), count=st.integers(2, 6), probe=st.sampled_from([NEW, OLD, CONTROL]))
    def a_probe_says_the_same(self, result: ProbeResult, count: int, probe: str) -> None:
        for _ in range(count):
            self.desk.turn(self.sample(result, probe, 40))

    @rule(told=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(RESULTS)), min_size=1, max_size=4))
    def targets_of_a_name_answer(self, told: list[tuple[str, ProbeResult]]) -> None:
        self.desk.sequence += 1
        sequence = self.desk.sequence
        for target, result in told:
            sample = self.sample(of(target, result, "abc"), NEW, 20)
            self.desk.turn(Sample(NEW, "local", sequence, sample.sent, sample.at, sample.result), ms=5)

    @rule()
    def all_is_well(self) -> None:
        for probe in (NEW, OLD, CONTROL):
            self.desk.hear(*[PASS] * 5, probe=probe)

    @rule(seconds=st.sampled_from([0.5, 3, 7, 20]))
    def time_passes(self, seconds: float) -> None:
        self.desk.idle(seconds)

    @rule(ms=st.sampled_from([1_200, 3_000]))
    def the_loop_stands_still(self, ms: float) -> None:
        self.desk.turn(ms=ms)

    @rule(seconds=st.sampled_from([-3, 5]))
    def a_clock_jumps(self, seconds: int) -> None:
        now = self.desk.now
        self.desk.now = Moment(now.utc_ns + seconds * NS_PER_S, now.mono_ns)
        self.desk.turn()

    @rule(command=st.sampled_from(COMMANDS), settled=st.booleans())
    def an_operator_speaks(self, command: str, settled: bool) -> None:
        carried = {"arm": {"plan": self.desk.digests}, "trip": {"plan": self.desk.digest, "reason": "x"}}
        self.desk.order(command, **carried.get(command, {}))
        if settled:
            self.desk.settle()

    @rule(trouble=st.sampled_from(["", "the disk is full"]))
    def the_disk_answers(self, trouble: str) -> None:
        self.desk.settle(trouble=trouble)

    @rule()
    def a_night_goes_wrong(self) -> None:
        self.desk.settle()
        self.desk.goes_wrong()

    @rule(ends=st.sampled_from(["halted", "restored"]))
    def the_runner_writes(self, ends: str) -> None:
        body: Body = Halted("rollback/dns/it/a", "refused", "") if ends == "halted" else Closed("restored", 1)
        if self.desk.cutover.run:
            self.desk.append(body)

    @rule(
        kept=st.sets(st.sampled_from(["inbound", "second"])),
        afresh=st.sets(st.sampled_from([NEW, OLD, CONTROL])),
        settled=st.booleans(),
    )
    def the_configuration_is_read_again(self, kept: set[str], afresh: set[str], settled: bool) -> None:
        self.desk.reload(kept=kept, afresh=afresh)
        if settled:
            self.desk.settle()

    @rule()
    def the_daemon_starts_again(self) -> None:
        self.desk.restart()


TestAnyRecordedNight = AnyRecordedNight.TestCase
TestAnyRecordedNight.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
